"""What exists: the Dagster assets of each box of the picture, with their checks.

One module per box that has assets of its own kind (`settings`, `raw`, `reports`); the other boxes hold only tables,
and `factory` makes assets of them. `expectations` holds the column checks, `report` the page. Not here: how a table is
built (`sql/`, `pipelines/`), jobs and schedules (`pipelines/code_location.py`).
"""
