"""Who and why: what sets those who drop at a step apart from others at the same point of their path."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers, capital
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.journey.flag import Flag, flagged
from parcours.report.section import Column, Section, table
from parcours.tables.segment_words import dimension_words, segment_words
from parcours.words import later, say, say_number, told

PLACE = 18
SHOWN = 8
COLUMNS: tuple[Column, ...] = (
    (later("Before"), "step_label", Numbers.text),
    (later("Factor"), "factor", lambda _, factor: dimension_words(factor)),
    (later("Level"), "level", lambda _, level: told(level)),
    (later("With it"), "with_count", Numbers.count),
    (later("Dropped"), "with_dropped", Numbers.count),
    (later("Compared"), "compared_count", Numbers.count),
    (later("Drop-off"), "compared_rate", Numbers.share),
    (later("Others"), "comparable_rate", Numbers.share),
    (later("Lift"), "lift", partial(Numbers.decimal, digits=2)),
    (later("More dropped"), "extra_dropped", Numbers.count),
    (later("Worth"), "extra_revenue", Numbers.money),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where anything could be compared; none elsewhere."""
    if not figures.drivers:
        return []
    section = partial(Section, "why", say("Who and why"), sources=("metrics.drop_off_drivers", "metrics.driver_cells"))
    with_lift = [row for row in figures.drivers if row.is_told and row.lift is not None]
    more = dropping_more(figures)
    untested = [untested_words(row, numbers) for row in figures.untested_friction]
    level_count = len(figures.drivers)
    subtitle = say_number(
        "Those with a device, a channel, a product, a friction and the like, against others at the same point of their "
        "path. Lift: their drop-off, divided by that of the others. What goes with dropping, not what causes it. Told "
        "where chance would tell at most 4\u00a0% of what is told, of {count} level that was compared.",
        "Those with a device, a channel, a product, a friction and the like, against others at the same point of their "
        "path. Lift: their drop-off, divided by that of the others. What goes with dropping, not what causes it. Told "
        "where chance would tell at most 4\u00a0% of what is told, of {count} levels that were compared.",
        level_count,
        count=numbers.count(level_count),
    )
    if not more:
        empty = say_number(
            "None of {count} level drops more often than others at the same point, beyond chance.",
            "None of {count} levels drops more often than others at the same point, beyond chance.",
            level_count,
            count=numbers.count(level_count),
        )
        return [section(say("Nothing sets those who drop apart"), subtitle, empty=empty, notes=untested)]
    rest = len(more) - SHOWN
    in_table = say_number(
        "{count} more is in the table.", "{count} more are in the table.", rest, count=numbers.count(rest)
    )
    shown = [_dot(row, numbers) for row in more[:SHOWN]]
    panel = DotPanel(shown, say("times as often (lift, log scale), 95\u00a0% interval"), is_share=False, is_ratio=True)
    return [
        section(
            who_drops_more(first_told(figures, flagged(figures)) or more[0], numbers),
            subtitle,
            charts=[chart("drivers", partial(dots, [panel], numbers))],
            notes=[*([in_table] if rest > 0 else []), *untested],
            tables=[table(say("What goes with dropping, and with going on"), COLUMNS, with_lift, numbers)],
        )
    ]


def dropping_more(figures: Figures) -> list[Row]:
    """The levels told with which more drop; first the one with which most dropped that others would not have."""
    return [row for row in figures.drivers if row.is_told and row.lift is not None and row.lift > 1]


def first_told(figures: Figures, flag: Flag | None) -> Row | None:
    """The first of those where most is lost, else of those elsewhere."""
    more = dropping_more(figures)
    at_flag = [row for row in more if flag is not None and row.stage_left == flag.stage.stage]
    return next(iter(at_flag or more), None)


def elsewhere(row: Row, numbers: Numbers) -> str:
    """A driver at another place than where most is lost."""
    return say(
        "Elsewhere, before {step}: {who}, {lift} times as often as others ({share} against {share_of_others}).",
        who=_who(row),
        lift=numbers.decimal(row.lift, 1),
        step=_where(row),
        share=numbers.share(row.compared_rate, 0),
        share_of_others=numbers.share(row.comparable_rate, 0),
    )


def untested_words(row: Row, numbers: Numbers) -> str:
    """A friction that too few met for a test, of which it would be wrong to say that it sets nobody apart."""
    return say(
        "Too few to test: {dropped} of {count} who met {friction} at {stage} went no further.",
        dropped=numbers.count(row.with_dropped),
        count=numbers.count(row.with_count),
        friction=told(row.level),
        stage=row.stage_label,
    )


def who_drops_more(row: Row, numbers: Numbers) -> str:
    """A driver in words: who drops how much more often than others, and where."""
    return say(
        "{who}: dropping {lift} times as often before {step}, {share} against {share_of_others} of others",
        who=capital(_who(row)),
        lift=numbers.decimal(row.lift, 1),
        step=_where(row),
        share=numbers.share(row.compared_rate, 0),
        share_of_others=numbers.share(row.comparable_rate, 0),
    )


def _dot(row: Row, numbers: Numbers) -> Dot:
    detail = say(
        "before {step} · {share} of {count}, others {share_of_others} · {more} more",
        step=_where(row),
        share=numbers.share(row.compared_rate, 0),
        count=numbers.count(row.compared_count),
        share_of_others=numbers.share(row.comparable_rate, 0),
        more=numbers.count(row.extra_dropped),
    )
    times = say("{lift} times", lift=numbers.decimal(row.lift, 2))
    return Dot(capital(_who(row)), detail, row.lift, row.lift_low, row.lift_high, "plain", times)


def _who(row: Row) -> str:
    """Those with the level: “who met support contact”, “new visitors”, “device mobile”."""
    if row.factor == "friction":
        return say("who met {friction}", friction=told(row.level))
    return told(segment_words(row.factor, row.level))


def _where(row: Row) -> str:
    return row.step_label if row.funnel_name is None else f"{row.step_label} ({row.funnel_name})"
