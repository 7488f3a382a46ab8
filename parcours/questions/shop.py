"""`parcours.open()`: a shop's published tables, with one call per question of an analyst.

Each answer has the columns and the sentences of the table that it reads, so a figure of a notebook is that of the page.
The shop is read anew when a run has published since. Not here: what the figures mean (`docs/definitions.md`, and the
tables' own comments).
"""

from __future__ import annotations

import os
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
from parcours.questions.charts import bars, lines
from parcours.questions.funnel import funnel
from parcours.questions.funnel_answer import FunnelAnswer, answer_funnel
from parcours.questions.log import Log
from parcours.questions.retention import (
    RetentionAnswer,
    SurvivalAnswer,
    answer_retention,
    answer_survival,
    draw_expected,
)
from parcours.questions.steps import QuestionError, Step
from parcours.warehouse.connection import text_literal


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
        """The figures of the whole period, those of the page's cards first: numerator, denominator, value, interval."""
        select = (
            "select names.kpi_label, kpis.*, names.unit, names.kpi_position from metrics.kpis as kpis "
            "inner join settings.kpis as names on kpis.kpi = names.kpi"
        )
        draw = partial(bars, label="kpi_label", value="value", low="low", high="high")
        return self._of("metrics.kpis", select, "period = 'all'", "kpi_position", draw)

    def drop_off(self, *, where: str | None = None) -> Answer:
        """The map: how many journeys reach each stage, how many go no further, and what that may cost."""
        draw = partial(bars, label="stage_label", value="drop_off_rate", low="drop_off_low", high="drop_off_high")
        return self._of("metrics.stage_drop_off", "select * from metrics.stage_drop_off", where, "stage_position", draw)

    def carts(self, *, where: str | None = None) -> Answer:
        """Cart abandonment in each way that it is counted, and recovery."""
        draw = partial(bars, label="way", value="value", low="low", high="high")
        return self._of("metrics.cart_abandonment", "select * from metrics.cart_abandonment", where, "position", draw)

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
        names = self._values("retention_id", "settings.retentions")
        if name not in names:
            raise QuestionError(f"No retention {name!r}. There are: {', '.join(names)}.")
        kinds = self._values("kind", table)
        if kind not in kinds:
            raise QuestionError(f"No kind {kind!r}. There are: {', '.join(kinds)}.")
        groups = [by] if isinstance(by, str) else [*by]
        self._known_segments([group for group in groups if group != "cohort_at"])
        try:
            return answer_retention(
                self.ask, _members(name, groups, since, until, where), groups, kind, self._sentence(table)
            )
        except duckdb.Error as error:
            raise QuestionError(f"DuckDB: {error}") from None

    def survival(self, *, by: str = "all", where: str | None = None) -> SurvivalAnswer:
        """How long until the second order: the share of customers without one by each day (Kaplan–Meier).

        Args:
            by: a dimension of metrics.first_order_segments.
            where: a condition in SQL over the columns of metrics.second_order_survival.

        Raises:
            QuestionError: there is no such dimension; those that there are are named.
        """
        table = "metrics.second_order_survival"
        known = self._values("dimension", table)
        if by not in known:
            raise QuestionError(f"No dimension {by!r}. There are: {', '.join(known)}.")
        select = f"select * from {table} where dimension = {text_literal(by)}"
        return answer_survival(self.ask, self._of(table, select, where, "value, day_number", bars), by)

    def expected_retention(self, *, kind: str = "cumulative", where: str | None = None) -> Answer:
        """What cohorts that are still open are expected to come to, and within what (90 %)."""
        table = "metrics.retention_expected"
        select = f"select * from {table} where kind = {text_literal(kind)}"
        return self._of(table, select, where, "cohort_at, interval_number", draw_expected)

    def satisfaction(self, *, where: str | None = None) -> Answer:
        """CSAT by stage, and over all answers."""
        draw = partial(bars, label="stage", value="csat", low="csat_low", high="csat_high")
        return self._of(
            "metrics.csat_by_stage", "select * from metrics.csat_by_stage", where, "stage_position nulls first", draw
        )

    def transitions(self, *, where: str | None = "kind = 'stage' and journey_type = 'all'") -> Answer:
        """From which stage (or touchpoint) to which, and how often."""
        select = (
            "select *, coalesce(from_place, 'begins') || ' → ' || coalesce(to_place, 'is over') as move "
            "from metrics.transitions"
        )
        draw = partial(bars, label="move", value="transition_count")
        return self._of("metrics.transitions", select, where, "transition_count desc, move", draw)

    def changes(self, *, where: str | None = None) -> Answer:
        """What each change did to each figure: its verdict, the effect with its interval, and a sentence."""
        draw = partial(bars, label="kpi", value="relative_difference")
        order = "changed_on, change_id, kpi"
        return self._of("metrics.change_impact", "select * from metrics.change_impact", where, order, draw)

    def incidents(self, *, where: str | None = None) -> Answer:
        """Falls that nobody logged: where, of whom, from when until when, how deep."""
        return self._of(
            "metrics.incidents",
            "select * from metrics.incidents",
            where,
            "began_on",
            partial(bars, label="step_label", value="lost_count"),
        )

    def movements(self, *, where: str | None = None) -> Answer:
        """Why orders and revenue moved between two periods: visits × each step × basket, exactly."""
        draw = partial(bars, label="part_label", value="contribution")
        return self._of("metrics.movements", "select * from metrics.movements", where, "measure, part_number", draw)

    def trend(
        self, kpi: str, *, by: str = "week", since: date | str | None = None, until: date | str | None = None
    ) -> Answer:
        """A figure over time, by the day on which its attempts began.

        Args:
            kpi: of settings.kpis, as `conversion` or `step_conversion:<funnel>:<step>`.
            by: `day` or `week`.
            since: the first day that counts.
            until: the last one.

        Raises:
            QuestionError: there is no such figure; all are named.
        """
        kpis = dict(
            self.connection.execute("select kpi, kpi_label from settings.kpis order by kpi_position").fetchall()
        )
        if kpi not in kpis:
            raise QuestionError(f"No figure {kpi!r}. There are: {', '.join(kpis)}.")
        tables = {"day": ("metrics.kpi_daily", "happened_on"), "week": ("metrics.kpi_weekly", "week_on")}
        if by not in tables:
            raise QuestionError(f"by: expected day or week, found {by!r}.")
        table, day = tables[by]
        limits = [f"kpi = {text_literal(kpi)}"]
        limits += [f"{day} >= cast({text_literal(str(since))} as date)"] if since is not None else []
        limits += [f"{day} <= cast({text_literal(str(until))} as date)"] if until is not None else []
        return self._of(
            table,
            f"select * from {table}",
            " and ".join(limits),
            day,
            partial(lines, at=day, value="value", name=kpis[kpi]),
        )

    # Funnels, and the people in them.

    def funnel(
        self,
        asked: str | Sequence[str | Sequence[str] | Step] | None = None,
        *,
        by: str | Sequence[str] = (),
        since: date | str | None = None,
        until: date | str | None = None,
        **options: Any,
    ) -> FunnelAnswer:
        """A funnel of journey.yaml by its id (none: the first one), or one of touchpoints with any option.

        Args:
            asked: the id, or touchpoints in their order (`parcours.step` says rules).
            by: segments of the entry's session (device, channel, country, persona, an attribute, …); of touchpoints
                their columns.
            since: the first shop day of entry that counts.
            until: the last one.
            options: of touchpoints: those of `parcours.funnel`.

        Raises:
            QuestionError: there is no such funnel or segment; those that there are are named.
        """
        if asked is not None and not isinstance(asked, str):
            return self._ad_hoc(asked, by=by, since=since, until=until, **options)
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
        groups = [by] if isinstance(by, str) else [*by]
        self._known_segments(groups)
        return answer_funnel(
            self.ask, _of_journey_yaml(name, groups, since, until), groups, self._sentence("metrics.funnel_steps")
        )

    def _ad_hoc(self, steps: Sequence[str | Sequence[str] | Step], **options: Any) -> FunnelAnswer:
        [(zone, until)] = self.connection.execute(
            "select time_zone, visits_until from settings.shop cross join metrics.cut_off"
        ).fetchall()
        said = {"event": "touchpoint", "sequence": "sequence", "time_zone": zone, "known_until": until}
        return funnel(Log(self.connection.table("journeys.touchpoints")), steps, **said | options)

    def journey(self, person: str) -> Answer:
        """Every touchpoint of one person, in order: session, stage, channel, device."""
        return self._of(
            "journeys.touchpoints",
            "select * from journeys.touchpoints",
            f"person_id = {text_literal(person)}",
            "occurred_at, sequence, touchpoint_id",
            bars,
        )

    # How an answer is made.

    def _of(self, table: str, select: str, where: str | None, order: str, draw: Any) -> Answer:
        sql = f"select * from (\n    {select}\n)" + (f"\nwhere {where}" if where else "") + f"\norder by {order}"
        try:
            found = self.ask(sql)
        except duckdb.Error as error:
            raise QuestionError(f"DuckDB: {error}") from None
        return Answer.of(found, sql, self._sentence(table), partial(_drawn, draw))

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

    def _known_segments(self, groups: Sequence[str]) -> None:
        known = self._values("dimension", "journeys.session_segments")
        for group in groups:
            if group not in known:
                raise QuestionError(f"No segment {group!r}. There are: {', '.join(known)}.")

    def _known(self, table: str) -> str:
        tables = [
            one
            for (one,) in self.connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() order by 1"
            ).fetchall()
        ]
        if table not in tables:
            raise QuestionError(f"No table {table!r}. There are: {', '.join(tables)}.")
        return table


def _members(name: str, groups: Sequence[str], since: Any, until: Any, where: str | None) -> str:
    """The members that metrics.retention_by_segment counts, of one retention, with the groups that are asked for."""
    limits = [f"retention_id = {text_literal(name)}"]
    entered_on = "shop_day(entered_at, (select time_zone from settings.shop))"
    limits += [f"{entered_on} >= cast({text_literal(str(since))} as date)"] if since is not None else []
    limits += [f"{entered_on} <= cast({text_literal(str(until))} as date)"] if until is not None else []
    limits += [f"({where}\n)"] if where else []
    values = {group: "members.cohort_at" for group in groups if group == "cohort_at"}
    joins = ""
    for place, group in enumerate(group for group in groups if group != "cohort_at"):
        values[group] = f"segment_{place}.value"
        joins += (
            f"\nleft join journeys.session_segments as segment_{place} on members.session_id = "
            f"segment_{place}.session_id and segment_{place}.dimension = {text_literal(group)}"
        )
    held = ", ".join(f"{text_literal(group)}: {values[group]}" for group in groups)
    return (
        "select members.* exclude (cohort_at, entered_at, session_id), cast(null as timestamp) as cohort_at, "
        f"'asked' as dimension, {f'{{{held}}}' if groups else 'true'} as value\n"
        f"from (select * from metrics.retention_members where {' and '.join(limits)}) as members{joins}"
    )


def _of_journey_yaml(name: str, groups: Sequence[str], since: Any, until: Any) -> dict[str, str]:
    """What sql/questions/funnel.sql reads, of the attempts that a run has found for a funnel of journey.yaml."""
    limits = [f"outcomes.funnel_id = {text_literal(name)}", "outcomes.state <> 'uncovered'"]
    limits += [f"outcomes.entered_on >= cast({text_literal(str(since))} as date)"] if since is not None else []
    limits += [f"outcomes.entered_on <= cast({text_literal(str(until))} as date)"] if until is not None else []
    joins = "".join(
        f"\nleft join journeys.session_segments as segment_{place} on outcomes.session_id = segment_{place}.session_id "
        f"and segment_{place}.dimension = {text_literal(group)}"
        for place, group in enumerate(groups)
    )
    values = ", ".join(f"{text_literal(group)}: segment_{place}.value" for place, group in enumerate(groups))
    return {
        "asked": f"select window_seconds from settings.funnels where funnel_id = {text_literal(name)}",
        "steps": "select step_number as number, step_label as label, false as is_optional, step_number as chain_step, "
        f"step_number - 1 as after_step from settings.funnel_steps where funnel_id = {text_literal(name)}",
        "optional_hits": "select 0 as number, '' as hit_unit_id, cast(null as timestamp) as occurred_at, "
        "0 as after_step, false as fits_before, false as fits_next where false",
        "attempts": "select unit_id, entered_on, 1 as entry_step, step_number, reached_at "
        f"from journeys.funnel_attempts where funnel_id = {text_literal(name)}",
        "outcomes": "select outcomes.unit_id, outcomes.person_id, outcomes.entered_on, 1 as entry_step, "
        "outcomes.entered_at, outcomes.furthest_step, outcomes.is_matured, "
        f"{f'{{{values}}}' if groups else 'true'} as group_key, row_number() over (partition by outcomes.unit_id "
        "order by outcomes.is_matured desc, outcomes.furthest_step desc, outcomes.entered_at desc) = 1 as is_best\n"
        f"from metrics.funnel_outcomes as outcomes{joins}\nwhere {' and '.join(limits)}",
    }


def _drawn(draw: Any, found: pd.DataFrame) -> go.Figure:
    return draw(found)
