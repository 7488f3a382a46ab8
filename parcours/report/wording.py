"""The report's words: titles that state the finding, and the sentences that go with them.

All texts that depend on figures are here or in `kpi_wording.py`. They are plain text: the template and `drawing.safe`
escape them. Not here: how numbers are written (`numbers.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parcours.report.figures import Figures, Row, first
from parcours.report.numbers import Numbers, listed, plural

RANKINGS = {"revenue_at_stake": "revenue at stake", "drop_off_rate": "drop-off rate", "units_lost": "journeys lost"}
"""In the order of preference: the first one flags the stage."""
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
MOVED = ("improved", "worsened")
"""The verdicts that say so."""
SHOWN_AT_MOST = 3
"""Names in a sentence; the rest is counted."""


@dataclass(frozen=True)
class Sentence:
    """A bold lead, and what follows it."""

    lead: str
    text: str


@dataclass(frozen=True)
class Flag:
    """The stage (or the tie) with the highest drop-off, by the ranking that flags it."""

    ranking: str
    stage: Row
    tied: list[Row]


def flagged(figures: Figures) -> Flag | None:
    """The first of the first ranking that has anything to rank; None where every stage is a small cell."""
    stages = {stage.stage: stage for stage in figures.stages}
    for ranking in RANKINGS:
        ranked = ranked_by(figures, ranking)
        if ranked and ranked[0].value > 0:
            return Flag(ranking, stages[ranked[0].stage], [row for row in ranked[1:] if row.is_tie_with_first])
    return None


def tied_names(flag: Flag) -> str:
    """The flagged stage and those that tie with it."""
    return listed([flag.stage.label, *(row.label for row in flag.tied)])


def ranked_by(figures: Figures, ranking: str) -> list[Row]:
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
        return f"{tied_names(flag)} tie for the highest drop-off by {RANKINGS[flag.ranking]}"
    return f"{step_of(flag.stage)} loses {numbers.share(flag.stage.drop_off_rate, 0)} of the journeys that reach it"


def step_of(stage: Row) -> str:
    """A stage with the one to go on to: Checkout → Purchase."""
    return f"{stage.label} → {stage.next_label}" if stage.next_label else stage.label


def drop_off_interval(stage: Row, numbers: Numbers) -> str:
    """The interval of a stage's drop-off, in brackets."""
    return f"(95\u00a0% interval {numbers.interval(stage.drop_off_low, stage.drop_off_high)})"


def at_stake(stage: Row, numbers: Numbers) -> str:
    """The revenue at stake, as the end of a sentence; nothing where no order values it."""
    if stage.revenue_at_stake is None:
        return ""
    return f", {numbers.short_money(stage.revenue_at_stake)} of net revenue at stake"


def flag_sentence(figures: Figures, flag: Flag, numbers: Numbers) -> str:
    """The counts behind the flag."""
    stage = flag.stage
    return (
        f"{numbers.count(stage.dropped_count)} of {numbers.count(stage.matured_count)} finished journeys that reached "
        f"{stage.label} went no further: {numbers.share(stage.drop_off_rate)} "
        f"{drop_off_interval(stage, numbers)}{at_stake(stage, numbers)}. "
        f"{numbers.count(stage.open_count)} more are still open and in no rate."
    )


def flag_title(flag: Flag) -> str:
    """Which ranking flags which stage."""
    if flag.tied:
        return f"Highest drop-off by {RANKINGS[flag.ranking]}: a tie of {tied_names(flag)}"
    return f"Highest drop-off by {RANKINGS[flag.ranking]}: {flag.stage.label}"


def ranking_line(figures: Figures, ranking: str, flag: Flag, numbers: Numbers) -> Sentence:
    """A ranking in one line: its first, those that tie with it, the next one, and where the flagged stage stands."""
    ranked = ranked_by(figures, ranking)

    write = {"drop_off_rate": numbers.share, "units_lost": numbers.count}.get(ranking, numbers.short_money)

    def shown(row: Row) -> str:
        return f"{row.label} {write(row.value)}"

    tied = [row for row in ranked[1:] if row.is_tie_with_first]
    below = [row for row in ranked[1:] if not row.is_tie_with_first]
    text = shown(ranked[0])
    if tied:
        text += f" ties with {listed([shown(row) for row in tied])}: their order is not certain at 95\u00a0%"
    if below:
        text += f", then {shown(below[0])}"
    own = first(ranked, stage=flag.stage.stage)
    if own and own.rank > 1 and own not in tied and own is not (below[0] if below else None):
        place = ORDINALS[own.rank - 1] if own.rank <= len(ORDINALS) else f"number {own.rank}"
        text += f"; {own.label} is {place} with {write(own.value)}"
    return Sentence(f"By {RANKINGS[ranking]}", text)


def small_stages_note(figures: Figures) -> str:
    """Which stages are too small to rank; empty where none is."""
    small = [stage.label for stage in figures.stages if stage.is_small and stage.drop_off_rate is not None]
    if not small:
        return ""
    verb, number = plural(len(small), "has", "have"), figures.shop.small_cell
    return f"{listed(small)} {verb} fewer than {number} finished journeys: greyed, and in none of the rankings."


def worst_step(steps: Sequence[Row], small_cell: int) -> Row | None:
    """The step with the most revenue at stake among those that enough attempts came to; else by rate lost."""
    ranked = [step for step in steps if (step.previous_count or 0) >= small_cell and step.dropped_count]
    return max(
        ranked, key=lambda step: (step.revenue_at_stake or 0, step.drop_off_rate or 0, -step.step_number), default=None
    )


def units_of(step: Row) -> str:
    """What a funnel counts, in the plural."""
    return "people" if step.unit == "person" else plural(2, step.unit)


def funnel_title(steps: Sequence[Row], small_cell: int, numbers: Numbers) -> str:
    """Which step of the funnel loses most."""
    name, units = steps[0].funnel_name, units_of(steps[0])
    if not steps[0].entered_count:
        return f"{name}: no attempts whose window is over"
    worst = worst_step(steps, small_cell)
    if worst is None:
        return f"{name}: {numbers.count(steps[0].entered_count)} {units}, too few to say which step loses most"
    whom = "people who" if steps[0].unit == "person" else f"{units} that"
    return (
        f"{worst.previous_label} → {worst.label} loses {numbers.share(worst.drop_off_rate, 0)} of the {whom} reach it"
    )


def daily_title(kpi: Row, numbers: Numbers) -> str:
    """The later half of the period against the earlier one, and whether their intervals overlap."""
    if kpi.trend is None:
        return f"{kpi.label} per day: {numbers.share(kpi.value)} over the whole period"
    earlier, later = numbers.share(kpi.earlier_value), numbers.share(kpi.later_value)
    if kpi.trend == "overlap":
        return f"{kpi.label} went from {earlier} to {later} between the halves of the period; their intervals overlap"
    return f"{kpi.label} {kpi.trend} from {earlier} in the earlier half to {later} in the later half"


def daily_note(days: Sequence[Row], kpi: Row, figures: Figures) -> str:
    """What the dots of the days leave out."""
    shown, grain = [day for day in days if day.value is not None], days[0].grain
    small, empty = sum(day.is_small for day in shown), len(days) - len(shown)
    above = sum(day.value * 100 > axis_end(days, kpi) for day in shown)
    parts = []
    if small:
        cell = figures.shop.small_cell
        parts.append(f"{small} of {len(days)} {grain}s have fewer than {cell} matured attempts (grey).")
    if above:
        parts.append(f"{above} of these {plural(above, 'lies', 'lie')} above the axis.")
    if empty:
        parts.append(f"{empty} {plural(empty, grain)} {plural(empty, 'has', 'have')} no matured attempt (no dot).")
    return " ".join(parts)


def axis_end(days: Sequence[Row], kpi: Row) -> float:
    """Where the axis of the days ends, in percent: all of it where most days are small and may be anything."""
    large: list[float] = [day.value for day in days if day.value is not None and not day.is_small]
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
    horizon = numbers.days(figures.shop.cart_horizon_days)
    text = f"{numbers.share(carts.value, 0)} of carts get no order within {horizon}"
    if checkout and checkout.value:
        text += f", {numbers.share(checkout.value, 0)} once checkout has begun"
    return text


def retention_title(figures: Figures, numbers: Numbers) -> str:
    """The share of customers who order again, mean over the cohorts."""
    mean = [cell for cell in figures.cohorts if cell.cohort_on is None and cell.rate is not None]
    if not mean:
        return "Retention: no customer has finished a first interval of 30 days yet"
    start, end = mean[0], mean[-1]
    text = f"{numbers.share(start.rate)} of customers order again within 30 days of their first order"
    if end is start:
        return text
    return f"{text}, {numbers.share(end.rate)} in days {numbers.month_of_days(end.interval_number)}"


def csat_title(figures: Figures, numbers: Numbers) -> str:
    """The stage with the lowest CSAT, or those whose intervals overlap it."""
    stages = [row for row in figures.csat if row.label is not None and row.csat is not None and not row.is_small]
    ranked = sorted(stages, key=lambda row: (row.csat, row.stage))
    if not ranked:
        return f"No stage has the {figures.shop.small_cell} answers that a comparison needs"
    lowest, near = ranked[0], [row for row in ranked[1:] if (row.low or 0) <= (ranked[0].high or 0)]

    def shown(row: Row) -> str:
        return f"{row.label} ({numbers.share(row.csat, 0)})"

    if len(ranked) == 1:
        share, answers = numbers.share(lowest.csat, 0), numbers.count(lowest.answer_count)
        return f"{lowest.label}: {share} of {answers} answers satisfied"
    if near:
        return f"Satisfaction is lowest at {listed([shown(row) for row in [lowest, *near]])}: their intervals overlap"
    return f"Satisfaction is lowest at {shown(lowest)}"


def change_name(change: Row, numbers: Numbers) -> str:
    """“Guest checkout” (15 August 2026)."""
    return f"“{change.label}” ({numbers.day(change.changed_on)})"


def impacts_of(change: Row, figures: Figures) -> list[Row]:
    """The figures before and after a change."""
    return [impact for impact in figures.impacts if impact.change_id == change.change_id]


def change_title(change: Row, impacts: Sequence[Row], numbers: Numbers) -> str:
    """What moved after a change, in words."""
    moved = _moved(impacts, lambda impact: str(impact.name_in_sentence))
    early = [impact.name_in_sentence for impact in impacts if impact.verdict == "too early"]
    label = change_name(change, numbers)
    if moved:
        return f"After {label}: {'; '.join(moved)}"
    if early and len(early) == len(impacts):
        return f"{label}: too early to judge"
    if not impacts:
        return f"{label}: no figure could be compared"
    tested = len(impacts) - len(early)
    text = f"{label}: no evidence of an effect on any of {tested} figures" if tested > 1 else f"{label}: no evidence"
    return f"{text}; too early for {some(early)}" if early else text


def change_phrase(change: Row, impacts: Sequence[Row], on: str, numbers: Numbers) -> str:
    """A change of a day in the summary: what moved by how much, or that nothing is proven."""
    moved = _moved(impacts, lambda i: f"{i.name_in_sentence} {numbers.difference(i.difference, i.unit)}")
    if not moved:
        early = bool(impacts) and all(impact.verdict == "too early" for impact in impacts)
        moved = ["too early to judge" if early else "no evidence of an effect"]
    return f"“{change.label}” ({on}): {'; '.join(moved)}"


def _moved(impacts: Sequence[Row], phrase: Callable[[Row], str]) -> list[str]:
    """What improved and what worsened, in phrases."""
    found = {verdict: [phrase(i) for i in impacts if i.verdict == verdict] for verdict in MOVED}
    return [f"{some(phrases)} {verdict}" for verdict, phrases in found.items() if phrases]


def some(names: Sequence[str]) -> str:
    """The first names in a sentence, and how many more there are."""
    rest = len(names) - SHOWN_AT_MOST
    return listed([*names[:SHOWN_AT_MOST], f"{rest} more"] if rest > 0 else names)
