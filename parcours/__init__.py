"""Parcours as a library: everything that knows nothing of Dagster, so that a notebook can import it.

Its folders, each importing only those named before it (held by import-linter, see `pyproject.toml`): `settings` (what
journey.yaml says), `warehouse` (the database and its log), `engine` (a SQL file as a table, and refreshing it),
`people` (who is who, and forgetting somebody), `loading` (exports to rows), `tables` (which tables there are), `report`
(the pages). `made_up_shop` writes exports with known truth and imports nothing of these.
Not here: the Dagster assets (`assets`), jobs, schedule and command line (`pipelines`).
"""
