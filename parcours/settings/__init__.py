"""What `journey.yaml` says: its schema, and reading the file with every problem named."""
