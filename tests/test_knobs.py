"""Every knob of a definition is a setting: another value gives another figure, and a value out of bounds is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from given import START, at, event, order, rows, settings, warehouse
from pydantic import ValidationError

HOUR, DAY = 3600.0, 86400.0

LEFT_TWICE = [event("a", 0, "add"), event("a", 20 * HOUR, "add")]
BROWSED = [event("a", 0, "product"), event("a", 2, "product"), event("b", 0, "product"), event("b", 20, "add")]
CLICKED = [event("a", second, "landing") for second in (0, 5, 12)]
ASKED = [event("a", 0, "product"), event("a", 30 * HOUR, "help")]
VISITED = [event(f"{day}/{i}", day * DAY, "landing") for day in range(40) for i in range(3)]
CHANGED = {"changes": [{"id": "x", "label": "x", "date": (START + timedelta(days=20)).date()}]}
ABANDONED = "select abandoned_since from journeys.carts"
STATE = "select state from metrics.cart_states"
DUE = "select is_due_for_action from metrics.cart_states"
ENGAGED = "select count(*) from journeys.sessions where is_engaged"
RAGES = "select count(*) from journeys.friction_signals where signal = 'rage_repeat'"
CONTACTS = "select count(*) from journeys.friction_signals where signal = 'support_contact'"
OPEN = "select open_session_count from metrics.emotion_curve where stage = 'consideration'"
COMPARED = "select weeks_before from metrics.change_impact where kpi = 'conversion'"


@pytest.mark.parametrize(
    ("section", "knob", "value", "events", "days", "figure", "usual", "changed"),
    [
        ("measures", "cart_silence_hours", 12, LEFT_TWICE, 2, ABANDONED, at(20 * HOUR), at(0)),
        ("measures", "cart_silence_hours", 48, LEFT_TWICE, 2, STATE, "abandoned", "active"),
        ("measures", "cart_action_hours", 30, LEFT_TWICE, 1, DUE, True, False),
        ("sessions", "engaged_seconds", 20, BROWSED, 1, ENGAGED, 2, 1),
        ("sessions", "engaged_views", 3, BROWSED, 1, ENGAGED, 2, 1),
        ("friction", "rage_seconds", 12, CLICKED, 1, RAGES, 0, 1),
        ("friction", "support_contact_hours", 30, ASKED, 2, CONTACTS, 0, 1),
        ("friction", "support_contact_hours", 96, ASKED, 2, OPEN, 0, 1),
        ("comparison", "guard_days", 7, VISITED, 40, COMPARED, 2, 1),
    ],
)
def test_another_value_gives_another_figure(
    section: str, knob: str, value: float, events: list[Any], days: float, figure: str, usual: Any, changed: Any
) -> None:
    def found(**sections: Any) -> list[tuple[Any, ...]]:
        # Without an orders export no cart has a state.
        built = warehouse(
            events=events,
            order_rows=[order("#1", 0, customer_id="z")],
            build=[figure.split(" from ")[1].split()[0]],
            shop=settings(**CHANGED, **sections),
            known_until=at(days * DAY),
        )
        return rows(built, figure)

    assert found() == [(usual,)]
    assert found(**{section: {knob: value}}) == [(changed,)]


@pytest.mark.parametrize(
    ("section", "knob", "value"),
    [
        ("measures", "cart_silence_hours", 0),
        ("measures", "cart_action_hours", -1),
        ("sessions", "engaged_seconds", -1),
        ("sessions", "engaged_views", 0),
        ("friction", "rage_seconds", 0),
        ("friction", "support_contact_hours", 721),
        ("comparison", "guard_days", 61),
        ("outages", "tracking_touchpoint_share", 1),
        ("outages", "tracking_order_share", 1.1),
        ("outages", "payment_checkouts", 0),
        ("outages", "payment_order_share", 0),
        ("outages", "payment_deviations", 0),
        ("outages", "payment_error_share", 2),
        ("outages", "neighbouring_days", 61),
    ],
)
def test_a_value_out_of_bounds_is_refused(section: str, knob: str, value: float) -> None:
    with pytest.raises(ValidationError, match=f"{section}.{knob}"):
        settings(**{section: {knob: value}})
