"""The forms of SQL that don't mean the same on every engine, and what to write instead.

A model must give the same rows on DuckDB and, translated by sqlglot, on Spark (docs/portable-sql.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sqlglot import exp

from parcours.engine.model import parse_select
from parcours.warehouse.functions import inlined

Finding = tuple[str, str]


def unportable(sql: str, source: str) -> list[str]:
    """What is not portable in a select, each as `source: found X; write Y instead`."""
    select = inlined(parse_select(sql, source))
    return [f"{source}: found {what}; write {instead} instead" for what, instead in _findings(select)]


_FUNCTIONS = {
    "dayofweek": "isodow(…)",
    "weekofyear": "date_trunc('week', …)",
    "week": "date_trunc('week', …)",
    "hash": "md5(…)",
    "log": "ln(…) or log10(…)",
    "any_value": "min(…) or max(…), or arg_min by a unique key",
    "mode": "a count and row_number with a total order",
    "time_bucket": "date_trunc, or days between // n",
    "age": "elapsed_seconds(a, b), or date_diff in days",
    "list_reduce": "unnest and an aggregate",
    "random": "a value that the run passes in",
    "now": "a value that the run passes in",
    "row": "a struct, {'a': …}",
}

_NODES: dict[type[exp.Expr], Finding] = {
    exp.AnyValue: ("any_value", _FUNCTIONS["any_value"]),
    exp.First: ("first(…)", "arg_min, or a list with a total order"),
    exp.Mode: ("mode", _FUNCTIONS["mode"]),
    exp.DayOfWeek: ("dayofweek", "isodow(…)"),
    exp.Week: ("week(…)", "date_trunc('week', …)"),
    exp.WeekOfYear: ("week(…)", "date_trunc('week', …)"),
    exp.CurrentDate: ("current_date", "a value that the run passes in"),
    exp.CurrentTimestamp: ("now()", "a value that the run passes in"),
    exp.DateBin: ("time_bucket", _FUNCTIONS["time_bucket"]),
    exp.Rand: ("random()", "a value that the run passes in"),
    exp.Pivot: ("pivot", "sum(…) filter (where …)"),
    exp.Columns: ("columns(…)", "the columns by name"),
    exp.Map: ("a map literal", "a struct or a join"),
    exp.ToMap: ("a map literal", "a struct or a join"),
    exp.Slice: ("a slice", "list_filter, or l[1]"),
    exp.Comprehension: ("a list comprehension", "list_transform(l, lambda x: …)"),
}


def _findings(select: exp.Query) -> Iterator[Finding]:
    for node in select.walk():
        if type(node) in _NODES:
            yield _NODES[type(node)]
        elif isinstance(node, exp.Anonymous) and node.name.lower() in _FUNCTIONS:
            yield node.name.lower(), _FUNCTIONS[node.name.lower()]
        for test in _TESTS:
            finding = test(node)
            if finding:
                yield finding


def _asof(node: exp.Expr) -> Finding | None:
    if isinstance(node, exp.Join) and str(node.args.get("method") or "").upper() == "ASOF":
        return "asof join", "last_value(x ignore nulls) or max(…) over (… rows unbounded preceding)"
    return None


def _recursive(node: exp.Expr) -> Finding | None:
    if isinstance(node, exp.With) and node.args.get("recursive"):
        return "with recursive", "one CTE per step"
    return None


def _log(node: exp.Expr) -> Finding | None:
    if isinstance(node, exp.Log):
        return "log(…)", _FUNCTIONS["log"]
    return None


def _extract(node: exp.Expr) -> Finding | None:
    if isinstance(node, exp.Extract):
        unit = node.this.name.lower()
        if unit == "epoch":
            return "extract(epoch …)", "elapsed_seconds(a, b)"
        if unit in ("dow", "dayofweek", "week"):
            return f"extract({unit} …)", "isodow(…) or date_trunc('week', …)"
    return None


def _date_diff_week(node: exp.Expr) -> Finding | None:
    if isinstance(node, (exp.DateDiff, exp.TimestampDiff)) and "week" in node.sql("duckdb").lower().split(",")[0]:
        return "date_diff('week', …)", "days between the week starts // 7"
    return None


def _date_minus_date(node: exp.Expr) -> Finding | None:
    def is_date(side: exp.Expr) -> bool:
        return isinstance(side, exp.Cast) and side.to.sql("duckdb") == "DATE"

    if isinstance(node, exp.Sub) and is_date(node.this) and is_date(node.expression):
        return "date − date", "date_diff('day', a, b)"
    if isinstance(node, (exp.Add, exp.Sub)) and isinstance(node.expression, exp.Interval) and is_date(node.this):
        if isinstance(node.parent, exp.Paren) and isinstance(node.parent.parent, exp.Cast):
            return None
        if not isinstance(node.parent, exp.Cast):
            return "date ± interval", "cast(… as date) around it"
    return None


def _division(node: exp.Expr) -> Finding | None:
    """x / d, where d may be 0: DuckDB gives inf, others null or an error."""
    if isinstance(node, exp.Div):
        divisor = node.expression.unnest()
        safe = isinstance(divisor, (exp.Nullif, exp.Literal)) or (
            isinstance(divisor, exp.Add) and divisor.find(exp.Literal)
        )
        if not safe:
            return f"x / {divisor.sql('duckdb')[:40]}", "x / nullif(d, 0)"
    return None


def _cast_to_int(node: exp.Expr) -> Finding | None:
    if isinstance(node, exp.Cast) and node.to.this in exp.DataType.INTEGER_TYPES:
        value = node.this.unnest()
        if isinstance(value, exp.Literal) and "." in value.name:
            return f"cast({value.name} as int)", "round or floor first"
        if isinstance(value, (exp.Div, exp.Mul)) and not isinstance(value, exp.IntDiv):
            return "cast(… / … as int)", "round or floor first"
    return None


def _sum_of_integers(node: exp.Expr) -> Finding | None:
    """sum(integer) is a HUGEINT here, and a double once written to Parquet: its type must be said."""
    if isinstance(node, exp.Sum):
        outer: exp.Expr | None = node.parent
        while isinstance(outer, (exp.Filter, exp.Window, exp.Paren, exp.Coalesce, exp.Round)):
            outer = outer.parent
        if not isinstance(outer, (exp.Cast, exp.Binary, exp.Func, exp.Neg)):
            return node.sql("duckdb")[:40], "cast(sum(…) as bigint), or as double"
    return None


def _count_distinct_over(node: exp.Expr) -> Finding | None:
    if isinstance(node, exp.Window) and node.find(exp.Distinct):
        return "count(distinct …) over", "a group by and a join"
    return None


def _negative_index(node: exp.Expr) -> Finding | None:
    if isinstance(node, exp.Bracket) and any(isinstance(e, exp.Neg) for e in node.expressions):
        return "l[-1]", "l[len(l)]"
    return None


def _by_name(node: exp.Expr) -> Finding | None:
    if isinstance(node, exp.SetOperation) and node.args.get("by_name"):
        return "union by name", "union all with the columns in order"
    return None


def _regexp_replace(node: exp.Expr) -> Finding | None:
    if isinstance(node, exp.RegexpReplace) and not re.search(r", 'g'\)$", node.sql("duckdb")):
        return "regexp_replace without 'g'", "regexp_replace(…, 'g')"
    return None


def _row_number_without_order(node: exp.Expr) -> Finding | None:
    if isinstance(node, exp.Window) and isinstance(node.this, (exp.RowNumber, exp.First)):
        order = node.args.get("order")
        if not order:
            return "row_number without an order", "a total order, ending with a unique id"
    return None


_TESTS: tuple[Callable[[exp.Expr], Finding | None], ...] = (
    _asof,
    _recursive,
    _log,
    _extract,
    _date_diff_week,
    _date_minus_date,
    _division,
    _cast_to_int,
    _sum_of_integers,
    _count_distinct_over,
    _negative_index,
    _by_name,
    _regexp_replace,
    _row_number_without_order,
)
