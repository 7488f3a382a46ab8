"""The report's words: titles that state the finding, and the sentences that go with them.

All texts that depend on figures are here or in `kpi_wording.py`. They are plain text: the template and `drawing.safe`
escape them. Not here: how numbers are written (`numbers.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parcours.report.figures import Change, Csat, Day, Figures, FunnelStep, Impact, Kpi, Ranked, Stage
from parcours.report.numbers import Numbers, listed

RANKINGS = {"revenue_at_stake": "revenue at stake", "drop_off_rate": "drop-off rate", "units_lost": "journeys lost"}
"""In the order of preference: the first one flags the stage."""
UNITS = {
    "person": "people",
    "session": "sessions",
    "journey": "journeys",
    "cart": "carts",
    "order": "orders",
}
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
SHOWN_AT_MOST = 3
"""Names in a title; the rest is counted."""


@dataclass(frozen=True)
class Sentence:
    """A bold lead, and what follows it."""

    lead: str
    text: str


@dataclass(frozen=True)
class Flag:
    """The stage (or the tie) with the highest drop-off, by the ranking that flags it."""

    ranking: str
    stage: Stage
    tied: list[Ranked]


def flagged(figures: Figures) -> Flag | None:
    """The first of the first ranking that has anything to rank; None where every stage is a small cell."""
    stages = {stage.stage: stage for stage in figures.stages}
    for ranking in RANKINGS:
        ranked = ranked_by(figures, ranking)
        if ranked and ranked[0].value > 0:
            return Flag(ranking, stages[ranked[0].stage], [row for row in ranked[1:] if row.is_tie_with_first])
    return None


def ranked_by(figures: Figures, ranking: str) -> list[Ranked]:
    """A ranking's stages, the highest drop-off first."""
    return [row for row in figures.ranking if row.ranking == ranking]


def journey_title(figures: Figures, numbers: Numbers) -> str:
    """What the map says: which stage loses most, or that two can't be told apart."""
    flag = flagged(figures)
    if not figures.shop.journey_count:
        return "The journey as it is: no journeys yet"
    if flag is None:
        return f"No stage has both a drop-off and the {figures.shop.small_cell} finished journeys a ranking needs"
    if flag.tied:
        names = listed([flag.stage.label, *(row.label for row in flag.tied)])
        return f"{names} tie for the highest drop-off by {RANKINGS[flag.ranking]}"
    return f"{step_of(flag.stage)} loses {numbers.share(flag.stage.drop_off_rate, 0)} of the journeys that reach it"


def step_of(stage: Stage) -> str:
    """A stage with the one to go on to: Checkout → Purchase."""
    return f"{stage.label} → {stage.next_label}" if stage.next_label else stage.label


def at_stake(stage: Stage, numbers: Numbers) -> str:
    """The revenue at stake, as the end of a sentence; nothing where no order values it."""
    if stage.revenue_at_stake is None:
        return ""
    return f", {numbers.short_money(stage.revenue_at_stake)} of net revenue at stake"


def flag_sentence(figures: Figures, flag: Flag, numbers: Numbers) -> str:
    """The counts behind the flag."""
    stage = flag.stage
    return (
        f"{numbers.count(stage.dropped_count)} of {numbers.count(stage.matured_count)} finished journeys that reached "
        f"{stage.label} went no further: {numbers.share(stage.drop_off_rate)} (95\u00a0% interval "
        f"{numbers.interval(stage.drop_off_low, stage.drop_off_high)}){at_stake(stage, numbers)}. "
        f"{numbers.count(stage.open_count)} more are still open and in no rate."
    )


def flag_title(flag: Flag) -> str:
    """Which ranking flags which stage."""
    if flag.tied:
        names = listed([flag.stage.label, *(row.label for row in flag.tied)])
        return f"Highest drop-off by {RANKINGS[flag.ranking]}: a tie of {names}"
    return f"Highest drop-off by {RANKINGS[flag.ranking]}: {flag.stage.label}"


def ranking_line(figures: Figures, ranking: str, flag: Flag, numbers: Numbers) -> Sentence:
    """A ranking in one line: its first, those that tie with it, the next one, and where the flagged stage stands."""
    ranked = ranked_by(figures, ranking)

    def shown(row: Ranked) -> str:
        value = {"drop_off_rate": numbers.share, "units_lost": numbers.count}.get(ranking, numbers.short_money)(
            row.value
        )
        return f"{row.label} {value}"

    tied = [row for row in ranked[1:] if row.is_tie_with_first]
    below = [row for row in ranked[1:] if not row.is_tie_with_first]
    text = shown(ranked[0])
    if tied:
        text += f" ties with {listed([shown(row) for row in tied])}: their order is not certain at 95\u00a0%"
    if below:
        text += f", then {shown(below[0])}"
    own = next((row for row in ranked if row.stage == flag.stage.stage), None)
    if own and own.rank > 1 and own not in tied and own is not (below[0] if below else None):
        place = ORDINALS[own.rank - 1] if own.rank <= len(ORDINALS) else f"number {own.rank}"
        text += f"; {own.label} is {place} with {shown(own).removeprefix(own.label).strip()}"
    return Sentence(f"By {RANKINGS[ranking]}", text)


def small_stages_note(figures: Figures) -> str:
    """Which stages are too small to rank; empty where none is."""
    small = [stage.label for stage in figures.stages if stage.is_small and stage.drop_off_rate is not None]
    if not small:
        return ""
    verb = "has" if len(small) == 1 else "have"
    number = figures.shop.small_cell
    return f"{listed(small)} {verb} fewer than {number} finished journeys: greyed, and in none of the rankings."


def worst_step(steps: Sequence[FunnelStep], small_cell: int) -> FunnelStep | None:
    """The step with the most revenue at stake among those that enough attempts came to; else by rate lost."""
    ranked = [
        step for step in steps if step.previous_count and step.previous_count >= small_cell and step.dropped_count
    ]
    return max(
        ranked,
        key=lambda step: (step.revenue_at_stake or 0, step.drop_off_rate or 0, -step.step_number),
        default=None,
    )


def funnel_title(steps: Sequence[FunnelStep], small_cell: int, numbers: Numbers) -> str:
    """Which step of the funnel loses most."""
    name, units = steps[0].funnel_name, UNITS.get(steps[0].unit, steps[0].unit + "s")
    if not steps[0].entered_count:
        return f"{name}: no attempts whose window is over"
    worst = worst_step(steps, small_cell)
    if worst is None:
        return f"{name}: {numbers.count(steps[0].entered_count)} {units}, too few to say which step loses most"
    whom = "people who" if steps[0].unit == "person" else f"{units} that"
    return (
        f"{worst.previous_label} → {worst.label} loses {numbers.share(worst.drop_off_rate, 0)} of the {whom} reach it"
    )


def daily_title(kpi: Kpi, name: str, numbers: Numbers) -> str:
    """The later half of the period against the earlier one, and whether their intervals overlap."""
    values = (kpi.earlier_value, kpi.earlier_low, kpi.earlier_high, kpi.later_value, kpi.later_low, kpi.later_high)
    if any(value is None for value in values):
        return f"{name} per day: {numbers.share(kpi.value)} over the whole period"
    earlier, later = numbers.share(kpi.earlier_value), numbers.share(kpi.later_value)
    if (kpi.later_low or 0) > (kpi.earlier_high or 0):
        return f"{name} rose from {earlier} in the earlier half to {later} in the later half"
    if (kpi.later_high or 0) < (kpi.earlier_low or 0):
        return f"{name} fell from {earlier} in the earlier half to {later} in the later half"
    return f"{name} went from {earlier} to {later} between the halves of the period; their intervals overlap"


def daily_note(days: Sequence[Day], kpi: Kpi, figures: Figures) -> str:
    """What the dots of the days leave out."""
    shown = [day for day in days if day.value is not None]
    small, empty = sum(day.is_small for day in shown), len(days) - len(shown)
    above = sum((day.value or 0) * 100 > axis_end(days, kpi) for day in shown)
    parts = []
    if small:
        cell = figures.shop.small_cell
        parts.append(f"{small} of {len(days)} {days[0].grain}s have fewer than {cell} matured attempts (grey).")
    if above:
        parts.append(f"{above} of these {'lies' if above == 1 else 'lie'} above the axis.")
    if empty:
        grain = days[0].grain
        parts.append(f"{empty} {f'{grain} has' if empty == 1 else f'{grain}s have'} no matured attempt (no dot).")
    return " ".join(parts)


def axis_end(days: Sequence[Day], kpi: Kpi) -> float:
    """Where the axis of the days ends, in percent: all of it where most days are small and may be anything."""
    large = [day.value for day in days if day.value is not None and not day.is_small]
    if 2 * len(large) < len(days):
        return 104.0
    return min(104.0, max([*large, kpi.earlier_high or 0, kpi.later_high or 0]) * 112)


def outage_note(figures: Figures, numbers: Numbers) -> str:
    """Which days are shaded, and why."""
    if not figures.outages:
        return "No outage day was found."
    days = [f"{numbers.day(row.on)} ({row.outage})" for row in figures.outages]
    return (
        f"Shaded, outage days: {listed(days)}. Tracking outages are left out of rates, both kinds out of before/after."
    )


def cart_title(figures: Figures, numbers: Numbers) -> str:
    """The headline of abandonment, and what is left of it after the checkout began."""
    ways = {way.way: way for way in figures.cart_ways}
    carts, checkout = ways["cart abandonment"], ways.get("checkout abandonment")
    text = (
        f"{numbers.share(carts.value, 0)} of carts get no order within {numbers.days(figures.shop.cart_horizon_days)}"
    )
    return (
        f"{text}, {numbers.share(checkout.value, 0)} once checkout has begun" if checkout and checkout.value else text
    )


def retention_title(figures: Figures, numbers: Numbers) -> str:
    """The share of customers who order again, mean over the cohorts."""
    mean = [cell for cell in figures.cohorts if cell.cohort_on is None and cell.rate is not None]
    if not mean:
        return "Retention: no customer has finished a first interval of 30 days yet"
    first, last = mean[0], mean[-1]
    text = f"{numbers.share(first.rate)} of customers order again within 30 days of their first order"
    if last is first:
        return text
    return f"{text}, {numbers.share(last.rate)} in days {numbers.month_of_days(last.interval_number)}"


def csat_title(figures: Figures, numbers: Numbers) -> str:
    """The stage with the lowest CSAT, or those whose intervals overlap it."""
    stages = [row for row in figures.csat if row.label is not None and row.csat is not None]
    ranked = sorted((row for row in stages if not row.is_small), key=lambda row: (row.csat or 0, row.stage))
    if not ranked:
        return f"No stage has the {figures.shop.small_cell} answers that a comparison needs"
    lowest, near = ranked[0], [row for row in ranked[1:] if (row.low or 0) <= (ranked[0].high or 0)]

    def shown(row: Csat) -> str:
        return f"{row.label} ({numbers.share(row.csat, 0)})"

    if len(ranked) == 1:
        return (
            f"{lowest.label}: {numbers.share(lowest.csat, 0)} of {numbers.count(lowest.answer_count)} answers satisfied"
        )
    if near:
        return f"Satisfaction is lowest at {listed([shown(row) for row in [lowest, *near]])}: their intervals overlap"
    return f"Satisfaction is lowest at {shown(lowest)}"


def change_name(change: Change, numbers: Numbers) -> str:
    """“Guest checkout” (15 August 2026)."""
    return f"“{change.label}” ({numbers.day(change.changed_on)})"


def change_title(change: Change, impacts: Sequence[Impact], names: Sequence[str], numbers: Numbers) -> str:
    """What moved after a change, in words; names are those of the impacts' figures."""
    by_verdict = _by_verdict(impacts, names)
    moved = [
        f"{_some(by_verdict[verdict])} {verdict}" for verdict in ("improved", "worsened") if by_verdict.get(verdict)
    ]
    early, label = by_verdict.get("too early", []), change_name(change, numbers)
    if moved:
        return f"After {label}: {'; '.join(moved)}"
    if early and len(early) == len(impacts):
        return f"{label}: too early to judge"
    if not impacts:
        return f"{label}: no figure could be compared"
    tested = len(impacts) - len(early)
    text = f"{label}: no evidence of an effect on any of {tested} figures" if tested > 1 else f"{label}: no evidence"
    return f"{text}; too early for {_some(early)}" if early else text


def change_phrase(change: Change, impacts: Sequence[Impact], names: Sequence[str], on: str, numbers: Numbers) -> str:
    """A change of a day in the summary: what moved by how much, or that nothing is proven."""
    label = f"“{change.label}” ({on})"
    moved = [
        (impact, name)
        for impact, name in zip(impacts, names, strict=True)
        if impact.verdict in ("improved", "worsened")
    ]
    if not moved:
        early = bool(impacts) and all(impact.verdict == "too early" for impact in impacts)
        return f"{label}: too early to judge" if early else f"{label}: no evidence of an effect"
    parts = []
    for verdict in ("improved", "worsened"):
        here = [f"{name} {impact_difference(impact, numbers)}" for impact, name in moved if impact.verdict == verdict]
        if here:
            parts.append(f"{_some(here)} {verdict}")
    return f"{label}: {'; '.join(parts)}"


def impact_difference(impact: Impact, numbers: Numbers) -> str:
    """The difference in points, or in currency for amounts."""
    if impact.kpi == "net_order_value":
        return numbers.money(impact.difference, 2, sign=True)
    return numbers.points(impact.difference)


def _by_verdict(impacts: Sequence[Impact], names: Sequence[str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for impact, name in zip(impacts, names, strict=True):
        grouped.setdefault(impact.verdict, []).append(name)
    return grouped


def _some(names: Sequence[str]) -> str:
    shown = list(names[:SHOWN_AT_MOST])
    rest = len(names) - len(shown)
    return listed([*shown, f"{rest} more"]) if rest else listed(shown)
