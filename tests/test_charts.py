"""A chart's title says the finding, and says so where there is none."""

from __future__ import annotations

import pandas as pd
import pytest

from parcours.questions.charts import (
    bars,
    effects,
    explained,
    fallen,
    grouped_bars,
    left_carts,
    moved_parts,
    shares,
    timeline,
)

CHANGE = {
    "change_label": "Guest checkout",
    "kpi_label": "Conversion",
    "is_meant": True,
    "expected_value": 0.04,
    "difference": 0.01,
    "low": 0.005,
    "high": 0.015,
}


def title(figure: object) -> str:
    return str(figure.layout.title.text)  # type: ignore[attr-defined]


def test_what_a_change_did() -> None:
    told = {**CHANGE, "verdict": "improved", "relative_difference": 0.25}
    other = {**CHANGE, "kpi_label": "Retention", "verdict": "measuring", "relative_difference": None}
    figure = effects(pd.DataFrame([other, told]))
    assert title(figure) == "Guest checkout: Conversion improved (+25%); 1 of 2"
    assert [*figure.data[0].error_x.array] == pytest.approx([0.125]) and [*figure.data[0].x] == [0.25]
    assert title(effects(pd.DataFrame([other]))).startswith("No change moved a figure beyond doubt (1 looked at, 1")
    assert title(effects(pd.DataFrame([told])[:0])) == "No change is logged"


def test_what_fell() -> None:
    fall = {
        "step_label": "Cart → Checkout",
        "dimension": "device",
        "value": "mobile",
        "began_on": pd.Timestamp("2026-08-01"),
        "ended_on": pd.Timestamp("2026-08-05"),
        "is_open": False,
        "relative_size": -0.3,
        "lost_count": 42.0,
    }
    less = {**fall, "dimension": "all", "value": "all", "lost_count": 7.0}
    figure = fallen(pd.DataFrame([less, fall]))
    assert title(figure) == "Cart → Checkout · mobile, from 2026-08-01, until 2026-08-05: -30%, 42 lost"
    assert [*figure.data[0].x] == [7, 42] and figure.data[0].y[0] == "Cart → Checkout, from 2026-08-01"
    assert title(fallen(pd.DataFrame([fall])[:0])) == "No fall was found that nobody logged"


def test_nothing_to_draw_says_so() -> None:
    for draw, columns, said in (
        (left_carts, ["value"], "No cart to win back"),
        (moved_parts, ["contribution", "measure"], "Nothing to compare: two whole months are needed"),
        (shares, ["value", "unit"], "No figure has a value yet"),
        (explained, ["explained"], "Too few answers to tell what the score goes with"),
        (timeline, ["occurred_at"], "Nobody found"),
    ):
        assert title(draw(pd.DataFrame(columns=columns))) == said


def test_that_nobody_dropped_is_said_and_no_stage_called_the_highest() -> None:
    found = pd.DataFrame({"stage": ["Cart", "Checkout"], "drop_off_rate": [0.0, 0.0]})
    assert bars(found).layout.title.text == "drop-off rate: 0.0% everywhere"
    grouped = found.assign(week_on=pd.Timestamp("2026-03-02"), device=["mobile", "desktop"], reached_count=40)
    drawn = grouped_bars(grouped, "stage", "drop_off_rate", ["week_on", "device"], "reached_count")
    assert drawn.layout.title.text == "drop-off rate: 0.0% everywhere"
    grouped["drop_off_rate"] = [0.1, 0.2]
    drawn = grouped_bars(grouped, "stage", "drop_off_rate", ["week_on", "device"], "reached_count")
    assert drawn.layout.title.text == "Checkout, 2026-03-02 · desktop: 20.0%, the highest drop-off rate"
