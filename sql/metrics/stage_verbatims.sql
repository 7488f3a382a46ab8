-- One row per comment of a survey that the map shows of a stage: the three newest of each of satisfied and dissatisfied
-- answers. Comments are as customers wrote them, with what looks like personal data masked as they were loaded.
-- key: answer_id
with commented as (
    select
        answers.answer_id,
        answers.stage,
        answers.answered_at,
        answers.score_of_10,
        answers.is_satisfied,
        feedback.comment,
        row_number() over (
            partition by answers.stage, answers.is_satisfied order by answers.answered_at desc, answers.answer_id
        ) as newest
    from journeys.survey_answers as answers
    inner join staging.feedback as feedback on answers.answer_id = feedback.answer_id
    where answers.stage is not null and trim(feedback.comment) <> ''
)

select
    answer_id,                  -- of journeys.survey_answers
    stage,                      -- of settings.stages, that the answer is about
    answered_at,                -- UTC
    score_of_10,                -- on a scale from 0 to 10
    is_satisfied,               -- in the top two of its scale
    comment,                    -- as it was written, personal data masked
    newest                      -- 1: the newest of its stage that is as satisfied
from commented
where newest <= 3
