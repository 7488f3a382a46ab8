"""Why orders and revenue moved from one period to another: the rows of two tables, and the same of any two periods.

Here: the counts of both periods, given to `parcours/inference/movements.py` (parts) and `explaining.py` (segments).
Visits by step and orders without a visit are `metrics.visit_steps` and `metrics.other_orders`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import duckdb

from parcours.tables.python_rows import write_rows
from parcours.tables.segment_words import segment_words

if TYPE_CHECKING:
    from parcours.inference.explaining import Explained, Leaves
    from parcours.inference.movements import Part

MOVEMENTS = "metrics.movements"
MOVEMENT_SEGMENTS = "metrics.movement_segments"
READS = (
    "metrics.movement_periods",
    "metrics.visit_chain",
    "metrics.visit_steps",
    "metrics.other_orders",
    "metrics.outage_days",
    "metrics.segment_values",
    "journeys.session_segments",
)
MEASURES = ("orders", "revenue")
NOT_KNOWN = "not known"
"""Value of a dimension of which a session has none."""


class PeriodError(Exception):
    """Two periods can't be compared; says why."""


@dataclass(frozen=True)
class Span:
    """Shop days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Moved:
    """One part of a measure's change.

    Attributes:
        part, label: which, as metrics.movements names it.
        before, after: the figure in each period; None: not defined.
        contribution: what of the change is due to it.
        explained: the segment that explains it; None: no segment does.
    """

    part: str
    label: str
    before: float | None
    after: float | None
    contribution: float
    explained: Explained | None = None


@dataclass(frozen=True)
class SegmentPart:
    """What of a part is due to one segment."""

    part: str
    dimension: str
    value: str
    before_count: float
    after_count: float
    before: float | None
    after: float | None
    mix: float
    rate: float


@dataclass(frozen=True)
class Movement:
    """Why one measure moved: the whole change first, then its parts; and these by segment."""

    measure: str
    parts: Sequence[Moved]
    segments: Sequence[SegmentPart]


@dataclass(frozen=True)
class _Counts:
    """Both periods' counts: the days of each, visits by leaf with the columns of the chain, orders without a visit."""

    days: tuple[int, int]
    spans: tuple[Span, Span]
    leaves: Leaves
    steps: Sequence[tuple[str, str]]
    """Part and label of each column behind visits."""
    others: tuple[tuple[float, float], tuple[float, float]]


def write_movements(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace metrics.movements: one row per measure and part of its change."""
    rows: list[Sequence[Any]] = []
    if (spans := last_months(connection)) is not None:
        before, after = spans
        days = before.first, before.last, after.first, after.last
        for movement in movements(connection, before, after):
            change = movement.parts[0].contribution
            for number, moved in enumerate(movement.parts):
                found = moved.explained
                rows.append(
                    (
                        movement.measure,
                        number,
                        moved.part,
                        moved.label,
                        moved.before,
                        moved.after,
                        moved.contribution,
                        moved.contribution / change if change else None,
                        named(found) if found else None,
                        found.share if found else None,
                        found.moved if found else None,
                        found.rest_moved if found else None,
                        found.p if found else None,
                        *days,
                    )
                )
    write_rows(connection, MOVEMENTS, rows)


def write_movement_segments(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace metrics.movement_segments: one row per measure, part, dimension and value."""
    rows: list[Sequence[Any]] = []
    if (spans := last_months(connection)) is not None:
        for movement in movements(connection, *spans, is_explained=False):
            for one in movement.segments:
                counts = one.before_count, one.after_count, one.before, one.after
                rows.append((movement.measure, one.part, one.dimension, one.value, *counts, one.mix, one.rate))
    write_rows(connection, MOVEMENT_SEGMENTS, rows)


def named(found: Explained) -> str:
    """The segment in words: “device mobile and country France”, “channel e-mail or channel social”."""
    is_one_dimension = len({dimension for dimension, _ in found.chosen}) == 1
    return (" or " if is_one_dimension else " and ").join(segment_words(*pair) for pair in found.chosen)


def movements(
    connection: duckdb.DuckDBPyConnection, before: Span, after: Span, *, is_explained: bool = True
) -> list[Movement]:
    """Why orders and revenue moved from one period to the other.

    Args:
        connection: a warehouse, or the published file.
        before, after: periods that do not overlap.
        is_explained: whether to look for the segment that explains each part.
    """
    counts = _counts(connection, before, after)
    found: dict[tuple[int, int | None], Explained | None] = {}
    if is_explained:
        from parcours.inference.explaining import explain, sets_of

        sets, columns = sets_of(counts.leaves), counts.leaves.counts.shape[1]
        # Each factor of the chain, and both measures as a whole.
        asked: list[tuple[int, int | None]] = [(0, None), *((at, at - 1) for at in range(1, columns))]
        asked += [(columns - 2, None), (columns - 1, None)]
        found = {figure: explain(sets, *figure, figures=len(asked)) for figure in asked}
    return [_movement(counts, measure, found) for measure in MEASURES]


def last_months(connection: duckdb.DuckDBPyConnection) -> tuple[Span, Span] | None:
    """The last whole month and, first, the month before it; None where the exports hold no two."""
    rows = connection.execute(
        "select before_from, before_until, after_from, after_until from metrics.movement_periods where has_months"
    ).fetchall()
    return (Span(rows[0][0], rows[0][1]), Span(rows[0][2], rows[0][3])) if rows else None


def spans_that_are_known(connection: duckdb.DuckDBPyConnection, before: Span, after: Span) -> tuple[Span, Span]:
    """The same two periods, if they can be compared.

    Raises:
        PeriodError: they share days, or have days of which not every visit's outcome is known.
    """
    if before.first <= after.last and after.first <= before.last:
        raise PeriodError("Both periods have the same days. Give two that do not overlap.")
    known = connection.execute("select known_from, known_until from metrics.movement_periods").fetchall()
    if not known:
        raise PeriodError("No visit has an outcome yet, and no order is known. Load a click-stream and orders.")
    [(first, last)] = known
    for span in (before, after):
        if span.first < first or span.last > last:
            raise PeriodError(
                f"Of {span.first} to {span.last} not every day is known. Orders can be compared from {first} to {last}."
            )
    return before, after


def _movement(counts: _Counts, measure: str, found: dict[tuple[int, int | None], Explained | None]) -> Movement:
    from parcours.inference.movements import shared_out

    totals = _totals(counts)
    length = totals.shape[1] - (measure == "orders")
    chains = [[float(days), *totals[period, :length]] for period, days in enumerate(counts.days)]
    parts = shared_out(*chains)
    others = [
        [float(span.days), *other[: 1 + (measure == "revenue")]]
        for span, other in zip(counts.spans, counts.others, strict=True)
    ]
    other_parts = shared_out(*others)
    whole = [chain[-1] + other[-1] for chain, other in zip(chains, others, strict=True)]
    moved = [
        Moved("all", measure.capitalize(), whole[0], whole[1], whole[1] - whole[0], found.get((length - 1, None))),
        Moved("days", "Days", parts[0].before, parts[0].after, parts[0].part + other_parts[0].part),
        Moved("visits", "Visits a day", parts[1].before, parts[1].after, parts[1].part, found.get((0, None))),
    ]
    for at, ((part, label), factor) in enumerate(zip(counts.steps[: length - 1], parts[2:], strict=True), 1):
        moved.append(Moved(part, label, factor.before, factor.after, factor.part, found.get((at, at - 1))))
    labels = (("other", "Orders a day that belong to no visit"), ("other value", "Net value of such an order"))
    if any(other[1] for other in others):
        for (part, label), factor in zip(labels, other_parts[1:], strict=False):
            moved.append(Moved(part, label, factor.before, factor.after, factor.part))
    return Movement(measure, moved, _by_segment(counts, parts))


def _totals(counts: _Counts) -> Any:
    """Periods × columns of the chain behind the days."""
    import numpy as np

    is_after = counts.leaves.is_after[counts.leaves.day]
    return np.array([counts.leaves.counts[some].sum(axis=0) for some in (~is_after, is_after)])


def _by_segment(counts: _Counts, parts: Sequence[Part]) -> list[SegmentPart]:
    """Each part that visits have, by each dimension's values: they add up to it."""
    import numpy as np

    from parcours.inference.movements import mix_and_rate

    leaves = counts.leaves
    is_after = leaves.is_after[leaves.day]
    found = []
    for dimension, values in leaves.values.items():
        code = np.where(leaves.codes[dimension] >= 0, leaves.codes[dimension], len(values))
        names = [*values, NOT_KNOWN]
        sums = np.array(
            [
                [np.bincount(code[some], column[some], minlength=len(names)) for column in leaves.counts.T]
                for some in (~is_after, is_after)
            ]
        )
        shown = np.flatnonzero(sums[:, 0].sum(axis=0) > 0)
        for at, factor in enumerate(parts[1:]):
            name = "visits" if at == 0 else counts.steps[at - 1][0]
            reached = sums[:, at]
            entered = np.ones(reached.shape) * np.array(counts.days)[:, None] if at == 0 else sums[:, at - 1]
            with np.errstate(divide="ignore", invalid="ignore"):
                value = np.where(entered > 0, reached / entered, np.nan)
            if not entered.sum(axis=1).all():
                continue
            if at == 0:
                mix, rate = np.zeros(len(names)), value[1] - value[0]
            else:
                both = mix_and_rate((reached[0], entered[0]), (reached[1], entered[1]))
                mix, rate = both.mix, both.rate
            for segment in shown.tolist():
                first, then = (None if np.isnan(one) else float(one) for one in value[:, segment])
                found.append(
                    SegmentPart(
                        name,
                        dimension,
                        names[segment],
                        float(entered[0, segment]),
                        float(entered[1, segment]),
                        first,
                        then,
                        float(mix[segment]) * factor.scale,
                        float(rate[segment]) * factor.scale,
                    )
                )
    return found


def _counts(connection: duckdb.DuckDBPyConnection, before: Span, after: Span) -> _Counts:
    chain = connection.execute("select step, step_label from metrics.visit_chain order by step_number").fetchall()
    leaves = _leaves(connection, before, after, len(chain))
    steps = [(f"step:{step}", f"{earlier} → {label}") for (_, earlier), (step, label) in pairwise(chain)]
    steps += [("orders", "Orders per visit that orders"), ("value", "Net value of an order")]
    days = (int((~leaves.is_after).sum()), int(leaves.is_after.sum()))
    return _Counts(days, (before, after), leaves, steps, (_others(connection, before), _others(connection, after)))


def _leaves(connection: duckdb.DuckDBPyConnection, before: Span, after: Span, chain_length: int) -> Leaves:
    """Visits by day and combination of segment values: how many, how many got to each step, orders, revenue."""
    import numpy as np

    from parcours.inference.explaining import Leaves

    dimensions = [
        name
        for (name,) in connection.execute("select distinct dimension from metrics.segment_values order by 1").fetchall()
    ]
    inside = "(happened_on between $first and $last or happened_on between $next_first and $next_last)"
    days = {"first": before.first, "last": before.last, "next_first": after.first, "next_last": after.last}
    numbers = range(len(dimensions))
    own = "".join(f", max(case when shown.dimension = $d{n} then shown.shown_value end) as d{n}" for n in numbers)
    leaf = "".join(f", d{n}" for n in numbers)
    reached = "".join(f", count(*) filter (where furthest_step >= {step})" for step in range(2, chain_length + 1))
    rows = connection.execute(
        f"""
        with segments as (
            select owned.session_id{own}
            from journeys.session_segments as owned
            inner join metrics.segment_values as shown
                on owned.dimension = shown.dimension and owned.value = shown.value
            where owned.session_id in (select session_id from metrics.visit_steps where {inside})
            group by owned.session_id
        )
        select visits.happened_on{leaf}, count(*){reached}, sum(visits.order_count), sum(visits.net_revenue)
        from metrics.visit_steps as visits
        left join segments on visits.session_id = segments.session_id
        where {inside}
        group by visits.happened_on{leaf}
        order by visits.happened_on{leaf}
        """,
        days | {f"d{number}": dimension for number, dimension in enumerate(dimensions)},
    ).fetchall()
    measured = _measured_days(connection, before, after)
    values, codes = {}, {}
    for number, dimension in enumerate(dimensions, 1):
        values[dimension] = sorted({row[number] for row in rows} - {None})
        position = {value: at for at, value in enumerate(values[dimension])}
        codes[dimension] = np.array([position.get(row[number], -1) for row in rows], dtype=np.int64)
    place = {day: number for number, day in enumerate(measured)}
    counts = np.array([row[1 + len(dimensions) :] for row in rows], dtype=float)
    return Leaves(
        np.array([place[row[0]] for row in rows], dtype=np.int64),
        np.array([after.first <= day <= after.last for day in measured], dtype=bool),
        values,
        codes,
        counts.reshape(len(rows), chain_length + 2),
    )


def _measured_days(connection: duckdb.DuckDBPyConnection, before: Span, after: Span) -> list[date]:
    """The days of both periods, but for those without tracking."""
    untracked = connection.execute("select outage_on from metrics.outage_days where outage = 'tracking'").fetchall()
    every_day = [span.first + timedelta(number) for span in (before, after) for number in range(span.days)]
    return [day for day in every_day if (day,) not in untracked]


def _others(connection: duckdb.DuckDBPyConnection, span: Span) -> tuple[float, float]:
    [(orders, revenue)] = connection.execute(
        "select coalesce(sum(order_count), 0), coalesce(sum(net_revenue), 0) from metrics.other_orders "
        "where ordered_on between $first and $last",
        {"first": span.first, "last": span.last},
    ).fetchall()
    return float(orders), float(revenue)
