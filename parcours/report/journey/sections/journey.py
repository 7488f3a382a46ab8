"""The section on the journey as it is: the flag, the map, the table under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from parcours.numbers import Numbers, plural
from parcours.report.drawing import FADED, ORANGE, PALE, RED, SKY, chart
from parcours.report.figures import Figures, Row, first
from parcours.report.journey.flag import RANKINGS, Flag, flagged, interval_and_stake, ranked_by, step_of
from parcours.report.journey.gains import gain_phrase
from parcours.report.journey.journey_map import journey_map
from parcours.report.section import Column, FlagBox, Section, Sentence, StageTable, table
from parcours.words import listed

PLACE = 10
SOURCES = (
    "metrics.stage_drop_off",
    "metrics.drop_off_ranking",
    "metrics.stage_touchpoints",
    "metrics.stage_triggers",
    "metrics.attainable_gain",
)
TOUCHPOINTS_SHOWN = 3
TRIGGERS = {"customer": "the customer", "brand": "the shop", "outside": "others"}
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
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


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """Stage by stage: who went on, who stayed behind, and which stage is flagged by which ranking."""
    flag = flagged(figures)
    red = frozenset(stage.stage for stage in flag.stages) if flag else frozenset()
    has_small = any(stage.is_small and stage.dropped_count for stage in figures.stages)
    title = _title(figures, flag, numbers)
    subtitle = (
        "Unit: journey (one purchase cycle of a person). It reaches a stage with a touchpoint in it or in "
        "a later required one. Rates are over finished journeys: followed by another, or silent for more than "
        f"{numbers.days(figures.shop.inactivity_days)}; open ones are in no rate. * optional stage: never gates."
    )
    section = partial(Section, "journey", "Journey", title, subtitle, SOURCES)
    if not figures.shop.journey_count:
        return [section(empty="No touchpoint has a stage yet: there is no journey to draw.")]
    description = f"{title}. Journeys per stage, satisfaction, time and revenue at stake; figures in the table."
    return [
        section(
            flag=_flag_box(figures, flag, numbers) if flag else None,
            legend=[
                (SKY, "went on, or nothing to go on to"),
                (PALE, "still open"),
                (ORANGE, "ended here"),
                *([(RED, "ended here: highest drop-off")] if flag else []),
                *([(FADED, f"fewer than {figures.shop.small_cell} finished")] if has_small else []),
            ],
            charts=[chart("journey-map", partial(journey_map, figures.stages, red, numbers), description=description)],
            stage_table=_stage_table(figures, red, numbers),
            notes=[text for text in [_small_stages(figures)] if text],
            tables=[table("The journey, stage by stage", COLUMNS, figures.stages, numbers)],
        )
    ]


def _title(figures: Figures, flag: Flag | None, numbers: Numbers) -> str:
    """Which stage loses most, or that two can't be told apart."""
    if not figures.shop.journey_count:
        return "The journey as it is: no journeys yet"
    if flag is None:
        return f"No stage has both a drop-off and the {figures.shop.small_cell} finished journeys a ranking needs"
    if flag.is_tie:
        return f"{flag.names} tie for the highest drop-off by {flag.by}"
    return f"{step_of(flag.stage)} loses {numbers.share(flag.stage.drop_off_rate, 0)} of the journeys that reach it"


def _flag_box(figures: Figures, flag: Flag, numbers: Numbers) -> FlagBox:
    """The counts behind the flag, and what each ranking says."""
    stage = flag.stage
    text = (
        f"{numbers.count(stage.dropped_count)} of {numbers.count(stage.matured_count)} finished journeys that reached "
        f"{stage.label} went no further: {numbers.share(stage.drop_off_rate)} "
        f"{interval_and_stake(stage, numbers)}. {numbers.count(stage.open_count)} more "
        f"{plural(stage.open_count, 'is', 'are')} still open and in no rate."
    )
    lines = [
        Sentence(f"By {name}", _ranking_line(ranked, write, stage, numbers))
        for ranking, (name, write) in RANKINGS.items()
        if (ranked := ranked_by(figures, ranking))
    ]
    gains = [gain_phrase(row, numbers) for row in figures.gains if row.stage == stage.stage]
    if gains:
        lines.append(Sentence("To be gained", "; ".join(gains)))
    return FlagBox(f"Highest drop-off by {flag.by}: {'a tie of ' if flag.is_tie else ''}{flag.names}", text, lines)


def _ranking_line(
    ranked: Sequence[Row], write: Callable[[Numbers, float], str], flagged_stage: Row, numbers: Numbers
) -> str:
    """A ranking in one line: its first, those that tie with it, the next one, and where the flagged stage stands."""

    def shown(row: Row) -> str:
        return f"{row.label} {write(numbers, row.value)}"

    tied = [row for row in ranked[1:] if row.is_tie_with_first]
    below = [row for row in ranked[1:] if not row.is_tie_with_first]
    text = shown(ranked[0])
    if tied:
        text += f" ties with {listed([shown(row) for row in tied])}: their order is not certain at 95\u00a0%"
    if below:
        text += f", then {shown(below[0])}"
    own = first(below[1:], stage=flagged_stage.stage)
    if own:
        place = ORDINALS[own.rank - 1] if own.rank <= len(ORDINALS) else f"number {own.rank}"
        text += f"; {own.label} is {place} with {write(numbers, own.value)}"
    return text


def _small_stages(figures: Figures) -> str:
    """Which stages are too small to rank; empty where none is."""
    small = [stage.label for stage in figures.stages if stage.is_small and stage.drop_off_rate is not None]
    if not small:
        return ""
    verb, number = plural(len(small), "has", "have"), figures.shop.small_cell
    return f"{listed(small)} {verb} fewer than {number} finished journeys: greyed, and in none of the rankings."


def _stage_table(figures: Figures, red: frozenset[str], numbers: Numbers) -> StageTable:
    """Top touchpoints, what they are due to, pain points, and as-is → to-be, per stage."""
    rows: dict[str, Callable[[Row], list[str]]] = {
        "Top touchpoints": lambda stage: _top(_of(figures, stage), numbers),
        "Triggered by": lambda stage: _triggers(figures, stage, numbers),
        "Pain points": lambda stage: _pains(stage, _of(figures, stage), numbers),
        "Goes on: as\u2011is → to\u2011be": lambda stage: _to_be(stage, numbers),
    }
    return StageTable(
        [stage.marked_label for stage in figures.stages],
        frozenset(place for place, stage in enumerate(figures.stages) if stage.stage in red),
        {name: [lines(stage) for stage in figures.stages] for name, lines in rows.items()},
    )


def _of(figures: Figures, stage: Row) -> list[Row]:
    return [row for row in figures.stage_touchpoints if row.stage == stage.stage]


def _top(touchpoints: Sequence[Row], numbers: Numbers) -> list[str]:
    """The most touched, errors aside; shares are of the journeys that touched the stage."""
    usual = [row for row in touchpoints if not row.is_error][:TOUCHPOINTS_SHOWN]
    return [f"{row.touchpoint} {numbers.share(row.journey_share, 0)}" for row in usual]


def _triggers(figures: Figures, stage: Row, numbers: Numbers) -> list[str]:
    """Who began the contact; shares are of the stage's touchpoints."""
    own = [row for row in figures.stage_triggers if row.stage == stage.stage]
    return [f"{TRIGGERS[row.triggered_by]} {numbers.share(row.touchpoint_share, 0)}" for row in own]


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
