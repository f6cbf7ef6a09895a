"""Private servers and whole stacks of drmgmt, for scripts/run, the tests and the benchmark. Standard library only."""
