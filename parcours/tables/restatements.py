"""What changed since the last report: `metrics.restatements` and `metrics.report_before`.

The last report is what `published.duckdb` holds until the new one takes its place, so both tables are written right
before. Publishing once more what was published already leaves them as they are: they tell of the last run that brought
something. What moved, and why, is said in `sql/reported/`. Not here: whether to publish (`gate.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

from parcours.engine.refresh import Table
from parcours.project import ROOT
from parcours.warehouse.comments import make_declared, read_declaration
from parcours.warehouse.connection import text_literal, transaction
from parcours.warehouse.refresh_log import is_reported, note_reported, reported_versions, table_states

RESTATEMENTS = "metrics.restatements"
REPORT_BEFORE = "metrics.report_before"
ABOUT_REPORTS = (read_declaration(RESTATEMENTS), read_declaration(REPORT_BEFORE))
FIGURES = "metrics.kpi_daily"
"""What is compared, by its attempts."""
SELECTS = ROOT / "sql" / "reported"


def write_restatements(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Table], published: Path) -> None:
    """Compare the figures with those of the last report, unless they are that report's.

    Args:
        connection: the warehouse, with every table built.
        tables: each of its tables that a refresh makes, by name.
        published: the last report's tables, if there is one.
    """
    for declared in ABOUT_REPORTS:
        make_declared(connection, declared)
    states = {name: state for name, state in table_states(connection).items() if name in _read_by(FIGURES, tables)}
    if published.exists() and is_reported(connection, states):
        return
    before = reported_versions(connection)
    changed = {name.split(".")[0] for name, state in states.items() if name in before and before[name] != state.version}
    with transaction(connection):
        for declared in ABOUT_REPORTS:
            connection.execute(f"delete from {declared.table}")
        note_reported(connection, states)
    if not (published.exists() and _compare(connection, changed, published)):
        connection.execute(f"insert into {REPORT_BEFORE} values (false, null, null, null, null)")


def _compare(connection: duckdb.DuckDBPyConnection, changed: Collection[str], published: Path) -> bool:
    """Write both tables; false if the last report is of a version that lacks what is compared.

    `changed`: the schemas of which a table has another version than in that report.
    """
    connection.execute(f"attach {text_literal(str(published))} as reported (read_only)")
    try:
        with transaction(connection):
            connection.execute(
                "create or replace temp table other_versions as select unnest(cast($schemas as text[])) as schema_name",
                {"schemas": sorted(changed)},
            )
            for table in (RESTATEMENTS, REPORT_BEFORE):
                select = (SELECTS / f"{table.split('.')[1]}.sql").read_text(encoding="utf-8")
                connection.execute(f"insert into {table} {select}")
            connection.execute("drop table other_versions")
    except (duckdb.CatalogException, duckdb.BinderException):
        return False
    finally:
        connection.execute("detach reported")
    return True


def _read_by(table: str, tables: Mapping[str, Table]) -> set[str]:
    """A table, and all that it is made of."""
    found, waiting = set(), [table]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += tables[name].upstreams if name in tables else ()
    return found
