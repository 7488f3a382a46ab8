"""Sessions, by a slow and obvious second implementation: one person at a time, one touchpoint at a time.

It is written from docs/definitions.md, in plain Python, and agrees with the SQL on random visits under every option:
timeout, longest session, cut at midnight of the shop, cut where the campaign changes, the ids of the tracker, runaway
sessions in quarantine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from given import at, event, examples, rows, settings, warehouse
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
STAGES = {"landing": "discovery", "product": "consideration", "add": "cart", "remove": "cart", "checkout": "checkout",
          "failed": "checkout", "purchased": "purchase", "help": "support"}  # fmt: skip
MAP = ["discovery", "consideration", "cart", "checkout", "purchase", "support"]
VIEWS, KEY_EVENTS, ERRORS = {"landing", "product", "help"}, {"purchased"}, {"failed"}
FACTS = (
    "person_id, started_at, ended_at, duration_seconds, touchpoint_count, view_count, error_count, landing_path, "
    "exit_path, device, furthest_stage, is_engaged"
)


@dataclass(frozen=True)
class Options:
    """The keys of `sessions` in journey.yaml, and the shop's time zone."""

    timeout_minutes: float = 30
    maximum_hours: float = 24
    cut_at_midnight: bool = False
    cut_at_campaign_change: bool = False
    runaway_touchpoints: int = 1000
    cut_by: str = "timeout"
    time_zone: str = "UTC"

    def sections(self) -> dict[str, Any]:
        """As in journey.yaml."""
        own = dict(vars(self))
        zone = own.pop("time_zone")
        shop = {"name": "Test shop", "time_zone": zone, "currency": "EUR", "language": "en"}
        return {"shop": shop, "sessions": own}


def sessions_by_hand(visits: Iterable[dict[str, Any]], options: Options) -> list[list[dict[str, Any]]]:
    """Each session's touchpoints in order."""
    found = []
    visits = list(visits)
    for who in sorted({visit["anonymous_id"] for visit in visits}):
        # What no person caused neither opens nor extends a session. Equal instants: by sequence, then by id.
        mine = [visit for visit in visits if visit["anonymous_id"] == who and visit.get("is_person_caused", True)]
        mine.sort(key=lambda v: (v["occurred_at"], v.get("sequence") is None, v.get("sequence") or 0, v["event_id"]))
        runs: list[list[dict[str, Any]]] = []
        campaign = None
        # Touchpoints of one instant are never cut apart.
        held, ids_known = _held(mine, options), False
        for now, together in groupby(mine, key=lambda visit: visit["occurred_at"]):
            at_once = list(together)
            campaigns = {visit.get("campaign_name") or visit.get("campaign_source") for visit in at_once} - {None}
            has_id = options.cut_by == "tracker" and any(visit.get("tracker_session_id") for visit in at_once)
            before = runs[-1][-1]["occurred_at"] if runs else None
            if before is None or not any(first <= before and now <= last for first, last in held):
                is_gap = before is None or _is_cut(before, now, bool(campaigns - {campaign}), options)
                if is_gap or (has_id and ids_known):
                    runs.append([])
                    ids_known = False
            ids_known = ids_known or has_id
            runs[-1] += at_once
            campaign = max(campaigns, default=campaign)
        for run in runs:
            longest = timedelta(hours=options.maximum_hours)
            pieces: dict[int, list[dict[str, Any]]] = {}
            for visit in run:
                pieces.setdefault((visit["occurred_at"] - run[0]["occurred_at"]) // longest, []).append(visit)
            found += list(pieces.values())
    return found


def _held(mine: list[dict[str, Any]], options: Options) -> list[tuple[datetime, datetime]]:
    """From when until when each id of the tracker holds a person's session together."""
    if options.cut_by != "tracker":
        return []
    held: list[tuple[datetime, datetime]] = []
    for own in {visit.get("tracker_session_id") for visit in mine} - {None}:
        instants = [visit["occurred_at"] for visit in mine if visit.get("tracker_session_id") == own]
        pieces: dict[int, list[datetime]] = {}
        for instant in instants:
            piece = (instant - instants[0]) // timedelta(hours=options.maximum_hours)
            pieces.setdefault(piece, []).append(instant)
        held += [(piece[0], piece[-1]) for piece in pieces.values()]
    return held


def _is_cut(before: datetime, now: datetime, another_campaign: bool, options: Options) -> bool:
    zone = ZoneInfo(options.time_zone)
    days = [instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).date() for instant in (before, now)]
    return (
        now - before > timedelta(minutes=options.timeout_minutes)
        or (options.cut_at_midnight and days[0] != days[1])
        or (options.cut_at_campaign_change and another_campaign)
    )


def facts_by_hand(session: list[dict[str, Any]]) -> tuple[Any, ...]:
    """What is said of a session, in the order of FACTS; the person's device stands for the person."""
    names = [visit["event_name"] for visit in session]
    first, last = session[0]["occurred_at"], session[-1]["occurred_at"]
    pages = [visit["url_path"] for visit in session if visit.get("url_path")]
    stages = [STAGES[name] for name in names if name in STAGES]
    views = sum(name in VIEWS for name in names)
    return (
        session[0]["anonymous_id"],
        first,
        last,
        (last - first) / timedelta(seconds=1),
        len(session),
        views,
        sum(name in ERRORS for name in names),
        pages[0] if pages else None,
        pages[-1] if pages else None,
        session[0]["device"],
        max(stages, key=MAP.index) if stages else None,
        last - first > timedelta(seconds=10) or views >= 2 or any(name in KEY_EVENTS for name in names),
    )


def assert_agrees(visits: list[dict[str, Any]], options: Options) -> None:
    visits = [{"event_id": f"e{number:03d}", **visit} for number, visit in enumerate(visits)]
    shop = settings(**options.sections())
    built = warehouse(events=visits, build=["journeys.sessions", "journeys.quarantined_sessions"], shop=shop)
    by_hand = sessions_by_hand(visits, options)
    kept = [session for session in by_hand if len(session) <= options.runaway_touchpoints]
    runaways = [session for session in by_hand if len(session) > options.runaway_touchpoints]

    query = "select distinct person_id, identifier[11:] from journeys.identities where identifier like 'anonymous:%'"
    devices = dict(rows(built, query))
    found = [(devices[person], *facts) for person, *facts in rows(built, f"select {FACTS} from journeys.sessions")]
    assert sorted(found, key=str) == sorted(map(facts_by_hand, kept), key=str)
    found = rows(built, "select person_id, started_at, ended_at, touchpoint_count from journeys.quarantined_sessions")
    wanted = [(s[0]["anonymous_id"], s[0]["occurred_at"], s[-1]["occurred_at"], len(s)) for s in runaways]
    assert sorted((devices[person], *facts) for person, *facts in found) == sorted(wanted)

    # Which touchpoints are together, not only how many.
    together = rows(
        built,
        "select list(touchpoint_id order by occurred_at, sequence nulls last, touchpoint_id) "
        "from journeys.touchpoints where is_on_site "
        "group by person_id, session_id",
    )
    ids = [[f"event:{visit['event_id']}" for visit in session] for session in by_hand]
    assert sorted(members for (members,) in together) == sorted(ids)
    numbers = rows(
        built,
        "select count(*), count(distinct session_number), min(session_number), max(session_number) "
        "from journeys.sessions group by person_id",
    )
    assert all((one, two, low, high) == (one, one, 1, one) for one, two, low, high in numbers)


instants = st.one_of(
    st.integers(0, 8 * 3600).map(float),
    st.integers(0, 16).map(lambda n: n * 30 * MINUTE),  # exact multiples of the timeout
    st.integers(0, 16).map(lambda n: n * 30 * MINUTE + 0.000001 * (n % 2)),
    st.integers(0, 60).map(lambda n: n * HOUR),
    st.integers(0, 40).map(lambda n: n * 10.0),  # engaged or not
)
visits = st.lists(
    st.fixed_dictionaries(
        {
            "anonymous_id": st.sampled_from("abcdef"),
            "occurred_at": instants.map(at),
            "event_name": st.sampled_from([*STAGES, "mystery"]),
            "device": st.sampled_from(["mobile", "desktop"]),
        },
        optional={
            "sequence": st.sampled_from([1, 2]),
            "url_path": st.sampled_from(["/", "/mug", "/bowl"]),
            "campaign_name": st.sampled_from(["may", "june"]),
            "campaign_source": st.sampled_from(["news", "may"]),
            "is_person_caused": st.sampled_from([True, True, True, False]),
            "tracker_session_id": st.sampled_from(["s1", "s2", "s3"]),
        },
    ),
    min_size=1,
    max_size=80,
)
options = st.builds(
    Options,
    timeout_minutes=st.sampled_from([0.0, 1.0, 30.0, 30.0, 90.0]),
    maximum_hours=st.sampled_from([1.0, 24.0, 24.0]),
    cut_at_midnight=st.booleans(),
    cut_at_campaign_change=st.booleans(),
    runaway_touchpoints=st.sampled_from([2, 5, 1000, 1000]),
    cut_by=st.sampled_from(["timeout", "tracker"]),
    time_zone=st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]),
)


@pytest.mark.random
@budget(max_examples=examples(8, 100), deadline=None, suppress_health_check=list(HealthCheck))
@given(visits, options)
def test_equal_to_walking_through_each_persons_touchpoints(seen: list[dict[str, Any]], how: Options) -> None:
    assert_agrees(seen, how)


@pytest.mark.parametrize(
    ("how", "seen", "wanted"),
    [
        (Options(), [(0, None), (30 * MINUTE, None), (60 * MINUTE + 1, None)], [2, 1]),
        (Options(maximum_hours=1), [(n * 20 * MINUTE, None) for n in range(7)], [3, 3, 1]),
        (Options(), [(24 * HOUR - 1, None), (24 * HOUR, None)], [2]),
        (Options(cut_at_midnight=True), [(24 * HOUR - 1, None), (24 * HOUR, None)], [1, 1]),
        (Options(cut_at_midnight=True, time_zone="Asia/Tokyo"), [(24 * HOUR - 1, None), (24 * HOUR, None)], [2]),
        (Options(cut_at_midnight=True, time_zone="Asia/Tokyo"), [(15 * HOUR - 1, None), (15 * HOUR, None)], [1, 1]),
        (Options(), [(0, "may"), (60, "june")], [2]),
        (Options(cut_at_campaign_change=True), [(0, "may"), (60, "june"), (120, None), (180, "june")], [1, 3]),
        (Options(cut_at_campaign_change=True), [(0, None), (60, "may"), (120, "may")], [1, 2]),
        # The campaign is the last the person came with, in whatever session.
        (Options(cut_at_campaign_change=True), [(0, "may"), (HOUR, None), (HOUR + 60, "may")], [1, 2]),
    ],
)
def test_the_second_implementation_by_example(
    how: Options, seen: list[tuple[float, str | None]], wanted: list[int]
) -> None:
    events = [
        dict(event("u", when, "landing", device="mobile", event_id=f"e{n}", campaign_name=campaign))
        for n, (when, campaign) in enumerate(seen)
    ]
    assert [len(session) for session in sessions_by_hand(events, how)] == wanted
