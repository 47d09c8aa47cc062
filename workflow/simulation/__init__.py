"""Simulation: a readable scenario run on the real engine and sweep, with a clock of its own, in a throw-away database."""
