"""How Parcours runs: settings, ingestion, SQL runner, Dagster code location. What exists is in `assets`."""
