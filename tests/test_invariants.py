"""What must hold of any shop: nothing is lost, everything belongs somewhere, and the parts tile the whole.

On random shops, whose files are loaded by the real loader; each statement is a query that finds what breaks it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from canonical_shops import File, canonical_project, load_files, open_canonical
from given import examples, rows
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from random_shops import files, shop_settings

from parcours.settings.schema import JourneySettings
from parcours.tables.catalogue import build_all

TABLES = [
    "journeys.people", "journeys.touchpoints", "journeys.sessions", "journeys.quarantined_sessions",
    "journeys.journeys", "journeys.journey_touchpoints", "journeys.stage_visits", "journeys.carts",
    "journeys.order_sessions",
    "journeys.survey_answers", "metrics.cart_states",
]  # fmt: skip

STAGED = {
    "event": "select 'event:' || event_id as touchpoint_id, anonymous_id, customer_id, email_hash, null as order_key, "
    "occurred_at from staging.events",
    "order": "select 'order:' || order_id || ':order placed', null, customer_id, email_hash, order_id, null "
    "from staging.orders",
    "answer": "select 'answer:' || answer_id, null, customer_id, email_hash, order_id, null "
    "from staging.feedback where answered_at is not null",
    "ticket": "select 'ticket:' || ticket_id || ':ticket opened', null, customer_id, email_hash, order_id, null "
    "from staging.tickets",
    "deal": "select 'deal:' || deal_id || ':deal opened', null, customer_id, email_hash, null, null "
    "from staging.deals where created_at is not null",
}
NOBODY = "'', 'null', 'none', 'nan', 'undefined', 'unknown', 'anonymous', 'guest', '-1', '0'"

BROKEN_BY = {
    "a touchpoint is there twice, or has no person": (
        "select touchpoint_id from journeys.touchpoints group by touchpoint_id having count(*) > 1 "
        "union all select touchpoint_id from journeys.touchpoints where person_id is null"
    ),
    "a touchpoint's person is not one of journeys.people": (
        "select touchpoint_id from journeys.touchpoints where person_id not in (select person_id from journeys.people)"
    ),
    "an identifier belongs to two people, or to none": (
        "select identifier from journeys.identities group by identifier "
        "having count(distinct person_id) <> 1 or count(*) > 1"
    ),
    "a session is there twice, or is also a runaway one": (
        "select session_id from (select session_id from journeys.sessions "
        "union all select session_id from journeys.quarantined_sessions) group by session_id having count(*) > 1"
    ),
    "a touchpoint on the site has no session, or one off the site has one": (
        "select touchpoint_id from journeys.touchpoints where is_on_site <> (session_id is not null)"
    ),
    "a session is not made of the touchpoints of one person that name it": (
        "select session_id from (select session_id, person_id, started_at, ended_at, touchpoint_count "
        "from journeys.sessions union all select session_id, person_id, started_at, ended_at, touchpoint_count "
        "from journeys.quarantined_sessions) as cut full join (select session_id, min(person_id) as person_id, "
        "min(occurred_at) as started_at, max(occurred_at) as ended_at, count(*) as touchpoint_count "
        "from journeys.touchpoints where is_on_site group by session_id having count(distinct person_id) = 1) as told "
        "using (session_id, person_id, started_at, ended_at, touchpoint_count) "
        "where cut.session_id is null or told.session_id is null"
    ),
    "two sessions of a person overlap": (
        "select later.session_id from journeys.sessions as earlier inner join journeys.sessions as later "
        "on earlier.person_id = later.person_id and earlier.session_number < later.session_number "
        "where earlier.ended_at > later.started_at"
    ),
    "an order belongs to a session of somebody else, or to a later one": (
        "select order_id from journeys.order_sessions as orders "
        "inner join journeys.sessions as sessions on orders.session_id = sessions.session_id "
        "where orders.person_id <> sessions.person_id or sessions.started_at > orders.ordered_at"
    ),
    "a touchpoint is in two journeys, or in one of somebody else": (
        "select touchpoint_id from journeys.journey_touchpoints group by touchpoint_id having count(*) > 1 "
        "union all select placed.touchpoint_id from journeys.journey_touchpoints as placed "
        "left join journeys.touchpoints as touchpoints on placed.touchpoint_id = touchpoints.touchpoint_id "
        "where placed.person_id is distinct from touchpoints.person_id"
    ),
    "something that a person did is in no journey": (
        "select touchpoint_id from journeys.touchpoints "
        "where (is_on_site or (source = 'orders' and event_name = 'order placed')) "
        "and touchpoint_id not in (select touchpoint_id from journeys.journey_touchpoints)"
    ),
    "a journey is not made of its touchpoints": (
        "select journey_id from (select journey_id, person_id, journey_number, started_at, last_touched_at, "
        "touchpoint_count from journeys.journeys) as told full join (select journey_id, person_id, journey_number, "
        "min(occurred_at) as started_at, max(occurred_at) as last_touched_at, count(*) as touchpoint_count "
        "from journeys.journey_touchpoints group by all) as made "
        "using (journey_id, person_id, journey_number, started_at, last_touched_at, touchpoint_count) "
        "where told.journey_id is null or made.journey_id is null"
    ),
    "a person's journeys are not numbered 1, 2, 3, …": (
        "select person_id from journeys.journeys group by person_id "
        "having min(journey_number) <> 1 or max(journey_number) <> count(*) "
        "or count(distinct journey_number) <> count(*)"
    ),
    "a later journey of a person begins with a contact before the end of the contacts of an earlier one": (
        "select later.journey_id from (select person_id, journey_number, max(occurred_at) as ended_at "
        "from journeys.journey_touchpoints where is_contact group by all) as earlier "
        "inner join (select person_id, journey_id, journey_number, min(occurred_at) as began_at "
        "from journeys.journey_touchpoints where is_contact group by all) as later "
        "on earlier.person_id = later.person_id and earlier.journey_number < later.journey_number "
        "where later.began_at < earlier.ended_at"
    ),
    "the stage visits of a journey do not hold each of its touchpoints with a stage once": (
        "select journey_id from (select journey_id, stage, count(*) as n from journeys.journey_touchpoints "
        "where stage is not null group by all) as held "
        "full join (select journey_id, stage, cast(sum(touchpoint_count) as bigint) as n from journeys.stage_visits "
        "group by all) as told using (journey_id, stage, n) where held.stage is null or told.stage is null"
    ),
    "a stage visit does not end where the next one begins, or is followed by one in the same stage": (
        "select journey_id from (select journey_id, stage, left_at, next_stage, "
        "lead(entered_at) over in_order as next_entered_at, lead(stage) over in_order as following, "
        "lead(visit_number) over in_order - visit_number as step from journeys.stage_visits "
        "window in_order as (partition by journey_id order by visit_number)) "
        "where next_stage is distinct from following or following = stage or step <> 1 "
        "or (following is not null and left_at <> next_entered_at)"
    ),
    "a cart is in no state, or in two": (
        "select cart_id from (select cart_id, count(*) as n from metrics.cart_states group by cart_id) as stated "
        "full join journeys.carts as carts using (cart_id) where coalesce(n, 0) <> 1 or carts.cart_id is null"
    ),
    "an order closes two carts, or one of somebody else": (
        "select order_id from journeys.carts where order_id is not null group by order_id having count(*) > 1 "
        "union all select carts.order_id from journeys.carts as carts "
        "left join journeys.order_sessions as orders on carts.order_id = orders.order_id "
        "where carts.order_id is not null and orders.person_id is distinct from carts.person_id"
    ),
    "an order of somebody who is not left out is not in the ledger of orders": (
        "select order_id from staging.orders where order_id not in (select order_id from journeys.order_sessions) "
        "and 'order:' || order_id not in (select identifier from journeys.identities where person_id in "
        "(select person_id from journeys.screened_people cross join settings.shop where leaves_out_screened))"
    ),
}
"""What must never be, and the query that finds it."""


def lost_rows(connection: duckdb.DuckDBPyConnection) -> list[Any]:
    """Staged rows that name somebody, of whom nothing is in journeys.touchpoints, unless they are left out."""
    staged = " union all ".join(STAGED.values())
    return rows(
        connection,
        f"""
        with staged as ({staged}),
        keys as (
            select order_id as order_key, order_id from staging.orders
            union select order_reference, order_id from staging.orders where order_reference is not null
        ),
        naming as (
            select touchpoint_id, 'anonymous:' || anonymous_id as identifier from staged
            where lower(anonymous_id) not in ({NOBODY})
            union select touchpoint_id, 'customer:' || customer_id from staged
            where lower(customer_id) not in ({NOBODY})
            union select touchpoint_id, 'email:' || email_hash from staged where lower(email_hash) not in ({NOBODY})
            union select touchpoint_id, 'order:' || order_id from staged inner join keys using (order_key)
            union select touchpoint_id, owner from staged inner join journeys.device_spells as spells
            on staged.anonymous_id = spells.anonymous_id and occurred_at >= owned_from and occurred_at < owned_until
        ),
        left_out as (
            select identifier from journeys.identities
            where person_id in (
                select person_id from journeys.screened_people cross join settings.shop where leaves_out_screened
            )
        )
        select touchpoint_id from naming
        where touchpoint_id not in (select touchpoint_id from journeys.touchpoints)
        group by touchpoint_id
        having count(*) filter (where identifier in (select identifier from left_out)) = 0
        """,
    )


def assert_holds(found: list[File], shop: JourneySettings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = canonical_project(Path(folder), shop)
        with open_canonical(project) as connection:
            load_files(connection, project, found)
            build_all(connection, project, TABLES)
            assert not lost_rows(connection)
            for broken, query in BROKEN_BY.items():
                assert not rows(connection, query), broken


shops = st.builds(
    shop_settings,
    sessions=st.fixed_dictionaries(
        {
            "timeout_minutes": st.sampled_from([30, 10]),
            "maximum_hours": st.sampled_from([24, 1]),
            "cut_at_midnight": st.booleans(),
            "cut_at_campaign_change": st.booleans(),
            "runaway_touchpoints": st.sampled_from([1000, 3]),
            "cut_by": st.sampled_from(["timeout", "tracker"]),
        }
    ),
    measures=st.sampled_from([{"identity_link_limit": 2}, {"identity_link_limit": 10, "inactivity_days": 1}]),
)


@pytest.mark.random
@budget(max_examples=examples(3, 40), deadline=None, suppress_health_check=list(HealthCheck))
@given(files(), shops)
def test_nothing_is_lost_and_the_parts_tile_the_whole(found: list[File], shop: JourneySettings) -> None:
    assert_holds(found, shop)
