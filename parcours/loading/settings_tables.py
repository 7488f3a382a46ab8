"""journey.yaml as tables: settings reach SQL as rows to join, never as text in a query.

Each function here returns the rows of one `settings.*` table; `sql/settings/` says its columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from datetime import timedelta
from typing import Any

import duckdb

from parcours.settings.kpis import kpi_rows
from parcours.settings.schema import OF_ORDERS, JourneySettings, PathLimit, PathStage, Retention
from parcours.warehouse.comments import DeclaredTable, read_declaration
from parcours.warehouse.connection import transaction
from parcours.warehouse.personal_values import hidden_id
from parcours.warehouse.refresh_log import note_versions, prepare_log
from parcours.warehouse.rows import flat, values

Row = Sequence[Any]


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
            s.comparison.guard_days,
            s.screening.bot_events_per_hour,
            s.screening.leave_out,
            s.sessions.cut_by == "tracker",
            s.sessions.cut_at_midnight,
            s.sessions.cut_at_campaign_change,
            s.sessions.runaway_touchpoints,
            s.sessions.engaged_seconds,
            s.sessions.engaged_views,
            _seconds(m.cart_silence_hours, hour),
            _seconds(m.cart_action_hours, hour),
            s.friction.rage_seconds,
            _seconds(s.friction.support_contact_hours, hour),
        )
    ]


def _known_from(s: JourneySettings) -> list[Row]:
    return [(file.name, file.known_from) for file in s.exports.files if file.known_from]


def _outages(s: JourneySettings) -> list[Row]:
    return [tuple(s.outages.model_dump().values())]


def _orders(s: JourneySettings) -> list[Row]:
    return [(s.orders.pending,)]


def _order_states(s: JourneySettings) -> list[Row]:
    return list(s.orders.states.items())


def _order_channels(s: JourneySettings) -> list[Row]:
    return list(s.orders.channels.items())


def _web_channels(s: JourneySettings) -> list[Row]:
    return [(channel,) for channel in sorted({*s.orders.web_channels})]


def _outside_hosts(s: JourneySettings) -> list[Row]:
    sites = [(host, "review site", None, None) for host in s.outside.review_sites]
    return sites + [
        (host, press.label, press.on, press.on + timedelta(days=press.days))
        for press in s.outside.press
        for host in press.hosts
    ]


def _session_variants(s: JourneySettings) -> list[Row]:
    own = (s.sessions.timeout_minutes, s.sessions.cut_at_midnight)
    timeouts = sorted({own, *((minutes, cut) for minutes in (15.0, 30.0, 60.0) for cut in (False, True))})
    variants = [*((*timeout, False) for timeout in timeouts), (*own, True)]
    return [
        (
            number,
            "tracker's own ids" if by_tracker else f"{minutes:g} min{', cut at midnight' if cut else ''}",
            _seconds(minutes, 60),
            cut,
            by_tracker,
            (minutes, cut, by_tracker) == (*own, s.sessions.cut_by == "tracker"),
            2 ** (number - 1),
        )
        for number, (minutes, cut, by_tracker) in enumerate(variants, 1)
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


def _attributes(s: JourneySettings) -> list[Row]:
    return [(a.id, position, a.scope, a.type, a.at_most) for position, a in enumerate(s.attributes, 1)]


def _rule_conditions(s: JourneySettings) -> list[Row]:
    return [
        (rule_number, number, condition.attribute, value)
        for rule_number, rule in enumerate(s.touchpoints, 1)
        for number, condition in enumerate(rule.where, 1)
        for value in condition.is_
    ]


def _funnel_step_conditions(s: JourneySettings) -> list[Row]:
    return [
        (funnel.id, step_number, number, condition.attribute, value)
        for funnel in s.funnels
        for step_number, step in enumerate(funnel.steps, 1)
        for number, condition in enumerate(step.where, 1)
        for value in condition.is_
    ]


def _session_rules(s: JourneySettings) -> list[Row]:
    last = max((number for number, rule in enumerate(s.touchpoints, 1) if not rule.opens_session), default=0)
    return [
        (number, event, rule.url, rule.opens_session)
        for number, rule in enumerate(s.touchpoints[:last], 1)
        if rule.source in (None, "events") and not rule.where
        for event in (rule.event or [None])  # type: ignore[list-item]
    ]


def _funnels(s: JourneySettings) -> list[Row]:
    return [
        (
            funnel.id,
            funnel.name,
            funnel.unit,
            funnel.window_seconds,
            len(funnel.steps),
            number,
            funnel.order,
            funnel.window_from,
            funnel.ties,
            funnel.chain,
        )
        for number, funnel in enumerate(s.funnels, 1)
    ]


def _funnel_rules(s: JourneySettings) -> list[Row]:
    return [(funnel.id, *astuple(rule)) for funnel in s.funnels for rule in funnel.rules]


def _funnel_exclusions(s: JourneySettings) -> list[Row]:
    return [
        (funnel.id, number, touchpoint)
        for funnel in s.funnels
        for number, step in enumerate(funnel.steps, 1)
        for touchpoint in dict.fromkeys(step.without)
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
    orders = Retention(id="any", label="Customers who order again", period="month")  # type: ignore[call-arg]
    return [
        (
            id_,
            retention.label,
            retention.period,
            retention.cohort,
            ELAPSED_SECONDS[retention.period],
            WEEK_SHIFTS[retention.week_starts_on],
            retention.at_least,
        )
        for id_, retention in [(OF_ORDERS, orders), *((one.id, one) for one in s.retentions)]
    ]


ELAPSED_SECONDS = {"hour": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400}
"""How long an interval since a person's own start is, by the period of the cohorts."""

WEEK_SHIFTS = {"monday": 0, "saturday": 5, "sunday": 6}
"""Days from Monday to the day on which weeks begin."""


def _retention_brackets(s: JourneySettings) -> list[Row]:
    # By their last day, so that whose n brackets are over has finished the first n.
    ordered = sorted(set(s.measures.retention_brackets), key=lambda days: days[::-1])
    return [(number, first, last) for number, (first, last) in enumerate(ordered)]


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


def _surveys(s: JourneySettings) -> list[Row]:
    return [(name, entry.kind, entry.best == "lowest") for entry in s.surveys for name in dict.fromkeys(entry.survey)]


def _changes(s: JourneySettings) -> list[Row]:
    return [(c.id, c.label, c.date, c.until, c.stage, c.what) for c in s.changes]


def _change_moves(s: JourneySettings) -> list[Row]:
    return [(change.id, kpi) for change in s.changes for kpi in dict.fromkeys(change.moves)]


def _change_segments(s: JourneySettings) -> list[Row]:
    return [
        (change.id, attribute, value)
        for change in s.changes
        for attribute, values in change.segment.items()
        for value in dict.fromkeys(values)
    ]


def _stage_words(s: JourneySettings) -> list[Row]:
    return [(number, w.stage, w.kind, w.text, w.persona, w.signal) for number, w in enumerate(s.words, 1)]


def _opportunities(s: JourneySettings) -> list[Row]:
    return [(o.id, number, o.stage, o.text, o.state, o.change) for number, o in enumerate(s.opportunities, 1)]


def _calendar(s: JourneySettings) -> list[Row]:
    spans: list[Row] = [(entry.name, span.from_, span.until) for entry in s.calendar for span in entry.spans]
    return spans + [(entry.name, day, day) for entry in s.calendar for day in entry.days]


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


ROWS: Mapping[str, Callable[[JourneySettings], list[Row]]] = {
    "shop": _shop,
    "known_from": _known_from,
    "outages": _outages,
    "orders": _orders,
    "order_states": _order_states,
    "order_channels": _order_channels,
    "web_channels": _web_channels,
    "outside_hosts": _outside_hosts,
    "session_variants": _session_variants,
    "stages": _stages,
    "touchpoint_rules": _touchpoint_rules,
    "attributes": _attributes,
    "rule_conditions": _rule_conditions,
    "funnel_step_conditions": _funnel_step_conditions,
    "session_rules": _session_rules,
    "funnels": _funnels,
    "funnel_rules": _funnel_rules,
    "funnel_exclusions": _funnel_exclusions,
    "funnel_steps": _funnel_steps,
    "funnel_step_matches": _funnel_step_matches,
    "retentions": _retentions,
    "retention_touchpoints": _retention_touchpoints,
    "retention_brackets": _retention_brackets,
    "personas": _personas,
    "persona_conditions": _persona_conditions,
    "surveys": _surveys,
    "changes": _changes,
    "change_segments": _change_segments,
    "change_moves": _change_moves,
    "stage_words": _stage_words,
    "opportunities": _opportunities,
    "calendar": _calendar,
    "path_stages": _path_stages,
    "path_limits": _path_limits,
    "path_order": _path_order,
    "kpis": kpi_rows,
    "targets": _targets,
    "staff": _staff,
}
"""The rows of each table, by its name; `sql/settings/<name>.sql` says its columns, in the order of the values."""

INSERTED = {
    # The address itself never gets into the database: it is hashed while the row is inserted.
    "staff": "select identifier from (select kind || ':' || case when kind = 'email' then pseudonym(value) "
    f"else {hidden_id('trim(value)', of_person=True)} end as identifier "
    "from listed as listed(kind, value)) where identifier is not null",
}
"""What is inserted of the rows `listed`, where it is not they."""

SETTINGS_TABLES = tuple(read_declaration(f"settings.{name}") for name in ROWS)


def write_settings(connection: duckdb.DuckDBPyConnection, settings: JourneySettings) -> dict[str, int]:
    """Replace all `settings.*` tables in one transaction; returns the rows of each."""
    rows = {table.name: ROWS[table.name](settings) for table in SETTINGS_TABLES}
    with transaction(connection):
        prepare_log(connection)
        connection.execute(";".join(f"create or replace table {t.table} ({t.definition})" for t in SETTINGS_TABLES))
        for table in SETTINGS_TABLES:
            _insert(connection, table, table.table, rows[table.name])
        note_versions(
            connection,
            {table.table: _version(connection, table, rows[table.name], table.table) for table in SETTINGS_TABLES},
        )
    return {name: len(found) for name, found in rows.items()}


def settings_versions(connection: duckdb.DuckDBPyConnection, settings: JourneySettings) -> dict[str, str]:
    """The version that each table would have of these settings; none of them is written."""
    found = {}
    for table in SETTINGS_TABLES:
        rows = ROWS[table.name](settings)
        if table.name in INSERTED:
            connection.execute(f"create or replace temp table settings_now ({table.definition})")
            _insert(connection, table, "settings_now", rows)
        found[table.table] = _version(connection, table, rows, "settings_now")
    return found


def _insert(connection: duckdb.DuckDBPyConnection, table: DeclaredTable, name: str, rows: Sequence[Row]) -> None:
    """Insert the rows of the settings into a table of this name."""
    if rows:
        inserted = INSERTED.get(table.name, "select * from listed")
        connection.execute(f"with listed as ({values(rows)}) insert into {name} {inserted}", flat(rows))


def _version(connection: duckdb.DuckDBPyConnection, table: DeclaredTable, rows: Sequence[Row], name: str) -> str:
    """The version of a table with these rows, whatever their order; what is hidden as it is inserted is read from the
    table of this name, so that no version tells it."""
    if table.name in INSERTED:
        written = connection.execute(f"select cast(t as text) from {name} as t").fetchall()
        said = sorted(text for (text,) in written)
    else:
        said = sorted(map(repr, rows))
    return f"{table.definition} {hashlib.sha256(repr(said).encode()).hexdigest()}"
