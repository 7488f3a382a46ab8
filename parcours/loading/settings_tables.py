"""journey.yaml as tables: settings reach SQL as rows to join, never as text in a query.

Each function here returns the rows of one `settings.*` table; `SETTINGS_TABLES` says its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from parcours.settings.kpis import kpi_rows
from parcours.settings.schema import JourneySettings, PathLimit, PathStage
from parcours.warehouse.connection import text_literal, transaction
from parcours.warehouse.refresh_log import note_change, prepare_log

Row = Sequence[Any]


@dataclass(frozen=True)
class SettingsTable:
    """One table of settings: what a row is, its columns in SQL, its rows, and what is inserted of one (None: all)."""

    name: str
    description: str
    columns: str
    rows: Callable[[JourneySettings], list[Row]]
    select: str | None = None


def _seconds(amount: float, unit: int) -> float:
    """A duration in seconds, to the microsecond, as `elapsed_seconds` measures what is compared with it."""
    return round(amount * unit * 1_000_000) / 1_000_000


def _shop(s: JourneySettings) -> list[Row]:
    m, hour, day = s.measures, 3600, 86400
    return [
        (
            s.shop.name,
            s.shop.time_zone,
            s.shop.currency,
            s.shop.language,
            _seconds(s.sessions.timeout_minutes, 60),
            _seconds(s.sessions.maximum_hours, hour),
            _seconds(m.cart_horizon_days, day),
            m.retention_days,
            _seconds(m.inactivity_days, day),
            _seconds(m.attribution_hours, hour),
            _seconds(m.survey_lag_days, day),
            m.identity_link_limit,
            m.small_cell,
            s.comparison.window_days,
            s.comparison.guard_days,
            s.screening.bot_events_per_hour,
            s.screening.leave_out,
            s.sessions.cut_at_midnight,
            s.sessions.cut_at_campaign_change,
            s.sessions.runaway_touchpoints,
        )
    ]


def _session_variants(s: JourneySettings) -> list[Row]:
    own = (s.sessions.timeout_minutes, s.sessions.cut_at_midnight)
    variants = sorted({own, *((minutes, cut) for minutes in (15.0, 30.0, 60.0) for cut in (False, True))})
    return [
        (
            number,
            f"{minutes:g} min{', cut at midnight' if cut else ''}",
            _seconds(minutes, 60),
            cut,
            (minutes, cut) == own,
            2 ** (number - 1),
        )
        for number, (minutes, cut) in enumerate(variants, 1)
    ]


def _stages(s: JourneySettings) -> list[Row]:
    return [
        (stage.id, position, stage.label, stage.required, stage.to_be) for position, stage in enumerate(s.stages, 1)
    ]


def _touchpoint_rules(s: JourneySettings) -> list[Row]:
    return [
        (number, rule.source, event, rule.url, rule.touchpoint, rule.stage, rule.action)
        for number, rule in enumerate(s.touchpoints, 1)
        for event in (rule.event or [None])  # type: ignore[list-item]
    ]


def _funnels(s: JourneySettings) -> list[Row]:
    return [
        (funnel.id, funnel.name, funnel.unit, _seconds(funnel.window_days, 86400), len(funnel.steps), number)
        for number, funnel in enumerate(s.funnels, 1)
    ]


def _funnel_steps(s: JourneySettings) -> list[Row]:
    return [(funnel.id, number, label) for funnel in s.funnels for number, label in enumerate(s.step_labels(funnel), 1)]


def _funnel_step_matches(s: JourneySettings) -> list[Row]:
    return [
        (funnel.id, number, touchpoint, stage, step.device, step.channel)
        for funnel in s.funnels
        for number, step in enumerate(funnel.steps, 1)
        for touchpoint in (step.touchpoint or [None])  # type: ignore[list-item]
        for stage in (step.stage or [None])  # type: ignore[list-item]
    ]


def _retentions(s: JourneySettings) -> list[Row]:
    return [(retention.id, retention.label, retention.period, retention.cohort) for retention in s.retentions]


def _retention_touchpoints(s: JourneySettings) -> list[Row]:
    return [
        (retention.id, role, touchpoint)
        for retention in s.retentions
        for role, touchpoints in (("entry", retention.entry), ("comeback", retention.comeback))
        for touchpoint in (touchpoints or [None])  # type: ignore[list-item]
    ]


def _personas(s: JourneySettings) -> list[Row]:
    return [(persona.id, position, persona.label) for position, persona in enumerate(s.personas, 1)]


def _persona_conditions(s: JourneySettings) -> list[Row]:
    return [
        (persona.id, number, condition.attribute, value)
        for persona in s.personas
        for number, condition in enumerate(persona.where, 1)
        for value in condition.is_
    ]


def _changes(s: JourneySettings) -> list[Row]:
    return [(c.id, c.label, c.date, c.stage, c.what) for c in s.changes]


def _change_segments(s: JourneySettings) -> list[Row]:
    return [
        (change.id, attribute, value)
        for change in s.changes
        if change.segment
        for attribute, values in (("persona", change.segment.persona), ("device", change.segment.device))
        for value in values
    ]


def _maximum(limit: PathStage | PathLimit) -> float | None:
    hours = limit.max_hours if limit.max_days is None else limit.max_days * 24
    return None if hours is None else _seconds(hours, 3600)


def _path_stages(s: JourneySettings) -> list[Row]:
    listed = {place.stage: place for place in s.path.stages}
    return [
        (
            stage.id,
            position,
            (place.rule if place else None) or ("required" if stage.required else "optional"),
            _maximum(place) if place else None,
        )
        for position, stage in enumerate(s.stages, 1)
        for place in [listed.get(stage.id)]
    ]


def _path_limits(s: JourneySettings) -> list[Row]:
    stages = {stage.id for stage in s.stages}

    def kind(name: str) -> str:
        return "stage" if name in stages else "touchpoint"

    return [
        (number, kind(limit.from_), limit.from_, kind(limit.to), limit.to, _maximum(limit))
        for number, limit in enumerate(s.path.limits, 1)
    ]


def _path_order(s: JourneySettings) -> list[Row]:
    return [
        (number, ", ".join(touchpoints), touchpoint)
        for number, touchpoints in enumerate(s.path.order, 1)
        for touchpoint in touchpoints
    ]


def _staff(s: JourneySettings) -> list[Row]:
    listed = s.screening
    identifiers = (
        ("email", listed.staff_emails),
        ("customer", listed.staff_customer_ids),
        ("anonymous", listed.staff_devices),
    )
    return [(kind, value) for kind, values in identifiers for value in values]


def _targets(s: JourneySettings) -> list[Row]:
    return list(s.targets.items())


SETTINGS_TABLES = (
    SettingsTable(
        "shop",
        "One row: the shop, and the knobs of the definitions.",
        "name text, time_zone text, currency text, language text, session_timeout_seconds double, "
        "session_maximum_seconds double, cart_horizon_seconds double, retention_days bigint, "
        "inactivity_seconds double, attribution_seconds double, survey_lag_seconds double, "
        "identity_link_limit bigint, small_cell bigint, comparison_window_days bigint, guard_days bigint, "
        "bot_events_per_hour bigint, leaves_out_screened boolean, cuts_sessions_at_midnight boolean, "
        "cuts_sessions_at_campaigns boolean, runaway_touchpoints bigint",
        _shop,
    ),
    SettingsTable(
        "session_variants",
        "One row per way to cut sessions that is compared: 15, 30 and 60 minutes, cut at midnight or not, and the "
        "shop's own. Its bit marks it in journeys.session_variants.",
        "variant_number bigint, variant text, timeout_seconds double, cuts_at_midnight boolean, "
        "is_chosen boolean, bit bigint",
        _session_variants,
    ),
    SettingsTable(
        "stages",
        "One row per stage of the journey, in the order of the map.",
        "stage text, stage_position bigint, stage_label text, is_required boolean, to_be_rate double",
        _stages,
    ),
    SettingsTable(
        "touchpoint_rules",
        "One row per event name of a rule; the lowest rule number that matches wins.",
        "rule_number bigint, source text, event_name text, url_pattern text, touchpoint text, stage text, action text",
        _touchpoint_rules,
    ),
    SettingsTable(
        "funnels",
        "One row per funnel.",
        "funnel_id text, funnel_name text, unit text, window_seconds double, step_count bigint, funnel_number bigint",
        _funnels,
    ),
    SettingsTable(
        "funnel_steps",
        "One row per step of a funnel.",
        "funnel_id text, step_number bigint, step_label text",
        _funnel_steps,
    ),
    SettingsTable(
        "funnel_step_matches",
        "One row per alternative of a funnel's step; null matches anything.",
        "funnel_id text, step_number bigint, touchpoint text, stage text, device text, channel text",
        _funnel_step_matches,
    ),
    SettingsTable(
        "retentions",
        "One row per calendar retention table.",
        "retention_id text, retention_label text, period text, cohort text",
        _retentions,
    ),
    SettingsTable(
        "retention_touchpoints",
        "One row per touchpoint that enters a cohort or comes back; null matches anything.",
        "retention_id text, role text, touchpoint text",
        _retention_touchpoints,
    ),
    SettingsTable(
        "personas",
        "One row per persona; the first that fits is the person's.",
        "persona text, persona_position bigint, persona_label text",
        _personas,
    ),
    SettingsTable(
        "persona_conditions",
        "One row per accepted value of a persona's condition.",
        "persona text, condition_number bigint, attribute text, value text",
        _persona_conditions,
    ),
    SettingsTable(
        "changes",
        "One row per change that the shop made.",
        "change_id text, change_label text, changed_on date, stage text, what text",
        _changes,
    ),
    SettingsTable(
        "change_segments",
        "One row per value of the part of the people a change concerned; no row means everybody.",
        "change_id text, attribute text, value text",
        _change_segments,
    ),
    SettingsTable(
        "path_stages",
        "One row per stage: what the intended path says of it, and the longest time in it (null: any).",
        "stage text, stage_position bigint, rule text, maximum_seconds double",
        _path_stages,
    ),
    SettingsTable(
        "path_limits",
        "One row per pair of places of the intended path with a longest time between them; a place is a stage or a "
        "touchpoint.",
        "limit_number bigint, from_type text, from_place text, to_type text, to_place text, maximum_seconds double",
        _path_limits,
    ),
    SettingsTable(
        "path_order",
        "One row per touchpoint of those that should follow each other; alternatives share a number.",
        "place_number bigint, place text, touchpoint text",
        _path_order,
    ),
    SettingsTable(
        "kpis",
        "One row per figure that attempts make, in the order in which a change lists them: the catalogue.",
        "kpi text, kpi_position bigint, kpi_label text, name_in_sentence text, unit text, is_higher_better boolean, "
        "denominator_name text, horizon_seconds double, attempts_table text, is_headline boolean, "
        "funnel_id text, step_number bigint",
        kpi_rows,
    ),
    SettingsTable(
        "targets",
        "One row per headline figure that has a to-be target.",
        "kpi text, target double",
        _targets,
    ),
    SettingsTable(
        "staff",
        "One row per identifier (kind:value) of the shop's own staff; e-mails as pseudonyms only.",
        "identifier text",
        _staff,
        # The address itself never gets into the database: it is hashed while the row is inserted.
        "select identifier from (select kind || ':' || case when kind = 'email' then pseudonym(value) "
        "else trim(value) end as identifier from (values (?, ?)) as listed(kind, value)) where identifier is not null",
    ),
)


def write_settings(connection: duckdb.DuckDBPyConnection, settings: JourneySettings) -> dict[str, int]:
    """Replace all `settings.*` tables in one transaction; returns the rows of each."""
    counts = {}
    with transaction(connection):
        prepare_log(connection)
        for table in SETTINGS_TABLES:
            rows = table.rows(settings)
            connection.execute(f"create or replace table settings.{table.name} ({table.columns})")
            if rows:
                select = table.select or f"values ({', '.join('?' for _ in rows[0])})"
                connection.executemany(f"insert into settings.{table.name} {select}", rows)
            said = connection.execute(
                "select md5(coalesce(string_agg(cast(t as text), '|' order by cast(t as text)), '')) "
                f"from settings.{table.name} as t"
            ).fetchall()
            note_change(connection, f"settings.{table.name}", f"{table.columns} {said[0][0]}")
            connection.execute(f"comment on table settings.{table.name} is {text_literal(table.description)}")
            counts[table.name] = len(rows)
    return counts
