-- One row per answer to a survey or review, attached to the order it names, else to the last touchpoint of the person
-- within the lag (7 days); what cannot be attached is kept and counted. Its stage is that of the survey's rule, else of
-- what it is attached to.
-- key: answer_id
-- keyed by: person_id
-- within person_id: answer_id
with all_answers as (
    select
        feedback.answer_id,
        feedback.survey,
        feedback.answered_at,
        feedback.score,
        feedback.score_of_10,
        feedback.is_satisfied,
        owned.person_id,
        owned.order_id,
        meanings.stage
    from journeys.record_owners as owned
    inner join staging.feedback as feedback on owned.kind = 'answer' and owned.row_id = feedback.answer_id
    left join journeys.event_meanings as meanings
        on feedback.survey = meanings.event_name and meanings.source = 'feedback'
    where
        feedback.answered_at is not null
        and feedback.score is not null
        and not exists (
            select 1 from journeys.screened_records as left_out
            where
                left_out.person_id = owned.person_id
                and left_out.kind = 'answer'
                and left_out.row_id = feedback.answer_id
        )
),

preceding as (
    select
        all_answers.answer_id,
        touchpoints.touchpoint_id,
        touchpoints.stage
    from all_answers
    inner join journeys.touchpoints as touchpoints on all_answers.person_id = touchpoints.person_id
    cross join settings.shop as shop
    where
        touchpoints.source not in ('feedback', 'invitations')
        and touchpoints.occurred_at <= all_answers.answered_at
        and elapsed_seconds(touchpoints.occurred_at, all_answers.answered_at) <= shop.survey_lag_seconds
    qualify row_number() over (
        partition by all_answers.answer_id order by touchpoints.occurred_at desc, touchpoints.touchpoint_id
    ) = 1
)

select
    answers.answer_id,          -- the source's id
    answers.survey,             -- name of the survey
    answers.answered_at,        -- UTC instant
    answers.score,              -- on the survey's scale
    answers.score_of_10,        -- rescaled to 0–10
    answers.is_satisfied,       -- top two of 1–5, 8–10 of a scale up to 10
    answers.person_id,          -- of journeys.people; null: nobody known
    answers.order_id,           -- the order it names, where that order is known
    case when answers.order_id is null then preceding.touchpoint_id end as touchpoint_id,  -- else the last touchpoint within the lag
    coalesce(answers.stage, case when answers.order_id is null then preceding.stage else placed.stage end) as stage,  -- of the journey
    case
        when answers.order_id is not null then 'order'
        when preceding.touchpoint_id is not null then 'touchpoint'
        else 'nothing'
    end as attached_to,         -- order, touchpoint or nothing
from all_answers as answers
left join preceding on answers.answer_id = preceding.answer_id
left join journeys.touchpoints as placed
    on
        placed.touchpoint_id = 'order:' || answers.order_id || ':order placed'
        and answers.person_id = placed.person_id
