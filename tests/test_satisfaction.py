"""Satisfaction: answers attached to an order, else to the last touchpoint within the lag, and CSAT over answers."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
from given import answer, at, event, order, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
LAG = 7 * DAY


def attached(
    events: list[tuple[float, str]],
    answers: list[Any],
    ordered: list[float] = (),
    columns: str = "attached_to, touchpoint_id, stage",
) -> list[Any]:
    """What became of the answers of the customer `c`."""
    built = warehouse(
        events=[event("d", when, name, customer_id="c") for when, name in events],
        order_rows=[
            order(f"#{i}", when, customer_id="c", order_reference=f"ref {i}") for i, when in enumerate(ordered, 1)
        ],
        feedback=answers,
        build=["journeys.survey_answers"],
    )
    return rows(built, f"select {columns} from journeys.survey_answers order by answer_id")


def survey(answer_id: str, when: float, score: float = 5, **more: Any) -> Any:
    """An answer to a survey that no rule names."""
    return answer(answer_id, when, score, **{"survey": "question", **more})


def test_an_answer_is_attached_to_the_order_it_names() -> None:
    answers = [survey("a", 90 * DAY, order_id="#1"), survey("b", 90 * DAY, order_id="ref 2", customer_id="c")]
    found = attached([(90 * DAY - 1, "help")], answers, [0, DAY], "attached_to, order_id, touchpoint_id")
    assert found == [("order", "#1", None), ("order", "#2", None)]


def test_an_answer_that_names_an_unknown_order_falls_back_to_its_person() -> None:
    found = attached([(0, "help")], [survey("a", HOUR, order_id="#9", customer_id="c")])
    assert found == [("touchpoint", "event:e000000", "support")]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (LAG, ("touchpoint", "event:e000001", "support")),  # the end is included
        (LAG + 0.000001, ("nothing", None, None)),
        (-0.000001, ("touchpoint", "event:e000000", "discovery")),  # the touchpoint that follows is not the last before
    ],
)
def test_else_to_the_last_touchpoint_within_the_lag(when: float, expected: Any) -> None:
    assert attached([(-HOUR, "landing"), (0, "help")], [survey("a", when, customer_id="c")]) == [expected]


def test_an_answer_is_not_attached_to_another_answer() -> None:
    found = attached([(0, "help")], [survey("a", HOUR, customer_id="c"), survey("b", 2 * HOUR, customer_id="c")])
    assert found == [("touchpoint", "event:e000000", "support")] * 2


def test_a_rule_for_every_survey_gives_the_answer_and_its_touchpoint_the_same_stage() -> None:
    rule = {"touchpoint": "any survey", "source": "feedback", "stage": "support"}
    built = warehouse(
        feedback=[survey("a", 0, customer_id="c")],
        shop=settings(touchpoints=[rule]),
        build=["journeys.survey_answers", "journeys.touchpoints"],
    )
    assert rows(
        built, "select stage from journeys.survey_answers union all select stage from journeys.touchpoints"
    ) == [
        ("support",),
        ("support",),
    ]


def test_the_stage_is_that_of_the_surveys_rule_else_of_what_it_is_attached_to() -> None:
    answers = [
        answer("a", 3 * DAY, 5, customer_id="c"),  # the rule says purchase
        survey("b", 3 * DAY, customer_id="c"),
        survey("c", 3 * DAY, order_id="#1"),
        survey("d", 60 * DAY, order_id="#1"),
    ]
    found = attached([(2 * DAY, "landing")], answers, [0], "attached_to, stage")
    assert found == [
        ("touchpoint", "purchase"),
        ("touchpoint", "discovery"),
        ("order", "purchase"),
        ("order", "purchase"),
    ]


def by_stage(**given_rows: Any) -> dict[str, tuple[Any, ...]]:
    """Answers, satisfied, unattached, mean on 0–10, persons asked and response rate, by stage."""
    built = warehouse(**given_rows, build=["metrics.csat_by_stage"])
    query = "select stage, answer_count, satisfied_count, unattached_count, mean_of_10, asked_count, response_rate "
    return {row[0]: row[1:] for row in rows(built, query + "from metrics.csat_by_stage")}


def test_scales_are_rescaled_and_each_declares_what_is_satisfied() -> None:
    ten = {"scale_low": 0, "scale_high": 10, "satisfied_from": 8}
    found = by_stage(
        feedback=[answer("a", 0, 4), answer("b", 0, 3), answer("c", 0, 8, **ten), answer("d", 0, 7, **ten)]
    )
    assert found["all"][:4] == (4, 2, 4, (7.5 + 5 + 8 + 7) / 4)


def test_response_rate_is_answers_over_persons_asked() -> None:
    asked = {"asked_at": at(0)}
    found = by_stage(
        feedback=[
            answer("a", 60, 5, **asked),
            *({**answer(f"b{i}", 60, 5, **asked), "answered_at": None, "score": None} for i in range(3)),
        ]
    )
    assert found["all"][4:] == (4, 0.25)


def test_response_rate_of_reviews_nobody_was_asked_for_is_over_persons_who_passed_the_stage() -> None:
    orders = [order(f"#{i}", i * HOUR, customer_id=f"c{i}") for i in range(4)]
    found = by_stage(order_rows=orders, feedback=[answer("a", DAY, 5, order_id="#1")])
    assert found["all"][5] == 0.25


names = strategies.sampled_from(["landing", "product", "help", "unknown"])
instants = strategies.one_of(
    strategies.integers(0, 20).map(lambda n: n * DAY), strategies.integers(0, 500).map(lambda n: n * HOUR)
)
seen = strategies.lists(strategies.tuples(instants, names), max_size=5, unique_by=lambda row: row[0])
given_answers = strategies.lists(
    strategies.tuples(
        instants,
        strategies.sampled_from([None, 1, 2, 3, 4, 5]),
        strategies.sampled_from(["question", "review"]),
        strategies.sampled_from(["order", "person", "nobody"]),
    ),
    max_size=4,
)
people = strategies.lists(strategies.tuples(seen, given_answers, strategies.booleans()), min_size=1, max_size=12)
STAGE_OF = {"landing": "discovery", "product": "consideration", "help": "support", "unknown": None}


@budget(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people)
def test_equal_to_attaching_one_answer_at_a_time(everyone: list[Any]) -> None:
    events, orders, feedback, wanted, scores = [], [], [], [], []
    for who, (visits, answers, has_order) in enumerate(everyone):
        events += [event(f"d{who}", t, name, customer_id=f"c{who}", event_id=f"{who}/{t}") for t, name in visits]
        touches = [(t, f"event:{who}/{t}", STAGE_OF[name]) for t, name in visits]
        if has_order:
            orders.append(order(f"#{who}", 5 * DAY + 1, customer_id=f"c{who}"))
            touches.append((5 * DAY + 1, f"order:#{who}:order placed", "purchase"))
        for i, (when, score, name, about) in enumerate(answers):
            reference = {"order": {"order_id": f"#{who}"}, "person": {"customer_id": f"c{who}"}, "nobody": {}}[about]
            row = answer(f"{who}/{i}", when + 2, score or 0, survey=name, asked_at=at(0), **reference)
            feedback.append(row if score else {**row, "answered_at": None, "score": None})
            if not score:
                continue
            stage, key, to = None, None, "nothing"
            if about == "order" and has_order:
                to, stage = "order", "purchase"
            elif about == "person":
                before = [touch for touch in touches if 0 <= when + 2 - touch[0] <= LAG]
                if before:
                    _, key, stage = max(before)
                    to = "touchpoint"
            stage = "purchase" if name == "review" else stage
            wanted.append((f"{who}/{i}", to, key, stage))
            scores.append((stage or "none", score, to))
    built = warehouse(
        events=events, order_rows=orders, feedback=feedback, build=["metrics.csat_by_stage", "metrics.kpis"]
    )
    found = rows(built, "select answer_id, attached_to, touchpoint_id, stage from journeys.survey_answers order by 1")
    assert found == sorted(wanted)

    columns = "answer_count, satisfied_count, csat, csat_low, csat_high, mean_of_10, unattached_count, response_rate"
    table = {row[0]: row[1:] for row in rows(built, f"select stage, {columns} from metrics.csat_by_stage")}
    assert set(table) == {stage for stage, _, _ in scores} | ({"all"} if scores else set())
    for stage, row in table.items():
        of_stage = [(score, to) for s, score, to in scores if stage in (s, "all")]
        n, satisfied = len(of_stage), sum(1 for score, _ in of_stage if score >= 4)
        assert row == pytest.approx(
            (
                n,
                satisfied,
                satisfied / n,
                *_wilson(satisfied, n),
                sum((score - 1) * 2.5 for score, _ in of_stage) / n,
                sum(1 for _, to in of_stage if to == "nothing"),
                len(scores) / len(feedback) if stage == "all" else None,
            ),
            abs=1e-5,
        )
    if not rows(built, "from metrics.outage_days"):
        headline = rows(
            built, "select numerator, denominator from metrics.kpis where kpi = 'satisfaction' and period = 'all'"
        )
        assert headline == ([table["all"][1::-1]] if scores else [])


def _wilson(count: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's interval, as in the books."""
    p = count / n
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    return middle - half, middle + half


def test_the_lag_is_a_setting() -> None:
    built = warehouse(
        events=[event("d", 0, "help", customer_id="c")],
        feedback=[survey("a", 2 * DAY, customer_id="c")],
        build=["journeys.survey_answers"],
        shop=settings(measures={"survey_lag_days": 1}),
    )
    assert rows(built, "select attached_to from journeys.survey_answers") == [("nothing",)]
