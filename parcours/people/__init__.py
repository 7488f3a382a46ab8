"""Who is who: stitching identifiers together, what was known when, and forgetting somebody."""
