"""journey.yaml as tables: settings reach SQL as rows to join, never as text in a query.

Each function here returns the rows of one `settings.*` table; `SETTINGS_TABLES` says its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from parcours.settings.kpis import kpi_rows
from parcours.settings.schema import JourneySettings, PathLimit, PathStage
from parcours.warehouse.comments import by_name
from parcours.warehouse.connection import transaction
from parcours.warehouse.refresh_log import note_change, prepare_log

Row = Sequence[Any]


@dataclass(frozen=True)
class SettingsTable:
    """One table of settings: what a row is, its columns (name and type) with their sentences, its rows, and what is
    inserted of one (None: all)."""

    name: str
    description: str
    typed_columns: Mapping[str, str]
    rows: Callable[[JourneySettings], list[Row]]
    select: str | None = None

    @property
    def table(self) -> str:
        """Its qualified name."""
        return f"settings.{self.name}"

    @property
    def columns(self) -> dict[str, str]:
        """The sentence of each column."""
        return by_name(self.typed_columns)


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
            s.sessions.engaged_seconds,
            s.sessions.engaged_views,
            _seconds(m.cart_silence_hours, hour),
            _seconds(m.cart_action_hours, hour),
            s.comparison.reach_days,
            s.friction.rage_seconds,
            _seconds(s.friction.support_contact_hours, hour),
        )
    ]


def _outages(s: JourneySettings) -> list[Row]:
    return [tuple(s.outages.model_dump().values())]


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
        {
            "name text": "shown in the report's title",
            "time_zone text": "IANA name; days and hours are those there",
            "currency text": "ISO 4217 code of all amounts",
            "language text": "language of dates and numbers in the report",
            "session_timeout_seconds double": "a strictly greater gap starts a new session",
            "session_maximum_seconds double": "a session that has lasted so long is cut",
            "cart_horizon_seconds double": "an order within it makes a cart converted",
            "retention_days bigint": "a second order within it makes a customer retained",
            "inactivity_seconds double": "a journey silent for longer has ended",
            "attribution_seconds double": "an order belongs to the last session within it",
            "survey_lag_seconds double": "how long after something an answer may come and belong to it",
            "identity_link_limit bigint": "an identifier that meets more customers than this links nothing",
            "small_cell bigint": "below it counts are shown and rates are not ranked",
            "comparison_window_days bigint": "at most this many days on each side of a change",
            "guard_days bigint": "days left out on each side of a change",
            "bot_events_per_hour bigint": "a person with more events within any 60 minutes is a bot",
            "leaves_out_screened boolean": "whether bots and staff are in no figure",
            "cuts_sessions_at_midnight boolean": "whether midnight of the shop starts a session",
            "cuts_sessions_at_campaigns boolean": "whether another campaign starts a session",
            "runaway_touchpoints bigint": "a session with more touchpoints is in quarantine",
            "engaged_seconds double": "a session that lasts longer is engaged",
            "engaged_views bigint": "a session with so many views is engaged",
            "cart_silence_seconds double": "a cart with something in it, untouched for so long, is abandoned",
            "cart_action_seconds double": "a cart left for so long is due for a reminder",
            "comparison_reach_days bigint": "nothing further from a change is looked at",
            "rage_seconds double": "three times the same within it is a rage repeat",
            "support_contact_seconds double": "asking for help within it is held against the touchpoint before",
        },
        _shop,
    ),
    SettingsTable(
        "outages",
        "One row: when a day is one on which tracking or payment was down.",
        {
            "tracking_touchpoint_share double": "tracking: down only with fewer of the median day's touchpoints",
            "tracking_order_share double": "tracking: down only with at least so many of the median day's orders",
            "payment_checkouts bigint": "payment: judged from so many sessions with a checkout on",
            "payment_order_share double": "payment: down only if fewer of the expected number ordered",
            "payment_deviations double": "payment: down if more standard deviations are missing",
            "payment_error_share double": "payment: or down if so many of these sessions met an error",
            "neighbouring_days bigint": "payment: expected is what so many days before and after give",
        },
        _outages,
    ),
    SettingsTable(
        "session_variants",
        "One row per way to cut sessions that is compared: 15, 30 and 60 minutes, cut at midnight or not, and the "
        "shop's own. Its bit marks it in journeys.session_variants.",
        {
            "variant_number bigint": "1, 2, …",
            "variant text": "the timeout, and whether midnight cuts",
            "timeout_seconds double": "a strictly greater gap starts a new session",
            "cuts_at_midnight boolean": "whether midnight of the shop starts a session",
            "is_chosen boolean": "the shop's own",
            "bit bigint": "2 to the power of the number − 1",
        },
        _session_variants,
    ),
    SettingsTable(
        "stages",
        "One row per stage of the journey, in the order of the map.",
        {
            "stage text": "its id in journey.yaml",
            "stage_position bigint": "1, 2, …, in the order of the journey",
            "stage_label text": "as pages call it",
            "is_required boolean": "false: it never gates",
            "to_be_rate double": "target: the share of journeys that should go on from it; null: none",
        },
        _stages,
    ),
    SettingsTable(
        "touchpoint_rules",
        "One row per event name of a rule; the lowest rule number that matches wins.",
        {
            "rule_number bigint": "1, 2, …, in the order of journey.yaml",
            "source text": "export of the event; null: any",
            "event_name text": "as the source names it; null: any",
            "url_pattern text": "SQL like pattern of the URL's path; null: any",
            "touchpoint text": "what the event is called",
            "stage text": "stage it belongs to; null: none",
            "action text": "what it does to a cart, or how sessions count it; null: nothing",
        },
        _touchpoint_rules,
    ),
    SettingsTable(
        "funnels",
        "One row per funnel.",
        {
            "funnel_id text": "its id in journey.yaml",
            "funnel_name text": "as pages call it",
            "unit text": "what is counted: person, session, journey, order or cart",
            "window_seconds double": "the last step comes at most this long after the first",
            "step_count bigint": "how many steps it has",
            "funnel_number bigint": "1, 2, …, in the order of journey.yaml",
        },
        _funnels,
    ),
    SettingsTable(
        "funnel_steps",
        "One row per step of a funnel.",
        {
            "funnel_id text": "of settings.funnels",
            "step_number bigint": "1, 2, …",
            "step_label text": "as pages call it",
        },
        _funnel_steps,
    ),
    SettingsTable(
        "funnel_step_matches",
        "One row per alternative of a funnel's step; null matches anything.",
        {
            "funnel_id text": "of settings.funnels",
            "step_number bigint": "of settings.funnel_steps",
            "touchpoint text": "touchpoint that is the step; null: any",
            "stage text": "stage whose touchpoints are the step; null: any",
            "device text": "on this device only; null: any",
            "channel text": "from this channel only; null: any",
        },
        _funnel_step_matches,
    ),
    SettingsTable(
        "retentions",
        "One row per calendar retention table.",
        {
            "retention_id text": "its id in journey.yaml",
            "retention_label text": "as pages call it",
            "period text": "hour, day, week or month",
            "cohort text": "first: of the first entry; every: of each period with an entry",
        },
        _retentions,
    ),
    SettingsTable(
        "retention_touchpoints",
        "One row per touchpoint that enters a cohort or comes back; null matches anything.",
        {
            "retention_id text": "of settings.retentions",
            "role text": "entry or comeback",
            "touchpoint text": "the touchpoint; null: any",
        },
        _retention_touchpoints,
    ),
    SettingsTable(
        "personas",
        "One row per persona; the first that fits is the person's.",
        {
            "persona text": "its id in journey.yaml",
            "persona_position bigint": "1, 2, …: the order in which they are tried",
            "persona_label text": "as pages call it",
        },
        _personas,
    ),
    SettingsTable(
        "persona_conditions",
        "One row per accepted value of a persona's condition.",
        {
            "persona text": "of settings.personas",
            "condition_number bigint": "1, 2, …: all of a persona's must hold",
            "attribute text": "what is looked at, of journeys.people",
            "value text": "accepted",
        },
        _persona_conditions,
    ),
    SettingsTable(
        "changes",
        "One row per change that the shop made.",
        {
            "change_id text": "its id in journey.yaml",
            "change_label text": "as pages call it",
            "changed_on date": "shop day on which it came",
            "stage text": "stage that it concerns; null: not said",
            "what text": "what was done; empty: not said",
        },
        _changes,
    ),
    SettingsTable(
        "change_segments",
        "One row per value of the part of the people a change concerned; no row means everybody.",
        {
            "change_id text": "of settings.changes",
            "attribute text": "persona or device",
            "value text": "one that it concerned",
        },
        _change_segments,
    ),
    SettingsTable(
        "path_stages",
        "One row per stage: what the intended path says of it, and the longest time in it (null: any).",
        {
            "stage text": "of settings.stages",
            "stage_position bigint": "1, 2, …, in the order of the journey",
            "rule text": "required, optional or forbidden",
            "maximum_seconds double": "visits of a journey in it last at most so long; null: any time",
        },
        _path_stages,
    ),
    SettingsTable(
        "path_limits",
        "One row per pair of places of the intended path with a longest time between them; a place is a stage or a "
        "touchpoint.",
        {
            "limit_number bigint": "1, 2, …, in the order of journey.yaml",
            "from_type text": "stage or touchpoint",
            "from_place text": "where the time begins",
            "to_type text": "stage or touchpoint",
            "to_place text": "where it ends",
            "maximum_seconds double": "more than this is late",
        },
        _path_limits,
    ),
    SettingsTable(
        "path_order",
        "One row per touchpoint of those that should follow each other; alternatives share a number.",
        {
            "place_number bigint": "1, 2, …, in the order in which they should follow",
            "place text": "the touchpoints that are this place, as one text",
            "touchpoint text": "one of them",
        },
        _path_order,
    ),
    SettingsTable(
        "kpis",
        "One row per figure that attempts make, in the order in which a change lists them: the catalogue.",
        {
            "kpi text": "its id, as in metrics.kpi_attempts",
            "kpi_position bigint": "1, 2, …, in the order in which a change lists them",
            "kpi_label text": "as pages call it",
            "name_in_sentence text": "as a sentence calls it",
            "unit text": "share or currency",
            "is_higher_better boolean": "false: less of it is better",
            "denominator_name text": "what it is a share or mean of",
            "horizon_seconds double": "an attempt is matured so long after it began",
            "attempts_table text": "the table that holds its attempts",
            "is_headline boolean": "whether it stands among the headline figures",
            "funnel_id text": "of settings.funnels; null: it is no step's",
            "step_number bigint": "of settings.funnel_steps; null: it is no step's",
        },
        kpi_rows,
    ),
    SettingsTable(
        "targets",
        "One row per headline figure that has a to-be target.",
        {
            "kpi text": "the figure, of metrics.kpis",
            "target double": "the share that it should reach",
        },
        _targets,
    ),
    SettingsTable(
        "staff",
        "One row per identifier (kind:value) of the shop's own staff; e-mails as pseudonyms only.",
        {
            "identifier text": "kind:value",
        },
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
            columns = ", ".join(table.typed_columns)
            connection.execute(f"create or replace table {table.table} ({columns})")
            if rows:
                select = table.select or f"values ({', '.join('?' for _ in rows[0])})"
                connection.executemany(f"insert into {table.table} {select}", rows)
            said = connection.execute(
                "select md5(coalesce(string_agg(cast(t as text), '|' order by cast(t as text)), '')) "
                f"from {table.table} as t"
            ).fetchall()
            note_change(connection, table.table, f"{columns} {said[0][0]}")
            counts[table.name] = len(rows)
    return counts
