"""Great Expectations suites of the staging tables: what every value of a column must be.

Here: one suite per staging table, and running it on the rows of the latest load, on a projection (only the columns
checked) through Arrow and pandas, since its SQL route does not work with DuckDB 2. What earlier loads brought was
checked then, and is again after a failure; keys over the whole table are checked in SQL. Great Expectations and pandas
are imported when a suite runs, not when the definitions load. Not here: rules over whole tables (`sql/checks/`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import duckdb

from parcours.engine.checks import Check, Sample, sample_value
from parcours.warehouse.check_results import has_failed

SUITE_CHECK = "expectations"

MOST_ROWS = 1_000_000
"""Rows of a load that are checked: of a larger one a sample, always the same. pandas holds them in memory."""


@dataclass(frozen=True)
class Suite:
    """The expectations of one table: names of Great Expectations' classes with their arguments.

    Attributes:
        table: the staging table.
        loaded_as: the raw table it comes from.
        key: the column that says which rows of both are the same.
        expectations: classes with their arguments.
    """

    table: str
    loaded_as: str
    key: str
    expectations: tuple[tuple[str, Mapping[str, Any]], ...]

    @property
    def columns(self) -> list[str]:
        """The columns that are checked."""
        named = [
            args[key] for _, args in self.expectations for key in ("column", "column_A", "column_B") if key in args
        ]
        named += [column for _, args in self.expectations for column in args.get("column_list", [])]
        return list(dict.fromkeys(named))

    @property
    def description(self) -> str:
        """What is expected, in one sentence."""
        return f"Great Expectations: {len(self.expectations)} expectations on {', '.join(self.columns)}."


def _present(column: str) -> tuple[str, Mapping[str, Any]]:
    return "ExpectColumnValuesToNotBeNull", {"column": column}


def _unique(*columns: str) -> tuple[str, Mapping[str, Any]]:
    if len(columns) == 1:
        return "ExpectColumnValuesToBeUnique", {"column": columns[0]}
    return "ExpectCompoundColumnsToBeUnique", {"column_list": list(columns)}


def _instant(column: str) -> tuple[str, Mapping[str, Any]]:
    return "ExpectColumnValuesToBeOfType", {"column": column, "type_": "datetime64[us]"}


def _among(column: str, *values: object) -> tuple[str, Mapping[str, Any]]:
    return "ExpectColumnValuesToBeInSet", {"column": column, "value_set": list(values)}


def _between(column: str, low: float | None, high: float | None) -> tuple[str, Mapping[str, Any]]:
    return "ExpectColumnValuesToBeBetween", {"column": column, "min_value": low, "max_value": high}


def _hashed(column: str) -> tuple[str, Mapping[str, Any]]:
    """A pseudonym, never a plain address."""
    return "ExpectColumnValuesToMatchRegex", {"column": column, "regex": "^[0-9a-f]{64}$"}


def _in_order(first: str, then: str) -> tuple[str, Mapping[str, Any]]:
    return "ExpectColumnPairValuesAToBeGreaterThanB", {
        "column_A": then,
        "column_B": first,
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    }


SUITES = {
    suite.table: suite
    for suite in (
        Suite(
            "staging.events",
            "raw.events",
            "event_id",
            (
                _unique("event_id"),
                _instant("occurred_at"),
                _among("is_person_caused", True, False),
                _present("event_id"),
                _present("event_name"),
                _present("occurred_at"),
                _hashed("email_hash"),
                _between("quantity", 0, 1_000_000),
                _between("price", 0, 100_000_000),
                (
                    "ExpectColumnValuesToMatchRegex",
                    {"column": "url_path", "regex": r"^[^?#]*$"},  # no query: it may hold personal data
                ),
            ),
        ),
        Suite(
            "staging.orders",
            "raw.order_rows",
            "order_id",
            (
                _unique("order_id"),
                _instant("ordered_at"),
                _among("is_cancelled", True, False),
                _present("order_id"),
                _present("ordered_at"),
                _hashed("email_hash"),
                _between("net_revenue", 0, None),
                _between("refunded", 0, None),
            ),
        ),
        Suite(
            "staging.order_lines",
            "raw.order_rows",
            "order_id",
            (
                _unique("order_id", "line_id"),
                _present("order_id"),
                _between("quantity", 0, 1_000_000),
                _between("unit_price", 0, None),
            ),
        ),
        Suite(
            "staging.contacts",
            "raw.contacts",
            "contact_id",
            (_unique("contact_id"), _present("contact_id"), _hashed("email_hash")),
        ),
        Suite(
            "staging.tickets",
            "raw.tickets",
            "ticket_id",
            (_unique("ticket_id"), _present("ticket_id"), _present("created_at"), _hashed("email_hash")),
        ),
        Suite(
            "staging.deals", "raw.deals", "deal_id", (_unique("deal_id"), _present("deal_id"), _hashed("email_hash"))
        ),
        Suite(
            "staging.feedback",
            "raw.feedback",
            "answer_id",
            (
                _unique("answer_id"),
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


def suite_check(suite: Suite) -> Check:
    """A suite as a check of its table."""
    return Check(
        SUITE_CHECK,
        suite.table,
        "error",
        suite.description,
        "values that are not as expected",
        f"Correct the values in the export, or what sql/sources/<format>.sql makes of them for {suite.loaded_as}.",
        partial(_unmet_values, suite=suite),
    )


def run_suite(connection: duckdb.DuckDBPyConnection, suite: Suite) -> list[Sample]:
    """The expectations that are not met, each with the number of values and the first of them; empty: all are met.

    Raises:
        SuiteError: Great Expectations could not evaluate one.
    """
    found = connection.sql(_rows_to_check(suite)).to_arrow_table()
    if not found.num_rows:
        return []
    gx = _great_expectations()
    frame = found.to_pandas()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("tables").add_dataframe_asset(suite.table)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    unmet: list[Sample] = []
    for name, arguments in suite.expectations:
        result = batch.validate(getattr(gx.expectations, name)(**arguments))
        if problem := _exception(result.exception_info):
            raise SuiteError(f"{suite.table}: {name} {dict(arguments)} could not be evaluated: {problem}")
        if not result.success:
            values = [str(value) for value in result.result.get("partial_unexpected_list", [])[:5]]
            unmet.append(
                {
                    "expectation": name,
                    "of": sample_value(", ".join(f"{key} {value}" for key, value in arguments.items())),
                    "value_count": int(result.result.get("unexpected_count", len(frame))),  # none: the column's type
                    "values": sample_value(", ".join(values)),
                }
            )
    return unmet


def _great_expectations() -> ModuleType:
    """Great Expectations, imported when there are rows to check: it takes seconds.

    Nearly half of them would go into `rfc3987_syntax`: where that is installed (JupyterLab brings it), `jsonschema`
    compiles 38 grammars of formats that nothing here validates. Told that it is absent, it does without.
    """
    name = "rfc3987_syntax"
    absent = "jsonschema" not in sys.modules and name not in sys.modules
    if absent:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        import great_expectations
    finally:
        if absent:
            del sys.modules[name]
    return great_expectations


def _unmet_values(connection: duckdb.DuckDBPyConnection, suite: Suite) -> tuple[int, Sequence[Sample]]:
    unmet = run_suite(connection, suite)
    return sum(int(sample["value_count"] or 0) for sample in unmet), unmet


def _rows_to_check(suite: Suite) -> str:
    """The rows of the latest load; all, if the suite failed when it last ran."""
    return (
        f"select {', '.join(suite.columns)} from {suite.table} "
        f"where {has_failed(suite.table, SUITE_CHECK)} or {suite.key} in (select {suite.key} "
        f"from {suite.loaded_as} where file_id in (select file_id from raw.loads where load_number = "
        f"(select max(load_number) from raw.loads where status = 'loaded'))) using sample reservoir({MOST_ROWS} rows) "
        "repeatable (1)"
    )


def _exception(info: Any) -> str | None:
    """The message in an `exception_info`, which is flat, or one such per metric."""
    if not info:
        return None
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if isinstance(entry, dict) and entry.get("raised_exception"):
            return str(entry.get("exception_message"))
    return None
