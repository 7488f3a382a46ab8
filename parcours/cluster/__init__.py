"""The same tables on a cluster: Spark schedules, shuffles and retries; DuckDB runs our SQL on each bucket of a key."""
