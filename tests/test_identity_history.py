"""What was known then: whose an identifier was at a time, from the evidence up to that time alone."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
from given import Row, at, event, examples, order, rows, settings, warehouse
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from parcours.people.history import HISTORY, write_identity_history
from parcours.people.identities import write_identities

DAY = 86400.0
HISTORIES = [HISTORY]

Spell = tuple[str, str, bool, datetime | None, datetime | None]
Pair = tuple[str, str, float | None]


def person(smallest: str) -> str:
    """The id of the person whose smallest identifier this is."""
    return "p" + hashlib.md5(smallest.encode()).hexdigest()[:15]


def spells(built: duckdb.DuckDBPyConnection) -> list[Spell]:
    """The history, in a fixed order."""
    query = f"select identifier, person_then, is_identified, known_from, known_until from {HISTORY}"
    return rows(built, f"{query} order by identifier, known_from nulls first")


def test_a_device_is_a_stranger_until_the_login_and_a_second_device_until_its_own() -> None:
    built = warehouse(
        events=[
            event("laptop", 1 * DAY, "landing"),
            event("laptop", 3 * DAY, "landing", customer_id="c1"),
            event("a phone", 4 * DAY, "landing"),
            event("a phone", 5 * DAY, "landing", customer_id="c1"),
        ],
        build=HISTORIES,
    )
    laptop, phone = person("anonymous:laptop"), person("anonymous:a phone")
    day_3, day_5 = at(3 * DAY), at(5 * DAY)
    assert spells(built) == [
        ("anonymous:a phone", phone, False, None, day_5),
        ("anonymous:a phone", phone, True, day_5, None),
        ("anonymous:laptop", laptop, False, None, day_3),
        ("anonymous:laptop", laptop, True, day_3, day_5),
        ("anonymous:laptop", phone, True, day_5, None),
        ("customer:c1", person("customer:c1"), True, None, day_3),
        ("customer:c1", laptop, True, day_3, day_5),
        ("customer:c1", phone, True, day_5, None),
    ]
    assert rows(built, f"select distinct person_id from {HISTORY}") == [(phone,)]


def test_two_known_customers_are_two_people_until_an_order_ties_them() -> None:
    built = warehouse(
        events=[event("d1", 1 * DAY, "landing", customer_id="c1"), event("d2", 2 * DAY, "landing", email_hash="e2")],
        order_rows=[order("#1", 4 * DAY, customer_id="c1", email_hash="e2")],
        build=HISTORIES,
    )
    found = [row for row in spells(built) if row[0] in ("customer:c1", "email:e2")]
    first, second = person("anonymous:d1"), person("anonymous:d2")
    assert found == [
        ("customer:c1", person("customer:c1"), True, None, at(1 * DAY)),
        ("customer:c1", first, True, at(1 * DAY), None),
        ("email:e2", person("email:e2"), True, None, at(2 * DAY)),
        ("email:e2", second, True, at(2 * DAY), at(4 * DAY)),
        ("email:e2", first, True, at(4 * DAY), None),
    ]


def test_a_shared_tablet_never_merges_its_customers_and_has_no_history() -> None:
    events = [event("tablet", i * DAY, "landing", customer_id=f"c{i}") for i in range(4)]
    events += [event("phone", 9 * DAY, "landing", customer_id="c0")]
    built = warehouse(events=events, build=HISTORIES, shop=settings(measures={"identity_link_limit": 3}))
    assert {row[0] for row in spells(built)} == {"anonymous:phone", "customer:c0"}


def test_who_was_never_linked_has_no_history() -> None:
    built = warehouse(events=[event("phone", 0, "landing")], order_rows=[order("#1", 0)], build=HISTORIES)
    assert spells(built) == []


def test_a_crm_row_without_a_date_is_known_from_the_beginning() -> None:
    contacts = [{"contact_id": "k1", "customer_id": "c1"}]
    built = warehouse(contacts=contacts, build=HISTORIES)
    together = person("contact:k1")
    assert spells(built) == [
        ("contact:k1", together, True, None, None),
        ("customer:c1", together, True, None, None),
    ]


def test_an_order_without_a_name_identifies_nobody() -> None:
    built = warehouse(
        events=[event("phone", 5, "checkout", order_id="#1"), event("phone", DAY, "landing", customer_id="c1")],
        order_rows=[order("#1", 6)],
        build=HISTORIES,
    )
    phone = person("anonymous:phone")
    assert [row for row in spells(built) if row[0] == "order:#1"] == [
        ("order:#1", person("order:#1"), False, None, at(5)),
        ("order:#1", phone, False, at(5), at(DAY)),
        ("order:#1", phone, True, at(DAY), None),
    ]


def test_what_is_learned_at_one_instant_is_one_step() -> None:
    names: Row = {"customer_id": "c1", "email_hash": "e1"}
    built = warehouse(events=[event("phone", 60, "landing", **names)], build=HISTORIES)
    phone = person("anonymous:phone")
    assert spells(built) == [
        ("anonymous:phone", phone, False, None, at(60)),
        ("anonymous:phone", phone, True, at(60), None),
        ("customer:c1", person("customer:c1"), True, None, at(60)),
        ("customer:c1", phone, True, at(60), None),
        ("email:e1", person("email:e1"), True, None, at(60)),
        ("email:e1", phone, True, at(60), None),
    ]


def replayed(pairs: Iterable[Pair], unused: Iterable[Pair] = ()) -> duckdb.DuckDBPyConnection:
    """A warehouse with this evidence alone, used or not, its identities and their history."""
    built = duckdb.connect()
    built.execute("create schema journeys")
    built.execute("create table journeys.identifier_activity (identifier text)")
    built.execute(
        "create table journeys.identity_evidence (identifier text, other_identifier text, evidence text, "
        "first_seen_at timestamp, is_used boolean)"
    )
    found = [
        (one, other, None if seconds is None else at(seconds), is_used)
        for given_pairs, is_used in ((pairs, True), (unused, False))
        for one, other, seconds in given_pairs
    ]
    if found:
        built.executemany("insert into journeys.identity_evidence values (?, ?, 'event', ?, ?)", found)
    write_identities(built)
    write_identity_history(built)
    return built


def slow_spells(pairs: Sequence[Pair]) -> list[Spell]:
    """The slow, obvious form: at each instant the components of all pairs known by then, from scratch."""
    history: dict[str, list[list[Any]]] = defaultdict(list)
    names = sorted({name for one, other, _ in pairs for name in (one, other)})
    instants: list[float | None] = [None, *sorted({when for *_, when in pairs if when is not None})]
    for instant in instants:
        group = {name: {name} for name in names}
        for one, other, when in pairs:
            if when is None or (instant is not None and when <= instant):
                together = group[one] | group[other]
                group |= dict.fromkeys(together, together)
        for name in names:
            is_identified = any(other.split(":")[0] in ("customer", "email", "contact") for other in group[name])
            known = [person(min(group[name])), is_identified]
            now = None if instant is None else at(instant)
            if not history[name] or history[name][-1][:2] != known:
                if history[name]:
                    history[name][-1][3] = now
                history[name].append([*known, now, None])
    return [(name, *spell) for name in names for spell in history[name]]


def is_whole(built: duckdb.DuckDBPyConnection) -> None:
    """The last spell is today's person, and the spells leave no gap."""
    assert not rows(built, f"from {HISTORY} where known_until is null and person_then <> person_id")
    assert rows(
        built,
        f"select count(*) filter (where known_from is null) = count(distinct identifier), "
        f"count(*) filter (where known_until is null) = count(distinct identifier) from {HISTORY}",
    ) == [(True, True)]
    assert not rows(
        built,
        "select * from (select known_until, lead(known_from) over (partition by identifier "
        f"order by known_from nulls first) as next from {HISTORY}) where known_until is distinct from next",
    )


kinds = st.sampled_from(["anonymous", "customer", "email", "order", "contact"])
identifiers = st.builds("{}:{}".format, kinds, st.integers(0, 3))
times = st.one_of(st.none(), st.integers(0, 5).map(float))
evidence = st.lists(
    st.tuples(identifiers, identifiers, times).filter(lambda pair: pair[0] != pair[1]),
    max_size=14,
    unique_by=lambda pair: tuple(sorted(pair[:2])),
)


@pytest.mark.random
@budget(max_examples=examples(10, 25), deadline=None)
@given(evidence, evidence, st.randoms(use_true_random=False))
def test_equal_to_components_from_scratch_at_each_instant_whatever_the_order_of_rows(
    pairs: list[Pair], unused: list[Pair], shuffle: random.Random
) -> None:
    first = replayed(pairs, unused)
    # A device of several people ties them at no time.
    whose = dict(rows(first, "select identifier, person_id from journeys.identities"))
    assert spells(first) == slow_spells([pair for pair in pairs if whose[pair[0]] == whose[pair[1]]])
    turned = [(other, one, when) for one, other, when in pairs]
    shuffle.shuffle(turned)
    in_order = f"from {HISTORY} order by all"
    assert rows(replayed(turned), in_order) == rows(first, in_order)
    is_whole(first)


def test_a_pair_with_several_kinds_of_evidence_is_known_from_the_first() -> None:
    built = replayed([("anonymous:a", "customer:c", 9), ("anonymous:a", "customer:c", 4)])
    assert spells(built)[1] == ("anonymous:a", person("anonymous:a"), True, at(4), None)
    always = replayed([("anonymous:a", "customer:c", 9), ("customer:c", "anonymous:a", None)])
    assert spells(always)[0] == ("anonymous:a", person("anonymous:a"), True, None, None)


def test_a_long_chain_of_devices_is_replayed() -> None:
    """Every link brings a smaller identifier, so that each device is in one person more than the next one."""
    length = 200
    names = [f"anonymous:{length - i:04d}" for i in range(length + 1)]
    built = replayed([(names[i], names[i + 1], float(i)) for i in range(length)])
    assert rows(built, f"select count(*) from {HISTORY} where identifier = '{names[0]}'") == [(length + 1,)]
    assert rows(built, f"select count(*) from {HISTORY}") == [(length + sum(range(1, length + 1)) + 1,)]


KNOWLEDGE = (
    "select month_on, session_count, known_session_count, later_session_count, never_session_count, "
    "recognised_later_rate, touchpoint_count, known_touchpoint_count, later_touchpoint_count, never_touchpoint_count "
    "from metrics.identity_knowledge order by 1 nulls first"
)


def test_sessions_are_recognised_at_once_or_later_or_never() -> None:
    month = 30 * DAY
    built = warehouse(
        events=[
            event("laptop", 0, "landing"),  # a stranger until the next month
            event("laptop", 60, "product"),
            event("tablet", 0, "landing"),  # nobody knows whose
            event("phone", 0, "landing"),  # logs in during the session
            event("phone", 60, "product", customer_id="c2"),
            event("laptop", month, "landing", customer_id="c1"),
            event("laptop", month + DAY, "landing"),
        ],
        build=["metrics.identity_knowledge"],
    )
    assert rows(built, KNOWLEDGE) == [
        (None, 5, 3, 1, 1, 0.2, 7, 3, 3, 1),
        (date(2026, 1, 1), 3, 1, 1, 1, pytest.approx(1 / 3), 5, 1, 3, 1),
        (date(2026, 2, 1), 2, 2, 0, 0, 0.0, 2, 2, 0, 0),
    ]


def test_without_sessions_nothing_is_said() -> None:
    built = warehouse(build=["metrics.identity_knowledge"])
    assert rows(built, KNOWLEDGE) == [(None, 0, 0, 0, 0, None, 0, 0, 0, 0)]


def test_many_devices_of_many_customers_are_replayed() -> None:
    pairs = 30_000
    built = replayed([])
    built.execute(
        "insert into journeys.identity_evidence select 'anonymous:' || i, 'customer:' || i // 3, 'event', "
        f"timestamp '2026-01-05' + i * interval 1 second, true from range({pairs}) as pairs(i)"
    )
    write_identities(built)
    write_identity_history(built)
    found = rows(built, f"select count(distinct identifier), count(distinct person_id) from {HISTORY}")
    customers = pairs // 3
    assert found == [(pairs + customers, customers)]
