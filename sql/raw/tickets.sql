-- One row per support ticket.
create table raw.tickets (
    ticket_id text not null,       -- the help desk's id
    created_at timestamp not null, -- when it was opened
    first_reply_at timestamp,      -- when somebody of the shop answered first
    solved_at timestamp,           -- when it was solved or closed; null: open
    status text,                   -- as the help desk says
    category text,                 -- as the help desk says
    priority text,                 -- as the help desk says
    channel text,                  -- how it came in: e-mail, chat, web …
    contact_id text,               -- the CRM's id of the contact
    customer_id text,              -- the shop's id of the customer
    email_hash text,               -- pseudonym(e-mail)
    order_id text,                 -- the order it is about
    source_updated_at timestamp    -- the help desk's own time of the last change
)
