"""How it runs: the code location that Dagster serves, its jobs and schedule, and the command line."""
