"""Cases, the engine that moves them, the evidence it leaves, and the ways in: command line, import, demo."""
