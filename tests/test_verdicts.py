"""Verdicts on changes: which days count, when they are read, and each word by a case made for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import chain
from typing import Any

import numpy as np
import pytest
from simulated_figures import MONDAY, STEADY, change_day, conversion, day, figure, looks_at_shops, ten_figures

from parcours.inference.blocks import Change, DailyFigure, Pulse, weeks_around, weeks_before
from parcours.inference.estimator import Estimate
from parcours.inference.looks import Looks, Question, Seen, look_at, schedule
from parcours.inference.sentences import Written, sentence
from parcours.inference.verdicts import Cause, FigureLooks, Verdict, Word, holm, judge

WRITTEN = Written(
    difference=lambda value: f"{100 * value:+.1f} points",
    percent=lambda value: f"{100 * value:.0f} %",
    count=lambda value: f"{value:.0f}",
    day=lambda value: f"{value:%-d %B}",
)


def steady(days: int, rate: float = 0.04, units: float = 1000.0, **more: Any) -> DailyFigure:
    """The same share of as many units on every day."""
    return figure(np.full(days, rate * units), np.full(days, units), **more)


def with_rate(base: DailyFigure, rate: float, first: int, last: int = 10_000) -> DailyFigure:
    """The same figure with another share on some days."""
    number = np.arange(len(base.numerators))
    moved = np.where((number >= first) & (number <= last), rate * base.denominators, base.numerators)
    return replace(base, numerators=moved)


# Which days count.


def numbers(days: tuple[date, ...]) -> list[int]:
    return [(found - MONDAY).days for found in days]


def test_weeks_count_from_the_change_with_guard_days_and_horizon_left_out() -> None:
    # Day 40 is the change. One guard day, and outcomes that take three days: the last day before is day 35.
    weeks = weeks_around(steady(70, horizon=3), Change("new search", day(40)), day(54), guard=1)
    assert numbers(weeks.first_days) == [1, 8, 15, 22, 29, 41, 48]
    assert weeks.blocks.step.tolist() == [0, 0, 0, 0, 0, 1, 1]
    assert weeks.blocks.denominators == pytest.approx(np.full(7, 7000.0))
    assert weeks.blocks.middles.tolist() == [4, 11, 18, 25, 32, 44, 51]


def test_a_week_that_is_not_whole_yet_is_no_block() -> None:
    weeks = weeks_around(steady(70), Change("new search", day(40)), day(53), guard=1)
    assert numbers(weeks.first_days)[-1] == 41


def test_at_most_51_weeks_before_count() -> None:
    weeks = weeks_around(steady(500), Change("new search", day(450)), day(457), guard=1)
    assert weeks.blocks.step.tolist() == [0] * 51 + [1]


def test_an_incident_keeps_its_days_and_the_weeks_after_its_end_are_a_time_without_it() -> None:
    change = Change("outage", day(30), day(39))
    weeks = weeks_around(steady(70), change, day(54), guard=1)
    assert numbers(weeks.first_days) == [1, 8, 15, 22, 30, 37, 41, 48]
    assert weeks.blocks.step.tolist() == [0, 0, 0, 0, 1, 1, 0, 0]
    assert weeks.blocks.denominators[4:6] == pytest.approx([7000, 3000])


def test_an_incident_that_still_runs_is_a_change_whose_end_nobody_knows() -> None:
    base = steady(70)
    ended, still = Change("outage", day(30), day(60)), Change("outage", day(30))
    one, other = (weeks_around(base, change, day(37), guard=1) for change in (ended, still))
    assert one.first_days == other.first_days
    assert one.blocks.step.tolist() == other.blocks.step.tolist() == [0, 0, 0, 0, 1]


def test_days_without_tracking_are_left_out_of_their_week() -> None:
    counted = np.ones(70, dtype=bool)
    counted[[10, 12]] = False
    weeks = weeks_around(steady(70, is_counted=counted), Change("new search", day(37)), day(44), guard=1)
    assert numbers(weeks.first_days) == [1, 8, 15, 22, 29, 38]
    assert weeks.blocks.denominators == pytest.approx([7000, 5000, 7000, 7000, 7000, 7000])
    assert weeks.blocks.middles[1] == pytest.approx((8 + 9 + 11 + 13 + 14) / 5)


def test_days_on_which_payments_failed_are_left_out_but_for_the_incidents_own() -> None:
    failed = np.zeros(70, dtype=bool)
    failed[[3, 30, 31]] = True
    base = steady(70, is_outage=failed)
    incident = weeks_around(base, Change("payments fail", day(30), day(36)), day(51), guard=1)
    other = weeks_around(base, Change("new search", day(29)), day(36), guard=1)
    assert incident.blocks.denominators == pytest.approx([6000, 7000, 7000, 7000, 7000, 7000, 7000])
    assert other.blocks.denominators == pytest.approx([6000, 7000, 7000, 7000, 5000])


def test_a_week_of_good_weekdays_alone_is_no_better_week() -> None:
    # On Saturdays twice as many buy. A week without its Saturday has fewer buyers, and fewer are expected.
    number = np.arange(140)
    units = np.full(140, 1000.0)
    counted = np.ones(140, dtype=bool)
    counted[26] = False  # a Saturday of the week before the last
    base = figure(np.where(number % 7 == 5, 80.0, 40.0), units, is_counted=counted)
    blocks = weeks_around(base, Change("new search", day(126)), day(133), guard=1).blocks
    assert blocks.numerators.min() == 240
    rate = blocks.numerators / blocks.denominators
    assert rate == pytest.approx(np.full(len(rate), rate.mean()), rel=0.002)


def test_other_changes_and_the_calendar_have_doses() -> None:
    weeks = weeks_around(
        steady(70),
        Change("new search", day(36)),
        day(50),
        guard=1,
        others=[Change("new menu", day(10)), Change("outage", day(6), day(8)), Change("later", day(60))],
        pulses=[Pulse("sales", ((day(14), day(20)), (day(49), day(55))))],
    )
    assert numbers(weeks.first_days) == [0, 7, 14, 21, 28, 37, 44]
    menu, outage, later = weeks.blocks.others
    assert menu == pytest.approx([0, 4 / 7, 1, 1, 1, 1, 1])
    assert outage == pytest.approx([1 / 7, 2 / 7, 0, 0, 0, 0, 0])
    assert later == pytest.approx(np.zeros(7))
    assert weeks.blocks.pulses[0] == pytest.approx([0, 0, 1, 0, 0, 0, 2 / 7])


def test_weeks_before_are_those_that_all_sources_cover() -> None:
    change = Change("new search", day(60))
    known_from = np.arange(90) >= 30
    assert weeks_before(steady(90), change, 1) == 8
    assert weeks_before(steady(90, is_counted=known_from), change, 1) == 4
    assert weeks_before(steady(90, is_counted=np.arange(90) >= 60), change, 1) == 0


# When they are read.


def test_a_change_is_read_after_1_2_and_4_matured_weeks() -> None:
    looks = schedule(Change("new search", date(2025, 3, 3)), guard=1, horizon=7)
    assert [(look.days, look.weight, look.is_last) for look in looks] == [
        (7, 0.1, False),
        (14, 0.2, False),
        (28, 0.7, True),
    ]
    assert [look.due_on for look in looks] == [date(2025, 3, 18), date(2025, 3, 25), date(2025, 4, 8)]


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (3, [(14, True, 3 + 15)]),
        (7, [(14, True, 7 + 15)]),
        (8, [(7, False, 8), (14, True, 8 + 15)]),
        (20, [(7, False, 8), (14, False, 15), (14, True, 20 + 15)]),
        (29, [(7, False, 8), (14, False, 15), (28, False, 29)]),
        (90, [(7, False, 8), (14, False, 15), (28, False, 29)]),
    ],
)
def test_an_incident_is_read_while_it_runs_and_two_weeks_after_its_end(length: int, expected: list[Any]) -> None:
    start = date(2025, 3, 3)
    looks = schedule(Change("outage", start, start + timedelta(days=length - 1)), guard=1, horizon=0)
    assert [(look.days, look.is_after_end, (look.due_on - start).days) for look in looks] == expected
    assert [look.is_last for look in looks] == [False] * (len(looks) - 1) + [True]


def test_later_days_change_nothing_that_was_seen() -> None:
    rng = np.random.default_rng(3)
    change, whole = Change("new search", day(186)), conversion(rng, 260, 400, 0.035)
    known = replace(
        whole, **{name: getattr(whole, name)[:202] for name in ("numerators", "denominators", "is_counted")}
    )
    later = (Change("later", day(205)),)
    [early] = look_at([Question(known, change, 1, day(202))])
    [late] = look_at([Question(whole, change, 1, day(260), later)])
    assert len(early.seen) == 2 and len(late.seen) == 3
    assert [seen.own for seen in late.seen[:2]] == [seen.own for seen in early.seen]
    assert [seen.p for seen in late.seen[:2]] == [seen.p for seen in early.seen]
    assert late.seen[2].together is None and late.seen[2].near == ("later",)


def test_a_neighbour_makes_the_sum_a_second_question() -> None:
    base = conversion(np.random.default_rng(3), 260, 400, 0.035)
    neighbours = (Change("new menu", day(180)), Change("new header", day(150)), Change("outage", day(170), day(172)))
    [looks] = look_at([Question(base, Change("new search", day(186)), 1, day(260), neighbours)])
    last = looks.seen[-1]
    assert last.neighbours == ("new menu",)
    assert last.near == ("new menu", "outage")
    assert last.own and last.together
    assert last.p == pytest.approx(min(2 * last.own.p, 2 * last.together.p))
    assert looks.seen[0].near == ()


# What is said.


def estimate(p: float, effect: float = 0.1, **more: Any) -> Estimate:
    """An estimate of an effect in a figure of level 0.05."""
    level = 0.05
    made = {"p": p, "estimate": effect, "low": effect - 0.1, "high": effect + 0.1, "sd": 0.05, "sd_but_for_near": 0.05}
    made |= {"level": level, "after": level * (1 + effect), "drift": 0.04, "sampling_sd": 0.04}
    return Estimate(**{**made, **more})


def looks(*seen: Estimate | None, weeks: int = 40, **last: Any) -> Looks:
    """The looks of a change of 2025-03-03 with as many due as estimates are given; `last`: more of the last one."""
    due = schedule(Change("new search", date(2025, 3, 3)), guard=1, horizon=0)
    around = weeks_around(steady(60), Change("new search", day(40)), day(50), guard=1)
    made = [Seen(look, around, own) for look, own in zip(due, seen, strict=False)]
    if last:
        made[-1] = replace(made[-1], **last)
    return Looks(due, tuple(made), weeks)


def alone(*seen: Estimate | None, is_higher_better: bool = True, **more: Any) -> Verdict:
    """The verdict on the only figure of a change."""
    [verdict] = judge([FigureLooks("conversion", is_higher_better, looks(*seen, **more))])
    return verdict


def said(verdict: Verdict) -> str:
    return sentence(verdict, WRITTEN)


NOTHING = estimate(0.8, 0.01)


def test_less_than_four_weeks_before_is_not_measured_before() -> None:
    verdict = alone(estimate(1e-9), estimate(1e-9), estimate(1e-9), weeks=3)
    assert verdict.word is Word.NOT_MEASURED_BEFORE
    assert said(verdict) == "Not measured before: 3 whole weeks before the change are known, and it takes 4."


def test_what_is_sure_after_a_week_is_said_after_a_week() -> None:
    # A look of weight .1 has a tenth of 4 %.
    verdict = alone(estimate(0.0039, 0.2))
    assert (verdict.word, verdict.crossed and verdict.crossed.days) == (Word.IMPROVED, 7)
    assert verdict.until == date(2025, 3, 18)
    assert said(verdict) == "Improved by day 7: +1.0 points (+20 %), between +0.5 points and +1.5 points."
    assert alone(estimate(0.0041, 0.2)).word is Word.MEASURING


def test_the_sign_that_is_better_depends_on_the_figure() -> None:
    assert alone(estimate(0.001, 0.2), is_higher_better=False).word is Word.WORSENED
    assert alone(estimate(0.001, -0.2), is_higher_better=False).word is Word.IMPROVED
    assert alone(estimate(0.001, -0.2)).word is Word.WORSENED


def test_a_verdict_stays_and_may_fade() -> None:
    early = estimate(0.001, -0.2)
    assert alone(early, NOTHING).word is Word.WORSENED
    assert not alone(early, NOTHING).is_faded
    verdict = alone(early, NOTHING, NOTHING)
    assert (verdict.word, verdict.crossed and verdict.crossed.days, verdict.is_faded) == (Word.WORSENED, 7, True)
    assert said(verdict) == (
        "Worsened by day 7, faded since: at the last look +0.1 points (+1 %), between -0.5 points and +0.6 points."
    )
    assert not alone(early, NOTHING, estimate(0.02, -0.15)).is_faded


def test_before_the_last_look_it_is_measured_until_the_next_one() -> None:
    verdict = alone()
    assert verdict.word is Word.MEASURING
    assert said(verdict) == "Measuring until 11 March, then until 1 April."
    assert said(alone(NOTHING)) == "Measuring until 18 March, then until 1 April."
    assert said(alone(NOTHING, NOTHING)) == "Measuring until 1 April, the last time."


def test_a_near_change_that_widens_the_estimate_by_a_quarter_cannot_be_told_apart() -> None:
    near: dict[str, Any] = {"near": ("new menu",), "together_near": estimate(0.2, 0.05)}
    wide = alone(NOTHING, NOTHING, estimate(0.8, 0.01, sd_but_for_near=0.04), **near)
    assert (wide.word, wide.together_with) == (Word.INSEPARABLE, ("new menu",))
    assert said(wide) == (
        "Cannot be told apart from “new menu”: together +0.3 points (+5 %), between -0.3 points and +0.8 points."
    )
    narrow = alone(NOTHING, NOTHING, estimate(0.8, 0.01, sd_but_for_near=0.041), **near)
    assert narrow.word is Word.NO_EVIDENCE


def test_a_wide_interval_tells_too_little_and_says_why() -> None:
    wide = {"sd": 0.2, "low": -0.31, "high": 0.31}
    few = alone(NOTHING, NOTHING, estimate(0.9, 0, sampling_sd=0.19, **wide))
    wanders = alone(NOTHING, NOTHING, estimate(0.9, 0, sampling_sd=0.05, drift=0.17, **wide))
    assert (few.word, few.cause) == (Word.TOO_LITTLE, Cause.FEW)
    assert (wanders.word, wanders.cause) == (Word.TOO_LITTLE, Cause.WANDERS)
    # 2.8 % at the last look: 2.197 standard deviations, and 0.842 more to be found in 80 of 100 cases.
    assert few.detectable == pytest.approx((2.1973 + 0.8416) * 0.2, abs=1e-3)
    assert said(few) == "Too little to tell: too few attempts; only about ±61 % would have been seen."
    assert said(wanders) == (
        "Too little to tell: the figure wanders by 17 % by itself; only about ±61 % would have been seen."
    )


def test_a_skipped_last_look_tells_too_little() -> None:
    verdict = alone(None, None, None)
    assert (verdict.word, verdict.cause, verdict.detectable) == (Word.TOO_LITTLE, Cause.FEW, None)


def test_else_there_is_no_evidence_and_what_is_possible_is_said() -> None:
    verdict = alone(NOTHING, NOTHING, NOTHING)
    assert verdict.word is Word.NO_EVIDENCE
    assert said(verdict) == "No evidence of an effect: it is between -0.5 points and +0.6 points."
    figures = [
        FigureLooks(str(number), True, looks(NOTHING, NOTHING, estimate(0.02, 0.12 if number == 0 else 0)))
        for number in range(9)
    ]
    assert said(judge(figures)[0]) == (
        "No evidence of an effect: it is between +0.1 points and +1.1 points, "
        "as one figure of several may be by chance."
    )


def test_a_sum_that_is_sure_is_said_of_both() -> None:
    unsure = estimate(0.4, 0.05)
    verdict = alone(unsure, together=estimate(0.001, 0.3), neighbours=("new menu",))
    assert (verdict.word, verdict.together_with) == (Word.IMPROVED, ("new menu",))
    assert said(verdict) == (
        "Improved by day 7, together with “new menu”: +1.5 points (+30 %), between +1.0 points and +2.0 points."
    )
    assert alone(unsure, together=estimate(0.0021, 0.3), neighbours=("new menu",)).word is Word.MEASURING
    # Where the change is sure by itself, it is said of it alone.
    sure = alone(estimate(0.0019, 0.2), together=estimate(0.0001, 0.5), neighbours=("new menu",))
    assert (sure.word, sure.together_with) == (Word.IMPROVED, ())


def test_a_short_history_has_less_of_the_allowance() -> None:
    assert alone(estimate(0.0019), weeks=8).word is Word.IMPROVED
    assert alone(estimate(0.0021), weeks=8).word is Word.MEASURING


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005], [1, 1, 1, 1], 0.05) == [True, False, False, True]
    assert holm([0.011, 0.04, 0.03, 0.011], [1, 1, 1, 1], 0.04) == [False, False, False, False]
    assert holm([0.013, 0.012, 0.02, 0.009], [1, 1, 1, 1], 0.04) == [True, True, True, True]
    # Shares of a half and two quarters: .02, .01 and .01; once the first falls, .02 each.
    assert holm([0.02, 0.012, 0.012], [0.5, 0.25, 0.25], 0.04) == [True, True, True]
    assert holm([0.021, 0.012, 0.5], [0.5, 0.25, 0.25], 0.04) == [False, False, False]


def test_the_figures_of_a_change_share_the_allowance() -> None:
    def words(*p_values: float, meant: int | None = None) -> list[str]:
        figures = [
            FigureLooks(str(number), True, looks(NOTHING, NOTHING, estimate(0.7 * p)), is_meant=number == meant)
            for number, p in enumerate(p_values)
        ]
        return [verdict.word.value for verdict in judge(figures)]

    assert words(0.0099, 0.5, 0.6, 0.7) == ["improved", *["no evidence"] * 3]
    assert words(0.0101, 0.5, 0.6, 0.7) == ["no evidence"] * 4
    assert words(0.0099, 0.0133, 0.6, 0.7) == ["improved", "improved", "no evidence", "no evidence"]
    assert words(0.0199, 0.5, 0.6, 0.7, meant=0) == ["improved", *["no evidence"] * 3]
    assert words(0.5, 0.0067, 0.6, 0.7, meant=0) == ["no evidence"] * 4


def test_a_figure_that_was_not_measured_before_takes_no_share() -> None:
    unknown = FigureLooks("new", True, looks(estimate(1e-9), weeks=0), is_meant=True)
    known = FigureLooks("old", True, looks(estimate(0.0039)))
    assert [verdict.word.value for verdict in judge([unknown, known])] == ["not measured before", "improved"]


def test_read_every_night_words_change_at_looks_only_and_are_never_taken_back() -> None:
    change, start = Change("new checkout", day(change_day(26))), change_day(26)
    days = np.arange(start + 50)
    rng = np.random.default_rng(11)
    shops = [
        ten_figures(rng, len(days), 400, STEADY, {"step 2": np.where((days >= start) & (days < start + 8), -0.3, 0)})
        for _ in range(3)
    ]
    nights = range(start, start + 45)
    read = [[judge(figures) for figures in looks_at_shops(shops, change, night)] for night in nights]
    changed = set()
    for night, before, after in zip(nights[1:], read, read[1:], strict=False):
        for old, new in zip(chain(*before), chain(*after), strict=True):
            if (old.word, old.until, old.is_faded) != (new.word, new.until, new.is_faded):
                changed.add(night - start)
            if old.crossed:
                assert (old.word, old.crossed) == (new.word, new.crossed)
    assert changed == {8, 15, 29}
    assert {verdict.word for verdict in chain(*read[-1])} >= {Word.WORSENED, Word.NO_EVIDENCE}
    assert any(verdict.is_faded for verdict in chain(*read[-1]))


def test_a_figure_that_nobody_reaches_tells_too_little() -> None:
    change = Change("new search", day(150))
    for base in (steady(200, rate=0.0), steady(200, units=8.0), steady(200, rate=1.0)):
        [found] = look_at([Question(base, change, 1, day(200))])
        [verdict] = judge([FigureLooks("conversion", True, found)])
        assert (verdict.word, verdict.cause) == (Word.TOO_LITTLE, Cause.FEW)
    assert said(verdict) == (
        "Too little to tell: 0 attempts with or without the outcome were expected, and it takes 10."
    )


def test_a_figure_without_a_counted_day_was_not_measured_before() -> None:
    unknown = steady(200, is_counted=np.zeros(200, dtype=bool))
    [found] = look_at([Question(unknown, Change("new search", day(150)), 1, day(200))])
    [verdict] = judge([FigureLooks("conversion", True, found)])
    assert (verdict.word, verdict.weeks_before, verdict.estimate) == (Word.NOT_MEASURED_BEFORE, 0, None)


def test_a_change_of_before_the_first_day_was_not_measured_before() -> None:
    [found] = look_at([Question(steady(60), Change("opening", day(-5)), 1, day(60))])
    [verdict] = judge([FigureLooks("conversion", True, found)])
    assert (verdict.word, verdict.weeks_before) == (Word.NOT_MEASURED_BEFORE, 0)


def test_weeks_in_which_nobody_could_have_the_outcome_are_none() -> None:
    # Counted from day 0 on, but without a unit before day 135: of the 150 days before the change two weeks are known.
    known = steady(200)
    units = np.where(np.arange(200) < 135, 0.0, known.denominators)
    base = replace(known, denominators=units, numerators=units * 0.04)
    assert weeks_before(base, Change("new search", day(150)), 1) == 2


def test_each_other_change_takes_a_week_more_before() -> None:
    others = tuple(Change(f"other {number}", day(20 + 5 * number)) for number in range(3))
    for weeks, word in ((6, Word.TOO_LITTLE), (7, Word.NO_EVIDENCE)):
        moved = tuple(replace(one, starts_on=one.starts_on + timedelta(7 * (weeks - 6))) for one in others)
        start = 7 * weeks + 1
        [found] = look_at([Question(steady(120), Change("new search", day(start)), 1, day(120), moved)])
        [verdict] = judge([FigureLooks("conversion", True, found)])
        assert (verdict.weeks_before, verdict.word is Word.TOO_LITTLE) == (weeks, word is Word.TOO_LITTLE)
        if word is Word.TOO_LITTLE:
            assert (verdict.cause, verdict.estimate) == (Cause.CROWDED, None)
            assert said(verdict) == (
                "Too little to tell: 6 whole weeks before the change are known and 3 other changes are to be allowed "
                "for; it takes 4 weeks, and one more for each."
            )


def test_a_figure_without_units_before_the_change_has_nothing_to_compare_with() -> None:
    known = steady(200)
    units = np.where(np.arange(200) < 150, 0.0, known.denominators)
    base = replace(known, denominators=units, numerators=units * 0.04)
    [found] = look_at([Question(base, Change("new search", day(150)), 1, day(200))])
    [verdict] = judge([FigureLooks("conversion", True, found)])
    assert said(verdict) == "Not measured before: 0 whole weeks before the change are known, and it takes 4."


def test_a_plain_fall_is_found_and_said() -> None:
    base = with_rate(conversion(np.random.default_rng(5), 240, 400, 0.035, STEADY), 0.02, 187)
    [found] = look_at([Question(base, Change("new search", day(186)), 1, day(230))])
    [verdict] = judge([FigureLooks("conversion", True, found)])
    assert (verdict.word, verdict.crossed and verdict.crossed.days) == (Word.WORSENED, 7)
    assert verdict.estimate and verdict.estimate.relative == pytest.approx(-0.43, abs=0.05)
