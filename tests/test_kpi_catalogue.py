"""The catalogue of figures: one that lacks an entry is refused, and one that has it goes everywhere by itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from given import START, answer, event, order, rows, settings, warehouse

from parcours.engine.checks import read_checks, run_check
from parcours.engine.model import read_model
from parcours.loading.settings_tables import write_settings
from parcours.project import ROOT
from parcours.report.journey.headlines import HEADLINES as HEADLINE_WORDS
from parcours.settings import kpis
from parcours.settings.kpis import HEADLINES, KPIS, Kpi
from parcours.tables.change_impact import write_change_impact

SUMS = ("kpi_daily", "kpi_weekly", "kpis", "kpi_cut_off", "change_days", "change_spread")
SHOP = settings(changes=[{"id": "x", "label": "x", "date": (START + timedelta(days=28)).date()}])
PLANTED = Kpi(
    kpi="returns",
    label="Returns, {retention_days} days",
    unit="share",
    better="lower",
    denominator="orders",
    horizon_days=lambda measures: 2.5,
    attempts_table="journeys.order_sessions",
    is_headline=False,
    name_in_sentence="returns",
)


def sql_file(name: str) -> Path:
    return ROOT / "sql" / "metrics" / f"{name}.sql"


@pytest.fixture
def planted() -> duckdb.DuckDBPyConnection:
    """A warehouse with attempts of a figure that no entry knows: returns, half of them until day 28, then all."""
    built = warehouse(build=["metrics.kpi_attempts", "metrics.change_impact"], shop=SHOP)
    built.execute(
        "insert into metrics.kpi_attempts by name "
        "select 'returns' as kpi, n || '/' || d as attempt_id, n || '/' || d as person_id, "
        "timestamp '2026-01-05 12:00' + to_days(cast(d as integer)) as happened_at, "
        "cast(happened_at as date) as happened_on, 'unassigned' as persona, true as is_matured, "
        "d >= 28 or n % 2 = 0 as is_converted, 'converted' as outcome, "
        "is_converted::int as numerator, 1 as denominator "
        "from range(10) as a(n) cross join range(60) as b(d)"
    )
    return built


def add_up(built: duckdb.DuckDBPyConnection) -> None:
    """Make again what is summed from attempts."""
    for name in SUMS:
        built.execute(f"create or replace table metrics.{name} as {read_model(sql_file(name)).sql}")
    write_change_impact(built)


def without_entry(built: duckdb.DuckDBPyConnection) -> int:
    """What the check counts that stops a run."""
    (check,) = [c for c in read_checks(ROOT / "sql" / "checks") if c.name == "kpis_are_in_the_catalogue"]
    assert (check.table, check.severity) == ("metrics.kpi_attempts", "error")
    return run_check(built, check).offending_count


def test_attempts_of_a_figure_without_an_entry_are_refused_and_counted_nowhere_but_by_day(
    planted: duckdb.DuckDBPyConnection,
) -> None:
    assert without_entry(planted) == 1
    add_up(planted)
    for name in ("kpis", "change_impact"):
        assert rows(planted, f"select count(*) from metrics.{name} where kpi = 'returns'") == [(0,)]


def test_a_figure_with_an_entry_goes_through_with_its_horizon_and_direction(
    planted: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kpis, "KPIS", (*KPIS, PLANTED))
    write_settings(planted, SHOP)
    assert without_entry(planted) == 0
    add_up(planted)
    assert rows(planted, "select kpi_label, horizon_seconds from settings.kpis where kpi = 'returns'") == [
        ("Returns, 90 days", 216_000)
    ]
    assert rows(
        planted, "select numerator, denominator from metrics.kpis where kpi = 'returns' and period = 'all'"
    ) == [(28 * 5 + 32 * 10, 600)]
    for name, count in (("daily", 60), ("weekly", 9)):
        assert rows(planted, f"select count(*) from metrics.kpi_{name} where kpi = 'returns'") == [(count,)]
    # The day before the change is its guard day, and the three before it are not over when it comes: three weeks.
    query = "select before_denominator, after_denominator, weeks_before, verdict from metrics.change_impact"
    assert rows(planted, f"{query} where kpi = 'returns'") == [(10 * 21, 10 * 28, 3, "not measured before")]


def test_an_entry_that_lacks_a_field_is_refused() -> None:
    fields = {name: getattr(PLANTED, name) for name in PLANTED.__dataclass_fields__}
    for name in fields:
        with pytest.raises(TypeError, match=f"missing 1 required keyword-only argument: '{name}'"):
            Kpi(**{other: value for other, value in fields.items() if other != name})


def test_every_entry_has_attempts_and_all_attempts_an_entry() -> None:
    built = warehouse(
        events=[event("d", n * 60, name, customer_id="c") for n, name in enumerate(("product", "add", "checkout"))],
        order_rows=[order("#1", 300, customer_id="c")],
        feedback=[answer("1", 400, 5, customer_id="c")],
        build=["metrics.kpi_attempts"],
    )
    assert without_entry(built) == 0
    never = "select kpi from settings.kpis except select kpi from metrics.kpi_attempts"
    assert rows(built, never) == []
    entries = rows(built, "select * exclude (funnel_id, step_number, stage) from settings.kpis")
    # Of two steps and four stages one each is in KPIS.
    assert len(entries) == len(KPIS) + 1 + 3 and not [entry for entry in entries if None in entry]


def test_an_entry_names_the_table_whose_rows_are_its_attempts() -> None:
    upstreams = read_model(sql_file("kpi_attempts")).upstreams
    assert {kpi.attempts_table for kpi in KPIS} <= set(upstreams)


def test_every_headline_figure_has_the_words_of_its_card() -> None:
    assert set(HEADLINE_WORDS) == set(HEADLINES)
