-- One row per support ticket, in its newest state, by the help desk's own time of change.
-- A ticket whose newest status is `deleted` (spam, a mistake, erased on request) is gone, and names nobody any more.
-- key: ticket_id
-- keyed by: ticket_id
with newest as (
    select
        ticket_id, created_at, first_reply_at, solved_at, status, category, priority, channel, contact_id, customer_id,
        email_hash, order_id
    from raw.tickets
    qualify row_number() over (partition by ticket_id order by version desc) = 1
)

select
    ticket_id,                  -- the help desk's id
    'ticket:' || ticket_id as record_id,  -- as journeys.record_owners names it
    created_at,                 -- UTC instant of opening
    first_reply_at,             -- UTC instant of the first answer by somebody of the shop
    solved_at,                  -- UTC instant of solving or closing; null: open
    status,                     -- as the help desk says
    category,                   -- as the help desk says
    priority,                   -- as the help desk says
    channel,                    -- how it came in: e-mail, chat, web …
    contact_id,                 -- the CRM's id of the contact
    customer_id,                -- the shop's id of the customer
    email_hash,                 -- keyed hash of the e-mail
    order_id,                   -- the order it is about, by its number or reference
from newest
where status is null or lower(status) <> 'deleted'
