"""What can be concluded from a figure's days: numbers in, numbers and words out; no database and no settings."""
