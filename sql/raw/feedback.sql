-- One row per survey invitation or review, answered or not.
create table raw.feedback (
    answer_id text not null,        -- the source's id
    survey text not null,           -- name of the survey
    asked_at timestamp,             -- when the person was asked
    answered_at timestamp,          -- when the person answered; null: not yet
    score double check (score between scale_low and scale_high), -- on the scale; null: not answered
    scale_low double not null,      -- lowest score of the scale
    scale_high double not null check (scale_high > scale_low), -- highest score of the scale
    satisfied_from double not null, -- lowest score that counts as satisfied
    customer_id text,               -- the shop's id of the customer
    email_hash text,                -- pseudonym(e-mail)
    order_id text,                  -- the order it is about
    comment text,                   -- free text, e-mails and phone numbers masked
    source_updated_at timestamp     -- the source's own time of the last change
)
