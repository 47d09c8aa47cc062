"""Settings from the environment; each authority's criteria, time limits and ladders as data, loaded and checked."""
