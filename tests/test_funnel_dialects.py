"""Other tools' funnels beside ours: a hand-made stream on which the five differ, each by its documented rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
from given import at, event, examples, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

DAY = 86400.0
TOOLS = {"ga4": None, "mixpanel": 7, "amplitude": 30, "posthog": 14, "clickhouse": 2}
BUILD = ["metrics.funnel_dialects"]


def built(
    clicks: Sequence[tuple[str, float, str]], known_until: float, steps: Sequence[Any]
) -> duckdb.DuckDBPyConnection:
    """A funnel with a window of two days over days (not seconds)."""
    return warehouse(
        events=[event(who, when * DAY, name) for who, when, name in clicks],
        build=BUILD,
        known_until=at(known_until * DAY),
        shop=settings(
            touchpoints=[{"touchpoint": name, "event": name, "stage": "discovery"} for name in "abcx"],
            funnels=[{"id": "f", "name": "F", "window_days": 2, "steps": [{"touchpoint": s} for s in steps]}],
        ),
    )


@pytest.fixture(scope="module")
def streams() -> duckdb.DuckDBPyConnection:
    """a → (a or b). Each person differs in one rule."""
    return built(
        [
            ("quick", 0, "a"),
            ("quick", 1, "b"),
            # In 10 days: within PostHog's and Amplitude's window, and GA4's, not in two days or Mixpanel's seven.
            ("slow", 0, "a"),
            ("slow", 10, "b"),
            # In 20 days: Amplitude's and GA4's.
            ("slower", 0, "a"),
            ("slower", 20, "b"),
            # In 40 days: GA4's alone.
            ("slowest", 0, "a"),
            ("slowest", 40, "b"),
            # The first entry alone counts for Mixpanel.
            ("returns", 0, "x"),
            ("returns", 6, "a"),
            ("returns", 12, "x"),
            ("returns", 12.5, "a"),
            ("returns", 13.9, "b"),
            # Not over here.
            ("fresh", 59, "a"),
            ("fresh", 59.5, "b"),
        ],
        60,
        ["a", "b"],
    )


def counted(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, tuple[int, int, str | None]]]:
    """By tool and person: how far here, how far there, because of what."""
    found = rows(
        connection,
        "select dialect, replace(identifier, 'anonymous:', ''), here_step, there_step, because "
        "from metrics.funnel_dialect_units inner join journeys.identities using (person_id)",
    )
    return {tool: {who: (here, there, why) for t, who, here, there, why in found if t == tool} for tool in TOOLS}


def test_each_tool_by_its_rule(streams: duckdb.DuckDBPyConnection) -> None:
    found = counted(streams)
    assert {tool: {who for who, (_, there, _) in people.items() if there == 2} for tool, people in found.items()} == {
        "ga4": {"quick", "slow", "slower", "slowest", "returns", "fresh"},
        "amplitude": {"quick", "slow", "slower", "returns", "fresh"},
        "posthog": {"quick", "slow", "returns", "fresh"},
        "mixpanel": {"quick", "fresh"},
        "clickhouse": {"quick", "returns", "fresh"},
    }
    assert found["ga4"]["slowest"] == (1, 2, "window")
    assert found["mixpanel"]["returns"] == (2, 1, "entry")
    assert found["clickhouse"]["fresh"] == (0, 2, "open")
    assert found["clickhouse"]["quick"] == (2, 2, None)


def test_an_event_that_is_two_steps_is_both_for_clickhouse() -> None:
    found = counted(built([("once", 0, "a"), ("twice", 0, "a"), ("twice", 1, "a")], 60, ["a", ["a", "b"]]))
    assert {tool: people["once"] for tool, people in found.items()} == {
        tool: (1, 2, "events") if tool == "clickhouse" else (1, 1, None) for tool in TOOLS
    }
    assert {tool: people["twice"] for tool, people in found.items()} == dict.fromkeys(TOOLS, (2, 2, None))


def test_the_counts_are_those_of_the_people(streams: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        streams,
        "select dialect, step_number, reached_count, here_count, only_there_count, only_here_count, open_count, "
        "window_count, events_count, entry_count from metrics.funnel_dialects order by all",
    )
    assert [one for one in found if one[1] == 2] == [
        ("amplitude", 2, 5, 2, 3, 0, 1, 2, 0, 0),
        ("clickhouse", 2, 3, 2, 1, 0, 1, 0, 0, 0),
        ("ga4", 2, 6, 2, 4, 0, 1, 3, 0, 0),
        ("mixpanel", 2, 2, 2, 1, 1, 1, 0, 0, 1),
        ("posthog", 2, 4, 2, 2, 0, 1, 1, 0, 0),
    ]
    for _, _, there, here, only_there, only_here, *because in found:
        assert there - only_there == here - only_here
        assert sum(because) == only_there + only_here


def slowly(tool: str, clicks: Sequence[tuple[float, str]], steps: Sequence[str]) -> int:
    """How far a person gets by a tool's rules: clicks in their order, steps by name."""
    window = TOOLS[tool] if TOOLS[tool] is not None else 10**9
    furthest = 0
    for place, (entered, name) in enumerate(clicks):
        if name not in steps[0] or (tool == "mixpanel" and furthest):
            continue
        level = 0
        for when, other in clicks[place:]:
            if when - entered > window:
                break
            while level < len(steps) and other in steps[level]:
                level += 1
                if tool != "clickhouse":
                    break
        furthest = max(furthest, level)
    return furthest


@pytest.mark.random
@budget(max_examples=examples(4, 200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    strategies.lists(
        strategies.tuples(
            strategies.sampled_from("uvwxyz"), strategies.integers(0, 45), strategies.sampled_from("abcx")
        ),
        min_size=1,
        max_size=60,
        unique_by=lambda click: click[:2],
    ),
    strategies.lists(strategies.sampled_from(["a", "b", "c", "ab"]), min_size=1, max_size=4),
)
def test_equal_to_walking_each_persons_clicks(clicks: list[tuple[str, int, str]], steps: list[str]) -> None:
    found = counted(built(clicks, 200, [[*step] for step in steps]))
    for tool in TOOLS:
        wanted = {
            who: level
            for who in {who for who, _, _ in clicks}
            if (level := slowly(tool, sorted((when, name) for w, when, name in clicks if w == who), steps))
        }
        assert {who: there for who, (_, there, _) in found[tool].items()} == wanted, tool
