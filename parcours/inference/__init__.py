"""What may be concluded from the shop's figures: pure functions over arrays, which know no tables and no settings."""
