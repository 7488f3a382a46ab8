"""The section on the journey as it is: the flag, the map, the table under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from parcours.report.drawing import FAINT, ORANGE, PALE, RED, SKY, chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.journey_map import journey_map
from parcours.report.numbers import Numbers, plural
from parcours.report.section import Column, FlagBox, Section, StageCells, StageTable, table
from parcours.report.wording import (
    RANKINGS,
    Flag,
    flag_sentence,
    flag_title,
    flagged,
    journey_title,
    ranked_by,
    ranking_line,
    small_stages_note,
)

SOURCES = ("metrics.stage_drop_off", "metrics.drop_off_ranking", "metrics.stage_touchpoints")
TOUCHPOINTS_SHOWN = 3
COLUMNS: tuple[Column, ...] = (
    ("Stage", "marked_label", Numbers.text),
    ("Reached", "reached_count", Numbers.count),
    ("Finished", "matured_count", Numbers.count),
    ("Ended here", "dropped_count", Numbers.count),
    ("Open", "open_count", Numbers.count),
    ("Drop-off", "drop_off_rate", Numbers.share),
    ("95\u00a0% interval", "drop_off_low drop_off_high", Numbers.interval),
    ("Revenue at stake", "revenue_at_stake", Numbers.money),
    ("Time, median", "median_seconds", Numbers.duration),
    ("Satisfaction 0–10", "satisfaction_mean", Numbers.decimal),
    ("Answers", "answer_count", Numbers.count),
    ("Steps back", "back_step_count", Numbers.count),
    ("Skipped", "skipped_count", Numbers.count),
)


def journey_section(figures: Figures, numbers: Numbers) -> Section:
    """Stage by stage: who went on, who stayed behind, and which stage is flagged by which ranking."""
    flag = flagged(figures)
    red = frozenset([flag.stage.stage, *(row.stage for row in flag.tied)]) if flag else frozenset()
    has_small = any(stage.is_small and stage.dropped_count for stage in figures.stages)
    title = journey_title(figures, numbers)
    subtitle = (
        "Unit: journey (one purchase cycle of a person). It reaches a stage with a touchpoint in it or in "
        "a later required one. Rates are over finished journeys: followed by another, or silent for more than "
        f"{numbers.days(figures.shop.inactivity_days)}; open ones are in no rate. * optional stage: never gates."
    )
    section = partial(Section, "journey", "Journey", title, subtitle, SOURCES)
    if not figures.shop.journey_count:
        return section(empty="No touchpoint has a stage yet: there is no journey to draw.")
    description = f"{title}. Journeys per stage, satisfaction, time and revenue at stake; figures in the table."
    drawn = partial(journey_map, figures.stages, red, numbers)
    return section(
        flag=_flag_box(figures, flag, numbers) if flag else None,
        legend=[
            (SKY, "went on, or nothing to go on to"),
            (PALE, "still open"),
            (ORANGE, "ended here"),
            *([(RED, "ended here: highest drop-off")] if flag else []),
            *([(FAINT, f"fewer than {figures.shop.small_cell} finished")] if has_small else []),
        ],
        charts=[chart("journey-map", description, drawn(narrow=False), drawn(narrow=True))],
        stage_table=stage_table(figures, red, numbers),
        notes=[text for text in [small_stages_note(figures)] if text],
        tables=[table("The journey, stage by stage", COLUMNS, figures.stages, numbers)],
    )


def _flag_box(figures: Figures, flag: Flag, numbers: Numbers) -> FlagBox:
    lines = [ranking_line(figures, name, flag, numbers) for name in RANKINGS if ranked_by(figures, name)]
    return FlagBox(flag_title(flag), flag_sentence(figures, flag, numbers), lines)


def stage_table(figures: Figures, red: frozenset[str], numbers: Numbers) -> StageTable:
    """Top touchpoints, pain points, and as-is → to-be, per stage."""
    cells: dict[str, Callable[[Row], list[str]]] = {
        "Top touchpoints": lambda stage: _top(_of(figures, stage), numbers),
        "Pain points": lambda stage: _pains(stage, _of(figures, stage), numbers),
        "Goes on: as\u2011is → to\u2011be": lambda stage: _to_be(stage, numbers),
    }
    return StageTable(
        [stage.marked_label for stage in figures.stages],
        frozenset(place for place, stage in enumerate(figures.stages) if stage.stage in red),
        [StageCells(name, [cell(stage) for stage in figures.stages]) for name, cell in cells.items()],
    )


def _of(figures: Figures, stage: Row) -> list[Row]:
    return [row for row in figures.stage_touchpoints if row.stage == stage.stage]


def _top(touchpoints: Sequence[Row], numbers: Numbers) -> list[str]:
    """The most touched, errors aside; shares are of the journeys that touched the stage."""
    usual = [row for row in touchpoints if not row.is_error][:TOUCHPOINTS_SHOWN]
    return [f"{row.touchpoint} {numbers.share(row.journey_share, 0)}" for row in usual]


def _pains(stage: Row, touchpoints: Sequence[Row], numbers: Numbers) -> list[str]:
    """Errors first, then going back and skipping."""
    lines = []
    for row in touchpoints:
        if row.is_error:
            line = f"{row.touchpoint} {numbers.share(row.journey_share)}"
            if row.ended_count is not None:
                line += f": {numbers.count(row.ended_count)} of {numbers.count(row.journey_count)} got no further"
            lines.append(line)
    if stage.back_step_count:
        steps = plural(stage.back_step_count, "step")
        lines.append(f"{numbers.count(stage.back_step_count)} {steps} back to an earlier stage")
    if stage.skipped_count:
        lines.append(f"skipped by {numbers.share(stage.skipped_share)}")
    return lines


def _to_be(stage: Row, numbers: Numbers) -> list[str]:
    if stage.went_on_rate is None:
        return []
    as_is = f"n\u00a0{numbers.count(stage.matured_count)}" if stage.is_small else numbers.share(stage.went_on_rate, 0)
    return [f"{as_is} → {numbers.target(stage.to_be_rate)}"] if stage.to_be_rate is not None else [as_is]
