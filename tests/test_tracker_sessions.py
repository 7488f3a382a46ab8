"""Sessions by the tracker's own ids: `sessions.cut_by: tracker`, and what each format gives.

The rule on random visits, in plain Python: `test_sessions_by_hand.py`; as a variant: `test_session_sensitivity.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from extreme_values import sound_row, written
from format_shops import built
from given import at, event, order, project, rows, settings, warehouse
from shops import load, query

from parcours.loading.settings_tables import write_settings
from parcours.project import Project
from parcours.tables.catalogue import build_all

MINUTE, HOUR = 60.0, 3600.0
TRACKER = {"cut_by": "tracker"}
SESSIONS = ["journeys.sessions"]
Seen = tuple[float, str | None]


def by_tracker(devices: list[list[Seen]], **sessions: Any) -> list[list[int]]:
    """Of each device: how many touchpoints its sessions have, of events at minutes with ids of the tracker."""
    events = [
        event(f"d{n:02d}", minutes * MINUTE, "landing", tracker_session_id=own)
        for n, seen in enumerate(devices)
        for minutes, own in seen
    ]
    made = warehouse(events=events, build=SESSIONS, shop=settings(sessions={**TRACKER, **sessions}))
    found = rows(
        made,
        "select list(touchpoint_count order by session_number) from journeys.sessions "
        "inner join journeys.identities using (person_id) group by identifier order by identifier",
    )
    return [counts for (counts,) in found]


CASES: list[tuple[list[Seen], list[int]]] = [
    ([(0, "a"), (45, "a"), (300, "a")], [3]),  # however long the silence
    ([(0, "a"), (1, "b")], [1, 1]),  # however short it is
    ([(0, None), (30, None), (61, None)], [2, 1]),  # nobody has an id: the timeout
    ([(0, "a"), (30, None), (60, None), (91, None)], [3, 1]),  # without an id: by the gap
    ([(0, "a"), (5, None), (10, "b")], [2, 1]),  # b is another one than a, whatever lies between
    ([(0, None), (5, "a"), (10, None), (15, "a")], [4]),  # what comes first gets its id later
    ([(0, "a"), (31, None), (40, "b")], [1, 2]),
    ([(0, "a"), (40, None), (80, "a")], [3]),  # within what an id holds together
    ([(0, "a"), (5, "b"), (10, "a"), (20, "b"), (25, "c")], [4, 1]),  # ids that interleave are one
    ([(0, "a"), (5, "b"), (5, "a"), (6, "b")], [4]),
    ([(0, "a"), (5, "b"), (5, None), (6, "c")], [1, 2, 1]),  # of one instant: never cut apart
    ([(0, "a"), (23 * 60, "a"), (24 * 60, "a"), (47 * 60, "a")], [2, 2]),  # an id holds for 24 hours
    ([(0, "a"), (10, "b"), (15 * 24 * 60, "a")], [1, 1, 1]),  # a call that came two weeks late holds nothing
]


def test_an_id_of_the_tracker_says_what_a_session_is() -> None:
    found = by_tracker([seen for seen, _ in CASES])
    assert [(seen, counts) for (seen, _), counts in zip(CASES, found, strict=True)] == CASES


def test_midnight_cuts_only_where_no_id_holds() -> None:
    midnight = 24.0 * 60
    seen: list[Seen] = [(midnight - 2, "a"), (midnight + 1, "a"), (midnight + 2, None), (2 * midnight - 1, None)]
    assert by_tracker([[*seen, (2 * midnight, None)]], cut_at_midnight=True) == [[3, 1, 1]]


def test_ids_say_nothing_unless_journey_yaml_says_so() -> None:
    events = [event("u", when, "landing", tracker_session_id=own) for when, own in ((0, "a"), (60, "b"), (HOUR, "b"))]
    made = warehouse(events=events, build=SESSIONS)
    assert rows(made, "select touchpoint_count from journeys.sessions order by session_number") == [(2,), (1,)]


def test_one_id_of_two_people_is_two_sessions() -> None:
    events = [event(who, n * HOUR, "landing", tracker_session_id="a") for n in range(2) for who in "uv"]
    made = warehouse(events=events, build=SESSIONS, shop=settings(sessions=TRACKER))
    assert rows(made, "select touchpoint_count from journeys.sessions") == [(2,), (2,)]


def test_two_devices_of_one_person_at_once_are_one_session_and_one_after_the_other_are_two() -> None:
    who = {"customer_id": "c1"}
    events = [
        event("phone", 0, "landing", tracker_session_id="p", **who),
        event("laptop", 5 * MINUTE, "product", tracker_session_id="l", **who),
        event("phone", 10 * MINUTE, "product", tracker_session_id="p", **who),
        event("laptop", 15 * MINUTE, "product", tracker_session_id="l", **who),
        event("tablet", 20 * MINUTE, "product", tracker_session_id="t", **who),
    ]
    made = warehouse(events=events, build=SESSIONS, shop=settings(sessions=TRACKER))
    assert rows(made, "select touchpoint_count from journeys.sessions order by session_number") == [(4,), (1,)]


def test_without_stitching_each_identifier_has_the_sessions_of_its_own_ids() -> None:
    seen = [(0, "a", None), (5, "a", "c1"), (70, "a", "c1"), (80, "b", None), (140, "b", "c1"), (150, "c", "c1")]
    events = [
        event("phone", minutes * MINUTE, "landing", tracker_session_id=own, customer_id=who)
        for minutes, own, who in seen
    ]
    build = [*SESSIONS, "journeys.unstitched_sessions"]
    made = warehouse(events=events, build=build, shop=settings(sessions=TRACKER))
    assert rows(made, "select touchpoint_count from journeys.sessions order by session_number") == [(3,), (2,), (1,)]
    found = "select identifier, started_at, ended_at from journeys.unstitched_sessions order by 1, 2"
    assert rows(made, found) == [
        ("anonymous:phone", at(0), at(0)),
        ("anonymous:phone", at(80 * MINUTE), at(80 * MINUTE)),
        ("customer:c1", at(5 * MINUTE), at(70 * MINUTE)),
        ("customer:c1", at(140 * MINUTE), at(140 * MINUTE)),
        ("customer:c1", at(150 * MINUTE), at(150 * MINUTE)),
    ]


def test_pings_hold_no_session_and_have_none() -> None:
    rules = [
        {"touchpoint": "ping", "event": "heartbeat", "opens_session": False},
        {"touchpoint": "landing", "event": "landing", "stage": "discovery", "action": "view"},
    ]
    events = [
        event("u", 0, "landing", tracker_session_id="a"),
        event("u", 40 * MINUTE, "heartbeat", tracker_session_id="a"),
        event("u", 45 * MINUTE, "landing"),
        event("u", 2 * HOUR, "heartbeat", tracker_session_id="b"),
    ]
    made = warehouse(events=events, build=SESSIONS, shop=settings(sessions=TRACKER, touchpoints=rules))
    assert rows(made, "select touchpoint_count from journeys.sessions order by session_number") == [(1,), (1,)]


def test_an_order_belongs_to_the_session_that_it_was_placed_in() -> None:
    events = [
        event("u", when, "product", tracker_session_id=own, customer_id="c1")
        for when, own in ((0, "a"), (HOUR, "b"), (3 * HOUR, "b"))
    ]
    made = warehouse(
        events=events,
        order_rows=[order("#1", 2 * HOUR, customer_id="c1"), order("#2", 10 * MINUTE, customer_id="c1")],
        build=SESSIONS,
        shop=settings(sessions=TRACKER),
    )
    found = "select started_at, ended_at, order_count from journeys.sessions order by 1"
    assert rows(made, found) == [(at(0), at(0), 1), (at(HOUR), at(3 * HOUR), 1)]


def test_sessions_of_screened_people_are_cut_alike_whether_or_not_they_are_left_out() -> None:
    events = [event("u", when, "landing", tracker_session_id=own) for when, own in ((0, "a"), (60, "b"), (HOUR, "b"))]
    events += [event("t", when, "landing", tracker_session_id="a", customer_id="s1") for when in (0, HOUR)]
    found = []
    for leave_out in (True, False):
        screening = {"staff_customer_ids": ["s1"], "leave_out": leave_out}
        build = [*SESSIONS, "metrics.screening"]
        made = warehouse(events=events, build=build, shop=settings(sessions=TRACKER, screening=screening))
        found.append(rows(made, "select * from metrics.screening where figure = 'sessions'"))
        assert rows(made, "select count(*) from journeys.sessions") == [(2 if leave_out else 3,)]
    assert found[0] == found[1]


def test_by_the_trackers_own_ids_is_a_variant_where_there_are_any() -> None:
    events = [event("u", when, "landing", tracker_session_id=own) for when, own in ((0, "a"), (60, "b"), (HOUR, "b"))]
    events.append(event("v", 0, "landing"))
    made = warehouse(events=events, build=["metrics.session_sensitivity"])
    query = (
        "select variant, session_count, is_chosen from metrics.session_sensitivity where cuts_by_tracker or is_chosen"
    )
    assert rows(made, f"{query} order by variant_number") == [("30 min", 3, True), ("tracker's own ids", 3, False)]
    write_settings(made, settings(sessions=TRACKER))
    build_all(made, project(settings(sessions=TRACKER)), ["metrics.session_sensitivity"])
    assert rows(made, query) == [("tracker's own ids", 3, True)]


def shop(folder: Path, *files: dict[str, Any]) -> Project:
    """A shop of some exports, whose sessions are the tracker's."""
    sections = settings(exports={"folder": ".", "files": list(files)}, sessions=TRACKER)
    return Project(folder / "journey.yaml", sections, folder, folder)


def lines(path: Path, written: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in written))


IDS = "select tracker_session_id from raw.events order by occurred_at, line"


def test_segment_and_rudderstack_say_it_in_the_context_for_a_device(tmp_path: Path) -> None:
    call = {"type": "track", "event": "product", "timestamp": "2026-03-02T09:00:00Z"}
    given = [("d1", 1669627968), ("d2", 1669627968), ("d3", None), ("d4", ""), ("jo@example.com", 1669627968)]
    lines(
        tmp_path / "web.jsonl",
        [
            {**call, "messageId": f"m{n}", "anonymousId": who, "context": {"sessionId": own}}
            for n, (who, own) in enumerate(given)
        ],
    )
    found_shop = shop(tmp_path, {"name": "web", "path": "web.jsonl", "format": "segment"})
    load(found_shop)
    found = [own for (own,) in query(found_shop, IDS)]
    assert found[:4] == ["d1/1669627968", "d2/1669627968", None, None]
    assert len(found[4]) == 64  # an address in an id is hidden, as everywhere


def test_ids_of_two_trackers_are_told_apart_and_an_exempt_export_has_none(tmp_path: Path) -> None:
    event = {"uuid": "h1", "event": "$pageview", "timestamp": "2026-03-02T09:00:00Z", "distinct_id": "d1"}
    event |= {"person_id": "h1", "properties": {"$session_id": "0195-s"}}  # type: ignore[dict-item]
    lines(tmp_path / "a.jsonl", [event])
    lines(tmp_path / "b.jsonl", [event])
    lines(tmp_path / "c.jsonl", [event])
    exports = [{"name": name, "path": f"{name}.jsonl", "format": "posthog_events"} for name in "abc"]
    found_shop = shop(tmp_path, *exports[:2], {**exports[2], "consent": "exempt"})
    load(found_shop)
    found = "select export, tracker_session_id from raw.events order by 1"
    assert built(found_shop, found, SESSIONS) == [("a", "a:0195-s"), ("b", "b:0195-s"), ("c", None)]
    assert query(found_shop, "select count(*) from journeys.sessions") == [(1,)]  # one person, at one instant


FORMATS = {
    "segment": "a1/1782900000",
    "ga4_bigquery": "g1.1/1782900000",
    "posthog_events": "0195-1",
    "snowplow_enriched": "ds1",
    "matomo_visits": "1",
    "rees46_events": "r1",
}


def test_each_tracker_says_its_own_id(tmp_path: Path) -> None:
    files = []
    for name in FORMATS:
        ending, content = written(name, [sound_row(name, 1)])
        (tmp_path / f"{name}.{ending}").write_bytes(content)
        files.append({"name": name, "path": f"{name}.*", "format": name, "namespace": "one"})
    found_shop = shop(tmp_path, *files)
    load(found_shop)
    assert dict(query(found_shop, "select export, min(tracker_session_id) from raw.events group by 1")) == FORMATS
