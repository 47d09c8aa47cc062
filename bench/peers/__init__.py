"""What others would pick, on the same work: run by the interpreter of .venv/bench, without Waymark in reach."""
