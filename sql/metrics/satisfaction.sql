-- One row per kind of survey (csat, nps, ces), dimension and value of it: how satisfied people were, of whom and of
-- what had happened to them; dimension `all` has each kind whole. A dimension of which nothing is known has no row; what
-- is not known of an answer is the value `unknown`, so that the answers of each dimension add up to those of `all`.
-- Raw: over the answers. Weighted: to all who were asked, by post-stratification: in strata of survey, delivery,
-- customer and device the answers count for all who were asked in it; strata with fewer answers than a small cell count
-- as one.
-- Rest: the answers of all other known values of the dimension.
-- source: Wilson (1927) for shares; Newcombe, Statistics in Medicine 17 (1998) for differences of shares, and for NPS
-- the same (MOVER) with the correlation of two shares of a multinomial; Kish, Survey Sampling (1965) for the effective
-- count.
-- key: kind, dimension, value
with dimensions as (
    select dimensions.dimension
    from unnest([
        'all', 'survey', 'stage', 'touchpoint', 'persona', 'country', 'device', 'channel', 'delivery', 'order_state',
        'order_return', 'support', 'friction', 'customer', 'order_value', 'payment_method'
    ]) as dimensions (dimension)
),

-- Requests with all the same properties are counted together: the sums below are over few rows.
profiles as (
    select
        requests.kind, requests.survey, requests.stage, requests.touchpoint, requests.persona, requests.country,
        requests.device, requests.channel, requests.delivery, requests.order_state, requests.order_return,
        requests.support, requests.friction, requests.customer, requests.order_value, requests.payment_method,
        requests.scale_low, requests.scale_high,
        cast(count(*) filter (where requests.is_answer) as bigint) as answer_count,
        cast(count(*) filter (where requests.is_asked_known) as bigint) as asked_count,
        cast(count(*) filter (where requests.is_answer and requests.is_asked_known) as bigint) as counted_answer_count,
        cast(count(*) filter (where requests.is_satisfied) as bigint) as satisfied_count,
        cast(count(*) filter (where requests.is_promoter) as bigint) as promoter_count,
        cast(count(*) filter (where requests.is_detractor) as bigint) as detractor_count,
        cast(count(*) filter (where requests.is_satisfied and requests.is_asked_known) as bigint)
            as counted_satisfied_count,
        cast(count(*) filter (where requests.is_promoter and requests.is_asked_known) as bigint)
            as counted_promoter_count,
        cast(count(*) filter (where requests.is_detractor and requests.is_asked_known) as bigint)
            as counted_detractor_count,
        cast(coalesce(sum(cast(requests.score as decimal(38, 18))), 0) as decimal(38, 18)) as score_sum,
        cast(coalesce(sum(cast(requests.score_of_10 as decimal(38, 18))), 0) as decimal(38, 18)) as score_of_10_sum,
        cast(coalesce(
            sum(cast(requests.score_of_10 * requests.score_of_10 as decimal(38, 18))), 0
        ) as decimal(38, 18)) as square_sum,
        cast(coalesce(
            sum(case when requests.is_asked_known then cast(requests.score_of_10 as decimal(38, 18)) end), 0
        ) as decimal(38, 18)) as counted_score_sum
    from metrics.survey_requests as requests
    group by
        requests.kind, requests.survey, requests.stage, requests.touchpoint, requests.persona, requests.country,
        requests.device, requests.channel, requests.delivery, requests.order_state, requests.order_return,
        requests.support, requests.friction, requests.customer, requests.order_value, requests.payment_method,
        requests.scale_low, requests.scale_high
),

valued as (
    select
        dimensions.dimension,
        coalesce(
            case dimensions.dimension
                when 'all' then 'all'
                when 'survey' then profiles.survey
                when 'stage' then profiles.stage
                when 'touchpoint' then profiles.touchpoint
                when 'persona' then profiles.persona
                when 'country' then profiles.country
                when 'device' then profiles.device
                when 'channel' then profiles.channel
                when 'delivery' then profiles.delivery
                when 'order_state' then profiles.order_state
                when 'order_return' then profiles.order_return
                when 'support' then profiles.support
                when 'friction' then profiles.friction
                when 'customer' then profiles.customer
                when 'order_value' then profiles.order_value
                when 'payment_method' then profiles.payment_method
            end,
            'unknown'
        ) as value,
        profiles.*
    from profiles
    cross join dimensions
),

strata as (
    select
        kind, dimension, value, survey,
        coalesce(delivery, 'unknown') as delivery,
        coalesce(customer, 'unknown') as customer,
        coalesce(device, 'unknown') as device,
        min(scale_low) as lowest_scale_low,
        max(scale_low) as highest_scale_low,
        min(scale_high) as lowest_scale_high,
        max(scale_high) as highest_scale_high,
        cast(sum(answer_count) as bigint) as answer_count,
        cast(sum(asked_count) as bigint) as asked_count,
        cast(sum(counted_answer_count) as bigint) as counted_answer_count,
        cast(sum(satisfied_count) as bigint) as satisfied_count,
        cast(sum(promoter_count) as bigint) as promoter_count,
        cast(sum(detractor_count) as bigint) as detractor_count,
        cast(sum(counted_satisfied_count) as bigint) as counted_satisfied_count,
        cast(sum(counted_promoter_count) as bigint) as counted_promoter_count,
        cast(sum(counted_detractor_count) as bigint) as counted_detractor_count,
        cast(sum(score_sum) as decimal(38, 18)) as score_sum,
        cast(sum(score_of_10_sum) as decimal(38, 18)) as score_of_10_sum,
        cast(sum(square_sum) as decimal(38, 18)) as square_sum,
        cast(sum(counted_score_sum) as decimal(38, 18)) as counted_score_sum
    from valued
    group by
        kind, dimension, value, survey, coalesce(delivery, 'unknown'), coalesce(customer, 'unknown'),
        coalesce(device, 'unknown')
),

sums as (
    select
        kind, dimension, value,
        case when min(lowest_scale_low) = max(highest_scale_low) then min(lowest_scale_low) end as scale_low,
        case when min(lowest_scale_high) = max(highest_scale_high) then min(lowest_scale_high) end as scale_high,
        cast(sum(answer_count) as bigint) as answer_count,
        cast(sum(asked_count) as bigint) as asked_count,
        cast(sum(counted_answer_count) as bigint) as counted_answer_count,
        cast(sum(satisfied_count) as bigint) as satisfied_count,
        cast(sum(promoter_count) as bigint) as promoter_count,
        cast(sum(detractor_count) as bigint) as detractor_count,
        cast(sum(score_sum) as decimal(38, 18)) as score_sum,
        cast(sum(score_of_10_sum) as decimal(38, 18)) as score_of_10_sum,
        cast(sum(square_sum) as decimal(38, 18)) as square_sum
    from strata
    group by kind, dimension, value
),

weighted_strata as (
    select
        strata.kind, strata.dimension, strata.value,
        cast(sum(strata.asked_count) as bigint) as asked_count,
        cast(sum(strata.counted_answer_count) as bigint) as answer_count,
        cast(sum(strata.counted_satisfied_count) as bigint) as satisfied_count,
        cast(sum(strata.counted_promoter_count) as bigint) as promoter_count,
        cast(sum(strata.counted_detractor_count) as bigint) as detractor_count,
        cast(sum(strata.counted_score_sum) as decimal(38, 18)) as score_sum
    from strata
    cross join settings.shop as shop
    group by
        strata.kind, strata.dimension, strata.value,
        case
            when is_small_cell(strata.counted_answer_count, shop.small_cell) then 'few'
            else concat(strata.survey, ' ', strata.delivery, ' ', strata.customer, ' ', strata.device)
        end
),

weighted as (
    select
        kind, dimension, value,
        cast(sum(case when answer_count > 0 then asked_count else 0 end) as bigint) as represented_count,
        cast(sum(cast(asked_count * rate(satisfied_count, answer_count) as decimal(38, 9))) as double)
            as satisfied_sum,
        cast(sum(cast(asked_count * rate(promoter_count - detractor_count, answer_count) as decimal(38, 9))) as double)
            as nps_sum,
        cast(sum(cast(asked_count * rate(cast(score_sum as double), answer_count) as decimal(38, 9))) as double)
            as score_of_10_sum,
        cast(sum(cast(rate(asked_count * asked_count, answer_count) as decimal(38, 9))) as double) as square_weight_sum
    from weighted_strata
    group by kind, dimension, value
),

-- Of what is known, beside each value: the others of its dimension.
totals as (
    select
        kind, dimension,
        cast(sum(answer_count) as bigint) as answer_count,
        cast(sum(satisfied_count) as bigint) as satisfied_count,
        cast(sum(score_of_10_sum) as decimal(38, 18)) as score_of_10_sum,
        cast(sum(square_sum) as decimal(38, 18)) as square_sum,
        cast(count(*) as bigint) as value_count
    from sums
    where value <> 'unknown'
    group by kind, dimension
),

compared as (
    select
        sums.*,
        case when sums.value <> 'unknown' and sums.dimension <> 'all' then totals.answer_count - sums.answer_count end
            as rest_count,
        totals.satisfied_count - sums.satisfied_count as rest_satisfied_count,
        cast(totals.score_of_10_sum - sums.score_of_10_sum as double) as rest_score_sum,
        cast(totals.square_sum - sums.square_sum as double) as rest_square_sum
    from sums
    inner join totals on sums.kind = totals.kind and sums.dimension = totals.dimension
),

measured as (
    select
        compared.*,
        rate(satisfied_count, answer_count) as csat,
        wilson_low(satisfied_count, answer_count) as csat_low,
        wilson_high(satisfied_count, answer_count) as csat_high,
        rate(cast(score_of_10_sum as double), answer_count) as mean_of_10,
        rate(
            greatest(
                cast(square_sum as double)
                - rate(cast(score_of_10_sum as double) * cast(score_of_10_sum as double), answer_count),
                0
            ),
            answer_count - 1
        ) as variance,
        rate(rest_satisfied_count, rest_count) as rest_csat,
        wilson_low(rest_satisfied_count, rest_count) as rest_csat_low,
        wilson_high(rest_satisfied_count, rest_count) as rest_csat_high,
        rate(rest_score_sum, rest_count) as rest_mean_of_10,
        rate(greatest(rest_square_sum - rate(rest_score_sum * rest_score_sum, rest_count), 0), rest_count - 1)
            as rest_variance,
        case when kind = 'nps' then rate(promoter_count, answer_count) end as promoter_share,
        wilson_low(promoter_count, answer_count) as promoter_low,
        wilson_high(promoter_count, answer_count) as promoter_high,
        rate(detractor_count, answer_count) as detractor_share,
        wilson_low(detractor_count, answer_count) as detractor_low,
        wilson_high(detractor_count, answer_count) as detractor_high,
        -- Two shares of one whole: the more there are of the one, the fewer of the other.
        coalesce(
            -sqrt(rate(
                promoter_count * detractor_count,
                (answer_count - promoter_count) * (answer_count - detractor_count)
            )),
            0
        ) as correlation
    from compared
)

select
    measured.kind,              -- csat, nps or ces
    measured.dimension,         -- all, or a column of metrics.survey_requests: survey, stage, touchpoint, persona, country, device, channel, delivery, order_state, order_return, support, friction, customer, order_value, payment_method
    measured.value,             -- of the dimension; unknown: not known of these; all: every answer of the kind
    measured.answer_count,      -- answers
    measured.asked_count,       -- persons asked, answered or not; of surveys that invite nobody who answered, and who passed the stage and did not; 0: not known
    rate(measured.counted_answer_count, measured.asked_count) as response_rate,  -- answers of surveys of which it is known whom they asked / asked
    measured.satisfied_count,   -- satisfied answers
    measured.csat,              -- satisfied / answers; of an nps, the promoters where 9 and 10 count as satisfied
    case when measured.answer_count > 0 then greatest(measured.csat_low, 0) end as csat_low,  -- Wilson 95 %
    case when measured.answer_count > 0 then least(measured.csat_high, 1) end as csat_high,  -- Wilson 95 %
    measured.mean_of_10,        -- mean, rescaled to 0–10, 10 the best
    measured.mean_of_10 - 1.959964 * sqrt(rate(measured.variance, measured.answer_count)) as mean_low,  -- normal 95 %; null: one answer
    measured.mean_of_10 + 1.959964 * sqrt(rate(measured.variance, measured.answer_count)) as mean_high,  -- normal 95 %; null: one answer
    case
        when measured.scale_low is not null and measured.scale_high is not null
            then rate(cast(measured.score_sum as double), measured.answer_count)
    end as mean_score,          -- mean on the scale that all have; null: there are several
    case when measured.scale_high is not null then measured.scale_low end as scale_low,  -- lowest score of it
    case when measured.scale_low is not null then measured.scale_high end as scale_high,  -- highest score of it
    case when measured.kind = 'nps' then measured.promoter_count end as promoter_count,  -- 9 and 10; null: no NPS
    case when measured.kind = 'nps' then measured.detractor_count end as detractor_count,  -- 0 to 6; null: no NPS
    measured.promoter_share - measured.detractor_share as nps,  -- promoters − detractors, of all answers: −1 to 1; null: no NPS
    case
        when measured.promoter_share is not null
            then
                measured.promoter_share - measured.detractor_share - sqrt(
                    (measured.promoter_share - measured.promoter_low)
                    * (measured.promoter_share - measured.promoter_low)
                    + (measured.detractor_high - measured.detractor_share)
                    * (measured.detractor_high - measured.detractor_share)
                    - 2 * measured.correlation * (measured.promoter_share - measured.promoter_low)
                    * (measured.detractor_high - measured.detractor_share)
                )
    end as nps_low,             -- 95 %, of the difference of two shares of a multinomial
    case
        when measured.promoter_share is not null
            then
                measured.promoter_share - measured.detractor_share + sqrt(
                    (measured.promoter_high - measured.promoter_share)
                    * (measured.promoter_high - measured.promoter_share)
                    + (measured.detractor_share - measured.detractor_low)
                    * (measured.detractor_share - measured.detractor_low)
                    - 2 * measured.correlation * (measured.promoter_high - measured.promoter_share)
                    * (measured.detractor_share - measured.detractor_low)
                )
    end as nps_high,            -- 95 %, of the difference of two shares of a multinomial
    measured.rest_count,        -- answers of the other known values of the dimension; null: there is no rest
    measured.mean_of_10 - measured.rest_mean_of_10 as mean_difference,  -- mean_of_10 less that of the rest
    measured.mean_of_10 - measured.rest_mean_of_10 - 1.959964 * sqrt(
        rate(measured.variance, measured.answer_count) + rate(measured.rest_variance, measured.rest_count)
    ) as mean_difference_low,   -- normal 95 %, each side with its own variance; null: one answer on a side
    measured.mean_of_10 - measured.rest_mean_of_10 + 1.959964 * sqrt(
        rate(measured.variance, measured.answer_count) + rate(measured.rest_variance, measured.rest_count)
    ) as mean_difference_high,  -- normal 95 %, each side with its own variance; null: one answer on a side
    measured.csat - measured.rest_csat as csat_difference,  -- csat less that of the rest
    case
        when measured.csat is not null and measured.rest_csat is not null
            then
                measured.csat - measured.rest_csat - sqrt(
                    (measured.csat - measured.csat_low) * (measured.csat - measured.csat_low)
                    + (measured.rest_csat_high - measured.rest_csat) * (measured.rest_csat_high - measured.rest_csat)
                )
    end as csat_difference_low,  -- Newcombe 95 %
    case
        when measured.csat is not null and measured.rest_csat is not null
            then
                measured.csat - measured.rest_csat + sqrt(
                    (measured.csat_high - measured.csat) * (measured.csat_high - measured.csat)
                    + (measured.rest_csat - measured.rest_csat_low) * (measured.rest_csat - measured.rest_csat_low)
                )
    end as csat_difference_high,  -- Newcombe 95 %
    is_small_cell(measured.answer_count, shop.small_cell) as is_small,  -- too few answers to compare by
    rate(weighted.satisfied_sum, weighted.represented_count) as weighted_csat,  -- the share, weighted to all who were asked; null: not known who was
    rate(weighted.score_of_10_sum, weighted.represented_count) as weighted_mean_of_10,  -- the mean, weighted to all who were asked
    case when measured.kind = 'nps' then rate(weighted.nps_sum, weighted.represented_count) end as weighted_nps,  -- the NPS, weighted to all who were asked; null: no NPS
    rate(
        cast(weighted.represented_count as double) * weighted.represented_count, weighted.square_weight_sum
    ) as effective_count,       -- so many answers without weights are as certain as the weighted ones
    rate(weighted.represented_count, measured.asked_count) as represented_share,  -- of those asked, those in a stratum that has an answer
from measured
inner join weighted
    on measured.kind = weighted.kind and measured.dimension = weighted.dimension and measured.value = weighted.value
cross join settings.shop as shop
