"""`parcours.open()`: the published shop, one call a question, with the figures of its tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from test_funnels import DAY

import parcours
from parcours.questions.shop import Shop
from parcours.questions.steps import QuestionError


@pytest.fixture(scope="module")
def shop(published_sample: Path) -> Shop:
    opened: Shop = parcours.open(published_sample)
    return opened


COUNTS = ["step_number", "step_label", "entered_count", "reached_count", "dropped_count", "open_count"]
SHARES = ["conversion_rate", "step_rate", "drop_off_rate", "step_rate_low", "step_rate_high"]
TIMES = ["median_seconds_from_previous", "mean_seconds_from_previous", "median_seconds_from_entry"]


def test_every_funnel_is_that_of_its_table(shop: Shop) -> None:
    funnels = shop.ask("select funnel_id from settings.funnels order by funnel_number")["funnel_id"]
    assert len(funnels) > 0
    for funnel in funnels:
        table = shop.table("metrics.funnel_steps", where=f"funnel_id = '{funnel}'", order="step_number")
        answer = shop.funnel(funnel)
        for column in COUNTS:
            assert [*answer[column]] == [*table[column]], column
        for column in SHARES + TIMES:
            assert [*answer[column].astype(float)] == pytest.approx([*table[column].astype(float)], nan_ok=True), column


def test_segments_add_up_and_each_list_is_as_long_as_its_count(shop: Shop) -> None:
    whole, parts = shop.funnel(), shop.funnel(by="device")
    assert parts["device"].nunique() > 1
    for counted in ("entered_count", "reached_count", "dropped_count", "open_count"):
        summed = parts.groupby("step_number")[counted].sum()
        assert [*summed] == [*whole[counted]], counted
    for one in parts.itertuples():
        for outcome in ("reached", "dropped", "open"):
            listed = parts.people(one.step_number, outcome, device=one.device) if one.step_number > 1 else None
            assert listed is None or len(listed) == getattr(one, f"{outcome}_count")
    lately = shop.funnel(since=shop.ask("select max(entered_on) - 30 as day from metrics.funnel_outcomes")["day"][0])
    assert 0 < lately["entered_count"].max() < whole["entered_count"].max()


def test_touchpoints_asked_for_give_what_the_run_gave_for_the_same_steps(shop: Shop) -> None:
    matches = shop.ask("""
        select step_number, list(touchpoint order by touchpoint) as touchpoints, any_value(unit) as unit,
            bool_and(touchpoint is not null and device is null and channel is null) as is_plain,
            any_value(window_seconds) as seconds
        from settings.funnel_step_matches join settings.funnels using (funnel_id)
        where funnel_number = 1 group by step_number order by step_number
    """)
    assert matches["is_plain"].all() and (matches["unit"] == "person").all(), "the sample's first funnel is a plain one"
    asked = shop.funnel([[*one] for one in matches["touchpoints"]], window=float(matches["seconds"][0]))
    assert [*asked["reached_count"]] == [*shop.funnel()["reached_count"]]
    strict = shop.funnel([[*one] for one in matches["touchpoints"]], window=7 * DAY, order="strict")
    assert 0 < strict["reached_count"][1] < asked["reached_count"][1]


def test_each_question_has_rows_a_definition_and_a_chart(shop: Shop) -> None:
    answers = {
        "kpis": shop.kpis(),
        "stage_drop_off": shop.drop_off(),
        "cart_abandonment": shop.carts(),
        "retention_by_segment": shop.retention(),
        "second_order_survival": shop.survival(),
        "csat_by_stage": shop.satisfaction(),
        "transitions": shop.transitions(),
        "change_impact": shop.changes(),
        "movements": shop.movements(),
        "kpi_weekly": shop.trend("conversion"),
    }
    for table, answer in answers.items():
        assert len(answer) > 0 and f"metrics.{table}: One row per" in answer.definition
        assert shop.ask(answer.sql).equals(pd.DataFrame(answer))
        assert len(answer.plot().data) == 1 and answer.plot().layout.title.text
    assert "metrics.incidents: One row per" in shop.incidents().definition
    person = shop.ask("select min(person_id) as person from journeys.touchpoints")["person"][0]
    assert shop.journey(person)["person_id"].unique().tolist() == [person]


def test_retention_is_that_of_its_table_and_the_pages_and_each_list_is_as_long_as_its_count(shop: Shop) -> None:
    asked = shop.retention()
    curve = shop.table("metrics.retention_curve", order="interval_number")
    for column, of_page in (("entered_count", "customer_count"), ("finished_count", "finished_count")):
        assert [*asked[column]] == [*curve[of_page]]
    assert [*asked["retention_rate"].dropna()] == [*curve["retention_rate"].dropna()] != []
    weekly = shop.retention("weekly-visits", kind="calendar", by="cohort_at")
    table = shop.table("metrics.retention_calendar", where="interval_number > 0", order="cohort_at, interval_number")
    over = weekly[(weekly["finished_count"] > 0) & (weekly["interval_number"] > 0)]
    assert [*over["returned_count"]] == [*table["returned_count"]] != []
    drawn = weekly.plot().data[0]
    assert drawn.type == "heatmap" and len(drawn.y) == over["cohort_at"].nunique() > 1

    by_channel = shop.retention("weekly-visits", kind="on_or_after", by="channel", since="2026-08-01")
    assert by_channel["channel"].nunique() > 1 and len(by_channel.plot().data) > 1
    for one in by_channel[by_channel["interval_number"] == 1].itertuples():
        for outcome in ("entered", "returned", "dropped", "open"):
            listed = by_channel.people(1, outcome, channel=one.channel)
            assert len(listed) == getattr(one, f"{outcome}_count")
    assert 0 < by_channel["entered_count"].max() < weekly["entered_count"].sum()
    few = shop.retention(where="finished_interval_count >= 2")
    assert few["open_count"][1] == 0 < few["entered_count"][0] < asked["entered_count"][0]


def test_the_second_order_and_what_is_expected_have_charts(shop: Shop) -> None:
    by_device = shop.survival(by="device")
    assert len(by_device.plot().data) == by_device["value"].nunique() > 1
    assert "have ordered again by day" in by_device.plot().layout.title.text
    expected = shop.expected_retention()
    assert "metrics.retention_expected: One row per" in expected.definition
    assert expected["expected_rate"].notna().any() and "cohorts are open" in expected.plot().layout.title.text


def test_a_trend_is_the_days_of_its_figure(shop: Shop) -> None:
    daily = shop.trend("conversion", by="day", since="2026-08-10", until="2026-08-20")
    table = shop.ask("""
        select value from metrics.kpi_daily
        where kpi = 'conversion' and happened_on between '2026-08-10' and '2026-08-20' order by happened_on
    """)
    assert [*daily["value"]] == [*table["value"]] and len(daily) > 5


def test_what_is_not_there_is_named_with_what_is(shop: Shop) -> None:
    for ask, said in (
        (lambda: shop.funnel("no"), "No funnel 'no'. journey.yaml has: "),
        (lambda: shop.funnel(by="nothing"), "No segment 'nothing'. There are: "),
        (lambda: shop.funnel(order="any"), "order: journey.yaml says that of a funnel"),
        (lambda: shop.retention("no"), "No retention 'no'. There are: orders, weekly-visits"),
        (lambda: shop.retention(kind="no"), "No kind 'no'. There are: bracket, calendar"),
        (lambda: shop.retention(by="nothing"), "No segment 'nothing'. There are: "),
        (lambda: shop.retention(where="no > 1"), "DuckDB: "),
        (lambda: shop.retention().people(99), "No interval 99. There are: 0, 1"),
        (lambda: shop.retention().people(1, "lost"), "No outcome 'lost'. There are: returned, dropped"),
        (lambda: shop.retention().people(1, device="mobile"), "No column 'device'"),
        (lambda: shop.survival(by="no"), "No dimension 'no'. There are: "),
        (lambda: shop.trend("no"), "No figure 'no'. There are: "),
        (lambda: shop.trend("conversion", by="year"), "expected day or week"),
        (lambda: shop.table("metrics.no"), "No table 'metrics.no'. There are: "),
        (lambda: shop.carts(where="no > 1"), "DuckDB: "),
        (lambda: parcours.open("/nowhere"), "is not there yet: run `make run` first"),
    ):
        with pytest.raises(QuestionError) as refused:
            ask()
        assert said in str(refused.value)


def test_the_shop_is_read_anew_after_a_run(published_sample: Path, tmp_path: Path) -> None:
    copy = tmp_path / "published.duckdb"
    shutil.copy(published_sample, copy)
    shop = parcours.open(tmp_path)
    assert "data until 20" in repr(shop)
    before = len(shop.table("metrics.kpis"))
    newer = tmp_path / "newer.duckdb"
    shutil.copy(published_sample, newer)
    newer.chmod(0o644)
    with duckdb.connect(str(newer)) as run:
        run.execute("delete from metrics.kpis")
    newer.replace(copy)
    assert before > 0 == len(shop.table("metrics.kpis"))
