-- One row per touchpoint about a cart, and per web order, of a person, in their order: which cart each touchpoint means.
-- A span is a person's cart activity up to an order, or to a silence longer than the journey's inactivity limit. What
-- has no cart id belongs to the cart of its span whose id was first seen last before it, else to the one whose id is
-- seen next, else the span is one cart: a tracker without ids and a checkout export with them make no twin. An id first
-- seen in a checkout or removal, after adds under another id that is new in the span, is that cart under a new id (a
-- login): one can't check out what one never added.
-- key: person_id, position
-- keyed by: person_id
with cart_touchpoints as (
    select
        person_id,
        touchpoint_id,
        identifier,
        occurred_at,
        sequence,
        action,
        cart_id as source_cart_id,
        product_id,
        coalesce(try_cast(quantity as decimal(18, 4)), 1) as quantity,
        cast(value as double) as value,
        session_id,
        device,
        payment_method,
        shipping,
        coupon
    from journeys.touchpoints
    where
        action in ('add_to_cart', 'remove_from_cart', 'checkout')
        -- A payment that failed is no activity of the cart, but tells how the person wanted to pay.
        or (action = 'error' and coalesce(payment_method, cast(shipping as text), coupon) is not null)
),

timeline as (
    select
        person_id, occurred_at, sequence, touchpoint_id as row_id, action, source_cart_id, 0 as is_order,
        case when action <> 'error' then occurred_at end as active_at
    from cart_touchpoints
    union all
    select person_id, ordered_at, null, order_id, 'order', null, 1, ordered_at from journeys.order_sessions where is_web
),

positions as (
    select
        timeline.*,
        row_number() over (
            partition by person_id order by occurred_at, is_order, sequence nulls last, row_id
        ) as position,
        cast(coalesce(sum(is_order) over earlier, 0) as bigint) as orders_before,
        max(active_at) over earlier as active_before_at
    from timeline
    window earlier as (
        partition by person_id order by occurred_at, is_order, sequence nulls last, row_id
        rows between unbounded preceding and 1 preceding
    )
),

spans as (
    select
        positions.*,
        orders_before + cast(sum(
            case
                when elapsed_seconds(active_before_at, active_at) > shop.inactivity_seconds then 1
                else 0
            end
        ) over (partition by person_id order by position rows unbounded preceding) as bigint) as span
    from positions
    cross join settings.shop as shop
),

source_ids as (
    select
        person_id,
        source_cart_id,
        min(span) as span,
        min(position) as first_position,
        arg_min(action, position) = 'add_to_cart' as is_first_added
    from spans
    where source_cart_id is not null and action <> 'error'
    group by person_id, source_cart_id
),

cart_names as (
    select
        person_id,
        source_cart_id,
        span,
        first_position,
        coalesce(
            case
                when not is_first_added
                    then last_value(case when is_first_added then source_cart_id end ignore nulls) over earlier
            end,
            source_cart_id
        ) as cart_name
    from source_ids
    window earlier as (
        partition by person_id, span order by first_position rows between unbounded preceding and 1 preceding
    )
),

names_by_span as (
    select
        spans.person_id,
        spans.position,
        coalesce(
            arg_max(cart_names.cart_name, cart_names.first_position)
            filter (where cart_names.first_position < spans.position),
            arg_min(cart_names.cart_name, cart_names.first_position)
        ) as cart_name
    from spans
    inner join cart_names on spans.person_id = cart_names.person_id and spans.span = cart_names.span
    where spans.source_cart_id is null and spans.is_order = 0
    group by spans.person_id, spans.position
)

select
    spans.person_id,            -- of journeys.people
    spans.position,             -- 1 for the person's first
    spans.span,                 -- 0 for the person's first
    case
        when spans.is_order = 0
            then coalesce(
                'id ' || coalesce(cart_names.cart_name, spans.source_cart_id),
                'id ' || names_by_span.cart_name,
                'span ' || spans.span
            )
    end as cart_key,            -- the person's cart: the source's id of it, or the span; null: an order
    spans.occurred_at,          -- UTC instant
    spans.action,               -- add_to_cart, remove_from_cart, checkout, error (a payment that failed) or order
    spans.action = 'add_to_cart'
    or (spans.action in ('remove_from_cart', 'checkout') and spans.source_cart_id is not null)
        as can_open,            -- a cart may begin with it
    cart_touchpoints.touchpoint_id,  -- of journeys.touchpoints; null: an order
    cart_touchpoints.identifier,     -- whose it is before stitching; null: an order
    case when spans.is_order = 1 then spans.row_id end as order_id,  -- of journeys.order_sessions; null: a touchpoint
    cart_touchpoints.product_id,     -- as the source says; null: none, or several items, of which staging.event_items has a row each
    cart_touchpoints.quantity,       -- pieces of all its items; 1 where the source does not say
    cart_touchpoints.value,          -- of all its pieces, or of what is checked out
    cart_touchpoints.session_id,     -- in which it happened; null: off the site
    cart_touchpoints.device,         -- on which it happened
    cart_touchpoints.payment_method,  -- chosen then; null: not seen
    cart_touchpoints.shipping,       -- shipping cost shown then; null: not seen
    cart_touchpoints.coupon,         -- given then; null: none
from spans
left join cart_touchpoints
    on
        spans.person_id = cart_touchpoints.person_id
        and spans.row_id = cart_touchpoints.touchpoint_id
        and spans.is_order = 0
left join cart_names on spans.person_id = cart_names.person_id and spans.source_cart_id = cart_names.source_cart_id
left join names_by_span on spans.person_id = names_by_span.person_id and spans.position = names_by_span.position
