-- One row per friction signal and stage in which somebody met it: how many did, what went with it, and what would be
-- gained if those who met it had dropped no more often than others at the same point of their path.
-- Loss: of journeys that met it while the stage was as far as they had come (metrics.drop_off_drivers, the map); a stage
-- that does not gate, or is the last, has none. CSAT: of the answers of people who had met it there within the inactivity
-- limit before, against all other answers; Newcombe 1998 (method 10) for the difference.
-- key: signal, stage
with met as (
    select signal, stage, person_id, session_id, occurred_at
    from journeys.friction_signals
    where stage is not null
),

counts as (
    select
        signal,
        stage,
        cast(count(*) as bigint) as signal_count,
        count(distinct session_id) as session_count,
        count(distinct person_id) as person_count
    from met
    group by signal, stage
),

answers as (
    select answer_id, person_id, answered_at, is_satisfied
    from journeys.survey_answers
    where person_id is not null
),

answers_met as (
    select distinct met.signal, met.stage, answers.answer_id, answers.is_satisfied
    from met
    inner join answers on met.person_id = answers.person_id and met.occurred_at < answers.answered_at
    cross join settings.shop as shop
    where elapsed_seconds(met.occurred_at, answers.answered_at) <= shop.inactivity_seconds
),

csat as (
    select
        counts.signal,
        counts.stage,
        count(answers_met.answer_id) as met_count,
        count(answers_met.answer_id) filter (where answers_met.is_satisfied) as met_satisfied
    from counts
    left join answers_met on counts.signal = answers_met.signal and counts.stage = answers_met.stage
    group by counts.signal, counts.stage
),

all_answers as (
    select count(*) as answer_count, count(*) filter (where is_satisfied) as satisfied_count
    from answers
),

rates as (
    select
        csat.signal,
        csat.stage,
        csat.met_count,
        csat.met_satisfied,
        all_answers.answer_count - csat.met_count as other_count,
        rate(csat.met_satisfied, csat.met_count) as csat_met,
        wilson_low(csat.met_satisfied, csat.met_count) as met_low,
        wilson_high(csat.met_satisfied, csat.met_count) as met_high,
        rate(all_answers.satisfied_count - csat.met_satisfied, all_answers.answer_count - csat.met_count) as csat_others,
        wilson_low(all_answers.satisfied_count - csat.met_satisfied, all_answers.answer_count - csat.met_count)
            as others_low,
        wilson_high(all_answers.satisfied_count - csat.met_satisfied, all_answers.answer_count - csat.met_count)
            as others_high
    from csat
    cross join all_answers
),

map_steps as (
    select stage, required_number + 1 as step_number
    from metrics.measured_stages
    where is_required
),

losses as (
    select
        map_steps.stage,
        drivers.level as signal,
        drivers.with_count,
        drivers.with_dropped,
        drivers.compared_count,
        drivers.compared_rate,
        drivers.comparable_rate,
        drivers.lift,
        drivers.difference,
        drivers.difference_low,
        drivers.difference_high,
        drivers.q,
        drivers.is_told,
        drivers.left_out,
        rate(places.revenue_at_stake, places.dropped_count) as worth
    from metrics.drop_off_drivers as drivers
    inner join map_steps on drivers.step_number = map_steps.step_number
    inner join metrics.stage_drop_off as places on map_steps.stage = places.stage
    where drivers.funnel_id = 'map:stages' and drivers.factor = 'friction'
),

gains as (
    select
        counts.*,
        losses.with_count,
        losses.with_dropped,
        losses.compared_count,
        losses.compared_rate,
        losses.comparable_rate,
        losses.lift,
        losses.difference,
        losses.difference_low,
        losses.difference_high,
        losses.q,
        coalesce(losses.is_told, false) as is_told,
        case
            when losses.stage is not null then losses.left_out
            when places.dropped_count is null then 'no drop-off there'
            else 'met later only'
        end as left_out,
        round(greatest(losses.difference, 0) * losses.compared_count * losses.worth, 2) as gain,
        round(greatest(losses.difference_low, 0) * losses.compared_count * losses.worth, 2) as gain_low,
        round(greatest(losses.difference_high, 0) * losses.compared_count * losses.worth, 2) as gain_high
    from counts
    left join losses on counts.signal = losses.signal and counts.stage = losses.stage
    left join metrics.stage_drop_off as places on counts.stage = places.stage
)

select
    gains.signal,               -- of journeys.friction_signals
    gains.stage,                -- of settings.stages: that of the touchpoint
    gains.signal_count,         -- how often it was met
    gains.session_count,        -- sessions in which it was
    gains.person_count,         -- people who did
    coalesce(gains.with_count, 0) as journey_count,  -- journeys that met it while the stage was as far as they had come
    coalesce(gains.with_dropped, 0) as dropped_count,  -- of these, got no further
    gains.compared_count,       -- of journey_count, those with others at the same point of their path
    gains.compared_rate,        -- of these, got no further
    gains.comparable_rate,      -- of the others at the same point of each, on average
    gains.lift,                 -- compared_rate / comparable_rate
    gains.difference,           -- compared_rate − comparable_rate
    gains.difference_low,       -- Newcombe 95 %
    gains.difference_high,      -- Newcombe 95 %
    gains.q,                    -- of metrics.drop_off_drivers; null: left out
    gains.is_told,              -- q below 4 %
    gains.left_out,             -- why it is not tested: as there, or no drop-off there, or met later only; null: it is
    gains.gain,                 -- of the journeys that dropped beyond the others, if they went on like those who do; in the shop's currency
    gains.gain_low,             -- 95 %, the order value taken as known
    gains.gain_high,            -- 95 %, the order value taken as known
    case
        when gains.left_out is null
            then
                row_number() over (
                    partition by gains.left_out is null order by gains.gain desc nulls last, gains.signal, gains.stage
                )
    end as gain_rank,           -- 1: most is to be gained; null: left out
    rates.met_count as answer_count,  -- answers of people who had met it
    rates.csat_met,             -- of these, satisfied
    rates.other_count as other_answer_count,  -- all other answers
    rates.csat_others,          -- of these, satisfied
    rates.csat_met - rates.csat_others as csat_difference,  -- below 0: those who met it are less satisfied
    rates.csat_met - rates.csat_others - sqrt(
        (rates.csat_met - rates.met_low) * (rates.csat_met - rates.met_low)
        + (rates.others_high - rates.csat_others) * (rates.others_high - rates.csat_others)
    ) as csat_difference_low,   -- Newcombe 95 %
    rates.csat_met - rates.csat_others + sqrt(
        (rates.met_high - rates.csat_met) * (rates.met_high - rates.csat_met)
        + (rates.csat_others - rates.others_low) * (rates.csat_others - rates.others_low)
    ) as csat_difference_high,  -- Newcombe 95 %
    is_small_cell(rates.met_count, shop.small_cell) as is_small_csat  -- too few answers to rank
from gains
inner join rates on gains.signal = rates.signal and gains.stage = rates.stage
cross join settings.shop as shop
