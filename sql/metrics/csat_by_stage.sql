-- One row per stage with answers, and one for all of them: CSAT is the share of satisfied answers (top two of 1–5, 8–10
-- of a scale up to 10). The mean is rescaled to 0–10. Response rate = answers / persons asked, of all surveys
-- together; of a survey without invitations (reviews), persons who passed its stage since answers are known
-- stand for those asked.
with all_answers as (
    select coalesce(stage, 'none') as stage, is_satisfied, score_of_10, attached_to from journeys.survey_answers
    union all
    select 'all', is_satisfied, score_of_10, attached_to from journeys.survey_answers
),

counts as (
    select
        stage,
        cast(count(*) as bigint) as answer_count,
        cast(count(*) filter (where is_satisfied) as bigint) as satisfied_count,
        cast(count(*) filter (where attached_to = 'nothing') as bigint) as unattached_count,
        avg(cast(score_of_10 as decimal(38, 18))) as mean_of_10
    from all_answers
    group by stage
),

-- Added up as decimals, and so to the same last digit whatever order the answers come in.
deviations as (
    select
        all_answers.stage,
        sqrt(rate(
            cast(sum(cast(
                (all_answers.score_of_10 - counts.mean_of_10) * (all_answers.score_of_10 - counts.mean_of_10)
                as decimal(38, 18)
            )) as double),
            count(all_answers.score_of_10) - 1
        )) as deviation_of_10
    from all_answers
    inner join counts on all_answers.stage = counts.stage
    group by all_answers.stage
),

surveys as (
    select
        survey,
        cast(count(*) as bigint) as row_count,
        cast(count(score) as bigint) as answered_count,
        bool_or(asked_at is not null or score is null) as has_invitations
    from staging.feedback as feedback
    where
        not exists (
            select 1 from journeys.screened_records as left_out
            where left_out.kind = 'answer' and left_out.row_id = feedback.answer_id
        )
    group by survey
),

passed as (
    select touchpoints.stage, cast(count(distinct touchpoints.person_id) as bigint) as person_count
    from journeys.touchpoints as touchpoints
    cross join metrics.cut_off as cut_off
    where touchpoints.stage is not null and coalesce(touchpoints.occurred_at >= cut_off.feedback_from, true)
    group by touchpoints.stage
),

asked as (
    select
        cast(sum(
            case when surveys.has_invitations then surveys.row_count else coalesce(passed.person_count, surveys.row_count) end
        ) as bigint) as asked_count,
        cast(sum(surveys.answered_count) as bigint) as answered_count
    from surveys
    left join journeys.event_meanings as meanings
        on surveys.survey = meanings.event_name and meanings.source = 'feedback'
    left join passed on meanings.stage = passed.stage
)

select
    counts.stage,               -- of settings.stages; all: every answer; none: attached to no stage
    stages.stage_label,         -- as in journey.yaml
    stages.stage_position,      -- on the map
    counts.answer_count,        -- answers
    counts.satisfied_count,     -- of these, satisfied
    rate(counts.satisfied_count, counts.answer_count) as csat,  -- 0–1
    wilson_low(counts.satisfied_count, counts.answer_count) as csat_low,  -- Wilson 95 %
    wilson_high(counts.satisfied_count, counts.answer_count) as csat_high,  -- Wilson 95 %
    counts.mean_of_10,          -- mean, 0–10
    counts.mean_of_10 - 1.959964 * deviations.deviation_of_10 / nullif(sqrt(counts.answer_count), 0) as mean_low,  -- normal 95 %
    counts.mean_of_10 + 1.959964 * deviations.deviation_of_10 / nullif(sqrt(counts.answer_count), 0) as mean_high,  -- normal 95 %
    counts.unattached_count,    -- answers that no order or touchpoint within the lag explains
    case when counts.stage = 'all' then asked.asked_count end as asked_count,  -- persons asked, answered or not; else persons who passed the stage
    case when counts.stage = 'all' then rate(asked.answered_count, asked.asked_count) end as response_rate,  -- answers / asked
from counts
inner join deviations on counts.stage = deviations.stage
cross join asked
left join settings.stages as stages on counts.stage = stages.stage
