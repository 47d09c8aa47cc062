"""Simulation: a readable scenario on the real engine and sweep, with a clock of its own, in a throw-away database."""
