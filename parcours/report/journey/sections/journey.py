"""The section on the journey as it is: the flag, the map, the table under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from parcours.numbers import Numbers
from parcours.report.drawing import FADED, ORANGE, PALE, RED, SKY, chart
from parcours.report.figures import Figures, Row, first
from parcours.report.journey.flag import RANKINGS, Flag, flagged, ranked_by, since_when, step_of
from parcours.report.journey.gains import gain_phrase, worth_telling
from parcours.report.journey.journey_map import journey_map
from parcours.report.journey.lanes import lanes
from parcours.report.section import Column, FlagBox, Section, Sentence, StageTable, table
from parcours.words import joined, later, listed, say, say_number, told

PLACE = 10
SOURCES = (
    "metrics.stage_drop_off",
    "metrics.drop_off_ranking",
    "metrics.stage_touchpoints",
    "metrics.stage_channels",
    "metrics.stage_triggers",
    "metrics.emotion_curve",
    "metrics.attainable_gain",
    "metrics.stage_drop_off_since",
    "metrics.stage_words",
    "metrics.stage_verbatims",
)
TOUCHPOINTS_SHOWN = 3
CHANNELS_SHOWN = 3
TRIGGERS = {"customer": later("the customer"), "brand": later("the shop"), "outside": later("others")}
ORDINALS = (
    later("first"),
    later("second"),
    later("third"),
    later("fourth"),
    later("fifth"),
    later("sixth"),
    later("seventh"),
    later("eighth"),
    later("ninth"),
    later("tenth"),
)
COLUMNS: tuple[Column, ...] = (
    (later("Stage"), "marked_label", Numbers.text),
    (later("Reached"), "reached_count", Numbers.count),
    (later("Finished"), "matured_count", Numbers.count),
    (later("Ended here"), "dropped_count", Numbers.count),
    (later("Open"), "open_count", Numbers.count),
    (later("Drop-off"), "drop_off_rate", Numbers.share),
    (later("95\u00a0% interval"), "drop_off_low drop_off_high", Numbers.interval),
    (later("Revenue at stake"), "revenue_at_stake", Numbers.money),
    (later("Time, median"), "median_seconds", Numbers.duration),
    (later("Satisfaction 0–10"), "satisfaction_mean", Numbers.decimal),
    (later("Answers"), "answer_count", Numbers.count),
    (later("Friction"), "friction_rate", Numbers.share),
    (later("Visits with friction"), "friction_session_count", Numbers.count),
    (later("Steps back"), "back_step_count", Numbers.count),
    (later("Skipped"), "skipped_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """Stage by stage: who went on, who stayed behind, and which stage is flagged by which ranking."""
    flag = flagged(figures)
    red = frozenset(stage.stage for stage in flag.stages) if flag else frozenset()
    has_small = any(stage.is_small and stage.dropped_count for stage in figures.stages)
    title = _title(figures, flag, numbers)
    subtitle = say(
        "Unit: journey (one purchase cycle of a person). It reaches a stage with a touchpoint in it or in "
        "a later required one. Rates are over finished journeys: followed by another, or silent for more than "
        "{days}; open ones are in no rate. * optional stage: never gates.",
        days=numbers.days(figures.shop.inactivity_days),
    )
    section = partial(Section, "journey", say("Journey"), title, subtitle, SOURCES)
    if not figures.shop.journey_count:
        return [section(empty=say("No touchpoint has a stage yet: there is no journey to draw."))]
    description = say("{title}. Figures in the table.", title=title)
    return [
        section(
            flag=_flag_box(figures, flag, numbers) if flag else None,
            legend=[
                (SKY, say("went on, or nothing to go on to")),
                (PALE, say("still open")),
                (ORANGE, say("ended here")),
                *([(RED, say("ended here: highest drop-off"))] if flag else []),
                *([(FADED, say("fewer than {count} finished", count=figures.shop.small_cell))] if has_small else []),
            ],
            charts=[chart("journey-map", partial(journey_map, figures.stages, red, numbers), description=description)],
            stage_table=_stage_table(figures, red, numbers),
            notes=[text for text in [_small_stages(figures)] if text],
            tables=[table(say("The journey, stage by stage"), COLUMNS, figures.stages, numbers)],
        )
    ]


def _title(figures: Figures, flag: Flag | None, numbers: Numbers) -> str:
    """Which stage loses most, or that two can't be told apart."""
    if not figures.shop.journey_count:
        return say("The journey as it is: no journeys yet")
    if flag is None:
        return say(
            "No stage has both a drop-off and the {count} finished journeys a ranking needs",
            count=figures.shop.small_cell,
        )
    if flag.is_tie:
        return say("{stages} tie for the highest drop-off by {ranking}", stages=flag.names, ranking=flag.by)
    return say(
        "{step} loses {share} of the journeys that reach it",
        step=step_of(flag.stage),
        share=numbers.share(flag.stage.drop_off_rate, 0),
    )


def _flag_box(figures: Figures, flag: Flag, numbers: Numbers) -> FlagBox:
    """The counts behind the flag, and what each ranking says."""
    stage = flag.stage
    still_open = say_number(
        "{count} more is still open and in no rate.",
        "{count} more are still open and in no rate.",
        stage.open_count,
        count=numbers.count(stage.open_count),
    )
    lines = [
        Sentence(say("By {ranking}", ranking=say(name)), _ranking_line(ranked, write, stage, numbers))
        for ranking, (name, write) in RANKINGS.items()
        if (ranked := ranked_by(figures, ranking))
    ]
    gains = [
        gain_phrase(row, figures.shop, numbers) for row in worth_telling(figures.gains) if row.stage == stage.stage
    ]
    if gains:
        lines.append(Sentence(say("To be gained"), joined(gains)))
    since = since_when(figures, stage, numbers)
    if since:
        lines.append(Sentence(say("Since when"), since))
    if flag.is_tie:
        title = say("Highest drop-off by {ranking}: a tie of {stages}", ranking=flag.by, stages=flag.names)
    else:
        title = say("Highest drop-off by {ranking}: {stage}", ranking=flag.by, stage=flag.names)
    return FlagBox(title, f"{_went_no_further(stage, figures.shop, numbers)} {still_open}", lines)


def _went_no_further(stage: Row, shop: Row, numbers: Numbers) -> str:
    """How many ended at a stage, with the revenue at stake where orders value it, and of how many days."""
    figures = {
        "dropped": numbers.count(stage.dropped_count),
        "finished": numbers.count(stage.matured_count),
        "stage": stage.label,
        "share": numbers.share(stage.drop_off_rate),
        "interval": numbers.interval(stage.drop_off_low, stage.drop_off_high),
    }
    if stage.revenue_at_stake is None:
        return say(
            "{dropped} of {finished} finished journeys that reached {stage} went no further: {share} "
            "(95\u00a0% interval {interval}).",
            **figures,
        )
    return say(
        "{dropped} of {finished} finished journeys that reached {stage} went no further: {share} "
        "(95\u00a0% interval {interval}), {revenue} of net revenue at stake in {days}.",
        days=numbers.days(shop.covered_days),
        revenue=numbers.short_money(stage.revenue_at_stake),
        **figures,
    )


def _ranking_line(
    ranked: Sequence[Row], write: Callable[[Numbers, float], str], flagged_stage: Row, numbers: Numbers
) -> str:
    """A ranking in one line: its first, those that tie with it, the next one, and where the flagged stage stands."""

    def shown(row: Row) -> str:
        return f"{row.label} {write(numbers, row.value)}"

    tied = [row for row in ranked[1:] if row.is_tie_with_first]
    below = [row for row in ranked[1:] if not row.is_tie_with_first]
    highest = shown(ranked[0])
    if tied:
        highest = say(
            "{stage} ties with {others}: their order is not certain at 95\u00a0%",
            stage=highest,
            others=listed([shown(row) for row in tied]),
        )
    if not below:
        return highest
    line = say("{highest}, then {next}", highest=highest, next=shown(below[0]))
    own = first(below[1:], stage=flagged_stage.stage)
    return joined([line, _standing(own, write(numbers, own.value))]) if own else line


def _standing(row: Row, value: str) -> str:
    """The place of a stage in a ranking."""
    if row.rank > len(ORDINALS):
        return say("{stage} is number {rank} with {value}", stage=row.label, rank=row.rank, value=value)
    return say("{stage} is {ordinal} with {value}", stage=row.label, ordinal=say(ORDINALS[row.rank - 1]), value=value)


def _small_stages(figures: Figures) -> str:
    """Which stages are too small to rank; empty where none is."""
    small = [stage.label for stage in figures.stages if stage.is_small and stage.drop_off_rate is not None]
    if not small:
        return ""
    return say_number(
        "{stages} has fewer than {count} finished journeys: greyed, and in none of the rankings.",
        "{stages} have fewer than {count} finished journeys: greyed, and in none of the rankings.",
        len(small),
        stages=listed(small),
        count=figures.shop.small_cell,
    )


def _stage_table(figures: Figures, red: frozenset[str], numbers: Numbers) -> StageTable:
    """Per stage: top touchpoints, channels, what began them, pain points, as-is → to-be, and the lanes of words."""
    rows: dict[str, Callable[[Row], list[str]]] = {
        say("Top touchpoints"): lambda stage: _top(_of(figures, stage), numbers),
        say("Channels"): lambda stage: _channels(figures, stage, numbers),
        say("Triggered by"): lambda stage: _triggers(figures, stage, numbers),
        say("Pain points"): lambda stage: _pains(stage, _of(figures, stage), numbers),
        say("Goes on: as\u2011is → to\u2011be"): lambda stage: _to_be(stage, numbers),
        **lanes(figures, numbers),
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


def _channels(figures: Figures, stage: Row, numbers: Numbers) -> list[str]:
    """By what most came; shares are of the journeys that came to the stage."""
    own = [row for row in figures.stage_channels if row.stage == stage.stage][:CHANNELS_SHOWN]
    return [f"{told(row.channel)} {numbers.share(row.journey_share, 0)}" for row in own]


def _triggers(figures: Figures, stage: Row, numbers: Numbers) -> list[str]:
    """Who began the contact; shares are of the stage's touchpoints."""
    own = [row for row in figures.stage_triggers if row.stage == stage.stage]
    return [f"{say(TRIGGERS[row.triggered_by])} {numbers.share(row.touchpoint_share, 0)}" for row in own]


def _pains(stage: Row, touchpoints: Sequence[Row], numbers: Numbers) -> list[str]:
    """Errors first, then other friction, going back and skipping."""
    lines = [_error(row, numbers) for row in touchpoints if row.is_error]
    lines += _friction(stage, numbers)
    if stage.back_step_count:
        lines.append(
            say_number(
                "{count} step back to an earlier stage",
                "{count} steps back to an earlier stage",
                stage.back_step_count,
                count=numbers.count(stage.back_step_count),
            )
        )
    if stage.skipped_count:
        lines.append(say("skipped by {share}", share=numbers.share(stage.skipped_share)))
    return lines


def _friction(stage: Row, numbers: Numbers) -> list[str]:
    """What went wrong without an error, where it happened at all."""
    searched, repeated, asked = stage.repeated_search_count, stage.rage_repeat_count, stage.support_contact_count
    lines = [
        (
            searched,
            say_number(
                "{count} search after one that found nothing",
                "{count} searches after one that found nothing",
                searched or 0,
                count=numbers.count(searched),
            ),
        ),
        (
            repeated,
            say_number(
                "{count} time the same again and again",
                "{count} times the same again and again",
                repeated or 0,
                count=numbers.count(repeated),
            ),
        ),
        (
            asked,
            say_number(
                "{count} time help was asked for right after",
                "{count} times help was asked for right after",
                asked or 0,
                count=numbers.count(asked),
            ),
        ),
    ]
    return [line for count, line in lines if count]


def _error(row: Row, numbers: Numbers) -> str:
    """An error, the share of journeys that met it, and how many of them got no further where that is known."""
    share = numbers.share(row.journey_share)
    if row.ended_count is None:
        return f"{row.touchpoint} {share}"
    return say(
        "{touchpoint} {share}: {ended} of {journeys} got no further",
        touchpoint=row.touchpoint,
        share=share,
        ended=numbers.count(row.ended_count),
        journeys=numbers.count(row.journey_count),
    )


def _to_be(stage: Row, numbers: Numbers) -> list[str]:
    if stage.went_on_rate is None:
        return []
    if stage.is_small:
        as_is = say("n\u00a0{count}", count=numbers.count(stage.matured_count))
    else:
        as_is = numbers.share(stage.went_on_rate, 0)
    return [f"{as_is} → {numbers.target(stage.to_be_rate)}"] if stage.to_be_rate is not None else [as_is]
