"""Who and why: what sets those who drop at a step apart from others at the same point of their path."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers, capital
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.section import Column, Section, table
from parcours.tables.segment_words import segment_words

PLACE = 18
SHOWN = 8
COLUMNS: tuple[Column, ...] = (
    ("Before", "step_label", Numbers.text),
    ("Factor", "factor", Numbers.text),
    ("Level", "level", Numbers.text),
    ("With it", "with_count", Numbers.count),
    ("Dropped", "with_dropped", Numbers.count),
    ("Compared", "compared_count", Numbers.count),
    ("Drop-off", "compared_rate", Numbers.share),
    ("Others", "comparable_rate", Numbers.share),
    ("Lift", "lift", partial(Numbers.decimal, digits=2)),
    ("More dropped", "extra_dropped", Numbers.count),
    ("Worth", "extra_revenue", Numbers.money),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where anything could be compared; none elsewhere."""
    if not figures.drivers:
        return []
    section = partial(Section, "why", "Who and why", sources=("metrics.drop_off_drivers", "metrics.driver_cells"))
    told = [row for row in figures.drivers if row.is_told and row.lift is not None]
    more = dropping_more(figures)
    levels = numbers.count(len(figures.drivers))
    subtitle = (
        "Those with a device, a channel, a product, a friction and the like, against others at the same point of their "
        "path. Lift: their drop-off, divided by that of the others. What goes with dropping, not what causes it. Told "
        f"where chance would tell at most 4\u00a0% of what is told, of {levels} levels that were compared."
    )
    rest = "" if len(more) <= SHOWN else f"{numbers.count(len(more) - SHOWN)} more are in the table."
    if not more:
        return [
            section(
                "Nothing sets those who drop apart",
                subtitle,
                empty=f"None of {levels} levels drops more often than others at the same point, beyond chance.",
            )
        ]
    shown = [_dot(row, numbers) for row in more[:SHOWN]]
    panel = DotPanel(shown, "times as often (lift, log scale), 95\u00a0% interval", is_share=False, is_ratio=True)
    return [
        section(
            who_drops_more(more[0], numbers),
            subtitle,
            charts=[chart("drivers", partial(dots, [panel], numbers))],
            notes=[rest] if rest else [],
            tables=[table("What goes with dropping, and with going on", COLUMNS, told, numbers)],
        )
    ]


def dropping_more(figures: Figures) -> list[Row]:
    """The levels told with which more drop; first the one with which most dropped that others would not have."""
    return [row for row in figures.drivers if row.is_told and row.lift is not None and row.lift > 1]


def who_drops_more(row: Row, numbers: Numbers) -> str:
    """A driver in words: who drops how much more often than others, and where."""
    return (
        f"{capital(_who(row))} drop {numbers.decimal(row.lift, 1)} times as often before {_where(row)}: "
        f"{numbers.share(row.compared_rate, 0)}, others {numbers.share(row.comparable_rate, 0)}"
    )


def _dot(row: Row, numbers: Numbers) -> Dot:
    dropped = numbers.count(row.extra_dropped)
    detail = (
        f"before {_where(row)} · {numbers.share(row.compared_rate, 0)} of {numbers.count(row.compared_count)}, "
        f"others {numbers.share(row.comparable_rate, 0)} · {dropped} more"
    )
    times = f"{numbers.decimal(row.lift, 2)} times"
    return Dot(capital(_who(row)), detail, row.lift, row.lift_low, row.lift_high, "plain", times)


def _who(row: Row) -> str:
    """Those with the level: “who met support contact”, “new visitors”, “device mobile”."""
    if row.factor == "friction":
        return f"who met {row.level}"
    return segment_words(row.factor, row.level)


def _where(row: Row) -> str:
    return row.step_label if row.funnel_name is None else f"{row.step_label} ({row.funnel_name})"
