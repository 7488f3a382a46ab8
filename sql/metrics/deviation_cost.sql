-- One row per kind and place of deviation from the intended path: how many of the journeys that deviated so ordered later,
-- beside journeys that could still have deviated so at that point. Not what the deviation causes: what goes with it.
-- Compared are journeys that are over (metrics.matured_journeys), at their first such deviation, if nothing was bought by
-- then. Against each stand the journeys that were where it deviated from, had been there at least as long, were still
-- running, had bought nothing and not deviated so yet: whoever deviates has lived to do so, and is held against no one who
-- had not. back, loop, repeat and forbidden: in the place before, since they had entered it; late: in the stage, since the
-- first entry; skip: those who entered the stage when the others passed it by. Of each deviation its comparable journeys
-- weigh 1 together. Difference: Newcombe 1998 (method 10) from Wilson's intervals; the comparable ones count as many as
-- their weights are worth (Kish 1965). A type of journey tells whether it ordered, so there is no row by type.
-- Not here: touchpoints out of order and limits between two places; who is one of these only what came later tells.
-- key: kind, place, from_place
with over_journeys as (
    select matured.journey_id, journeys.purchased_at, journeys.last_contact_at
    from metrics.matured_journeys as matured
    inner join journeys.journeys as journeys
        on matured.person_id = journeys.person_id and matured.journey_id = journeys.journey_id
),

required as (
    select stage, stage_position, row_number() over (order by stage_position, stage) as required_number
    from settings.path_stages
    where rule = 'required'
),

required_visits as (
    select
        visits.journey_id,
        visits.visit_number,
        visits.stage,
        visits.entered_at,
        required.required_number,
        lag(visits.stage) over (partition by visits.journey_id order by visits.visit_number) as stage_before
    from journeys.stage_visits as visits
    inner join required on visits.stage = required.stage
    inner join over_journeys on visits.journey_id = over_journeys.journey_id
),

-- As in journeys.journey_deviations: one stay in a required stage lasts until another required one.
stays as (
    select
        journey_id,
        visit_number,
        stage,
        entered_at,
        required_number,
        lag(stage) over in_journey as from_stage,
        max(required_number) over (
            partition by journey_id order by visit_number rows between unbounded preceding and 1 preceding
        ) as number_before,
        min(visit_number) over (partition by journey_id, stage) < visit_number as is_again,
        lead(stage) over in_journey as next_stage,
        lead(required_number) over in_journey as next_number,
        lead(entered_at) over in_journey as next_at
    from required_visits
    where stage_before is null or stage_before <> stage
    window in_journey as (partition by journey_id order by visit_number)
),

moves as (
    select
        stays.*,
        case
            when next_number < required_number then 'back'
            when not lead(is_again) over (partition by journey_id order by visit_number) then null
            when next_stage = from_stage then 'loop'
            when next_stage is not null then 'repeat'
        end as next_kind
    from stays
),

first_stays as (
    select journey_id, stage, min(visit_number) as visit_number
    from stays
    group by journey_id, stage
),

kinds as (
    select distinct next_kind as kind, next_stage as place, stage as from_place
    from moves
    where next_kind is not null
),

-- Of each stay from which one could deviate so, whether and when it did, and when it was over.
chances as (
    select
        asked.kind,
        asked.place,
        asked.from_place,
        moves.journey_id,
        moves.visit_number,
        moves.entered_at,
        moves.next_at,
        moves.next_stage = asked.place as deviates
    from kinds as asked
    inner join moves on asked.from_place = moves.stage
    left join first_stays on moves.journey_id = first_stays.journey_id and asked.place = first_stays.stage
    where
        asked.kind = 'back'
        or (asked.kind = 'loop' and asked.place = moves.from_stage)
        or (
            asked.kind = 'repeat'
            and first_stays.visit_number < moves.visit_number
            and asked.place <> moves.from_stage
        )
    union all
    select
        'skip', required.stage, null, stays.journey_id, stays.visit_number, stays.entered_at, stays.entered_at,
        stays.required_number > required.required_number
    from stays
    inner join required
        on
            stays.required_number >= required.required_number
            and coalesce(stays.number_before, 0) < required.required_number
    inner join metrics.measured_stages as measured on required.stage = measured.stage
    union all
    select
        'forbidden', asked.place, asked.from_place, visits.journey_id, visits.visit_number, visits.entered_at,
        visits.next_entered_at, visits.next_stage = asked.place
    from (
        select distinct deviations.place, deviations.from_place
        from journeys.journey_deviations as deviations
        where deviations.kind = 'forbidden'
    ) as asked
    inner join (
        select journey_id, visit_number, stage, entered_at, next_stage, next_entered_at from journeys.stage_visits
        union all
        select journey_id, 0, null, entered_at, stage, entered_at from journeys.stage_visits where visit_number = 1
    ) as visits
        on asked.from_place is not distinct from visits.stage
    union all
    select
        'late', asked.place, null, visits.journey_id, 1, min(visits.entered_at), min(late.occurred_at),
        min(late.occurred_at) is not null
    from (
        select distinct place
        from journeys.journey_deviations
        where kind = 'late' and place_type = 'stage' and from_place is null
    ) as asked
    inner join journeys.stage_visits as visits on asked.place = visits.stage
    left join journeys.journey_deviations as late
        on
            visits.person_id = late.person_id
            and visits.journey_id = late.journey_id
            and asked.place = late.place
            and late.kind = 'late'
            and late.place_type = 'stage'
            and late.from_place is null
    group by asked.place, visits.journey_id
),

firsts as (
    select
        chances.kind,
        chances.place,
        chances.from_place,
        chances.journey_id,
        chances.entered_at,
        over_journeys.purchased_at,
        coalesce(chances.deviates, false) as deviates,
        coalesce(chances.next_at, over_journeys.last_contact_at) as over_at
    from chances
    inner join over_journeys on chances.journey_id = over_journeys.journey_id
    qualify
        not coalesce(
            bool_or(coalesce(chances.deviates, false)) over (
                partition by chances.kind, chances.place, chances.from_place, chances.journey_id
                order by chances.visit_number rows between unbounded preceding and 1 preceding
            ), false
        )
),

risks as (
    select
        kind,
        place,
        from_place,
        journey_id,
        deviates and coalesce(purchased_at > over_at, true) as is_deviation,
        purchased_at is not null as is_ordered,
        elapsed_seconds(entered_at, greatest(entered_at, least(over_at, coalesce(purchased_at, over_at)))) as stay_seconds
    from firsts
    -- What passes a stage, or enters the first one, with the purchase itself has nothing left to decide.
    where coalesce(purchased_at > entered_at, true)
),

-- How many others were still there when one deviated: stays as long as that or longer, but for those that end so then.
-- A case, no filter: what a filter counts over a window DuckDB may count anew for each row.
others as (
    select
        risks.*,
        count(*) over (partition by kind, place, from_place order by stay_seconds desc)
        - count(case when is_deviation then 1 end) over (partition by kind, place, from_place, stay_seconds) as other_count
    from risks
),

-- Of all deviations of a kind, what share of their comparable journeys each of the others is, all together 1.
weights as (
    select
        others.*,
        rate(
            coalesce(sum(share_of_one) over (partition by kind, place, from_place order by stay_seconds), 0)
            - case
                when is_deviation
                    then coalesce(sum(share_of_one) over (partition by kind, place, from_place, stay_seconds), 0)
                else 0
            end,
            count(share_of_one) over (partition by kind, place, from_place)
        ) as weight
    from (
        select
            *,
            case when is_deviation then cast(rate(1.0, other_count) as decimal(28, 18)) end as share_of_one
        from others
    ) as others
),

sums as (
    select
        kind,
        place,
        from_place,
        cast(count(*) filter (where is_deviation) as bigint) as deviating_count,
        cast(count(share_of_one) as bigint) as compared_count,
        cast(count(share_of_one) filter (where is_ordered) as bigint) as ordered_count,
        count(distinct case when weight > 0 then journey_id end) as comparable_count,
        cast(sum(cast(case when is_ordered then weight end as decimal(28, 18))) as double) as ordered_weight,
        cast(sum(cast(weight as decimal(28, 18))) as double) as whole_weight,
        cast(sum(cast(weight * weight as decimal(28, 18))) as double) as squared_weight
    from weights
    group by kind, place, from_place
),

places as (
    select
        kind,
        place,
        from_place,
        cast(count(*) filter (where purchased_at <= over_at) as bigint) as after_order_count
    from firsts
    where deviates
    group by kind, place, from_place
),

rates as (
    select
        places.kind,
        places.place,
        places.from_place,
        places.after_order_count,
        coalesce(sums.deviating_count, 0) as deviating_count,
        coalesce(sums.compared_count, 0) as compared_count,
        coalesce(sums.ordered_count, 0) as ordered_count,
        coalesce(sums.comparable_count, 0) as comparable_count,
        rate(sums.ordered_count, sums.compared_count) as ordered_rate,
        -- Rounded shares of 1 add up to 1 but for their last digits: all or none of them are exactly 1 or 0.
        rate(coalesce(sums.ordered_weight, 0), sums.whole_weight) as comparable_rate,
        rate(1.0, sums.squared_weight) as comparable_worth
    from places
    left join sums
        on
            places.kind = sums.kind
            and places.place = sums.place
            and places.from_place is not distinct from sums.from_place
),

bounds as (
    select
        *,
        wilson_low(ordered_count, compared_count) as ordered_low,
        wilson_high(ordered_count, compared_count) as ordered_high,
        wilson_low(comparable_rate * comparable_worth, comparable_worth) as comparable_low,
        wilson_high(comparable_rate * comparable_worth, comparable_worth) as comparable_high
    from rates
)

select
    bounds.kind,                -- skip, back, loop, repeat, late or forbidden
    bounds.place,               -- the stage: passed by, entered, or stayed in too long
    bounds.from_place,          -- the stage before; null: none, or any
    bounds.deviating_count,     -- journeys that are over and deviated so with nothing bought by then; of skip, those too that came to the stage later
    bounds.after_order_count,   -- journeys that first did so with the purchase or after it: not compared
    bounds.compared_count,      -- of deviating_count, those for whom there are comparable journeys
    bounds.ordered_count,       -- of compared_count, with a purchase later
    bounds.comparable_count,    -- journeys that could still have deviated so at one of these points
    bounds.ordered_rate,        -- ordered / compared
    bounds.ordered_low,         -- Wilson 95 %
    bounds.ordered_high,        -- Wilson 95 %
    bounds.comparable_rate,     -- with a purchase later, of the comparable journeys of each, on average
    bounds.ordered_rate - bounds.comparable_rate as difference,  -- below 0: those that deviate order less often
    bounds.ordered_rate - bounds.comparable_rate - sqrt(
        (bounds.ordered_rate - bounds.ordered_low) * (bounds.ordered_rate - bounds.ordered_low)
        + (bounds.comparable_high - bounds.comparable_rate) * (bounds.comparable_high - bounds.comparable_rate)
    ) as difference_low,        -- Newcombe 95 %
    bounds.ordered_rate - bounds.comparable_rate + sqrt(
        (bounds.ordered_high - bounds.ordered_rate) * (bounds.ordered_high - bounds.ordered_rate)
        + (bounds.comparable_rate - bounds.comparable_low) * (bounds.comparable_rate - bounds.comparable_low)
    ) as difference_high,       -- Newcombe 95 %
    is_small_cell(bounds.compared_count, shop.small_cell)
    or bounds.comparable_worth is null
    or bounds.comparable_worth < shop.small_cell as is_small,  -- too few to rank the difference
from bounds
cross join settings.shop as shop
