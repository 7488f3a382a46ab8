-- One row per order and survey answer of a screened person, if journey.yaml says that these are left out; else none.
-- Their events need no row here: journeys.touchpoints leaves them out by the person. What reads orders or surveys
-- from staging for a figure leaves these rows out.
-- key: kind, row_id
with order_keys as (
    select order_id as order_key, order_id from staging.orders
    union
    select order_reference, order_id from staging.orders where order_reference is not null
),

owned as (
    select 'order' as kind, orders.order_id as row_id, identities.person_id
    from staging.orders as orders
    inner join journeys.identities as identities on identities.identifier = 'order:' || orders.order_id
    union
    -- As in journeys.touchpoints: the order's person, else the customer id's, else the e-mail's.
    select
        'answer',
        surveyed.answer_id,
        coalesce(by_order.person_id, customer.person_id, email.person_id)
    from staging.feedback as surveyed
    left join order_keys on surveyed.order_id = order_keys.order_key
    left join journeys.identities as by_order on by_order.identifier = 'order:' || order_keys.order_id
    left join journeys.identities as customer on customer.identifier = 'customer:' || surveyed.customer_id
    left join journeys.identities as email on email.identifier = 'email:' || surveyed.email_hash
)

select
    owned.kind,                 -- order or answer
    owned.row_id,               -- of staging.orders or staging.feedback
from owned
inner join journeys.screened_people as screened on owned.person_id = screened.person_id
cross join settings.shop as shop
where shop.leaves_out_screened
group by owned.kind, owned.row_id
