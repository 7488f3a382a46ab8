"""Every model is written in SQL that means the same on DuckDB and, translated, on Spark."""

from __future__ import annotations

import pytest
from portable_sql import unportable

from parcours.project import ROOT
from parcours.warehouse.comments import is_declaration

MODELS = sorted(
    path
    for path in (ROOT / "sql").glob("*/*.sql")
    if path.parent.name not in ("sources", "checks", "functions", "funnels", "questions") and not is_declaration(path)
)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_model_is_portable(path) -> None:  # type: ignore[no-untyped-def]
    assert unportable(path.read_text(encoding="utf-8"), path.name) == []


@pytest.mark.parametrize(
    ("expression", "instead"),
    [
        ("date_diff('week', a, b)", "days between the week starts // 7"),
        ("cast(a as date) - cast(b as date)", "date_diff('day', a, b)"),
        ("cast(a as date) + interval 1 day", "cast(… as date) around it"),
        ("extract(epoch from a)", "elapsed_seconds(a, b)"),
        ("extract(dow from a)", "isodow(…) or date_trunc"),
        ("dayofweek(a)", "isodow(…)"),
        ("week(a)", "date_trunc('week', …)"),
        ("cast(2.7 as int)", "round or floor first"),
        ("cast(a / 2 as bigint)", "round or floor first"),
        ("a / b", "x / nullif(d, 0)"),
        ("log(a)", "ln(…) or log10(…)"),
        ("hash(a)", "md5(…)"),
        ("regexp_replace(a, 'x', 'y')", "regexp_replace(…, 'g')"),
        ("any_value(a)", "arg_min by a unique key"),
        ("first(a)", "a list with a total order"),
        ("mode(a)", "row_number with a total order"),
        ("l[-1]", "l[len(l)]"),
        ("l[1:2]", "list_filter, or l[1]"),
        ("[x for x in l]", "list_transform(l, lambda x: …)"),
        ("list_reduce(l, lambda x, y: x + y)", "unnest and an aggregate"),
        ("map {'a': 1}", "a struct or a join"),
        ("row(a, b)", "a struct"),
        ("count(distinct a) over ()", "a group by and a join"),
        ("row_number() over (partition by a)", "a total order"),
        ("time_bucket(interval 1 hour, a)", "date_trunc"),
        ("age(a, b)", "date_diff in days"),
        ("current_date", "a value that the run passes in"),
        ("now()", "a value that the run passes in"),
        ("random()", "a value that the run passes in"),
        ("sum(n)", "cast(sum(…) as bigint)"),
        ("columns('a.*')", "the columns by name"),
    ],
)
def test_an_unportable_form_is_found_and_says_what_to_write(expression: str, instead: str) -> None:
    found = unportable(f"select {expression} as v from staging.t", "t.sql")
    assert any(instead in finding and finding.startswith("t.sql: found ") for finding in found), found


@pytest.mark.parametrize(
    ("sql", "instead"),
    [
        ("select a.x from staging.a asof join staging.b on a.t >= b.t", "rows unbounded preceding"),
        ("with recursive r as (select 1 as n union all select n + 1 from r) select n from r", "one CTE per step"),
        ("select x from staging.a union all by name select x from staging.b", "columns in order"),
        ("select * from (pivot staging.a on x using sum(y)) as p", "sum(…) filter"),
    ],
)
def test_an_unportable_clause_is_found_and_says_what_to_write(sql: str, instead: str) -> None:
    assert any(instead in finding for finding in unportable(sql, "t.sql")), unportable(sql, "t.sql")


@pytest.mark.parametrize(
    "expression",
    [
        "a / nullif(b, 0)",
        "cast(sum(n) as bigint)",
        "sum(n) / nullif(count(*), 0)",
        "cast(round(a / 2) as bigint)",
        "a // 7",
        "count(distinct a)",
        "regexp_replace(a, 'x', 'y', 'g')",
        "date_diff('day', cast(a as date), cast(b as date))",
        "row_number() over (partition by a order by b, id)",
        "cast(cast(a as date) + 3 as date)",
        "list_filter(l, lambda x: x > 1)",
    ],
)
def test_a_portable_form_passes(expression: str) -> None:
    assert unportable(f"select {expression} as v from staging.t", "t.sql") == []
