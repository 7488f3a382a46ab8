-- One row per friction signal on a touchpoint: a sign, in what people did, that something went wrong for them there.
-- payment_failure: an error (action `error`) in a stage of the checkout (one that has a rule with the action
-- `checkout`), or one that names a payment method. error: any other error.
-- rage_repeat: the same action (event, page and products) at least three times within settings.shop.rage_seconds, ends
-- included, in a session. One signal an episode, on its third touchpoint, the first at which it is a fact: thirty clicks
-- are one annoyance, and later clicks move nothing. An episode lasts while each touchpoint is itself a third so soon.
-- repeated_search: a search after a search of the session, nothing found in between. Found: a view that names a product
-- or is of a later required stage than searches; something added, a checkout, a purchase.
-- back_step: the stage is earlier on the map than that of the session's touchpoint with a stage before it.
-- support_contact: the person's last touchpoint on the site before asking for help (a ticket opened, or a touchpoint on
-- the site in the stage `support`), if that was at most settings.shop.support_contact_seconds later; however often they
-- asked.
-- Simultaneous touchpoints: by the source's sequence, else in the order of the map. On the site only, but for errors.
-- key: touchpoint_id, signal
-- keyed by: person_id
with checkout_stages as (
    select distinct stage from settings.touchpoint_rules where action = 'checkout' and stage is not null
),

search_stage as (
    select max(stages.stage_position) as stage_position
    from settings.touchpoint_rules as rules
    inner join settings.stages as stages on rules.stage = stages.stage
    where rules.action = 'search'
),

later_stages as (
    select stages.stage_position
    from settings.stages as stages
    inner join search_stage on stages.stage_position > search_stage.stage_position
    where stages.is_required
),

-- Few and narrow columns: this is the one window over every touchpoint.
site_touchpoints as (
    select
        person_id,
        session_id,
        touchpoint_id,
        occurred_at,
        sequence,
        stage_position,
        case
            when action = 'search' then true
            when action in ('add_to_cart', 'checkout', 'purchase') then false
            when
                action = 'view'
                and (product_id is not null or stage_position in (select stage_position from later_stages))
                then false
        end as is_search        -- null: neither a search nor a find
    from journeys.touchpoints
    where is_on_site
),

session_places as (
    select
        person_id,
        touchpoint_id,
        stage_position,
        is_search,
        lag(stage_position ignore nulls) over in_session as previous_position,
        coalesce(lag(is_search ignore nulls) over in_session, false) as is_after_search,
        coalesce(elapsed_seconds(lag(occurred_at, 2) over in_session, occurred_at) <= shop.rage_seconds, false)
        or coalesce(
            elapsed_seconds(lag(occurred_at) over in_session, lead(occurred_at) over in_session) <= shop.rage_seconds,
            false
        )
        or coalesce(elapsed_seconds(occurred_at, lead(occurred_at, 2) over in_session) <= shop.rage_seconds, false)
            as is_in_burst      -- one of three touchpoints of whatever kind within rage_seconds
    from site_touchpoints
    cross join settings.shop as shop
    window in_session as (
        partition by session_id
        order by occurred_at, sequence nulls last, stage_position nulls last, touchpoint_id
    )
),

-- Three of the same action within rage_seconds are in a burst, each of them; the rest need not be put in order again.
repeats as (
    select
        touchpoints.person_id,
        touchpoints.touchpoint_id,
        elapsed_seconds(lag(touchpoints.occurred_at, 2) over same_action, touchpoints.occurred_at) <= shop.rage_seconds as is_third,
        coalesce(
            elapsed_seconds(
                lag(touchpoints.occurred_at, 3) over same_action,
                lag(touchpoints.occurred_at) over same_action
            ) <= shop.rage_seconds,
            false
        ) as is_after_third
    from session_places
    inner join journeys.touchpoints as touchpoints
        on session_places.person_id = touchpoints.person_id and session_places.touchpoint_id = touchpoints.touchpoint_id
    cross join settings.shop as shop
    where session_places.is_in_burst
    window same_action as (
        partition by
            touchpoints.session_id, touchpoints.event_name, touchpoints.url_path, touchpoints.product_id,
            touchpoints.products
        order by touchpoints.occurred_at, touchpoints.sequence nulls last, touchpoints.touchpoint_id
    )
),

help_seekers as (
    select distinct person_id
    from journeys.touchpoints
    where (is_on_site and stage = 'support') or (source = 'tickets' and event_name = 'ticket opened')
),

-- What a person who asked for help did, and when they asked: the next of either.
help_requests as (
    select
        touchpoints.person_id,
        touchpoints.touchpoint_id,
        touchpoints.occurred_at,
        coalesce(touchpoints.stage, '') = 'support' or not touchpoints.is_on_site as is_asking,
        lead(not touchpoints.is_on_site or coalesce(touchpoints.stage, '') = 'support') over by_person
            as is_then_asking,
        lead(touchpoints.occurred_at) over by_person as next_at,
        lead(touchpoints.is_on_site) over by_person as is_next_on_site
    from journeys.touchpoints as touchpoints
    inner join help_seekers on touchpoints.person_id = help_seekers.person_id
    where touchpoints.is_on_site or (touchpoints.source = 'tickets' and touchpoints.event_name = 'ticket opened')
    window by_person as (
        partition by touchpoints.person_id
        order by
            touchpoints.occurred_at, touchpoints.is_on_site desc, touchpoints.sequence nulls last,
            touchpoints.stage_position nulls last, touchpoints.touchpoint_id
    )
),

signals as (
    select
        person_id,
        touchpoint_id,
        case
            when payment_method is not null or stage in (select stage from checkout_stages) then 'payment_failure'
            else 'error'
        end as signal,
        null as detail
    from journeys.touchpoints
    where action = 'error'
    union all
    select person_id, touchpoint_id, 'rage_repeat', null
    from repeats
    where is_third and not is_after_third
    union all
    select person_id, touchpoint_id, 'repeated_search', null
    from session_places
    where is_search and is_after_search
    union all
    select session_places.person_id, session_places.touchpoint_id, 'back_step', stages.stage
    from session_places
    inner join settings.stages as stages on session_places.previous_position = stages.stage_position
    where session_places.stage_position < session_places.previous_position
    union all
    select person_id, touchpoint_id, 'support_contact', case when is_next_on_site then 'on site' else 'ticket' end
    from help_requests
    cross join settings.shop as shop
    where not is_asking and is_then_asking and elapsed_seconds(occurred_at, next_at) <= shop.support_contact_seconds
)

select
    signals.touchpoint_id,      -- of journeys.touchpoints
    signals.person_id,          -- of journeys.people
    touchpoints.session_id,     -- of journeys.sessions or journeys.quarantined_sessions; null off the site
    touchpoints.occurred_at,    -- UTC instant of the touchpoint
    touchpoints.stage,          -- of the touchpoint; null: none
    touchpoints.touchpoint,     -- name by rule; null: no rule matches
    signals.signal,             -- payment_failure, error, rage_repeat, repeated_search, back_step or support_contact
    signals.detail,             -- back_step: the stage before; support_contact: ticket or on site; else null
from signals
inner join journeys.touchpoints as touchpoints
    on signals.person_id = touchpoints.person_id and signals.touchpoint_id = touchpoints.touchpoint_id
