"""Every change × figure of a shop as the questions of `parcours.inference`, and their answers as rows.

Days, variances and cut-offs are SQL's (`metrics.change_days`, `change_spread`, `kpi_cut_off`); looks and words are
those of `parcours.inference`. Here: arrays of the rows, and what is shown beside a verdict: plain sums, the parts of
their difference, what else happened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import floor
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from parcours.inference.blocks import WEEKS_BEFORE, Change, DailyFigure, Pulse
from parcours.inference.estimator import Estimate
from parcours.inference.looks import Look, Looks, Question, look_at, schedule
from parcours.inference.movements import mix_and_rate
from parcours.inference.sentences import Written, sentence
from parcours.inference.verdicts import FigureLooks, Verdict, Word, judge
from parcours.numbers import NBSP, Numbers
from parcours.words import say, speaking

Floats = NDArray[np.float64]

EVERYBODY = "all changes"
"""Whose days those changes have that concerned no part of the shop."""
LEAST_VARIATION = 0.01
"""Of a mean: a figure whose units have all been alike so far is no share, and may still vary."""
UNKNOWN_VARIATION = 1.0
UNUSUAL = 2.0
"""So many standard deviations from the other weeks before is an unusual week."""


@dataclass(frozen=True)
class Kpi:
    """A figure of the catalogue, and the days of which it is known."""

    kpi: str
    is_higher_better: bool
    unit: str
    counted: str | None
    """What it counts, in the plural; of a step None: attempts."""
    horizon: int
    first_on: date
    as_of_on: date
    last_on: date

    @property
    def is_mean(self) -> bool:
        """Whether it is an amount, no share."""
        return self.unit != "share"


class Logged(NamedTuple):
    """A change of journey.yaml."""

    change_id: str
    change: Change
    stage: str | None
    days_of: str
    """The `change_id` of its days."""


class Days(NamedTuple):
    """A figure's days by device: arrays of devices × days."""

    numerators: Floats
    denominators: Floats


class Spread(NamedTuple):
    """Sums over attempts and over people by week, see `metrics.change_spread`; an array with a value per week each."""

    mondays: NDArray[np.int64]
    sums: Floats
    """Weeks × (n, Σx, Σx², ΣN², ΣXN, ΣX²)."""

    def before(self, first: int, last: int) -> tuple[float, float]:
        """The coefficient of variation of single attempts, and the design effect, of whole weeks within some days.

        First and last day are ordinals. Where nothing is known, a coefficient of 1 and no effect.
        """
        held = (self.mondays >= first) & (self.mondays + 6 <= last)
        n, x, xx, nn, xn, people = self.sums[held].sum(axis=0)
        if n < 2 or x <= 0:
            return UNKNOWN_VARIATION, 1.0
        mean = x / n
        of_attempts = xx - n * mean**2
        if of_attempts <= 1e-9 * xx:
            return LEAST_VARIATION, 1.0
        of_people = people - 2 * mean * xn + mean**2 * nn
        return max(np.sqrt(of_attempts / n) / mean, LEAST_VARIATION), max(of_people / of_attempts, 1.0)


def judged_changes(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """The rows of metrics.change_impact, by date of the change and in the catalogue's order of the figures."""
    shop = _Shop(connection)
    asked = [(logged, kpi) for logged in shop.changes for kpi in shop.kpis]
    figures = [shop.figure(logged, kpi) for logged, kpi in asked]
    questions = [
        Question(
            figure=figure,
            change=logged.change,
            guard=shop.guard,
            as_of=kpi.as_of_on,
            others=tuple(other.change for other in shop.changes if other is not logged),
            pulses=shop.pulses,
        )
        for (logged, kpi), figure in zip(asked, figures, strict=True)
    ]
    found = dict(zip([(logged.change_id, kpi.kpi) for logged, kpi in asked], look_at(questions), strict=True))
    rows = []
    with speaking(shop.numbers.language):
        for logged in shop.changes:
            judged = [
                FigureLooks(
                    kpi.kpi,
                    kpi.is_higher_better,
                    found[logged.change_id, kpi.kpi],
                    (logged.change_id, kpi.kpi) in shop.meant,
                )
                for kpi in shop.kpis
            ]
            for kpi, looks, verdict in zip(shop.kpis, judged, judge(judged), strict=True):
                rows.append(shop.row(logged, kpi, looks.is_meant, looks.looks, verdict))
    return rows


class _Shop:
    """What the tables say, as arrays."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        def rows(sql: str) -> list[Any]:
            return connection.execute(sql).fetchall()

        [(language, currency, self.guard)] = rows("select language, currency, guard_days from settings.shop")
        self.numbers = Numbers(language, currency)
        self.changes = [
            Logged(change_id, Change(label, changed_on, ended_on), stage, change_id if is_part else EVERYBODY)
            for change_id, label, changed_on, ended_on, stage, is_part in rows(
                "select change_id, change_label, changed_on, ended_on, stage, "
                "change_id in (select change_id from settings.change_segments) "
                "from settings.changes order by changed_on, change_id"
            )
        ]
        self.meant = {*rows("select change_id, kpi from settings.change_moves")}
        spans: dict[str, list[tuple[date, date]]] = defaultdict(list)
        for name, starts_on, ends_on in rows("from settings.calendar order by all"):
            spans[name].append((starts_on, ends_on))
        self.pulses = tuple(Pulse(name, tuple(of_name)) for name, of_name in spans.items())
        self.kpis = [
            Kpi(*of_kpi)
            for of_kpi in rows(
                """
                select kpi, is_higher_better, unit,
                    case when funnel_id is null then denominator_name end,
                    horizon_days, first_on, as_of_on, last_on
                from settings.kpis
                inner join metrics.kpi_cut_off using (kpi)
                order by kpi_position
                """
            )
        ]
        outages = rows("select outage_on, outage from metrics.outage_days")
        self.untracked = {day for day, outage in outages if outage == "tracking"}
        self.unpaid = {day for day, outage in outages if outage == "payment"}
        self.spans = {kpi.kpi: self._span(kpi) for kpi in self.kpis}
        self.days = self._days(connection)
        self.spread = _spread(connection)

    def _span(self, kpi: Kpi) -> tuple[date, date]:
        """The first and the last day that any question about a figure may look at; at least one day."""
        reach = timedelta(self.guard + kpi.horizon + 7 * WEEKS_BEFORE + 7)
        starts = [logged.change.starts_on for logged in self.changes]
        looked = [schedule(logged.change, self.guard, kpi.horizon)[-1].last_day for logged in self.changes]
        known_on = max(kpi.as_of_on, max(starts)) - timedelta(1)
        first = min(max(kpi.first_on, min(starts) - reach), known_on)
        return first, max(min(known_on, max(looked)), first)

    def _days(self, connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Days]:
        found: dict[tuple[str, str], list[tuple[Floats, Floats]]] = defaultdict(list)
        for days_of, kpi, days, numerators, denominators in connection.execute(
            "select change_id, kpi, list(happened_on - date '0001-01-01' + 1 order by happened_on), "
            "list(numerator order by happened_on), list(denominator order by happened_on) "
            "from metrics.change_days group by change_id, kpi, device order by change_id, kpi, device"
        ).fetchall():
            if kpi in self.spans:
                first, last = (day.toordinal() for day in self.spans[kpi])
                at = np.array(days) - first
                inside = (at >= 0) & (at <= last - first)
                arrays = np.zeros((2, last - first + 1))
                arrays[:, at[inside]] = np.array([numerators, denominators], dtype=float)[:, inside]
                found[days_of, kpi].append((arrays[0], arrays[1]))
        return {key: Days(*map(np.stack, zip(*arrays, strict=True))) for key, arrays in found.items()}

    def _by_device(self, logged: Logged, kpi: Kpi) -> Days:
        first, last = self.spans[kpi.kpi]
        nothing = np.zeros((1, (last - first).days + 1))
        return self.days.get((logged.days_of, kpi.kpi), Days(nothing, nothing))

    def figure(self, logged: Logged, kpi: Kpi) -> DailyFigure:
        """A figure as a change is judged by it. Variances are those of before: no verdict moves with them."""
        first, last = self.spans[kpi.kpi]
        days = [first + timedelta(number) for number in range((last - first).days + 1)]
        by_device = self._by_device(logged, kpi)
        # Days before a change that lies ahead will be known when it comes; those known will be over at its looks.
        start = logged.change.starts_on
        until = start if start >= max(kpi.as_of_on for kpi in self.kpis) else kpi.as_of_on
        before = logged.change.starts_on.toordinal() - self.guard - kpi.horizon - 1
        variation, design_effect = UNKNOWN_VARIATION, 1.0
        if spread := self.spread.get((logged.days_of, kpi.kpi)):
            variation, design_effect = spread.before(before + 1 - 7 * WEEKS_BEFORE, before)
        return DailyFigure(
            first_day=first,
            numerators=by_device.numerators.sum(axis=0),
            denominators=by_device.denominators.sum(axis=0),
            is_counted=np.array(
                [kpi.first_on <= day < until and day not in self.untracked for day in days], dtype=bool
            ),
            horizon=kpi.horizon,
            variation=variation if kpi.is_mean else 0.0,
            design_effect=design_effect,
            is_outage=np.array([day in self.unpaid for day in days], dtype=bool),
        )

    def row(self, logged: Logged, kpi: Kpi, is_meant: bool, looks: Looks, verdict: Verdict) -> tuple[Any, ...]:
        """A row of metrics.change_impact; sentences in the language that is spoken."""
        change, verdict = logged.change, _within_reach(verdict, kpi)
        seen = verdict.seen
        estimate = None if verdict.word is Word.NOT_MEASURED_BEFORE else verdict.estimate
        sides = _sides(self._by_device(logged, kpi), seen.weeks.days, seen.weeks.is_during) if seen else None
        level = estimate.level if estimate else None
        said = sentence(verdict, self._written(kpi))
        return (
            logged.change_id,
            change.name,
            change.starts_on,
            change.ends_on,
            logged.stage,
            kpi.kpi,
            is_meant,
            WORDS.get(verdict.word, verdict.word.value),
            _named(verdict.crossed),
            verdict.is_faded,
            _named(seen.look if seen else None),
            seen.look.last_day if seen else None,
            seen.look.due_on if seen else None,
            verdict.until,
            verdict.weeks_before,
            *(sides.before if sides else (None, None, None)),
            *(sides.after if sides else (None, None, None)),
            *(
                (
                    estimate.expected,
                    estimate.difference,
                    estimate.relative,
                    estimate.difference_low,
                    estimate.difference_high,
                )
                if estimate
                else (None,) * 5
            ),
            min(1.0, min(of_look.p / of_look.look.weight for of_look in looks.seen)) if estimate else None,
            "; ".join(say("“{name}”", name=name) for name in verdict.together_with) or None,
            verdict.cause.value if verdict.cause else None,
            verdict.detectable * level if verdict.detectable is not None and level is not None else None,
            estimate.drift if estimate else None,
            sides.difference if sides else None,
            sides.mix if sides else None,
            sides.rate if sides else None,
            " ".join(self._beside(kpi, verdict, sides)) or None,
            said,
        )

    def _written(self, kpi: Kpi) -> Written:
        return Written(
            difference=lambda value: self.numbers.difference(value, kpi.unit),
            percent=lambda value: f"{self.numbers.decimal(100 * value, 0)}{NBSP}%",
            count=lambda value: self.numbers.count(floor(value)),
            day=self.numbers.day,
            unit=say("attempts") if kpi.counted is None else kpi.counted,
        )

    def _beside(self, kpi: Kpi, verdict: Verdict, sides: _Sides | None) -> list[str]:
        """What else is to be known, as sentences."""
        if verdict.seen is None or sides is None:
            return []
        said = []
        blocks = verdict.seen.weeks.blocks
        before = np.flatnonzero(blocks.step <= 0)
        before = before[blocks.middles[before] < blocks.middles[blocks.step > 0].min(initial=np.inf)]
        if len(before) >= MEASURED_WEEKS and verdict.estimate and blocks.denominators[before[:-1]].sum() > 0:
            rates = blocks.numerators[before] / np.maximum(blocks.denominators[before], 0.5)
            usual = blocks.numerators[before[:-1]].sum() / blocks.denominators[before[:-1]].sum()
            unit = blocks.variation**2 if blocks.variation > 0 else (1 - usual) / max(usual, 1e-9)
            sampling = blocks.design_effect * unit / max(blocks.denominators[before[-1]], 0.5)
            off = (rates[-1] / usual - 1) / np.sqrt(sampling + verdict.estimate.drift**2) if usual > 0 else 0.0
            if abs(off) > UNUSUAL:
                if (off > 0) == kpi.is_higher_better:
                    said.append(say("The week before it was unusually good."))
                else:
                    said.append(say("The week before it was unusually bad."))
        if sides.before[0] == 0 and sides.after[0] > 0:
            said.append(say("Nothing was counted before it: what shows the outcome may not have been tracked."))
        if sides.before[0] > 0 and sides.after[0] == 0:
            said.append(say("Nothing was counted after it: what shows the outcome may no longer be tracked."))
        if abs(sides.mix) > abs(sides.rate) and abs(sides.mix) > abs(sides.difference) / 2 > 0:
            said.append(
                say("More of the plain difference is due to other shares of the devices than to the figure of each.")
            )
        return said


MEASURED_WEEKS = 4
WORDS = {Word.MEASURING: "measuring", Word.INSEPARABLE: "cannot be told apart"}
"""Those of the column that the sentence says on: until when, from what."""


def _within_reach(verdict: Verdict, kpi: Kpi) -> Verdict:
    """The same with estimates that expect no share below 0 or above 1, and no amount below 0.

    Effects that hang together are estimated far beyond that; what can't be is not shown.
    """
    if verdict.seen is None:
        return verdict

    def within(estimate: Estimate | None) -> Estimate | None:
        if estimate is None or estimate.level <= 0:
            return estimate
        least = -np.inf if kpi.is_mean else (estimate.after - 1) / estimate.level
        most = estimate.after / estimate.level
        low, middle, high = (
            float(min(max(value, least), most)) for value in (estimate.low, estimate.estimate, estimate.high)
        )
        return replace(estimate, low=low, estimate=middle, high=high)

    seen = verdict.seen
    own, together, near = (within(estimate) for estimate in (seen.own, seen.together, seen.together_near))
    return replace(verdict, seen=replace(seen, own=own, together=together, together_near=near))


def _named(look: Look | None) -> str | None:
    """What a look is called, in any shop's language: a page turns it into its own."""
    if look is None:
        return None
    return f"{look.days} days after its end" if look.is_after_end else f"day {look.days}"


class _Sides(NamedTuple):
    """Plain sums of the weeks without and with a change, and the parts of the difference."""

    before: tuple[float, int, float | None]
    after: tuple[float, int, float | None]
    difference: float
    mix: float
    rate: float


def _sides(by_device: Days, days: NDArray[np.int64], is_during: NDArray[np.bool_]) -> _Sides | None:
    """Sums over some days, and the mix and rate parts over devices; None where a side has nothing."""
    x, n = by_device.numerators[:, days], by_device.denominators[:, days]
    x0, n0, x1, n1 = (values[:, side].sum(axis=1) for side in (~is_during, is_during) for values in (x, n))
    if not n0.sum() or not n1.sum():
        return None
    parts = mix_and_rate((x0, n0), (x1, n1))
    return _Sides(
        (float(x0.sum()), int(n0.sum()), float(x0.sum() / n0.sum())),
        (float(x1.sum()), int(n1.sum()), float(x1.sum() / n1.sum())),
        float(x1.sum() / n1.sum() - x0.sum() / n0.sum()),
        float(parts.mix.sum()),
        float(parts.rate.sum()),
    )


def _spread(connection: duckdb.DuckDBPyConnection) -> Mapping[tuple[str, str], Spread]:
    found: dict[tuple[str, str], list[Sequence[float]]] = defaultdict(list)
    for days_of, kpi, monday, *sums in connection.execute(
        "select change_id, kpi, week_on - date '0001-01-01' + 1, attempt_count, numerator, squares, "
        "person_count_squares, person_products, person_squares "
        "from metrics.change_spread order by change_id, kpi, week_on"
    ).fetchall():
        found[days_of, kpi].append((monday, *sums))
    return {
        key: Spread(np.array([int(week[0]) for week in weeks]), np.array([week[1:] for week in weeks], dtype=float))
        for key, weeks in found.items()
    }
