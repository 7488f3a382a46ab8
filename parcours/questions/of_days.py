"""A table of metrics as it would be of the journeys alone that began on some shop days: its own select, of fewer rows.

Not here: what the table counts (its file in `sql/metrics`).
"""

from __future__ import annotations

from datetime import date

from parcours.engine.model import narrowed_sql, read_model
from parcours.project import ROOT
from parcours.questions.groups import limits_of

BEGUN = {
    "journey_variants": "metrics.journey_paths",
    "transitions": "journeys.journeys",
    "deviation_cost": "metrics.matured_journeys",
}
"""Of each table that can be asked so, which of the tables that it reads has a row per journey, with its beginning."""


def begun_journeys(table: str, since: date | str | None, until: date | str | None) -> str:
    """A select of the rows per journey that a table reads, of journeys that began on these days."""
    day = "shop_day(started_at, (select time_zone from settings.shop))"
    return f"select * from {BEGUN[table]}\nwhere {' and '.join(limits_of(day, since, until))}"


def of_days(table: str, since: date | str | None, until: date | str | None) -> str:
    """A select of a table's columns, of journeys that began on these days; of all days the table itself."""
    if since is None and until is None:
        return f"select * from metrics.{table}"
    sql = read_model(ROOT / "sql" / "metrics" / f"{table}.sql").sql
    narrowed = narrowed_sql(sql, {BEGUN[table]: "begun_journeys"})
    return f"with begun_journeys as (\n{begun_journeys(table, since, until)}\n)\n\nselect * from (\n{narrowed}\n)"
