-- One row per person asked: a survey invitation or a review, answered or not, in its newest state.
-- key: answer_id
-- keyed by: answer_id
select
    answer_id,                  -- the source's id
    'answer:' || answer_id as record_id,  -- as journeys.record_owners names it
    survey,                     -- name of the survey
    asked_at,                   -- UTC instant of asking, where known
    answered_at,                -- UTC instant of the answer; null: not answered
    score,                      -- on the survey's scale; null: not answered
    (score - scale_low) / nullif(scale_high - scale_low, 0) * 10 as score_of_10,  -- rescaled to 0–10
    case when score is not null then score >= satisfied_from end as is_satisfied,  -- counts for CSAT
    customer_id,                -- the shop's id of the customer
    email_hash,                 -- keyed hash of the e-mail
    order_id,                   -- the order it is about
    comment,                    -- free text, e-mails and phone numbers masked
from raw.feedback
qualify row_number() over (partition by answer_id order by version desc) = 1
