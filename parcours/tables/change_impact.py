"""What is said of each change and figure, from their days: reading what it takes, and writing `metrics.change_impact`.

Not here: how figures are made of the rows and what they come to (`judged_changes.py`), nor the estimator and the rule
of the words (`parcours/inference`).
"""

from __future__ import annotations

import duckdb

from parcours.tables.python_rows import write_rows

CHANGE_IMPACT = "metrics.change_impact"


def write_change_impact(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace metrics.change_impact: one row per change and figure of `metrics.kpi_cut_off`."""
    if connection.execute("select count(*) from settings.changes").fetchall() == [(0,)]:
        write_rows(connection, CHANGE_IMPACT, [])
        return
    # numpy and scipy take longer to import than most tables to build.
    from parcours.tables.judged_changes import judged_changes

    write_rows(connection, CHANGE_IMPACT, judged_changes(connection))
