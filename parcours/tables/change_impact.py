"""What is said of each change and figure, from their days: reading what it takes, and writing `metrics.change_impact`.

Not here: how figures are made of the rows and what they come to (`judged_changes.py`), nor the estimator and the rule
of the words (`parcours/inference`).
"""

from __future__ import annotations

import duckdb

from parcours.warehouse.comments import read_declaration
from parcours.warehouse.rows import insert_rows

CHANGE_IMPACT = "metrics.change_impact"
ROWS_AT_ONCE = 500


def write_change_impact(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace metrics.change_impact: one row per change and figure of `metrics.kpi_cut_off`."""
    connection.execute(f"create or replace table {CHANGE_IMPACT} ({read_declaration(CHANGE_IMPACT).definition})")
    if connection.execute("select count(*) from settings.changes").fetchall() == [(0,)]:
        return
    # numpy and scipy take longer to import than most tables to build.
    from parcours.tables.judged_changes import judged_changes

    rows = judged_changes(connection)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        insert_rows(connection, CHANGE_IMPACT, rows[start : start + ROWS_AT_ONCE])
