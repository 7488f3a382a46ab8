"""The quality page: whether the figures can be trusted, and what to fix in the exports."""
