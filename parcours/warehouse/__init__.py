"""The database: its connection, the log of refreshes, the shape of what is loaded, and the published copy."""
