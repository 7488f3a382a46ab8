"""Great Expectations suites of the staging tables: what every value of a column must be.

Here: one suite per staging table, and running it on the rows that changed since it last passed. A column's values are
handed over once each, through Arrow and pandas, with the rows that have them: what is expected of a value does not
depend on how often it comes, and the SQL route of Great Expectations does not work with DuckDB 2. Great Expectations
and pandas are imported when there is something to check, not when the definitions load. Not here: keys, which are
checked in SQL (`parcours/engine/checks.py`), rules over whole tables (`sql/checks/`).

They ask no more of a row than loading does (`parcours/loading/row_checks.py`), so that none stops every run for a value
that is loaded: they hold against what a source or a model might make of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import duckdb

from parcours.engine.checks import SHOWN_ROWS, Check, Sample, sample_value
from parcours.engine.fingerprint import modules_version
from parcours.settings.schema import MOST_MONEY, MOST_PIECES
from parcours.warehouse.connection import count_rows, quoted
from parcours.warehouse.coverage import rows_to_check

SUITE_CHECK = "expectations"

ROWS = "row_count"
"""Beside a value: the rows that have it."""

AT_ONCE = 1_000_000
"""So many values of a column are held in memory: more come in several parts."""

OF_ANY_VALUE = ("ExpectColumnValuesToNotBeNull", "ExpectColumnValuesToBeOfType")
"""What is expected whatever the value: one value stands for all, and one null for all."""


@dataclass(frozen=True)
class Suite:
    """The expectations of one table: names of Great Expectations' classes with their arguments.

    Attributes:
        table: the staging table.
        loaded_as: the raw table it comes from.
        expectations: classes with their arguments.
    """

    table: str
    loaded_as: str
    expectations: tuple[tuple[str, Mapping[str, Any]], ...]

    @property
    def columns(self) -> list[str]:
        """The columns that are checked."""
        return list(dict.fromkeys(arguments["column"] for _, arguments in self.expectations))

    @property
    def description(self) -> str:
        """What is expected, in one sentence."""
        return f"Great Expectations: {len(self.expectations)} expectations on {', '.join(self.columns)}."


def _present(column: str) -> tuple[str, Mapping[str, Any]]:
    return "ExpectColumnValuesToNotBeNull", {"column": column}


def _instant(column: str) -> tuple[str, Mapping[str, Any]]:
    return "ExpectColumnValuesToBeOfType", {"column": column, "type_": "datetime64[us]"}


def _among(column: str, *values: object) -> tuple[str, Mapping[str, Any]]:
    return "ExpectColumnValuesToBeInSet", {"column": column, "value_set": list(values)}


def _between(column: str, low: float | None, high: float | None) -> tuple[str, Mapping[str, Any]]:
    return "ExpectColumnValuesToBeBetween", {"column": column, "min_value": low, "max_value": high}


def _hashed(column: str) -> tuple[str, Mapping[str, Any]]:
    """A pseudonym, never a plain address."""
    return "ExpectColumnValuesToMatchRegex", {"column": column, "regex": "^[0-9a-f]{64}$"}


SUITES = {
    suite.table: suite
    for suite in (
        Suite(
            "staging.events",
            "raw.events",
            (
                _instant("occurred_at"),
                _among("is_person_caused", True, False),
                _present("event_id"),
                _present("event_name"),
                _present("occurred_at"),
                _hashed("email_hash"),
                _between("quantity", 0, MOST_PIECES),
                _between("price", -MOST_MONEY, MOST_MONEY),
                (
                    "ExpectColumnValuesToMatchRegex",
                    {"column": "url_path", "regex": r"^[^?#]*$"},  # no query: it may hold personal data
                ),
            ),
        ),
        Suite(
            "staging.orders",
            "raw.order_rows",
            (
                _instant("ordered_at"),
                _among("is_cancelled", True, False),
                _present("order_id"),
                _present("ordered_at"),
                _hashed("email_hash"),
                _between("refunded", 0, MOST_MONEY),
            ),
        ),
        Suite(
            "staging.order_lines",
            "raw.order_rows",
            (
                _present("order_id"),
                _between("quantity", -MOST_PIECES, MOST_PIECES),
                _between("unit_price", -MOST_MONEY, MOST_MONEY),
            ),
        ),
        Suite(
            "staging.contacts",
            "raw.contacts",
            (_present("contact_id"), _hashed("email_hash")),
        ),
        Suite(
            "staging.tickets",
            "raw.tickets",
            (_present("ticket_id"), _present("created_at"), _hashed("email_hash")),
        ),
        Suite("staging.deals", "raw.deals", (_present("deal_id"), _hashed("email_hash"))),
        Suite(
            "staging.feedback",
            "raw.feedback",
            (
                _present("answer_id"),
                _present("survey"),
                _between("score_of_10", 0, 10),
                _hashed("email_hash"),
            ),
        ),
    )
}


class SuiteError(Exception):
    """An expectation could not be evaluated: the check is broken, which says nothing about the data."""


def suite_check(suite: Suite, keyed_by: str | None = None) -> Check:
    """A suite as a check of its table; of a keyed one, of the rows that changed since it last passed."""
    version = f"{modules_version(run_suite)} {suite}"

    def find(connection: duckdb.DuckDBPyConnection) -> tuple[int, Sequence[Sample]]:
        unmet = run_suite(connection, suite, rows_to_check(connection, suite.table, SUITE_CHECK, version, keyed_by))
        return sum(int(sample["value_count"] or 0) for sample in unmet), unmet

    return Check(
        SUITE_CHECK,
        suite.table,
        "error",
        suite.description,
        "values that are not as expected",
        f"Correct the values in the export, or what sql/sources/<format>.sql makes of them for {suite.loaded_as}.",
        version,
        (suite.table,),
        find,
        is_narrowed=True,
    )


def run_suite(connection: duckdb.DuckDBPyConnection, suite: Suite, only: str | None = None) -> list[Sample]:
    """The expectations that are not met, each with the number of values and the first of them; empty: all are met.

    Args:
        connection: the warehouse.
        suite: what is expected.
        only: a condition on the rows, in SQL; None: all.

    Raises:
        SuiteError: Great Expectations could not evaluate one.
    """
    rows = suite.table
    if only:
        rows = "rows_to_check"
        connection.execute(
            f"create or replace temp table {rows} as select {', '.join(suite.columns)} from {suite.table} where {only}"
        )
    if not count_rows(connection, rows):
        return []
    frames = _Frames(connection, suite.table, rows)
    return [unmet for name, arguments in suite.expectations if (unmet := frames.unmet(name, arguments))]


class _Frames:
    """The values of a table's columns as batches of Great Expectations."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str, rows: str) -> None:
        self.gx = _great_expectations()
        self.connection, self.table, self.rows = connection, table, rows
        self.batches = _batches()

    def unmet(self, name: str, arguments: Mapping[str, Any]) -> Sample | None:
        """What does not meet an expectation: how many values, and the first of them; None: all do."""
        expectation = getattr(self.gx.expectations, name)(**arguments)
        count, values, is_met = 0, [], True
        for frame in self._values(arguments["column"], name in OF_ANY_VALUE):
            result = self.batches.get_batch({"dataframe": frame}).validate(
                expectation, result_format={"result_format": "COMPLETE"}
            )
            if problem := _exception(result.exception_info):
                raise SuiteError(f"{self.table}: {name} {dict(arguments)} could not be evaluated: {problem}")
            if not result.success:
                is_met = False
                # None are listed: the type of the column is another.
                listed = result.result.get("unexpected_index_list", [*frame.index])
                count += int(frame[ROWS].iloc[listed].sum())
                values += [str(value) for value in result.result.get("unexpected_list", [])[:SHOWN_ROWS]]
        if is_met:
            return None
        return {
            "expectation": name,
            "of": sample_value(", ".join(f"{key} {value}" for key, value in arguments.items())),
            "value_count": count,
            "values": sample_value(", ".join(values[:SHOWN_ROWS])),
        }

    def _values(self, column: str, any_value: bool) -> Iterator[Any]:
        """Each value of a column with the number of rows that have it, or one value and null, as pandas frames."""
        name = quoted(column)
        value, group = (f"any_value({name})", f"{name} is null") if any_value else (name, name)
        reader = self.connection.sql(
            f"select {value} as {name}, count(*) as {ROWS} from {self.rows} group by {group} order by all"
        ).to_arrow_reader(AT_ONCE)
        for part in reader:
            yield part.to_pandas()


@cache
def _batches() -> Any:
    """What makes a frame a batch: one for all, since adding one to the settings takes longer than some checks."""
    context = _great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("tables").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("all")


def _great_expectations() -> ModuleType:
    """Great Expectations, imported when there are rows to check: it takes seconds.

    Nearly half of them would go into what nothing here needs, and which it does without where it is told that it is
    absent: `rfc3987_syntax` (JupyterLab brings it), of which `jsonschema` compiles 38 grammars; and all of `pyspark`,
    which warns of this pandas, and ends a process that has no main module (a worker of pytest's).
    """
    with _hidden("pyspark"), nullcontext() if "jsonschema" in sys.modules else _hidden("rfc3987_syntax"):
        import great_expectations
    return great_expectations


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    """A package can't be imported meanwhile; where it is already, it is so again afterwards."""
    modules: dict[str, Any] = sys.modules  # of which one may be None: there is no such module
    there = {name: modules.pop(name) for name in [*modules] if f"{name}.".startswith(f"{package}.")}
    modules[package] = None
    try:
        yield
    finally:
        del modules[package]
        modules |= there


def _exception(info: Any) -> str | None:
    """The message in an `exception_info`, which is flat, or one such per metric."""
    if not info:
        return None
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if isinstance(entry, dict) and entry.get("raised_exception"):
            return str(entry.get("exception_message"))
    return None
