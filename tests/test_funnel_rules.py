"""Options of a funnel of journey.yaml: published cases, and a walk of all chains of all entries in plain Python."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import slow_funnel
from conftest import cases
from given import START, event, examples, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

from parcours.settings.file import SettingsError, load_settings
from parcours.settings.schema import JourneySettings

HOUR = 3600.0
STEPS = (
    "select funnel_id, person_id, entered_on, furthest_step, list(reached_at order by step_number), "
    "min(entered_at) from journeys.attempt_steps group by all"
)


def shop(*funnels: dict[str, Any], names: str = "abcx") -> JourneySettings:
    """Settings with a touchpoint per name and these funnels."""
    return settings(
        touchpoints=[{"touchpoint": name, "event": name, "stage": "discovery"} for name in names],
        funnels=[
            {"id": f"f{n}", "name": f"F{n}", **funnel, "steps": [_step(step) for step in funnel["steps"]]}
            for n, funnel in enumerate(funnels)
        ],
    )


def _step(said: Any) -> dict[str, Any]:
    return said if isinstance(said, dict) else {"touchpoint": said}


def furthest(funnels: list[dict[str, Any]], clicks: list[tuple[str, float, str]]) -> list[int]:
    """The furthest step of any attempt, by funnel; 0: none."""
    built = warehouse(
        events=[event(who, when, name) for who, when, name in clicks],
        build=["journeys.attempt_steps"],
        shop=shop(*funnels),
    )
    found = dict(rows(built, "select funnel_id, max(furthest_step) from journeys.attempt_steps group by 1"))
    return [found.get(f"f{n}", 0) for n in range(len(funnels))]


def test_each_option_by_hand() -> None:
    path = [("u", 0, "a"), ("u", 5, "x"), ("u", 6, "b"), ("u", 14, "b"), ("u", 20, "c")]
    ab = ["a", "b"]
    assert furthest(
        [
            {"steps": ["a", "b", "c"]},
            {"steps": ab, "order": "strict"},
            {"steps": ["x", "b"], "order": "strict"},
            {"steps": ["c", "a", "b"], "order": "any"},
            {"steps": ["a", "b", "c"], "window_days": 15 / 86400, "window_from": "prior"},
            {"steps": ["a", "b", "c"], "window_days": 10 / 86400, "window_from": "prior"},
            {"steps": ["a", {"touchpoint": "b", "within_minutes": 0.1}]},
            {"steps": ["a", {"touchpoint": "b", "within_minutes": 0.09}]},
            {"steps": ["a", {"touchpoint": "b", "at_least_minutes": 14 / 60}]},
            {"steps": ["a", {"touchpoint": "b", "at_least_minutes": 14.1 / 60}]},
            {"steps": ["a", {"touchpoint": "b", "without": "x"}]},
            {"steps": ["a", {"touchpoint": "c", "without": ["c"]}]},
        ],
        path,  # type: ignore[arg-type]
    ) == [3, 1, 2, 3, 3, 2, 2, 1, 2, 1, 1, 2]
    tie = [("u", 0.0, "b"), ("u", 0.0, "a")]
    assert furthest([{"steps": ab}, {"steps": ab, "ties": "forbidden"}], tie) == [2, 1]


NOT_TAKEN = {"ch-wf-31", "ch-wf-32", "ch-wf-34"}
"""ClickHouse's allow_reentry: see docs/definitions.md, "Funnel"."""
OF_NUMBERS = {"ch-wf-12"}
"""Its steps are comparisons of numbers, which journey.yaml has not; `parcours.funnel` runs it."""


def test_published_cases() -> None:
    """All in one shop: each with people, touchpoints and a funnel of its own."""
    asked = [case.values[0] for case in cases("funnel_cases", "mode")]
    assert {case["id"] for case in asked} >= NOT_TAKEN | OF_NUMBERS
    asked = [case for case in asked if case["id"] not in NOT_TAKEN | OF_NUMBERS]
    clicks = [(case["id"], *click) for case in asked for click in case["events"]]
    steps = {f"{case['id']} {name}" for case in asked for step in case["steps"] for name in _names(step)}
    built = warehouse(
        events=[
            event(
                f"{case} {who}", when, f"{case} {name}", device=" ".join(map(str, more[0].values())) if more else None
            )
            for case, who, when, name, *more in clicks
        ],
        build=["metrics.funnel_steps", "journeys.identities"],
        shop=settings(
            touchpoints=[
                {"touchpoint": name, "event": name, "stage": "discovery"}
                for name in sorted({f"{case} {name}" for case, _, _, name, *_ in clicks} | steps)
            ],
            funnels=[_funnel(case) for case in asked],
        ),
    )
    furthest_steps = "select funnel_id, person_id, max(furthest_step) as level from journeys.attempt_steps group by all"
    levels = dict(
        rows(
            built,
            f"select i.identifier, level from journeys.identities i inner join ({furthest_steps}) a "
            "on i.person_id = a.person_id and i.identifier like 'anonymous:' || a.funnel_id || ' %'",
        )
    )
    for case in asked:
        expected = case["expected"]
        found = {who: levels.get(f"anonymous:{case['id']} {who}", 0) for who in expected.get("user_levels", ())}
        assert found == expected.get("user_levels", {}), case["id"]
        if "step_counts" in expected:
            counts = (
                f"select reached_count from metrics.funnel_steps where funnel_id = '{case['id']}' order by step_number"
            )
            assert [count for (count,) in rows(built, counts)] == expected["step_counts"], case["id"]


def _names(step: Any) -> list[str]:
    if isinstance(step, dict):
        return [step["event"]] if "event" in step else []
    return step if isinstance(step, list) else [step]


def _funnel(case: dict[str, Any]) -> dict[str, Any]:
    """A case's funnel as journey.yaml says it."""
    asked, modes = case["semantics"], case["semantics"].get("modes", [])
    order = {"ordered": "sequential", "unordered": "any"}.get(asked["order"], asked["order"])
    return {
        "id": case["id"],
        "name": case["id"],
        "window_days": "none" if asked["window_s"] is None else asked["window_s"] / 86400,
        "order": "strict" if "strict_order" in modes else order,
        "ties": "forbidden" if "strict_increase" in modes else "advance",
        "steps": [
            {"any": True}
            if isinstance(step, dict) and step.get("any")
            else {"touchpoint": [f"{case['id']} {name}" for name in _names(step)]}
            | (
                {"device": " ".join(map(str, step["props"].values()))}
                if isinstance(step, dict) and "props" in step
                else {}
            )
            for step in case["steps"]
        ],
    }


names = strategies.sampled_from("abcx")


@strategies.composite
def funnels(draw: strategies.DrawFn) -> dict[str, Any]:
    """A funnel with options drawn at random; times are whole hours."""
    order = draw(strategies.sampled_from(["sequential", "sequential", "strict", "any"]))
    window = draw(strategies.sampled_from([None, 1.0, 12.0, 24.0, 400.0]))
    found: dict[str, Any] = {"order": order, "window_days": "none" if window is None else window / 24}
    if order == "any":
        steps = draw(strategies.lists(names, min_size=1, max_size=4, unique=True))
        return found | {"steps": [{"touchpoint": [name]} for name in steps]}
    found["window_from"] = draw(strategies.sampled_from(["first", "first", "prior"]))
    found["ties"] = draw(strategies.sampled_from(["advance", "forbidden"]))
    steps = [{"touchpoint": draw(strategies.lists(names, min_size=1, max_size=2, unique=True))}]
    for _ in range(draw(strategies.integers(0, 3))):
        least, most = draw(strategies.sampled_from([(0, None), (0, None), (0, 8), (4, None), (4, 20)]))
        steps.append(
            {
                "touchpoint": draw(strategies.lists(names, min_size=1, max_size=2, unique=True)),
                "at_least_minutes": least * 60,
                "within_minutes": None if most is None else most * 60,
                "without": draw(strategies.sampled_from([[], [], ["x"], ["a", "x"]])),
            }
        )
    return found | {"steps": steps}


def walked(funnel: dict[str, Any], log: list[dict[str, Any]]) -> dict[tuple[str, date], tuple[int, Any]]:
    """The attempts by unit and day, each with its furthest step and instant of entry, by walking all chains."""
    steps = [
        slow_funnel.SlowStep(
            tuple(step["touchpoint"]),
            None if step.get("within_minutes") is None else step["within_minutes"] * 60.0,
            step.get("at_least_minutes", 0) * 60.0,
            tuple(step.get("without", ())),
        )
        for step in funnel["steps"]
    ]
    window = None if funnel["window_days"] == "none" else funnel["window_days"] * 24 * HOUR
    asked = slow_funnel.Slow(
        steps, window, funnel["order"], funnel.get("window_from", "first"), funnel.get("ties", "advance")
    )
    return {
        (unit, day): (furthest_step, path[0])
        for (unit, day, _), (furthest_step, path) in slow_funnel.attempts(asked, log).items()
    }


@pytest.mark.random
@budget(max_examples=examples(4, 150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    strategies.lists(
        strategies.tuples(strategies.sampled_from("uvw"), strategies.integers(0, 20), names), min_size=1, max_size=25
    ),
    strategies.lists(funnels(), min_size=4, max_size=8),
)
def test_equal_to_walking_all_chains(clicks: list[tuple[str, int, str]], asked: list[dict[str, Any]]) -> None:
    built = warehouse(
        events=[event(who, when * 4 * HOUR, name) for who, when, name in clicks],
        build=["journeys.attempt_steps"],
        shop=shop(*asked),
    )
    whose = dict(rows(built, "select person_id, identifier from journeys.identities"))
    log = [
        {"person_id": f"anonymous:{who}", "occurred_at": START + timedelta(hours=4 * when), "event": name, "row": row}
        for row, (who, when, name) in enumerate(clicks)
    ]
    found: dict[str, dict[Any, Any]] = {f"f{n}": {} for n in range(len(asked))}
    for funnel_id, person, entered_on, furthest_step, _, entered_at in rows(built, STEPS):
        found[funnel_id][whose[person], entered_on] = (furthest_step, entered_at)
    assert found == {f"f{n}": walked(funnel, log) for n, funnel in enumerate(asked)}


@pytest.mark.parametrize(
    ("funnel", "said"),
    [
        ({"order": "any", "ties": "forbidden", "steps": ["a", "b"]}, "in any order no step comes before another"),
        ({"order": "any", "steps": ["a", {"touchpoint": "b", "within_minutes": 3}]}, "in any order no step comes"),
        ({"order": "any", "steps": ["a", {"touchpoint": ["b", "a"]}]}, "a touchpoint belongs to one step"),
        ({"steps": [{"touchpoint": "a", "without": "x"}, "b"]}, "this is the first one"),
        ({"steps": ["a", {"touchpoint": "b", "without": "y"}]}, "no touchpoint here"),
        (
            {"steps": ["a", {"touchpoint": "b", "within_minutes": 3, "at_least_minutes": 4}]},
            "expected at least at_least_minutes",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(funnel: dict[str, Any], said: str, tmp_path: Path) -> None:
    data = shop({"steps": ["a"]}).model_dump(by_alias=True, mode="json", exclude_unset=True)
    data["funnels"] = [{"id": "f", "name": "F", **funnel, "steps": [_step(step) for step in funnel["steps"]]}]
    path = tmp_path / "journey.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        load_settings(path)
