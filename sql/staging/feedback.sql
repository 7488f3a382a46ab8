-- One row per person asked: a survey invitation or a review, answered or not, in its newest state.
-- Of a survey whose lowest score is the best (surveys of journey.yaml) the rescaled score is turned round, and so is
-- from where on it is satisfied. Its kind is what journey.yaml says; one on another scale than 0–10 is no NPS, whatever
-- it says, and a check names it.
-- key: answer_id
-- keyed by: answer_id
with newest as (
    select
        answer_id, survey, asked_at, answered_at, score, scale_low, scale_high, satisfied_from, customer_id, email_hash,
        order_id, comment
    from raw.feedback
    qualify row_number() over (partition by answer_id order by version desc) = 1
)

select
    newest.answer_id,           -- the source's id
    'answer:' || newest.answer_id as record_id,  -- as journeys.record_owners names it
    newest.survey,              -- name of the survey
    case
        when said.kind = 'nps' and (newest.scale_low <> 0 or newest.scale_high <> 10) then 'csat'
        when said.kind is not null then said.kind
        when newest.scale_low = 0 and newest.scale_high = 10 and newest.satisfied_from = 9 then 'nps'
        when newest.scale_low = 1 and newest.scale_high = 7 then 'ces'
        else 'csat'
    end as kind,                -- csat, nps or ces
    newest.asked_at,            -- UTC instant of asking, where known
    newest.answered_at,         -- UTC instant of the answer; null: not answered
    newest.score,               -- on the survey's scale; null: not answered
    newest.scale_low,           -- lowest score of the scale
    newest.scale_high,          -- highest score of the scale
    case
        when coalesce(said.is_best_lowest, false) then newest.scale_high - newest.score
        else newest.score - newest.scale_low
    end / nullif(newest.scale_high - newest.scale_low, 0) * 10 as score_of_10,  -- rescaled to 0–10, 10 the best
    case
        when newest.score is null then null
        when coalesce(said.is_best_lowest, false)
            then newest.score <= newest.scale_low + newest.scale_high - newest.satisfied_from
        else newest.score >= newest.satisfied_from
    end as is_satisfied,        -- counts for CSAT
    newest.customer_id,         -- the shop's id of the customer
    newest.email_hash,          -- keyed hash of the e-mail
    newest.order_id,            -- the order it is about
    newest.comment,             -- free text, e-mails and phone numbers masked
from newest
left join settings.surveys as said on newest.survey = said.survey
