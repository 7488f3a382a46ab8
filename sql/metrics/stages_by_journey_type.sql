-- One row per type of journey, or all of them, and stage that the exports can show: how many of its journeys that are over
-- (metrics.matured_journeys) have a touchpoint in the stage, how long those stay, and how satisfied their answers are.
-- No drop-off: a type follows from how a journey ended, so that a first purchase has by definition come to the purchase.
-- Left out where pages are shared. A type of fewer journeys than a small cell, and where the types left out are together
-- fewer than that, the next larger one too: the others would tell it of the row over all, which is on the page; together
-- they are the row `other`. The time in a stage that fewer journeys than a small cell visited. The answers of a type about
-- a stage where they are fewer than a small cell; and where types that are not shown have answers, which are fewer than a
-- small cell even with those of journeys that are not over and of none, the next larger ones too: of the mean of all
-- answers, which the map has with their number, the others would tell theirs. Over all, answers are the map's to show.
-- key: journey_type, stage
with ended as (
    select matured.journey_id, journeys.journey_type
    from metrics.matured_journeys as matured
    inner join journeys.journeys as journeys on matured.journey_id = journeys.journey_id
),

type_counts as (
    select
        ended.journey_type,
        cast(count(*) as bigint) as journey_count,
        is_small_cell(count(*), shop.small_cell) as is_small,
        shop.small_cell
    from ended
    cross join settings.shop as shop
    group by ended.journey_type, shop.small_cell
),

hidden_types as (
    select
        *,
        cast(sum(case when is_small then journey_count else 0 end) over () as bigint) as hidden_count,
        row_number() over (partition by is_small order by journey_count, journey_type) as place
    from type_counts
),

told_types as (
    select
        journey_type,
        is_small or (place = 1 and hidden_count > 0 and is_small_cell(hidden_count, small_cell)) as is_left_out
    from hidden_types
),

-- Where every type is left out, the others would be all.
typed as (
    select journey_id, journey_type from ended
    union all
    select journey_id, 'all' from ended
    union all
    select ended.journey_id, 'other'
    from ended
    inner join told_types on ended.journey_type = told_types.journey_type
    where told_types.is_left_out and exists (select 1 from told_types as told where not told.is_left_out)
),

row_counts as (
    select
        typed.journey_type,
        typed.journey_type = 'all' as is_whole,
        cast(count(*) as bigint) as journey_count,
        is_small_cell(count(*), shop.small_cell) as is_small,
        coalesce(told_types.is_left_out, is_small_cell(count(*), shop.small_cell)) as is_left_out
    from typed
    cross join settings.shop as shop
    left join told_types on typed.journey_type = told_types.journey_type
    group by typed.journey_type, told_types.is_left_out, shop.small_cell
),

stays as (
    select
        journey_id,
        stage,
        cast(sum(cast(visit_seconds as decimal(18, 6))) as double) as stage_seconds
    from journeys.stage_visits
    group by journey_id, stage
),

visited as (
    select
        typed.journey_type,
        stays.stage,
        cast(count(*) as bigint) as visited_count,
        median(stays.stage_seconds) as median_seconds
    from typed
    inner join stays on typed.journey_id = stays.journey_id
    group by typed.journey_type, stays.stage
),

-- An answer is of the journey of its touchpoint, and about the stage of its survey.
answered as (
    select
        typed.journey_type,
        answers.stage,
        cast(count(*) as bigint) as answer_count,
        avg(cast(answers.score_of_10 as decimal(38, 18))) as satisfaction_mean
    from journeys.survey_answers as answers
    inner join journeys.journey_touchpoints as in_journey
        on in_journey.source = 'feedback' and 'answer:' || answers.answer_id = in_journey.touchpoint_id
    inner join typed on in_journey.journey_id = typed.journey_id
    group by typed.journey_type, answers.stage
),

cells as (
    select
        row_counts.*,
        stages.stage,
        stages.stage_position,
        stages.is_required,
        coalesce(visited.visited_count, 0) as visited_count,
        visited.median_seconds,
        coalesce(answered.answer_count, 0) as answer_count,
        answered.satisfaction_mean,
        shop.small_cell,
        coalesce(csat.answer_count, 0) as whole_answer_count,
        answered.answer_count > 0
        and not row_counts.is_whole and not row_counts.is_left_out
        and not is_small_cell(answered.answer_count, shop.small_cell) as may_tell_answers
    from row_counts
    cross join metrics.measured_stages as stages
    cross join settings.shop as shop
    left join visited on row_counts.journey_type = visited.journey_type and stages.stage = visited.stage
    left join answered on row_counts.journey_type = answered.journey_type and stages.stage = answered.stage
    left join metrics.csat_by_stage as csat on stages.stage = csat.stage
),

told_answers as (
    select
        stage,
        cast(sum(case when is_whole then answer_count else 0 end) as bigint) as typed_count,
        cast(sum(case when may_tell_answers then answer_count else 0 end) as bigint) as told_count
    from cells
    group by stage
),

untold as (
    select
        cells.*,
        told_answers.typed_count > told_answers.told_count
        and is_small_cell(cells.whole_answer_count - told_answers.told_count, cells.small_cell) as would_tell,
        row_number() over (
            partition by cells.stage, coalesce(cells.may_tell_answers, false)
            order by cells.answer_count, cells.journey_type
        ) as answers_place
    from cells
    inner join told_answers on cells.stage = told_answers.stage
)

select
    journey_type,               -- first purchase, renewal, support or usage; all: over all types; other: those left out, together
    stage,                      -- of settings.stages
    stage_position,             -- on the map
    is_required,                -- optional stages never gate
    journey_count,              -- journeys of the type that are over, with or without a stage
    visited_count,              -- of these, those with a touchpoint in the stage
    rate(visited_count, journey_count) as visited_share,  -- visited / journeys
    wilson_low(visited_count, journey_count) as visited_low,  -- Wilson 95 %
    wilson_high(visited_count, journey_count) as visited_high,  -- Wilson 95 %
    median_seconds,             -- time in the stage, median over those that visited it
    answer_count,               -- answers of these journeys about the stage
    satisfaction_mean,          -- mean of these answers, 0–10
    is_small,                   -- too few journeys to compare
    is_left_out,                -- the whole row, on a page that is shared
    is_left_out or is_small_cell(visited_count, small_cell) as is_time_left_out,  -- the time too
    not coalesce(may_tell_answers, false)
    or (would_tell and answers_place = 1) as is_satisfaction_left_out,  -- the answers too
from untold
