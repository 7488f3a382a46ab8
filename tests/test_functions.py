"""The functions of `sql/functions`: what they give, where they can be called, and that tables follow their formulas."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from given import answer, at, event, examples, order, rows, settings, warehouse
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from parcours.engine.model import code_version, column_lineage, parse_model, parse_select
from parcours.project import ROOT, Project
from parcours.tables.catalogue import all_models
from parcours.warehouse import functions
from parcours.warehouse.connection import prepare
from parcours.warehouse.functions import FunctionError, called, inlined, read_functions
from parcours.warehouse.published import write_published

DOUBLED = "-- Twice.\n-- arguments: x, a count\n-- source: none\ncreate macro doubled(x) as x * 2\n"
SESSION = "timestamp '2026-07-01 10:00', timestamp '2026-07-01 10:01'"
FOUR_TIMES = DOUBLED.replace("doubled", "four_times").replace("x * 2", "2 * doubled(x)")


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    """An empty warehouse."""
    found = duckdb.connect(config={"threads": 1})
    prepare(found, "0" * 64)
    return found


def folder_of(folder: Path, **files: str) -> Path:
    """A folder of functions."""
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    read_functions.cache_clear()
    return folder


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        # Wilson's interval of 3 in 10 and of all of 10, as in textbooks to four digits.
        ("round(wilson_low(3, 10), 4)", 0.1078),
        ("round(wilson_high(3, 10), 4)", 0.6032),
        ("round(wilson_low(10, 10), 4)", 0.7225),
        ("round(wilson_high(10, 10), 4)", 1.0),
        ("wilson_low(0, 0)", None),
        ("rate(1, 4)", 0.25),
        # As in tables of the normal distribution, far out too.
        ("round(two_sided_p(1.959964), 6)", 0.05),
        ("round(two_sided_p(-2.575829), 6)", 0.01),
        ("round(two_sided_p(0), 6)", 1.0),
        ("round(two_sided_p(8) * 1e15, 3)", 1.244),
        ("rate(1, 0)", None),
        # Summer time: the shop's midnight is at 22:00; in winter at 23:00.
        ("shop_time(timestamp '2026-06-30 22:00', 'Europe/Paris')", datetime(2026, 7, 1)),
        ("shop_day(timestamp '2026-06-30 22:00', 'Europe/Paris')", date(2026, 7, 1)),
        ("shop_day(timestamp '2026-12-31 22:59:59', 'Europe/Paris')", date(2026, 12, 31)),
        ("shop_month(timestamp '2026-06-30 22:00', 'Europe/Paris')", date(2026, 7, 1)),
        ("shop_month(timestamp '2026-06-30 21:59', 'Europe/Paris')", date(2026, 6, 1)),
        ("[state_rank(state) for state in ['matured', 'open', 'uncovered']]", [1, 2, 3]),
        ("is_small_cell(29, 30)", True),
        ("is_small_cell(30, 30)", False),
        ("is_small_cell(null, 30)", True),
        ("elapsed_seconds(timestamp '2026-03-29 00:00', timestamp '2026-03-30 00:00:00.000001')", 86400.000001),
        ("elapsed_seconds(timestamp '2026-03-30', timestamp '2026-03-29')", -86400.0),
        ("elapsed_seconds(null, timestamp '2026-03-29')", None),
        ("instant_after(timestamp '2026-03-29', 1.25)", datetime(2026, 3, 29, 0, 0, 1, 250000)),
        ("instant_after(timestamp '2026-03-29', -0.000001)", datetime(2026, 3, 28, 23, 59, 59, 999999)),
        ("seconds_beyond(86400.000001, 86400)", 0.000001),
        ("seconds_beyond(0.3, 0.1 + 0.2)", 0.0),
        ("whole_periods(3599.999999, 3600)", 0),
        ("whole_periods(3600, 3600)", 1),
        ("whole_periods(3600, 0)", None),
        # 8 lost, of 20 who came further 5 got to the end: 2 orders of 19.99.
        ("revenue_at_stake(8, 20, 5, 19.99)", 39.98),
        ("revenue_at_stake(8, 0, 0, 19.99)", None),
        ("revenue_at_stake(8, 20, 5, null)", None),
        ("url_host('https://ana:secret@Shop.example:8080/a?b#c')", "shop.example"),
        ("url_host('android-app://com.openai.chatgpt/')", "com.openai.chatgpt"),
        ("url_host('/checkout')", ""),
        ("url_host(null)", None),
        ("shopify_id(' gid://shopify/Customer/7 ')", "7"),
        ("shopify_id('7')", "7"),
        ("shopify_id('DE89370400440532013000')", ""),
        ("shopify_id(null)", None),
        ("is_shops_doing('Order Refunded')", True),
        ("is_shops_doing('Order Completed')", False),
        # A session of a minute; orders at its start and before it, at the end of the attribution time and after it.
        (f"takes_order({SESSION}, timestamp '2026-07-01 10:00', 60)", True),
        (f"takes_order({SESSION}, timestamp '2026-07-01 09:59:59.999999', 60)", False),
        (f"takes_order({SESSION}, timestamp '2026-07-01 10:02', 60)", True),
        (f"takes_order({SESSION}, timestamp '2026-07-01 10:02:00.000001', 60)", False),
    ],
)
def test_a_function_gives(connection: duckdb.DuckDBPyConnection, call: str, expected: Any) -> None:
    assert rows(connection, f"select {call}") == [(expected,)]


@hypothesis_settings(max_examples=examples(60, 2000), deadline=None)
@given(
    st.integers(0, 68 * 365 * 86400 * 10**6),
    st.integers(-3, 3),
    st.integers(1, 100 * 366 * 86400),
    st.integers(-1, 1),
)
def test_durations_in_seconds_are_compared_exactly_to_the_microsecond(
    connection: duckdb.DuckDBPyConnection, length: int, apart: int, limit: int, beside: int
) -> None:
    start = datetime(1970, 1, 1)
    near = limit * 10**6 + beside
    ends = [start + timedelta(microseconds=end) for end in (length, max(length + apart, 0), near)]
    query = (
        "select elapsed_seconds($start, $a) < elapsed_seconds($start, $b), "
        "elapsed_seconds($start, $c) <= $limit, elapsed_seconds($start, $c) = $limit, "
        "whole_periods(elapsed_seconds($start, $c), 86400), instant_after($start, elapsed_seconds($start, $a))"
    )
    values = {"start": start, "a": ends[0], "b": ends[1], "c": ends[2], "limit": float(limit)}
    assert connection.execute(query, values).fetchall() == [
        (ends[0] < ends[1], near <= limit * 10**6, beside == 0, near // (86400 * 10**6), ends[0])
    ]


def test_a_notebook_can_call_them_in_the_published_file(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    write_published(connection, tmp_path / "published.duckdb")
    with duckdb.connect(str(tmp_path / "published.duckdb"), read_only=True) as notebook:
        assert rows(notebook, "select round(wilson_low(3, 10), 4)") == [(0.1078,)]
        told = "select comment from duckdb_functions() where function_name = 'rate' and not internal"
        assert rows(notebook, told)[0][0].startswith("What a numerator is of its denominator")


def test_the_version_of_a_table_follows_the_formulas_that_it_calls_also_through_another(tmp_path: Path) -> None:
    select = parse_select("select four_times(a) as b from staging.events", "t")

    def version(**changed: str) -> str:
        return code_version(
            select, read_functions(folder_of(tmp_path, **{"doubled": DOUBLED, "four_times": FOUR_TIMES} | changed))
        )

    first = version()
    assert version(four_times=FOUR_TIMES.replace("2 *", "3 *")) != first
    assert version(doubled=DOUBLED.replace("x * 2", "x + x")) != first
    assert version(doubled=DOUBLED.replace("Twice", "Two times")) == first
    assert version(doubled=DOUBLED.replace("(x)", "(y)").replace("as x", "as y")) == first


def test_the_warehouse_takes_a_changed_file_and_drops_one_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = duckdb.connect()

    def open_with(**files: str) -> None:
        found = read_functions(folder_of(tmp_path, **files))
        monkeypatch.setattr(functions, "read_functions", lambda: found)
        prepare(connection, "0" * 64)

    open_with(doubled=DOUBLED, four_times=FOUR_TIMES)
    assert rows(connection, "select four_times(1)") == [(4,)]
    open_with(doubled=DOUBLED.replace("x * 2", "x * 3"))
    assert rows(connection, "select four_times(1)") == [(6,)]
    (tmp_path / "four_times.sql").unlink()
    open_with()
    with pytest.raises(duckdb.CatalogException, match="four_times"):
        connection.execute("select four_times(1)")
    monkeypatch.setattr(functions, "write_functions", lambda *_: pytest.fail("written again, though nothing changed"))
    prepare(connection, "0" * 64)


def test_every_table_is_the_same_on_an_engine_without_macros() -> None:
    shop = settings(path={"stages": [{"stage": "cart", "max_hours": 1}]})
    built = warehouse(
        events=[
            event(who, day * 86400 + step * 700.5, name)
            for day, who in enumerate(["a", "b", "c", "a", "b"])
            for step, name in enumerate(["landing", "product", "add", "checkout", "failed", "help"])
        ],
        order_rows=[order(f"#{n}", n * 86400 + 4000, email_hash="e") for n in range(3)],
        feedback=[answer("1", 90000, 5, order_id="#1"), answer("2", 200000, 2, order_id="#2")],
        known_until=at(40 * 86400),
        shop=shop,
    )
    models = all_models(Project(Path("journey.yaml"), shop, Path(), Path()))
    for name in read_functions():
        built.execute(f"drop macro {name}")
    calling = 0
    for model in models:
        select = parse_select(model.sql, model.table)
        plain = inlined(select)
        calling += any(called(select, read_functions()))
        assert not any(called(plain, read_functions())), model.table
        built.execute(f"create or replace temp table inline_form as {plain.sql(dialect='duckdb')}")
        for one, other in (("inline_form", model.table), (model.table, "inline_form")):
            assert rows(built, f"from {one} except all from {other}") == [], model.table
    assert calling > 30
    assert rows(built, "select count(*) > 0 from metrics.kpis") == [(True,)]


def test_a_call_in_a_column_hides_neither_upstreams_nor_lineage() -> None:
    parsed = parse_model(
        "journeys", "t", "-- One row per thing.\nselect rate(sum(a), count(distinct b)) as r from staging.events"
    )
    assert parsed.upstreams == ("staging.events",)
    assert column_lineage(parsed, {"staging.events": ["a", "b"]}) == {
        "r": [("staging.events", "a"), ("staging.events", "b")]
    }


@pytest.mark.parametrize(
    ("formula", "function"),
    [
        (r"1\.9207|0\.960365", "wilson_low(…)"),
        (r"date_diff\(\s*'microsecond'|epoch_us", "elapsed_seconds(…)"),
        (r"at time zone", "shop_time(…), shop_day(…)"),
        (r"_microseconds|000000", "seconds"),
    ],
)
def test_no_table_writes_the_formula_of_a_function_again(formula: str, function: str) -> None:
    texts = [
        path
        for box in ("staging", "journeys", "metrics", "checks", "funnels")
        for path in (ROOT / "sql" / box).glob("*.sql")
    ]
    assert [path.name for path in texts if re.search(formula, path.read_text(encoding="utf-8"))] == [], function


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("create macro f(x) as x", r"expected a comment on top: what it computes, '-- arguments: …'"),
        (DOUBLED, r"expected 'create macro f\(…\) as …' and nothing else"),
        (DOUBLED.replace("doubled", "f") + "; select 1", r"expected 'create macro f\(…\) as …' and nothing else"),
        (DOUBLED.replace("doubled", "f").replace("x * 2", "x * y"), r"found y; a function reads its arguments alone"),
        (DOUBLED.replace("doubled", "f").replace("x * 2", "(select x)"), "found a select; a function reads its"),
        (DOUBLED.replace("doubled", "f").replace("x * 2", "x *"), "line 4"),
        (DOUBLED.replace("doubled", "f").replace("x * 2", "f(x)"), "f call each other in a circle. Break it"),
    ],
)
def test_a_file_that_is_no_function_is_refused_with_what_to_write(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FunctionError, match=message):
        read_functions(folder_of(tmp_path, f=text))


def test_a_call_with_other_arguments_is_refused_with_the_functions_own() -> None:
    with pytest.raises(FunctionError, match=r"expected rate\(numerator, denominator\)"):
        inlined(parse_select("select rate(1) as a", "t"))
