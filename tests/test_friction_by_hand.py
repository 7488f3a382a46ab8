"""Friction signals of random people equal those found by reading each person's touchpoints one after the other.

The second implementation is written from the definitions: plain lists, one question at a time, no windows.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from given import event, examples, order, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

from parcours.engine.checks import read_checks, run_check
from parcours.project import ROOT

SECOND, DAY = 1_000_000, 86_400_000_000
STAGES = ["discovery", "consideration", "cart", "checkout", "purchase", "support"]
OPTIONAL = {"support"}
# What each event is in this shop: its stage and its action.
MEANING = {
    "landing": ("discovery", "view"),
    "search": ("discovery", "search"),
    "product": ("consideration", "view"),
    "add": ("cart", "add_to_cart"),
    "checkout": ("checkout", "checkout"),
    "failed": ("checkout", "error"),
    "broken": ("consideration", "error"),
    "help": ("support", "view"),
    "unknown": (None, None),
}
LATER_STAGES = {"consideration", "cart", "checkout", "purchase"}  # than searching, required
CHECKOUT_STAGES = {stage for stage, action in MEANING.values() if action == "checkout"}


class Step(NamedTuple):
    """A touchpoint on the site, or a ticket (name: ticket)."""

    key: str
    at: int
    sequence: int | None
    name: str
    product: str | None
    payment: str | None
    session: str | None

    @property
    def stage(self) -> str | None:
        """Of the journey."""
        return MEANING[self.name][0] if self.session else None

    @property
    def action(self) -> str | None:
        """By its rule."""
        return MEANING[self.name][1] if self.session else None


def in_order(step: Step) -> tuple[Any, ...]:
    """Simultaneous: tickets last; then the source's number, then the map, then the id."""
    return (
        step.at,
        step.session is None,
        step.sequence is None,
        step.sequence or 0,
        STAGES.index(step.stage) if step.stage else len(STAGES),
        step.key,
    )


def by_hand(steps: list[Step]) -> set[tuple[str, str]]:
    """The signals of one person."""
    found = set()
    for step in steps:
        if step.action == "error":
            payment = step.payment or step.stage in CHECKOUT_STAGES
            found.add((step.key, "payment_failure" if payment else "error"))
    for session in {step.session for step in steps if step.session}:
        visit = sorted((step for step in steps if step.session == session), key=in_order)
        for rule in (_rages, _searches, _back_steps):
            found |= rule(visit)
    return found | _asked(steps)


def _rages(visit: list[Step]) -> set[tuple[str, str]]:
    """Read the touchpoints of each action in order; an episode begins with a third and lasts while thirds follow."""
    found = set()
    for action in {(step.name, step.product) for step in visit}:
        same = sorted(
            (step for step in visit if (step.name, step.product) == action),
            key=lambda s: (s.at, s.sequence is None, s.sequence or 0, s.key),
        )
        raging = False
        for i, step in enumerate(same):
            is_third = i >= 2 and step.at - same[i - 2].at <= 10 * SECOND
            if is_third and not raging:
                found.add((step.key, "rage_repeat"))
            raging = is_third
    return found


def _searches(visit: list[Step]) -> set[tuple[str, str]]:
    found, searching = set(), False
    for step in visit:
        if step.action == "search":
            if searching:
                found.add((step.key, "repeated_search"))
            searching = True
        elif _is_find(step):
            searching = False
    return found


def _is_find(step: Step) -> bool:
    """A product was viewed, or the visit went further."""
    if step.action == "view":
        return bool(step.product) or step.stage in LATER_STAGES
    return step.action in ("add_to_cart", "checkout", "purchase")


def _back_steps(visit: list[Step]) -> set[tuple[str, str]]:
    staged = [step for step in visit if step.stage]
    return {
        (later.key, "back_step")
        for earlier, later in pairwise(staged)
        if STAGES.index(str(later.stage)) < STAGES.index(str(earlier.stage))
    }


def _asked(steps: list[Step]) -> set[tuple[str, str]]:
    """Each time a person asks for help: the last other thing they did on the site, within a day."""
    found = set()
    for asking in filter(_is_asking, steps):
        before = [step for step in steps if not _is_asking(step) and in_order(step) < in_order(asking)]
        if before:
            last = max(before, key=in_order)
            if asking.at - last.at <= DAY:
                found.add((last.key, "support_contact"))
    return found


def _is_asking(step: Step) -> bool:
    return step.session is None or step.stage == "support"


gaps = strategies.one_of(
    strategies.sampled_from([0, 1, 5 * SECOND, 5 * SECOND, 10 * SECOND, 10 * SECOND + 1]),
    strategies.integers(0, 6).map(lambda n: n * SECOND),
    strategies.sampled_from([60 * SECOND, 1800 * SECOND, 1800 * SECOND + 1, DAY, DAY + 1, DAY - 5 * SECOND]),
)
names = strategies.one_of(
    strategies.sampled_from(["search", "product", "add"]), strategies.sampled_from([*MEANING, "ticket"])
)
steps_taken = strategies.tuples(
    gaps,
    names,
    strategies.sampled_from([None, None, None, "mug", "cup"]),
    strategies.sampled_from([None, None, None, None, "card"]),
    strategies.sampled_from([None, None, 1, 2]),
)
people = strategies.lists(strategies.lists(steps_taken, max_size=25), min_size=1, max_size=12)
shuffles = strategies.randoms(use_true_random=False)


@pytest.mark.random
@budget(max_examples=examples(6, 15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people, shuffles)
def test_equal_to_reading_one_touchpoint_after_the_other(everyone: list[Any], shuffle: Any) -> None:
    events, tickets, persons = [], [], []
    for who, taken in enumerate(everyone):
        now, last, session, steps = 0, None, 0, []
        for i, (gap, name, product, payment, sequence) in enumerate(taken):
            now += gap
            key = f"{shuffle.randrange(10_000)}-{who}-{i}"
            if name == "ticket":
                tickets.append({"ticket_id": key, "created_at": _instant(now), "customer_id": f"c{who}"})
                steps.append(Step(f"ticket:{key}:ticket opened", now, None, name, None, None, None))
                continue
            session += last is not None and now - last > 1800 * SECOND
            last = now
            steps.append(Step(f"event:{key}", now, sequence, name, product, payment, f"{who}/{session}"))
            more = {"event_id": key, "customer_id": f"c{who}", "sequence": sequence}
            more |= {"product_id": product, "payment_method": payment}
            events.append(event(f"d{who}", now / SECOND, name, **more))
        persons.append(steps)
    shuffle.shuffle(events)
    built = warehouse(
        events=events,
        tickets=tickets,
        order_rows=[order("#1", 0, customer_id="c0")],
        shop=_shop(),
        build=["journeys.session_friction", "metrics.emotion_curve"],
    )
    wanted = {found for steps in persons for found in by_hand(steps)}
    found = rows(built, "select touchpoint_id, signal from journeys.friction_signals")
    assert len(found) == len(set(found))
    assert set(found) == wanted

    of_session: dict[str, list[str]] = {}
    session_of = {step.key: step.session for steps in persons for step in steps}
    for key, signal in wanted:
        of_session.setdefault(str(session_of[key]), []).append(signal)
    columns = ("payment_failure", "error", "rage_repeat", "repeated_search", "support_contact", "back_step")
    counts = rows(built, f"select {', '.join(f'{c}_count' for c in columns)} from journeys.session_friction")
    assert sorted(counts) == sorted(tuple(map(signals.count, columns)) for signals in of_session.values())
    for check in read_checks(ROOT / "sql" / "checks"):
        if check.name in ("errors_are_friction", "friction_adds_up"):
            assert run_check(built, check).offending_count == 0


def _instant(microseconds: int) -> Any:
    return event("", microseconds / SECOND, "")["occurred_at"]


def _shop() -> Any:
    rules = [
        {"touchpoint": name, "event": name, "stage": stage, "action": action}
        for name, (stage, action) in MEANING.items()
        if stage
    ]
    return settings(
        stages=[{"id": stage, "label": stage, "required": stage not in OPTIONAL} for stage in STAGES],
        touchpoints=[*rules, {"touchpoint": "order placed", "source": "orders", "event": "order placed"}],
    )
