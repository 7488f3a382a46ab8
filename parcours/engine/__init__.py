"""A SQL file as a table: what it says, building it, refreshing what changed, and checking it."""
