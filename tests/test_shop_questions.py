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
    lately = shop.funnel(since=shop.ask("select max(entered_on) - 30 as day from metrics.funnel_attempts")["day"][0])
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
        "drop_off_attempts": shop.compare(),
        "funnel_dialects": shop.dialects(),
        "cart_abandonment": shop.carts(),
        "cart_abandonment_splits": shop.carts(by="device"),
        "abandoned_carts": shop.abandoned_carts(),
        "products": shop.products(),
        "satisfaction": shop.satisfaction(),
        "satisfaction_drivers": shop.satisfaction_drivers(),
        "retention_by_segment": shop.retention(),
        "second_order_survival": shop.survival(),
        "transitions": shop.transitions(),
        "journey_variants": shop.variants(),
        "deviation_cost": shop.deviations(),
        "drop_off_next": shop.next_after("cart"),
        "change_impact": shop.changes(),
        "movements": shop.movements(),
        "kpi_weekly": shop.trend("conversion"),
    }
    for table, answer in answers.items():
        assert len(answer) > 0 and f"metrics.{table}: One row per" in answer.definition
        assert shop.ask(answer.sql).equals(pd.DataFrame(answer))
        assert len(answer.plot().data) >= 1 and answer.plot().layout.title.text
    assert "metrics.incidents: One row per" in shop.incidents().definition
    person = shop.ask("select min(person_id) as person from journeys.touchpoints")["person"][0]
    assert shop.journey(person)["person_id"].unique().tolist() == [person]
    [journey] = shop.drop_off().people("cart")[:1]
    of_journey = f"select count(*) as n from journeys.journey_touchpoints where journey_id = '{journey}'"
    assert len(shop.journey(journey)) == shop.ask(of_journey)["n"][0] > 0
    assert shop.journey()["person_id"].nunique() == 1 and shop.journey().plot().layout.title.text[0] in "123456789"


def test_the_map_by_segment_is_its_table_and_each_list_is_as_long_as_its_count(shop: Shop) -> None:
    table = shop.table(
        "metrics.funnel_by_segment",
        where="funnel_id = 'map:stages' and dimension = 'device'",
        order="value, step_number",
    )
    by_device, whole = shop.drop_off(by="device"), shop.drop_off()
    assert [*by_device["device"]] == [*table["value"]]
    # At a stage of the map stand those who got no further; at a step those who did not come to it.
    assert [*by_device["matured_count"]] == [*table["reached_count"]]
    assert [*by_device["open_count"]] == [*table["open_count"]]
    assert [*by_device["dropped_count"].dropna()] == [*table[table["step_number"] > 1]["dropped_count"]]
    for answer in (by_device, whole[whole["is_required"]]):
        for row in answer.to_dict("records"):
            group = {"device": row["device"]} if "device" in row else {}
            source = by_device if group else whole
            for outcome in ("dropped", "reached", "matured", "open", "uncovered"):
                counted = row[f"{outcome}_count"]
                listed = source.people(row["stage"], outcome, **group)
                assert len(listed) == (0 if pd.isna(counted) else counted), (row["stage"], outcome)
    halves = [shop.drop_off(until="2026-08-15"), shop.drop_off(since="2026-08-16")]
    reached = whole[whole["is_required"]]["reached_count"]
    assert [*(halves[0]["reached_count"] + halves[1]["reached_count"])] == [*reached]
    mobile = by_device[by_device["device"] == "mobile"]["reached_count"]
    in_session = "session_id in (select session_id from journeys.sessions where device = 'mobile')"
    assert [*shop.drop_off(since="2026-01-01", where=in_session)["reached_count"]] == [*mobile]


def test_two_periods_are_those_of_the_funnel(shop: Shop) -> None:
    found = shop.compare("2026-07", ("2026-08-01", "2026-08-31"), by="channel")
    steps = found[found["is_whole"] & (found["to_step"] - found["from_step"] == 1)]
    for side, since, until in (("a", "2026-07-01", "2026-07-31"), ("b", "2026-08-01", "2026-08-31")):
        funnel = shop.funnel(since=since, until=until)
        assert [*steps[f"{side}_converted_count"]] == [*funnel["reached_count"][1:]]
        assert [*steps[f"{side}_dropped_count"]] == [*funnel["dropped_count"][1:]]
    title = found.plot().layout.title.text
    assert "Product page → Order" in title and "2026-07 and 2026-08-01 – 2026-08-31" in title


def test_dates_segments_and_conditions_narrow_an_answer(shop: Shop) -> None:
    weekly = "step_conversion:purchase:2"
    assert [*shop.trend(weekly, where="true")["numerator"]] == [*shop.trend(weekly)["numerator"]]
    by_device = shop.trend(weekly, by="device")
    assert [*by_device.groupby("week")["denominator"].sum()] == [*shop.trend(weekly)["denominator"]]
    whole, halves = shop.next_after("cart"), [shop.next_after("cart", until="2026-08-15")]
    halves.append(shop.next_after("cart", since="2026-08-16"))
    assert sum(one["dropped_count"][0] for one in halves) == whole["dropped_count"][0]
    left = shop.next_after("cart", where="outcome = 'left'")
    assert left["dropped_count"][0] == len(whole.people("left")) == len(left.people("left"))
    most = shop.table("metrics.drop_off_next", where="place_type = 'stage'")["dropped_count"].max()
    assert shop.next_after()["dropped_count"][0] == most
    mobile, by_segment = shop.funnel(where="is_best and device = 'mobile'"), shop.funnel(by="device")
    assert [*mobile["entered_count"]] == [*by_segment[by_segment["device"] == "mobile"]["entered_count"]]
    day = shop.changes()["changed_on"].max()
    assert {*shop.changes(since=day)["changed_on"]} == {day} and len(shop.changes(until="2000-01-01")) == 0
    assert len(shop.incidents(since="2000-01-01")) == len(shop.incidents())


def test_what_next_is_that_of_its_table_and_each_list_is_as_long_as_its_count(shop: Shop) -> None:
    table = shop.table("metrics.drop_off_next", order="place_type, funnel_id, place_number, outcome_number")
    for (kind, funnel, number, place), rows in table.groupby(
        ["place_type", "funnel_id", "place_number", "place"], dropna=False
    ):
        answer = shop.next_after(int(number), funnel) if kind == "step" else shop.next_after(place)
        if rows["dropped_count"].max() == 0:
            assert len(answer) == 0 and answer.plot().layout.title.text.startswith("Nobody dropped at ")
            continue
        shared = [column for column in answer if column in rows]
        assert answer[shared].equals(pd.DataFrame(rows[shared].reset_index(drop=True))), place
        persons = answer.units().groupby("outcome")["person_id"].nunique()
        for one in answer.itertuples():
            assert len(answer.people(one.outcome)) == one.unit_count
            assert persons.get(one.outcome, 0) == one.person_count
        assert len(answer.people()) == answer["dropped_count"][0]
    whole, parts = shop.next_after("Cart", "purchase"), shop.next_after(2, by=["device", "channel"])
    assert parts["device"].nunique() > 1 < len(parts.plot().data)
    assert [*parts.groupby("outcome_number")["unit_count"].sum()] == [*whole["unit_count"]]
    assert all(
        len(parts.people(one.outcome, device=one.device, channel=one.channel)) == one.unit_count
        for one in parts.itertuples()
    )


def test_the_journeys_of_each_variant_are_as_many_as_it_counts(shop: Shop) -> None:
    variants = shop.variants()
    for one in variants[:: max(len(variants) // 10, 1)].itertuples():
        for outcome in ("ordered", "dropped", "open", "uncovered"):
            listed = variants.people(outcome, variant_number=one.variant_number)
            assert len(listed) == getattr(one, f"{outcome}_count")
        assert len(variants.people(path=one.path)) == one.journey_count
    assert variants["covers_80"].sum() > 1 and len(variants.plot().data[0].y) == min(20, len(variants))
    typed = shop.variants(where="journey_type = 'first purchase'")
    assert len(typed.people()) == typed["journey_count"].sum() == len(typed.people("ordered")) > 0


CART_COUNTS = ["attempt_count", "abandoned_count", "ordered_count", "open_count", "numerator", "denominator"]


def test_carts_by_any_split_are_those_of_the_table_and_each_list_is_as_long_as_its_count(shop: Shop) -> None:
    for split in ("level", "device", "new or returning", "shipping", "day"):
        column = "cast(day as timestamp)" if split == "day" else "name"
        table = shop.ask(
            f"select way, {column} as name, {', '.join(CART_COUNTS)}, value, cast(lost_value as double) as lost_value "
            f"from metrics.cart_abandonment_splits where split_by = '{split}' order by way, name"
        )
        answer = shop.carts(by=split)
        found = answer.sort_values(["way", split]).reset_index(drop=True)
        assert [*found[split]] == [*table["name"]], split
        assert found[["way", *CART_COUNTS]].equals(table[["way", *CART_COUNTS]]), split
        assert found["value"].astype(float).equals(table["value"].astype(float))
        assert len(answer.plot().data) == 1 and "bandonment" in answer.plot().layout.title.text
    for one in shop.carts(by=["device", "level"]).itertuples():
        behind = shop.carts(by=["device", "level"]).attempts(way=one.way, device=one.device, level=one.level)
        assert len(behind) == one.attempt_count and sum(behind["outcome"] == "abandoned") == one.abandoned_count
    lately = shop.carts(since="2026-08-01", until="2026-08-31", where="device = 'mobile'")
    listed = shop.abandoned_carts(since="2026-08-01", until="2026-08-31", where="is_in_rate and device = 'mobile'")
    assert 0 < len(listed) == lately["abandoned_count"][0] < shop.carts()["numerator"][0]


def test_the_list_for_action_and_products_are_their_tables(shop: Shop) -> None:
    carts, products = shop.abandoned_carts(), shop.products(where="order_count > 0")
    assert carts["can_be_won"].all() and carts["value"].is_monotonic_decreasing and carts["customer_id"].notna().any()
    assert len(shop.abandoned_carts(where=None)) > len(shop.abandoned_carts(where="is_in_rate")) > 0
    assert products["net_revenue"].is_monotonic_decreasing and products["product_name"].notna().all()
    # The sample's events name products, its orders the SKUs of these.
    assert (products["viewed_count"] > 0).all() and products["line_product_ids"].str.len().eq(1).all()
    assert f"{len(carts):,} carts, worth " in carts.plot().layout.title.text
    least = products.plot().data[1]
    assert least.y[0] in [*products["view_to_order_rate"]] and least.text[0] in products.plot().layout.title.text


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


def test_satisfaction_is_that_of_its_table_and_of_the_page_by_stage(shop: Shop) -> None:
    whole, asked_again = shop.satisfaction("delivery"), shop.satisfaction("delivery", where="true")
    assert len(whole) > 2 and [*whole.columns] == [*asked_again.columns]
    pd.testing.assert_frame_equal(pd.DataFrame(whole), pd.DataFrame(asked_again))
    by_stage = shop.satisfaction().set_index("value")
    of_page = shop.table("metrics.csat_by_stage", where="stage <> 'all'").set_index("stage")
    for column in ("answer_count", "satisfied_count", "csat", "csat_low", "csat_high", "mean_of_10", "mean_low"):
        known = by_stage[column][of_page.index]
        assert [*known.astype(float)] == pytest.approx([*of_page[column].astype(float)]), column
    everybody = shop.satisfaction("all").iloc[0]
    page = shop.table("metrics.csat_by_stage", where="stage = 'all'").iloc[0]
    assert (everybody["asked_count"], everybody["response_rate"]) == (page["asked_count"], page["response_rate"])


def test_the_list_behind_each_count_of_satisfaction_is_as_long(shop: Shop) -> None:
    parts = [shop.satisfaction("delivery"), shop.satisfaction("all"), shop.satisfaction("device", until="2026-08-15")]
    parts.append(shop.satisfaction("support", since="2026-08-16", where="delivery = 'on time'"))
    for answer in parts:
        assert len(answer) > 0
        for row in answer.itertuples():
            answered, asked, silent = (
                len(answer.people(row.value, outcome=one)) for one in ("answered", "asked", "silent")
            )
            assert (answered, asked, silent) == (row.answer_count, row.asked_count, row.asked_count - row.answer_count)
    halves = [shop.satisfaction("all", until="2026-08-15"), shop.satisfaction("all", since="2026-08-16")]
    assert sum(one["answer_count"][0] for one in halves) == shop.satisfaction("all")["answer_count"][0]
    assert {*parts[3].people(parts[3]["value"][0])["delivery"]} == {"on time"}


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
        (lambda: shop.trend("conversion", by="year"), "No segment 'year'. There are: day, week, month, "),
        (lambda: shop.trend("conversion", where="no > 1"), "DuckDB: "),
        (lambda: shop.drop_off(by="payment method"), "No segment 'payment method'. There are: day, week, month, "),
        (lambda: shop.drop_off().people("nowhere"), "No required stage 'nowhere' here. There are: discovery, "),
        (lambda: shop.drop_off().people("cart", "gone"), "No outcome 'gone'. There are: dropped, "),
        (lambda: shop.drop_off().people("cart", device="mobile"), "No column 'device'. There are: "),
        (lambda: shop.funnel(where="no > 1"), "DuckDB: "),
        (lambda: shop.next_after(2, where="no > 1"), "DuckDB: "),
        (lambda: shop.compare("2026-07", "2026-08", of="no"), "No funnel or share 'no'. There are: "),
        (lambda: shop.table("metrics.no"), "No table 'metrics.no'. There are: "),
        (lambda: shop.next_after("nowhere"), "Nobody can drop at 'nowhere'. There are: "),
        (lambda: shop.next_after(2, "no"), "No funnel 'no'. journey.yaml has: "),
        (lambda: shop.next_after(2, by="nothing"), "No segment 'nothing'. There are: "),
        (lambda: shop.next_after(2).people("gone"), "No outcome 'gone'. There are: contacted support, "),
        (lambda: shop.variants().people(variant=1), "No column 'variant'. There are: "),
        (lambda: shop.carts(where="no > 1"), "DuckDB: "),
        (lambda: shop.carts(by="device", where="no > 1"), "DuckDB: "),
        (lambda: shop.carts(by="nothing"), "No split 'nothing'. There are: day, week, month, level, device"),
        (lambda: shop.carts(by="device").attempts(nothing=1), "No column 'nothing'. There are: way, "),
        (lambda: shop.satisfaction("no"), "No dimension 'no'. There are: "),
        (lambda: shop.satisfaction(kind="nps"), "No kind of survey 'nps'. There are: csat."),
        (lambda: shop.satisfaction(where="no > 1"), "DuckDB: "),
        (lambda: shop.satisfaction("delivery").people("no"), "No row 'no'. There are: "),
        (lambda: shop.satisfaction().people("support", outcome="no"), "expected answered, asked, silent, found 'no'."),
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


@pytest.mark.filterwarnings("ignore:Personas are no segment")
def test_each_list_of_a_driver_is_as_long_as_its_count(shop: Shop) -> None:
    for place in ("discovery", 3):
        drivers = shop.drivers(place)
        assert {"friction", "device", "channel"} <= {*drivers["factor"]}
        # Of each factor the row of most: each list takes a question of its own.
        for one in drivers.drop_duplicates("factor").itertuples():
            for without, counted, dropped in (
                (False, one.with_count, one.with_dropped),
                (True, one.without_count, one.without_dropped),
            ):
                people = drivers.people(one.factor, one.level, without=without)
                assert len(people) == len({*people}) == counted, (one.factor, one.level)
                assert len(drivers.people(one.factor, one.level, without=without, dropped=True)) == dropped
    steps = shop.funnel()
    cart = shop.drivers(2, where="factor = 'device'")
    assert [cart["with_count"].sum(), cart["with_dropped"].sum()] == [
        steps["reached_count"][0], steps["dropped_count"][1]
    ]  # fmt: skip
    with pytest.raises(QuestionError, match="No factor 'weather'"):
        cart.people("weather", "rain")
    with pytest.raises(QuestionError, match="No device 'fridge'"):
        cart.people("device", "fridge")


@pytest.mark.filterwarnings("ignore:Personas are no segment")
def test_drivers_pain_points_and_gains_are_those_of_their_tables_and_are_drawn(shop: Shop) -> None:
    for answer in (shop.drivers("cart"), shop.pain_points(), shop.gains()):
        assert len(answer) > 0
        assert shop.ask(answer.sql).equals(pd.DataFrame(answer))
        assert len(answer.plot().data) == 1
    gains = shop.gains(where="goal = 'to-be rate'")
    at_stake = shop.drop_off().set_index("stage_label")["revenue_at_stake"]
    assert len(gains) > 0
    assert {*gains["revenue_at_stake"]} <= {*at_stake}
    assert (gains["gain_high"] <= gains["revenue_at_stake"]).all()


def test_who_asks_for_personas_that_an_order_makes_is_warned(shop: Shop) -> None:
    with (
        pytest.warns(UserWarning, match="french-customers, neighbours ask for what an order changes"),
        pytest.raises(QuestionError, match="No segment 'persona'"),
    ):
        shop.funnel(by="persona")


@pytest.mark.parametrize("asked", ["variants", "transitions", "deviations"])
def test_of_all_days_a_question_is_its_table(shop: Shop, asked: str) -> None:
    ask = getattr(shop, asked)
    pd.testing.assert_frame_equal(pd.DataFrame(ask(since="2020-01-01", until="2030-01-01")), pd.DataFrame(ask()))
    with pytest.raises(QuestionError):
        ask(since="yesterday'")


def test_paths_and_moves_of_some_days_are_of_the_journeys_that_began_then(shop: Shop) -> None:
    counts = ["journey_count", "open_count", "uncovered_count", "ordered_count"]
    halves = [{"until": "2026-08-14"}, {"since": "2026-08-15"}]
    parts = [shop.variants(**half) for half in halves]
    assert min(map(len, parts)) > 50
    assert (parts[0][counts].sum() + parts[1][counts].sum()).equals(shop.variants()[counts].sum())
    moves = [shop.transitions(**half)["transition_count"].sum() for half in halves]
    assert min(moves) > 0 and sum(moves) == shop.transitions()["transition_count"].sum()
    paths = shop.ask(
        "select path, outcome, count(*) as journeys from metrics.journey_paths "
        "where shop_day(started_at, 'Europe/Paris') >= '2026-08-15' group by all"
    )
    for number in (1, 2, 7):
        [row] = parts[1][parts[1]["variant_number"] == number].to_dict("records")
        for outcome in ("ordered", "dropped", "open"):
            plain = paths[(paths["path"] == row["path"]) & (paths["outcome"] == outcome)]["journeys"].sum()
            assert plain == row[f"{outcome}_count"] == len(parts[1].people(outcome, variant_number=number))
    assert sum(shop.deviations(**half)["deviating_count"].sum() for half in halves) == (
        shop.deviations()["deviating_count"].sum()
    )
