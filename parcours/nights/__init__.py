"""What became of each run: its record, the digest and the alarms that are made of it, and the status in ten lines."""
