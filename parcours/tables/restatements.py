"""What changed since the last report: `metrics.restatements` and `metrics.report_before`.

The last report is what `published.duckdb` holds until the new one takes its place, so both tables are written right
before. Publishing once more what was published already leaves them as they are: they tell of the last run that brought
something. What moved, and why, is said in `sql/reported/`. Not here: whether to publish (`gate.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from parcours.project import ROOT
from parcours.warehouse.comments import make_declared, read_declaration
from parcours.warehouse.connection import text_literal, transaction
from parcours.warehouse.refresh_log import State, is_reported, note_reported, reported_versions, table_states

RESTATEMENTS = "metrics.restatements"
REPORT_BEFORE = "metrics.report_before"
ABOUT_REPORTS = (read_declaration(RESTATEMENTS), read_declaration(REPORT_BEFORE))
FIGURES = "metrics.kpi_daily"
"""What is compared, by its attempts."""
SELECTS = ROOT / "sql" / "reported"


def write_restatements(connection: duckdb.DuckDBPyConnection, behind: Collection[str], published: Path) -> None:
    """Compare the figures with those of the last report, unless they are that report's.

    Args:
        connection: the warehouse, with every table built.
        behind: `FIGURES`, and all tables that it is made of.
        published: the last report's tables, if there is one.
    """
    for declared in ABOUT_REPORTS:
        make_declared(connection, declared)
    states = {name: state for name, state in table_states(connection).items() if name in behind}
    if published.exists() and is_reported(connection, states):
        return
    if not (published.exists() and _compared(connection, states, published)):
        with _anew(connection, states):
            connection.execute(f"insert into {REPORT_BEFORE} values (false, null, null, null, null)")


def _compared(connection: duckdb.DuckDBPyConnection, states: Mapping[str, State], published: Path) -> bool:
    """Write both tables; false if the last report is of a version that lacks what is compared."""
    before = reported_versions(connection)
    changed = {name.split(".")[0] for name, state in states.items() if name in before and before[name] != state.version}
    connection.execute(f"attach {text_literal(str(published))} as reported (read_only)")
    try:
        with _anew(connection, states):
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


@contextmanager
def _anew(connection: duckdb.DuckDBPyConnection, states: Mapping[str, State]) -> Iterator[None]:
    """Both tables, emptied, and of which state of the warehouse they tell, in one transaction."""
    with transaction(connection):
        for declared in ABOUT_REPORTS:
            connection.execute(f"delete from {declared.table}")
        note_reported(connection, states)
        yield
