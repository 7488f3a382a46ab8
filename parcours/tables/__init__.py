"""Which tables there are, in which order, and those that SQL can't say: a module per table, named like it."""
