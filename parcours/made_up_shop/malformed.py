"""The lines that no loader may take in, and their planting; each function says what it planted, by reason."""

import json
from typing import Any

import numpy as np

from parcours.made_up_shop.period import Period

Planted = dict[str, int]

# Changes of a sound event; None drops the key. The texts of the first two are spoilt afterwards.
EVENTS: dict[str, dict[str, str | None]] = {
    "truncated JSON": {},
    "not JSON": {},
    "no timestamp": {"timestamp": None},
    "no messageId": {"messageId": None},
    "no identity": {"anonymousId": None},
    "impossible timestamp": {"timestamp": "2026-13-45T10:00:00.000Z"},
    "timestamp in 1970": {"timestamp": "1970-01-01T00:00:00.000Z"},
}
ORDER_LINES = {
    "empty Name": {"Name": ""},
    "negative quantity": {"Lineitem quantity": "-1"},
    "text in Lineitem price": {"Lineitem price": "on request"},
}


def event_lines(rng: np.random.Generator, period: Period) -> list[tuple[int, str, str]]:
    """Day, reason and text of each planted line: two for each reason, one more for the first."""
    planted = []
    for number, reason in enumerate(["truncated JSON", *sorted([*EVENTS] * 2, key=[*EVENTS].index)]):
        day = int(rng.integers(0, period.days))
        event: dict[str, Any] = {
            "messageId": f"planted-{number:02d}",
            "type": "track",
            "event": "Product Viewed",
            "anonymousId": f"an-planted-{number:02d}",
            "timestamp": f"{period.date_of(day)}T10:00:00.000Z",
            "context": {"page": {"url": "https://shop.example/p/p-001"}},
            "properties": {"product_id": "p-001"},
        }
        event = {key: value for key, value in (event | EVENTS[reason]).items() if value is not None}
        text = json.dumps(event, separators=(",", ":"))
        spoilt = {"truncated JSON": text[:130], "not JSON": "<html>502 Bad Gateway"}
        planted.append((day, reason, spoilt.get(reason, text)))
    return planted


def plant_order_lines(lines: list[tuple[dict[str, str], dict[str, str]]]) -> Planted:
    """Plants each as one more line of an order that is sound: at the end, in the middle, near the top."""
    for at, change in zip((len(lines), len(lines) // 2, 1), ORDER_LINES.values(), strict=True):
        lines.insert(at, (lines[at - 1][0] | change, {}))
    return dict.fromkeys(ORDER_LINES, 1)


def plant_contact(contacts: list[tuple[Any, ...]]) -> Planted:
    middle = len(contacts) // 2
    contacts.insert(middle, ("", "Planted", *contacts[middle][2:]))
    return {"no Record ID": 1}


def plant_answers(answers: list[tuple[Any, ...]]) -> Planted:
    survey, scale, sent = answers[0][1:4]
    answers.insert(len(answers) // 2, ("r-900001", survey, scale, sent, sent, 9, "", "", ""))
    answers.append(("", survey, scale, sent, sent, 4, "", "", ""))
    return {"score outside the scale": 1, "no Response ID": 1}
