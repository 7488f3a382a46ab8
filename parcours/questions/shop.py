"""`parcours.open()`: a shop's published tables, with one call per question of an analyst.

Each answer has the columns and the sentences of the table that it reads, so a figure of a notebook is that of the page.
The shop is read anew when a run has published since. Not here: what the figures mean (`docs/definitions.md`, and the
tables' own comments).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import plotly.graph_objects as go

from parcours.project import load_project
from parcours.questions.answer import Answer
from parcours.questions.carts import answer_carts
from parcours.questions.charts import (
    bars,
    effects,
    explained,
    fallen,
    gained,
    left_carts,
    lines,
    moved_parts,
    pains,
    shares,
    timeline,
    tools,
    viewed_and_ordered,
)
from parcours.questions.compare import MAP, Side, answer_compare
from parcours.questions.drivers import DriversAnswer, answer_drivers
from parcours.questions.drop_off import DropOffAnswer, answer_drop_off, map_attempts, units_of_map
from parcours.questions.funnel import funnel
from parcours.questions.funnel_answer import FunnelAnswer, answer_funnel
from parcours.questions.groups import TIMES, groups_of, limits_of
from parcours.questions.listed_answer import ListedAnswer
from parcours.questions.log import Log
from parcours.questions.next_after import answer_next, place_of
from parcours.questions.of_days import begun_journeys, of_days
from parcours.questions.retention import (
    RetentionAnswer,
    SurvivalAnswer,
    answer_retention,
    answer_survival,
    draw_expected,
    members_of,
)
from parcours.questions.satisfaction import SatisfactionAnswer, answer_satisfaction
from parcours.questions.shop_funnel import of_journey_yaml
from parcours.questions.steps import QuestionError, Step, refuse_unknown
from parcours.questions.trend import answer_trend
from parcours.questions.variants import answer_variants, paths_taken
from parcours.warehouse.connection import text_literal

SEGMENTS = ("channel", "country", "device", "new or returning")
"""Those of every shop: where its exports say nothing of one, it is not known of anybody."""


def open_shop(path: str | Path | None = None) -> Shop:
    """The shop of a published file.

    Args:
        path: published.duckdb, its folder, or a journey.yaml. By default what PARCOURS_PUBLISHED names, else that of
            the shop that `parcours run` is of (PARCOURS_JOURNEY and PARCOURS_OUTPUT).

    Raises:
        QuestionError: there is no published file yet.
    """
    named = path or os.environ.get("PARCOURS_PUBLISHED")
    if named is None:
        found = load_project().published
    elif Path(named).suffix in (".yaml", ".yml"):
        found = load_project(Path(named)).published
    else:
        found = Path(named) / "published.duckdb" if Path(named).is_dir() else Path(named)
    if not found.exists():
        raise QuestionError(f"{found} is not there yet: run `make run` first, or say where it is.")
    return Shop(found.resolve())


class Shop:
    """One shop, as it was last published."""

    def __init__(self, published: Path) -> None:
        self.published = published
        self._version: tuple[int, int] | None = None
        self._connection: duckdb.DuckDBPyConnection | None = None

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The newest published tables, read-only: for SQL of one's own."""
        stat = self.published.stat()
        if self._connection is None or self._version != (stat.st_ino, stat.st_mtime_ns):
            if self._connection is not None:
                self._connection.close()
            self._connection = duckdb.connect(str(self.published), read_only=True)
            self._version = (stat.st_ino, stat.st_mtime_ns)
        return self._connection

    def __repr__(self) -> str:
        [(name, zone, until)] = self.connection.execute(
            "select shop.name, shop.time_zone, shop_time(cut_off.visits_until, shop.time_zone) "
            "from settings.shop as shop cross join metrics.cut_off as cut_off"
        ).fetchall()
        return f"{name}: data until {until:%Y-%m-%d %H:%M} ({zone})"

    def ask(self, sql: str) -> pd.DataFrame:
        """The rows of a select over the published tables."""
        return self.connection.execute(sql).df()

    def table(self, name: str, *, where: str | None = None, order: str = "all") -> Answer:
        """A whole table, as `metrics.kpis`, with its sentences.

        Raises:
            QuestionError: there is no such table; the nearest are named.
        """
        return self._of(name, f"select * from {self._known(name)}", where, order, bars)

    # The figures of the page.

    def kpis(self) -> Answer:
        """The figures of the whole period, those of the page's cards first: numerator, denominator, value, interval.

        Of other periods, and by segment: `trend` and `compare`.
        """
        select = (
            "select names.kpi_label, kpis.*, names.unit, names.kpi_position from metrics.kpis as kpis "
            "inner join settings.kpis as names on kpis.kpi = names.kpi"
        )
        return self._of("metrics.kpis", select, "period = 'all'", "kpi_position", shares)

    def drop_off(
        self,
        *,
        by: str | Sequence[str] = (),
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = None,
    ) -> DropOffAnswer:
        """The map: how many journeys reach each stage, how many go no further, and what that may cost.

        `.people("cart", device="mobile")` are the journeys that a count counts. By group, or of some days, it has the
        required stages alone, without the revenue at stake: that is a figure of the whole shop.

        Args:
            by: day, week or month on which a journey began; segments of the session in which it did (device, channel,
                …).
            since: the first shop day on which a journey began that counts.
            until: the last one.
            where: a condition: over metrics.drop_off_attempts; where nothing else is asked, over
                metrics.stage_drop_off.

        Raises:
            QuestionError: there is no such segment; those that there are are named.
        """
        groups, sentence = groups_of(by, self._dimensions()), self._sentence("metrics.stage_drop_off")
        if groups.names or since is not None or until is not None:
            return answer_drop_off(self._asked, groups, since, until, where, sentence)
        draw = partial(bars, label="stage_label", value="drop_off_rate", low="drop_off_low", high="drop_off_high")
        table = "metrics.stage_drop_off"
        whole = self._of(table, f"select * from {table}", where, "stage_position", draw)
        answer = DropOffAnswer.of(pd.DataFrame(whole), whole.sql, sentence, whole.draw)
        answer.ask_units = units_of_map(self._asked, map_attempts(groups, None, None, None), groups)
        return answer

    def carts(
        self,
        *,
        by: str | Sequence[str] = (),
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = None,
    ) -> Answer:
        """Cart abandonment in each way that it is counted, and recovery; by anything, with what is behind each count.

        Args:
            by: level, device, channel, country, persona, new or returning, campaign, payment method, shipping, an
                attribute of journey.yaml; day, week or month.
            since: the first shop day of a cart's opening (an order, a session) that counts.
            until: the last one.
            where: a condition: over metrics.cart_attempts; where nothing else is asked, over metrics.cart_abandonment.

        Raises:
            QuestionError: there is no such split; those that there are are named.
        """
        if not by and since is None and until is None:
            draw = partial(bars, label="way", value="value", low="low", high="high")
            table = "metrics.cart_abandonment"
            return self._of(table, "select * from metrics.cart_abandonment", where, "position", draw)
        definition = self._sentence("metrics.cart_abandonment_splits")
        return answer_carts(self._asked, self._dimensions(), by, since, until, where, definition)

    def abandoned_carts(
        self, *, since: date | str | None = None, until: date | str | None = None, where: str | None = "can_be_won"
    ) -> Answer:
        """The list for action: carts left without an order, most valuable first, with the shop's own customer id.

        Args:
            since: the first shop day of opening.
            until: the last one.
            where: by default those that were neither ordered nor emptied since; `is_in_rate`: those that the rate of
                abandonment counts.
        """
        return self._of(
            "metrics.abandoned_carts",
            "select * from metrics.abandoned_carts",
            " and ".join(limits_of("opened_on", since, until, where)) or None,
            "value desc nulls last, cart_id",
            left_carts,
        )

    def products(self, *, where: str | None = None) -> Answer:
        """Each product from view to cart to order, and what became of its orders; those that brought most first.

        Of all that is known: the table has no days.
        """
        return self._of(
            "metrics.products",
            "select * from metrics.products",
            where,
            "net_revenue desc nulls last, product_id",
            viewed_and_ordered,
        )

    def retention(
        self,
        name: str = "orders",
        *,
        kind: str = "on",
        by: str | Sequence[str] = (),
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = None,
    ) -> RetentionAnswer:
        """How many come back in each interval since their own start; open intervals are in no rate.

        Args:
            name: `orders` (customers who order again, intervals of 30 days) or a retention of journey.yaml.
            kind: on, on_or_after, recurring, cumulative, bracket or calendar.
            by: `cohort_at`, and segments of the entry's session (device, channel, country, persona, an attribute, …).
            since: the first shop day of entry that counts.
            until: the last one.
            where: a condition in SQL over the columns of metrics.retention_members.

        Raises:
            QuestionError: there is no such retention, kind or segment; those that there are are named.
        """
        table = "metrics.retention_by_segment"
        refuse_unknown("retention", name, self._values("retention_id", "settings.retentions"))
        refuse_unknown("kind", kind, self._values("kind", table))
        groups = [by] if isinstance(by, str) else [*by]
        self._segments([group for group in groups if group != "cohort_at"])
        members = members_of(name, groups, since, until, where)
        return answer_retention(self._asked, members, groups, kind, self._sentence(table))

    def survival(self, *, by: str = "all", where: str | None = None) -> SurvivalAnswer:
        """How long until the second order: the share of customers without one by each day (Kaplan–Meier).

        Args:
            by: a dimension of metrics.first_order_segments.
            where: a condition in SQL over the columns of metrics.second_order_survival.

        Raises:
            QuestionError: there is no such dimension; those that there are are named.
        """
        table = "metrics.second_order_survival"
        refuse_unknown("dimension", by, self._values("dimension", table))
        select = f"select * from {table} where dimension = {text_literal(by)}"
        return answer_survival(self.ask, self._of(table, select, where, "value, day_number", bars), by)

    def expected_retention(self, *, kind: str = "cumulative", where: str | None = None) -> Answer:
        """What cohorts that are still open are expected to come to, and within what (90 %)."""
        table = "metrics.retention_expected"
        select = f"select * from {table} where kind = {text_literal(kind)}"
        return self._of(table, select, where, "cohort_at, interval_number", draw_expected)

    def satisfaction(
        self,
        by: str = "stage",
        *,
        kind: str | None = None,
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = None,
    ) -> SatisfactionAnswer:
        """How satisfied people were, how many of those asked answered, and what the answers are weighted to all asked.

        Args:
            by: a dimension of metrics.satisfaction, as `delivery`, `stage`, `device` or `support`; `all`: none.
            kind: csat, nps or ces. Left out: each that there is.
            since: the first shop day of asking that counts.
            until: the last one.
            where: a condition on the columns of metrics.survey_requests: of whom.

        Raises:
            QuestionError: there is no such dimension or kind; those that there are are named.
        """
        for name, column, value in (("dimension", "dimension", by), ("kind of survey", "kind", kind)):
            known = self._values(column, "metrics.satisfaction")
            # Stage, which nobody had to name, is no mistake in a shop whose answers are of no stage.
            if value not in (None, "stage") and known:
                refuse_unknown(name, value, known)
        limits = limits_of("asked_on", since, until, where)
        return answer_satisfaction(self._asked, by, kind, limits, self._sentence("metrics.satisfaction"))

    def satisfaction_drivers(self, *, where: str | None = None) -> Answer:
        """What the score of each survey goes with: the share of its variance that each behaviour explains."""
        select = "select * from metrics.satisfaction_drivers"
        order = "survey, kind, explained desc nulls last, driver"
        return self._of("metrics.satisfaction_drivers", select, where, order, explained)

    def transitions(
        self,
        *,
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = "kind = 'stage' and journey_type = 'all'",
    ) -> Answer:
        """From which stage (or touchpoint, or channel) to which, and how often.

        Args:
            since: the first shop day on which a journey began that counts.
            until: the last one.
            where: a condition in SQL, as `kind = 'touchpoint' and journey_type = 'all'`; `kind = 'channel'`.
        """
        select = (
            "select *, coalesce(from_place, 'begins') || ' → ' || coalesce(to_place, 'is over') as move "
            f"from ({of_days('transitions', since, until)})"
        )
        draw = partial(bars, label="move", value="transition_count")
        return self._of("metrics.transitions", select, where, "transition_count desc, move", draw)

    def variants(
        self,
        *,
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = "journey_type = 'all'",
    ) -> ListedAnswer:
        """The paths that journeys took, the most taken first; `.people("ordered", variant_number=1)` are journeys.

        Those that are open or uncovered are counted apart, and are lists of their own.

        Args:
            since: the first shop day on which a journey began that counts.
            until: the last one.
            where: a condition in SQL, as `journey_type = 'renewal'`.
        """
        table = "journey_variants"
        select, order = of_days(table, since, until), "journey_type, variant_number"
        paths = "metrics.journey_paths"
        if since is not None or until is not None:
            paths = f"({begun_journeys(table, since, until)})"
        return answer_variants(self.ask, self._of(f"metrics.{table}", select, where, order, paths_taken), paths)

    def deviations(
        self,
        *,
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = None,
    ) -> Answer:
        """How often journeys that deviate from the intended path order, beside those that could have deviated too.

        Args:
            since: the first shop day on which a journey began that counts, on both sides.
            until: the last one.
            where: a condition in SQL, as `kind = 'back'`.
        """
        select = (
            "select *, kind || ': ' || coalesce(from_place || ' → ', '') || place as deviation\n"
            f"from ({of_days('deviation_cost', since, until)})"
        )
        draw = partial(bars, label="deviation", value="difference", low="difference_low", high="difference_high")
        return self._of("metrics.deviation_cost", select, where, "deviating_count desc, deviation", draw)

    def next_after(
        self,
        place: int | str | None = None,
        funnel: str | None = None,
        *,
        by: str | Sequence[str] = (),
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = None,
    ) -> ListedAnswer:
        """What those did instead who dropped at a step or stage: one outcome each, `.people("left")` who they are.

        Args:
            place: the step that was not reached, by its number or label; or a stage that was not passed. None: where
                most are lost.
            funnel: the step's, by its id; without one a text is a stage, else a step of the first funnel.
            by: segments of a session: in which the funnel was entered, or the stage was touched last.
            since: the first shop day on which they dropped that counts.
            until: the last one.
            where: a condition in SQL over the columns of metrics.dropped_units.

        Raises:
            QuestionError: nobody can drop there, or there is no such segment; those that there are are named.
        """
        groups, sentence = self._segments(by), self._sentence("metrics.drop_off_next")
        limits = limits_of("dropped_on", since, until, where)
        return answer_next(self._asked, place_of(self.ask, place, funnel), groups, limits, sentence)

    def drivers(
        self, place: int | str | None = None, funnel: str | None = None, *, where: str | None = None
    ) -> DriversAnswer:
        """What sets those apart who dropped at a step or stage: friction, device, channel, product, price and the like.

        Each is held against units at the same point of their path; `.people("device", "mobile")` are those with it.
        Over all days: what is told by chance is kept rare over the whole shop, which a look at each month would undo.

        Args:
            place: the step that was not reached, by its number or label; or a stage that was not passed. None: where
                most are lost.
            funnel: the step's, by its id; without one a text is a stage, else a step of the first funnel.
            where: a condition in SQL over the columns of metrics.drop_off_drivers, as `is_told`: which rows.

        Raises:
            QuestionError: nobody can drop there; the places where somebody can are named.
        """
        self._warn_of_personas()
        found = place_of(self.ask, place, funnel)
        return answer_drivers(self._asked, found, where, self._sentence("metrics.drop_off_drivers"))

    def pain_points(self, *, where: str | None = None) -> Answer:
        """Friction by stage: how many met it, what went with it, how satisfied they are, and what is to be gained."""
        select = (
            "select pains.*, stages.stage_label from metrics.pain_points as pains "
            "left join settings.stages as stages on pains.stage = stages.stage"
        )
        order = "gain_rank nulls last, person_count desc, signal, stage"
        return self._of("metrics.pain_points", select, where, order, pains)

    def gains(self, *, where: str | None = None) -> Answer:
        """What each step would gain at its to-be rate, or if it went as in its best segment or month."""
        select = (
            "select gains.*, funnels.funnel_name from metrics.attainable_gain as gains "
            "left join settings.funnels as funnels on gains.funnel_id = funnels.funnel_id"
        )
        order = "gain desc nulls last, funnel_id, step_number, goal"
        return self._of("metrics.attainable_gain", select, where, order, gained)

    def changes(
        self,
        *,
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = None,
    ) -> Answer:
        """What each change did to each figure: its verdict, the effect with its interval, and a sentence.

        Args:
            since: the first day of change that counts.
            until: the last one.
            where: a condition in SQL, as `kpi = 'conversion'`. A change is judged on whom it was made for: by segment
                it is not judged again, where many looks would find something.
        """
        select = (
            "select impact.*, kpis.kpi_label from metrics.change_impact as impact "
            "left join settings.kpis as kpis on impact.kpi = kpis.kpi"
        )
        limits = " and ".join(limits_of("changed_on", since, until, where)) or None
        return self._of("metrics.change_impact", select, limits, "changed_on, change_id, kpi", effects)

    def incidents(
        self,
        *,
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = None,
    ) -> Answer:
        """Falls that nobody logged: where, of whom, from when until when, how deep.

        Args:
            since: they ended on this shop day or later.
            until: they began on this one or before.
            where: a condition in SQL, as `dimension = 'device'`: of whom is what the search itself finds.
        """
        limits = limits_of("ended_on", since, None, where) + limits_of("began_on", None, until)
        return self._of(
            "metrics.incidents",
            "select * from metrics.incidents",
            " and ".join(limits) or None,
            "began_on, incident",
            fallen,
        )

    def movements(self, *, where: str | None = None) -> Answer:
        """Why orders and revenue moved between two months: visits × each step × basket, exactly.

        Of the last two whole months: of any two periods `parcours why` tells it; a funnel's or figure's, `compare`.
        """
        order = "measure, part_number"
        return self._of("metrics.movements", "select * from metrics.movements", where, order, moved_parts)

    def trend(
        self,
        kpi: str,
        *,
        by: str | Sequence[str] = "week",
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = None,
    ) -> Answer:
        """A figure over time, by the day on which its attempts began.

        Each step of a funnel, with its counts: `metrics.funnel_by_day`, `metrics.funnel_by_week`.

        Args:
            kpi: of settings.kpis, as `conversion`, `step_conversion:<funnel>:<step>` or `stage_passage:<stage>`.
            by: `day`, `week` or `month`; and segments of the session in which an attempt began: then weeks, unless
                another time is named too.
            since: the first day that counts.
            until: the last one.
            where: a condition in SQL over the columns of metrics.kpi_attempts.

        Raises:
            QuestionError: there is no such figure or segment; all are named.
        """
        kpis = dict(
            self.connection.execute("select kpi, kpi_label from settings.kpis order by kpi_position").fetchall()
        )
        refuse_unknown("figure", kpi, kpis)
        names = [by] if isinstance(by, str) else [*by]
        if not {*names} & {*TIMES}:
            names = ["week", *names]
        groups = groups_of(names, self._dimensions(), day="happened_on")
        tables = {"day": ("metrics.kpi_daily", "happened_on"), "week": ("metrics.kpi_weekly", "week_on")}
        if where is not None or len(names) > 1 or names[0] not in tables:
            sentence = self._sentence("metrics.kpi_weekly")
            return answer_trend(self._asked, kpi, kpis[kpi], groups, since, until, where, sentence)
        table, day = tables[names[0]]
        return self._of(
            table,
            f"select * from {table}",
            " and ".join([f"kpi = {text_literal(kpi)}", *limits_of(day, since, until)]),
            day,
            partial(lines, at=day, value="value", name=kpis[kpi]),
        )

    def compare(
        self,
        a: Side = None,
        b: Side = None,
        *,
        of: str | None = None,
        by: str | Sequence[str] = (),
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = None,
    ) -> ListedAnswer:
        """Two periods, or two values of a segment, beside each other: counts, rates, their difference b − a.

        By a segment it says what of the difference is due to the mix (another share of the segment) and what to the
        rates (another part of it goes on); both add up to the difference. `.people("dropped", side="a", to_step=2)` are
        behind a count. That two periods differ is no proof that something did it: `changes`.

        Args:
            a: a day, a month as "2026-08", a first and last day as ("2026-08-01", "2026-08-31"), of which None is no
                end; or a segment's value as {"device": "mobile"}. None: the four weeks before those of `b`.
            b: the other one. None: the last four weeks in which nobody is open.
            of: a funnel of journey.yaml, `map:stages`, or a figure of settings.kpis that is a share. None: the first
                funnel, else the map.
            by: segments of the session of entry.
            since: the first shop day of entry that counts, on both sides.
            until: the last one.
            where: a condition in SQL over the columns of metrics.drop_off_attempts; of a figure metrics.kpi_attempts.

        Raises:
            QuestionError: there is no such funnel, figure or segment; those that there are are named.
        """
        if of is None:
            funnels = self.ask("select funnel_id from settings.funnels order by funnel_number")["funnel_id"].tolist()
            of = next(iter(funnels), MAP)
        sentence = self._sentence("metrics.drop_off_attempts")
        return answer_compare(self._asked, self._dimensions(), {"a": a, "b": b}, of, by, since, until, where, sentence)

    # Funnels, and the people in them.

    def funnel(
        self,
        asked: str | Sequence[str | Sequence[str] | Step] | None = None,
        *,
        by: str | Sequence[str] = (),
        since: date | str | None = None,
        until: date | str | None = None,
        where: str | None = None,
        **options: Any,
    ) -> FunnelAnswer:
        """A funnel of journey.yaml by its id (none: the first one), or one of touchpoints with any option.

        Args:
            asked: the id, or touchpoints in their order (`parcours.step` says rules).
            by: segments of the entry's session (device, channel, country, persona, an attribute, …); of touchpoints
                their columns.
            since: the first shop day of entry that counts.
            until: the last one.
            where: a condition in SQL over the columns of metrics.funnel_attempts: a unit counts as the best of its
                attempts that meet it. Of touchpoints, over theirs.
            options: of touchpoints: those of `parcours.funnel`.

        Raises:
            QuestionError: there is no such funnel or segment; those that there are are named.
        """
        if asked is not None and not isinstance(asked, str):
            return self._ad_hoc(asked, by=by, since=since, until=until, where=where, **options)
        if options:
            raise QuestionError(f"{', '.join(options)}: journey.yaml says that of a funnel. Ask a list of touchpoints.")
        funnels = dict(
            self.connection.execute(
                "select funnel_id, window_seconds from settings.funnels order by funnel_number"
            ).fetchall()
        )
        name = asked if asked is not None else next(iter(funnels), "")
        if name not in funnels:
            raise QuestionError(f"No funnel {name!r}. journey.yaml has: {', '.join(funnels)}.")
        if "persona" in ([by] if isinstance(by, str) else by):
            self._warn_of_personas()
        groups = self._segments(by)
        return answer_funnel(
            self._asked,
            of_journey_yaml(name, groups, since, until, where),
            groups,
            self._sentence("metrics.funnel_steps"),
        )

    def _ad_hoc(self, steps: Sequence[str | Sequence[str] | Step], **options: Any) -> FunnelAnswer:
        [(zone, until)] = self.connection.execute(
            "select time_zone, visits_until from settings.shop cross join metrics.cut_off"
        ).fetchall()
        said = {"event": "touchpoint", "sequence": "sequence", "time_zone": zone, "known_until": until}
        return funnel(Log(self.connection.table("journeys.touchpoints")), steps, **said | options)

    def dialects(self, *, where: str | None = None) -> Answer:
        """How other tools count the first funnel, and which rule makes the difference.

        Who is counted by one and not by another is in `shop.table("metrics.funnel_dialect_units")`.
        """
        select = "select *, dialect || ': ' || step_label as tool_and_step from metrics.funnel_dialects"
        return self._of("metrics.funnel_dialects", select, where, "step_number, dialect", tools)

    def journey(self, person: str | None = None) -> Answer:
        """Every touchpoint of one person, in order: session, stage, channel, device.

        Args:
            person: of journeys.people; or a journey, of journeys.journeys, with its touchpoints alone. None: of those
                who dropped where most are lost, the last one.
        """
        if person is None:
            dropped = self.next_after().units()
            person = str(dropped["person_id"].iloc[-1]) if len(dropped) else ""
        named = text_literal(person)
        of_journey = f"select touchpoint_id from journeys.journey_touchpoints where journey_id = {named}"
        return self._of(
            "journeys.touchpoints",
            "select * from journeys.touchpoints",
            f"person_id = {named} or touchpoint_id in ({of_journey})",
            "occurred_at, sequence, touchpoint_id",
            timeline,
        )

    def _warn_of_personas(self) -> None:
        """Say why there are no personas, where some tell the outcome beforehand."""
        said = ", ".join(
            one
            for (one,) in self.connection.execute(
                "select distinct persona from settings.persona_conditions "
                "where attribute in ('lifecycle_stage', 'lead_status') order by 1"
            ).fetchall()
        )
        if said:
            warnings.warn(
                f"Personas are no segment here: {said} ask for what an order changes (lifecycle_stage, lead_status), "
                "so who has one has ordered already. Define them by what is known before.",
                stacklevel=3,
            )

    # How an answer is made.

    def _of(self, table: str, select: str, where: str | None, order: str, draw: Any) -> Answer:
        sql = f"select * from (\n    {select}\n)" + (f"\nwhere {where}" if where else "") + f"\norder by {order}"
        return Answer.of(self._asked(sql), sql, self._sentence(table), partial(_drawn, draw))

    def _asked(self, sql: str) -> pd.DataFrame:
        """The rows of a select that holds a condition of the analyst's."""
        try:
            return self.ask(sql)
        except duckdb.Error as error:
            raise QuestionError(f"DuckDB: {error}") from None

    def _segments(self, by: str | Sequence[str]) -> list[str]:
        """The segments that are asked for, if there are such."""
        groups = [by] if isinstance(by, str) else [*by]
        known = self._dimensions()
        for group in groups:
            refuse_unknown("segment", group, known)
        return groups

    def _sentence(self, table: str) -> str:
        """The sentences of a table and of its columns."""
        schema, name = table.split(".")
        said = self.connection.execute(
            "select comment from duckdb_tables() where schema_name = $schema and table_name = $name",
            {"schema": schema, "name": name},
        ).fetchall()
        columns = self.connection.execute(
            "select column_name, comment from duckdb_columns() where schema_name = $schema and table_name = $name "
            "order by column_index",
            {"schema": schema, "name": name},
        ).fetchall()
        return "\n".join(
            [f"{table}: {said[0][0] if said else ''}", *(f"  {column}: {comment}" for column, comment in columns)]
        )

    def _values(self, column: str, table: str) -> list[str]:
        found = self.connection.execute(f"select distinct {column} from {table} order by 1").fetchall()
        return [one for (one,) in found]

    def _dimensions(self) -> list[str]:
        """The dimensions of which sessions have values, or could have."""
        return sorted({*SEGMENTS, *self._values("dimension", "journeys.session_segments")})

    def _known(self, table: str) -> str:
        tables = [
            one
            for (one,) in self.connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() order by 1"
            ).fetchall()
        ]
        refuse_unknown("table", table, tables)
        return table


def _drawn(draw: Any, found: pd.DataFrame) -> go.Figure:
    return draw(found)
