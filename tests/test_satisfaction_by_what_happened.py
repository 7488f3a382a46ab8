"""Satisfaction of whom and of what had happened to them: each request's properties, and every figure over them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from math import comb, sqrt
from statistics import mean, variance
from typing import Any

import pytest
from given import START, answer, at, event, examples, order, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

from parcours.engine.checks import read_checks, run_check
from parcours.project import ROOT

HOUR, DAY = 3600.0, 86400.0
TEN = {"scale_low": 0, "scale_high": 10, "satisfied_from": 9}
SEVEN = {"scale_low": 1, "scale_high": 7, "satisfied_from": 5}
NOT_ANSWERED = {"answered_at": None, "score": None}
Rows = list[dict[str, Any]]


def table(built: Any, name: str, columns: str = "*") -> Rows:
    """The rows of a table, by their columns' names."""
    found = built.execute(f"select {columns} from {name} order by all")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def day(number: float) -> str:
    return (START + timedelta(days=number)).date().isoformat()


# ---- What had happened ----


def happened(columns: str, **given_rows: Any) -> dict[str, Any]:
    """Columns of metrics.survey_requests by the answer's id (of who only passed a stage: the request's)."""
    built = warehouse(**given_rows, build=["metrics.survey_requests"])
    found = rows(built, f"select coalesce(answer_id, request_id), {columns} from metrics.survey_requests order by 1")
    return {row[0]: row[1] if len(row) == 2 else row[1:] for row in found}


def test_the_order_is_told_as_it_is_today() -> None:
    orders = [
        order("#1", 0, customer_id="c", promised_on=day(3), delivered_at=at(3.5 * DAY)),  # still the promised day
        order("#2", DAY, customer_id="c", promised_on=day(3), delivered_at=at(4 * DAY)),
        order("#3", 2 * DAY, customer_id="d", promised_on=day(3), value=20),
        order("#4", 2 * DAY, customer_id="e", cancelled_at=at(3 * DAY), value=30),
        order("#5", 2 * DAY, customer_id="f", refunded=4),
        order("#6", 2 * DAY, customer_id="g", returned_at=at(9 * DAY), payment_method="card"),
    ]
    found = happened(
        "delivery, order_state, order_return, customer, order_value, payment_method",
        order_rows=orders,
        feedback=[answer(str(i), 5 * DAY, 5, order_id=f"#{i}") for i in range(1, 7)],
    )
    assert found == {
        "1": ("on time", "placed", "kept", "first order", "lowest third", None),
        "2": ("late", "placed", "kept", "returning customer", "lowest third", None),
        "3": ("not delivered", "placed", "kept", "first order", "highest third", None),
        "4": (None, "cancelled", "cancelled", "first order", "highest third", None),
        "5": (None, "partly_refunded", "returned or refunded", "first order", "lowest third", None),
        "6": (None, "returned", "returned or refunded", "first order", "lowest third", "card"),
    }


def test_help_and_friction_count_if_they_came_before_the_request() -> None:
    visit = [("v", 0, "product"), ("w", 0, "product"), ("x", 0, "product"), ("y", 0, "product"), ("z", 0, "product")]
    events = [event(who, when, name, customer_id=who, device="phone") for who, when, name in visit]
    events += [event("w", 10, "help", customer_id="w"), event("x", 10, "failed", customer_id="x")]
    events += [event("y", HOUR + i, name, customer_id="y", device="phone") for i, name in ((1, "help"), (2, "failed"))]
    events += [event("z", second, "landing", customer_id="z") for second in (1, 2, 3)]
    asked = {"survey": "question", "asked_at": at(HOUR)}
    found = happened(
        "support, friction, device, channel, customer",
        events=events,
        tickets=[{"ticket_id": "t", "created_at": at(HOUR / 2), "customer_id": "v"}],
        feedback=[answer(who, 2 * HOUR, 3, customer_id=who, **asked) for who in "vwxyz"]
        + [answer("nobody", 2 * HOUR, 3, **asked)],
    )
    none, where = None, ("phone", "direct", None)
    assert found == {
        "v": ("contacted", "none", *where),
        "w": ("contacted", "none", *where),
        "x": ("not contacted", "error", *where),
        "y": ("not contacted", "none", *where),
        "z": ("not contacted", "other friction", *where),
        "nobody": (none, none, none, none, none),
    }


def test_an_invitation_without_an_answer_is_about_what_came_before_it_too() -> None:
    events = [event("a", 0, "help", customer_id="c", device="tablet"), event("a", 2 * HOUR, "landing", customer_id="c")]
    silent = answer("s", 0, 1, customer_id="c", survey="question", asked_at=at(HOUR)) | {
        "answered_at": None,
        "score": None,
    }
    found = happened("is_answer, stage, touchpoint, device", events=events, feedback=[silent])
    assert found == {"s": (False, "support", "help", "tablet")}


def test_who_passed_the_stage_and_did_not_answer_stands_for_those_asked() -> None:
    orders = [order(f"#{i}", i * HOUR, customer_id=f"c{i}", promised_on=day(1)) for i in range(3)]
    answers = [answer("a", DAY, 5, order_id="#1"), answer("b", DAY, 4, survey="without a stage", customer_id="c2")]
    found = happened("survey, is_answer, is_asked_known, delivery", order_rows=orders, feedback=answers)
    silent = {key: value for key, value in found.items() if key.startswith("passed:review:")}
    assert [*silent.values()] == [("review", False, True, "not delivered")] * 2
    assert found["a"] == ("review", True, True, "not delivered")
    assert found["b"] == ("without a stage", True, False, "not delivered")
    assert len(found) == 4


def test_thirds_of_orders_are_of_all_orders_in_the_shops_currency() -> None:
    orders = [order(f"#{i}", 0, customer_id=f"c{i}", value=i) for i in range(1, 7)]
    orders += [order("#7", 0, customer_id="c7", value=1, currency="USD")]
    found = happened(
        "order_value",
        order_rows=orders,
        feedback=[answer(str(i), DAY, 5, order_id=f"#{i}") for i in (1, 3, 4, 6, 7)],
    )
    assert [found[str(i)] for i in (1, 3, 4, 6, 7)] == [
        "lowest third",
        "middle third",
        "middle third",
        "highest third",
        None,  # no rate is known
    ]


# ---- Kinds of survey ----


def scored(answers: Sequence[Any], surveys: Sequence[Any] = ()) -> dict[str, Any]:
    """Kind, score of 10 and whether it is satisfied, by the answer's id."""
    built = warehouse(feedback=answers, shop=settings(surveys=surveys), build=["staging.feedback"])
    query = "select answer_id, kind, score_of_10, is_satisfied from staging.feedback order by 1"
    return {row[0]: row[1:] for row in rows(built, query)}


def test_a_kind_is_what_is_said_else_by_the_scale() -> None:
    answers = [
        answer("five", 0, 4),
        answer("ten", 0, 8, **{**TEN, "satisfied_from": 8}),
        answer("promoter", 0, 9, **TEN),
        answer("effort", 0, 4, **SEVEN),
        answer("recommend", 0, 5, survey="recommend", **{**TEN, "satisfied_from": 8}),
        answer("not on ten", 0, 5, survey="recommend"),
    ]
    assert scored(answers, [{"survey": "recommend", "kind": "nps"}]) == {
        "five": ("csat", 7.5, True),
        "ten": ("csat", 8, True),
        "promoter": ("nps", 9, True),
        "effort": ("ces", 5, False),
        "recommend": ("nps", 5, False),
        "not on ten": ("csat", 10, True),
    }


def test_a_scale_whose_lowest_score_is_the_best_is_turned_round() -> None:
    answers = [answer(f"{score}", 0, score, survey="how hard", **SEVEN) for score in range(1, 8)]
    found = scored(answers, [{"survey": ["how hard", "unheard of"], "kind": "ces", "best": "lowest"}])
    assert [found[str(score)][1] for score in (1, 4, 7)] == [10, 5, 0]
    assert [found[str(score)][2] for score in range(1, 8)] == [True] * 3 + [False] * 4


def test_surveys_that_are_not_as_listed_are_named() -> None:
    [check] = [one for one in read_checks(ROOT / "sql" / "checks") if one.name == "surveys_are_as_listed"]
    listed = [{"survey": ["recommend", "gone"], "kind": "nps"}, {"survey": "review", "kind": "csat"}]
    answers = [answer("a", 0, 5, survey="recommend"), answer("b", 0, 5)]
    built = warehouse(feedback=answers, shop=settings(surveys=listed), build=["metrics.survey_requests"])
    found = run_check(built, check)
    assert (found.offending_count, found.verdict) == (2, "warned")
    assert "gone" in str(found.samples) and "an NPS that is not on 0–10" in str(found.samples)


# ---- Every figure, against counting one request at a time ----

DIMENSIONS = (
    *("survey", "stage", "touchpoint", "persona", "country", "device", "channel", "delivery", "order_state"),
    *("order_return", "support", "friction", "customer", "order_value", "payment_method"),
)
SMALL = 2


def wilson(count: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's interval, as in the books."""
    p = count / n
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    return max(middle - half, 0), min(middle + half, 1)


def nps_interval(promoters: int, detractors: int, n: int) -> tuple[float, float]:
    """MOVER with Wilson's limits of the two shares and their correlation."""
    p, q = promoters / n, detractors / n
    (p_low, p_high), (q_low, q_high) = wilson(promoters, n), wilson(detractors, n)
    r = -sqrt(p * q / ((1 - p) * (1 - q))) if 0 < p < 1 and 0 < q < 1 else 0
    low = sqrt((p - p_low) ** 2 + (q_high - q) ** 2 - 2 * r * (p - p_low) * (q_high - q))
    high = sqrt((p_high - p) ** 2 + (q - q_low) ** 2 - 2 * r * (p_high - p) * (q - q_low))
    return p - q - low, p - q + high


def weighted(asked: Rows, figure: Callable[[dict[str, Any]], float]) -> tuple[float, float, int] | None:
    """The mean of a figure weighted to all who were asked, the effective count, and who is represented."""
    strata: dict[Any, Rows] = defaultdict(list)
    for one in asked:
        strata[one["survey"], one["delivery"], one["customer"], one["device"]].append(one)
    cells, few = [], []
    for cell in strata.values():
        (few.extend if sum(one["is_answer"] for one in cell) < SMALL else cells.append)(cell)  # type: ignore[operator]
    weights = []
    for cell in [*cells, few]:
        answered = [one for one in cell if one["is_answer"]]
        weights += [(len(cell) / len(answered), one) for one in answered]
    if not weights:
        return None
    total = sum(weight for weight, _ in weights)
    return (
        sum(weight * figure(one) for weight, one in weights) / total,
        total**2 / sum(weight**2 for weight, _ in weights),
        round(total),
    )


def figures(requests: Rows, of_value: Rows, rest: Rows | None, kind: str) -> dict[str, Any]:
    """A row of metrics.satisfaction but its key."""
    answers = [one for one in of_value if one["is_answer"]]
    asked = [one for one in of_value if one["is_asked_known"]]
    others = [one for one in rest if one["is_answer"]] if rest is not None else None
    n, scores = len(answers), [one["score_of_10"] for one in answers]
    satisfied = sum(one["is_satisfied"] for one in answers)
    promoters, detractors = (sum(one[x] or 0 for one in answers) for x in ("is_promoter", "is_detractor"))
    found: dict[str, Any] = {
        "answer_count": n,
        "asked_count": len(asked),
        "satisfied_count": satisfied,
        "rest_count": len(others) if others is not None else None,
        "is_small": n < SMALL,
    }
    if asked:
        found["response_rate"] = sum(one["is_answer"] for one in asked) / len(asked)
        found["represented_share"] = 0.0
    if n:
        found |= {"csat": satisfied / n, "mean_of_10": mean(scores)}
        found["csat_low"], found["csat_high"] = wilson(satisfied, n)
        if kind == "nps":
            found |= {"nps": (promoters - detractors) / n}
            found["nps_low"], found["nps_high"] = nps_interval(promoters, detractors, n)
    if kind == "nps":
        found |= {"promoter_count": promoters, "detractor_count": detractors}
    if n > 1:
        half = 1.959964 * sqrt(variance(scores) / n)
        found |= {"mean_low": mean(scores) - half, "mean_high": mean(scores) + half}
    scales = {(one["scale_low"], one["scale_high"]) for one in of_value if one["scale_low"] is not None}
    if len({low for low, _ in scales}) == len({high for _, high in scales}) == 1:
        [(found["scale_low"], found["scale_high"])] = scales
        if n:
            found["mean_score"] = mean(one["score"] for one in answers)
    if n and others:
        theirs = [one["score_of_10"] for one in others]
        other_satisfied = sum(one["is_satisfied"] for one in others)
        found["mean_difference"] = apart = mean(scores) - mean(theirs)
        if min(n, len(others)) > 1:
            half = 1.959964 * sqrt(variance(scores) / n + variance(theirs) / len(others))
            found |= {"mean_difference_low": apart - half, "mean_difference_high": apart + half}
        p, q = satisfied / n, other_satisfied / len(others)
        (p_low, p_high), (q_low, q_high) = wilson(satisfied, n), wilson(other_satisfied, len(others))
        found |= {
            "csat_difference": p - q,
            "csat_difference_low": p - q - sqrt((p - p_low) ** 2 + (q_high - q) ** 2),
            "csat_difference_high": p - q + sqrt((p_high - p) ** 2 + (q - q_low) ** 2),
        }
    whole = weighted(asked, lambda one: one["is_satisfied"])
    if whole:
        found["weighted_csat"], found["effective_count"], represented = whole
        found["represented_share"] = represented / len(asked)
        found["weighted_mean_of_10"] = weighted(asked, lambda one: one["score_of_10"])[0]  # type: ignore[index]
        if kind == "nps":
            nps = weighted(asked, lambda one: one["is_promoter"] - one["is_detractor"])
            found["weighted_nps"] = nps[0]  # type: ignore[index]
    return found


def counted(requests: Rows) -> dict[Any, dict[str, Any]]:
    """metrics.satisfaction by its key, one cell after the other."""
    found = {}
    for kind in {one["kind"] for one in requests}:
        of_kind = [one for one in requests if one["kind"] == kind]
        found[kind, "all", "all"] = figures(requests, of_kind, None, kind)
        for dimension in DIMENSIONS:
            known = {one[dimension] for one in of_kind} - {None}
            for value in known | {None} if known else set():
                of_value = [one for one in of_kind if one[dimension] == value]
                rest = [one for one in of_kind if one[dimension] not in (value, None)] if value is not None else None
                if of_value:
                    found[kind, dimension, value or "unknown"] = figures(requests, of_value, rest, kind)
    return found


def same(table_row: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether a row of the table has these figures, and null for those that are not there."""
    return all(
        (value is None) if row.get(name) is None else value == pytest.approx(row[name], abs=2e-5)
        for name, value in table_row.items()
        if name not in ("kind", "dimension", "value")
    )


people = strategies.lists(
    strategies.fixed_dictionaries(
        {
            "asks": strategies.lists(
                strategies.tuples(
                    strategies.sampled_from(["question", "nps", "effort", "review"]),
                    strategies.sampled_from([None, 0.0, 0.25, 0.5, 0.75, 1.0]),
                    strategies.booleans(),  # about the order
                ),
                max_size=3,
            ),
            "device": strategies.sampled_from([None, "phone", "desktop"]),
            "help": strategies.booleans(),
            "failed": strategies.booleans(),
            "orders": strategies.integers(0, 2),
            "arrives": strategies.sampled_from([None, 1, 3]),
        }
    ),
    min_size=1,
    max_size=25,
)
SCALES = {"question": (1, 5, 4), "review": (1, 5, 4), "effort": (1, 7, 5), "nps": (0, 10, 9)}


def shop_of(everyone: list[dict[str, Any]], build: list[str]) -> Any:
    events, orders, feedback = [], [], []
    for who, one in enumerate(everyone):
        name = f"c{who}"
        if one["device"]:
            visit = ["product"] + ["help"] * one["help"] + ["failed"] * one["failed"]
            events += [event(name, i, did, customer_id=name, device=one["device"]) for i, did in enumerate(visit)]
        delivered = {"delivered_at": at(one["arrives"] * DAY)} if one["arrives"] else {}
        orders += [
            order(f"#{who}/{i}", 60 + i, customer_id=name, promised_on=day(2), value=1 + who, **delivered)
            for i in range(one["orders"])
        ]
        for i, (survey, place, is_about_order) in enumerate(one["asks"]):
            low, high, satisfied = SCALES[survey]
            scale = {"scale_low": low, "scale_high": high, "satisfied_from": satisfied, "survey": survey}
            about = {"order_id": f"#{who}/0"} if is_about_order and one["orders"] else {"customer_id": name}
            asked = {} if survey == "review" else {"asked_at": at(4 * DAY)}
            score = low + round((place or 0) * (high - low))
            row = answer(f"{who}/{i}", 4 * DAY + 5, score, **scale, **about, **asked)
            if place is not None or survey == "review":
                feedback.append(row)
            else:
                feedback.append({**row, **NOT_ANSWERED})
    shop = settings(measures={"small_cell": SMALL})
    return warehouse(events=events, order_rows=orders, feedback=feedback, shop=shop, build=build)


@pytest.mark.random
@budget(max_examples=examples(2, 60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people)
def test_equal_to_counting_one_request_at_a_time(everyone: list[dict[str, Any]]) -> None:
    built = shop_of(everyone, ["metrics.satisfaction"])
    requests = table(built, "metrics.survey_requests")

    # Whose, of what, and what had happened, from what was written.
    given_rows = {f"{who}/{i}": (one, ask) for who, one in enumerate(everyone) for i, ask in enumerate(one["asks"])}
    told = {one["request_id"].removeprefix("answer:"): one for one in requests if one["asked_at"] or one["answer_id"]}
    assert set(told) == set(given_rows)
    for name, (one, (survey, place, is_about_order)) in given_rows.items():
        about_order = one["orders"] > 0  # named, or its states are the last touchpoints
        request, is_answer = told[name], place is not None or survey == "review"
        assert (request["survey"], request["is_answer"]) == (survey, is_answer)
        assert request["delivery"] == (
            {None: "not delivered", 1: "on time", 3: "late"}[one["arrives"]] if about_order else None
        )
        assert request["device"] == one["device"]
        if one["device"] and one["orders"] < 2:  # the second order is a journey of its own, without the visit
            assert request["support"] == ("contacted" if one["help"] else "not contacted")
            assert request["friction"] == ("error" if one["failed"] else "none")
        if about_order:
            # Two orders that arrive together: the first one's touchpoint counts.
            first = is_about_order or one["orders"] == 1 or one["arrives"] is not None
            assert request["customer"] == ("first order" if first else "returning customer")
    passed = [one for one in requests if one["request_id"].startswith("passed:")]
    reviews = [one for one in everyone if any(ask[0] == "review" for ask in one["asks"])]
    buyers = [one for one in everyone if one["orders"]]
    assert len(passed) == (sum(one not in reviews for one in buyers) if reviews else 0)

    found, wanted = table(built, "metrics.satisfaction"), counted(requests)
    assert {(row["kind"], row["dimension"], row["value"]) for row in found} == set(wanted)
    for row in found:
        row_wanted = wanted[row["kind"], row["dimension"], row["value"]]
        assert same(row, row_wanted), (row, row_wanted)
    for kind in {row["kind"] for row in found}:
        for dimension in {row["dimension"] for row in found if row["kind"] == kind}:
            for column in ("answer_count", "asked_count", "satisfied_count"):
                summed = sum(r[column] for r in found if (r["kind"], r["dimension"]) == (kind, dimension))
                assert summed == wanted[kind, "all", "all"][column]


def test_weights_bring_back_those_who_answer_less() -> None:
    # Of 8 late ones 2 answered, of 4 on time all: the answers say 4 of 5 more often than those asked would.
    orders = [
        order(f"#{i}", 0, customer_id=f"c{i}", promised_on=day(2), delivered_at=at((3 if i < 8 else 1) * DAY))
        for i in range(12)
    ]
    asked = [answer(f"{i}", 5 * DAY, 1 if i < 8 else 5, order_id=f"#{i}", asked_at=at(4 * DAY)) for i in range(12)]
    feedback = [row if i not in range(2, 8) else {**row, **NOT_ANSWERED} for i, row in enumerate(asked)]
    shop = settings(measures={"small_cell": SMALL})
    built = warehouse(order_rows=orders, feedback=feedback, shop=shop, build=["metrics.satisfaction"])
    columns = "answer_count, asked_count, csat, weighted_csat, weighted_mean_of_10, effective_count, represented_share"
    [row] = rows(built, f"select {columns} from metrics.satisfaction where dimension = 'all'")
    # Kish: (8 + 4)² / (2 × (8/2)² + 4 × (4/4)²) = 144 / 36.
    assert row == pytest.approx((6, 12, 4 / 6, 4 / 12, 10 / 3, 4, 1))


def test_the_interval_of_an_nps_covers_it() -> None:
    """Exactly, over all that 40 answers can be, of shops from the despised to the loved."""
    n = 40
    for p, q in ((0.5, 0.2), (0.1, 0.6), (0.8, 0.05), (0.3, 0.3), (0.05, 0.02)):
        covered = sum(
            comb(n, a) * comb(n - a, b) * p**a * q**b * (1 - p - q) ** (n - a - b)
            for a in range(n + 1)
            for b in range(n - a + 1)
            if nps_interval(a, b, n)[0] <= p - q <= nps_interval(a, b, n)[1]
        )
        assert 0.93 <= covered <= 0.995, (p, q, covered)
