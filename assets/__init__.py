"""What exists: the Dagster assets of each box of the picture, with their checks.

One module per box, named like it; `factory` makes the asset of a table. Not here: how a table is built (`parcours`,
`sql/`), jobs and schedules (`pipelines`).
"""
