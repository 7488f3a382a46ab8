-- One row per step of a funnel (or required stage of the map) and unit that came to the step before it: who could drop
-- there, whether it did, and what was known of it when it came there.
-- Units are those that metrics.funnel_steps and metrics.stage_drop_off count: each with its best attempt, if that is
-- matured. What is known of whom is of the unit's first matured entry: a unit that drops counts with its latest attempt, one that
-- goes on with that which did, and who is late is more often returning, or fetched back by an e-mail. Product, amount
-- and coupon are the last that the visit had named when the unit came to the step before. So are payment method and
-- shipping cost; of a visit that had named none, the first that it names at the place: after the step before, before this
-- one, within the funnel's window.
-- key: funnel_id, step_number, unit_id
with matured as (
    select
        attempts.funnel_id,
        attempts.unit_id,
        attempts.person_id,
        attempts.entered_on,
        attempts.furthest_step,
        attempts.is_best,
        first_value(attempts.session_id) over of_unit as entry_session_id,
        first_value(attempts.campaign) over of_unit as campaign,
        instant_after(attempts.entered_at, funnels.window_seconds) as window_ends_at
    from metrics.drop_off_attempts as attempts
    left join settings.funnels as funnels on attempts.funnel_id = funnels.funnel_id
    where attempts.state = 'matured'
    window of_unit as (
        partition by attempts.funnel_id, attempts.unit_id order by attempts.entered_on, attempts.entered_at
    )
),

best as (
    select * from matured where is_best
),

map_steps as (
    select stage, required_number as step_number
    from metrics.measured_stages
    where is_required
),

comings as (
    select
        best.funnel_id,
        reached.step_number + 1 as step_number,
        best.unit_id,
        reached.reached_at as came_at,
        lead(reached.reached_at) over (
            partition by reached.funnel_id, reached.unit_id order by reached.step_number
        ) as passed_at
    from best
    inner join journeys.attempt_steps as reached
        on
            best.funnel_id = reached.funnel_id
            and best.unit_id = reached.unit_id
            and best.entered_on = reached.entered_on
    union all
    select 'map:stages', map_steps.step_number + 1, passages.journey_id, passages.reached_at, passages.passed_at
    from metrics.stage_passages as passages
    inner join map_steps on passages.stage = map_steps.stage
),

risks as (
    select best.*, comings.step_number, comings.came_at, comings.passed_at
    from comings
    inner join best on comings.funnel_id = best.funnel_id and comings.unit_id = best.unit_id
    inner join metrics.drop_off_steps as steps
        on comings.funnel_id = steps.funnel_id and comings.step_number = steps.step_number
),

-- Of each touchpoint, which of its visit it is, and what the visit had named by then.
touched as (
    select
        person_id,
        session_id,
        occurred_at,
        payment_method,
        shipping,
        count(*) over by_then as path_length,
        last_value(product_id ignore nulls) over by_then as known_product_id,
        last_value(value ignore nulls) over by_then as known_amount,
        last_value(payment_method ignore nulls) over by_then as known_payment_method,
        last_value(shipping ignore nulls) over by_then as known_shipping,
        last_value(coupon ignore nulls) over by_then as known_coupon
    from journeys.touchpoints
    where is_on_site
    window by_then as (
        partition by person_id, session_id order by occurred_at, sequence nulls last, touchpoint_id
        rows between unbounded preceding and current row
    )
),

-- Of simultaneous touchpoints the last one.
known as (
    select
        risks.funnel_id, risks.step_number, risks.unit_id, touched.session_id, touched.path_length,
        touched.known_product_id, touched.known_amount, touched.known_payment_method, touched.known_shipping,
        touched.known_coupon
    from risks
    inner join touched on risks.person_id = touched.person_id and risks.came_at = touched.occurred_at
    qualify
        row_number() over (
            partition by risks.funnel_id, risks.step_number, risks.unit_id
            order by touched.path_length desc, touched.session_id
        ) = 1
),

said as (
    select
        risks.funnel_id,
        risks.step_number,
        risks.unit_id,
        arg_min(touched.payment_method, touched.path_length) as payment_method,
        min(case when touched.payment_method is not null then touched.path_length end) as payment_number,
        arg_min(touched.shipping, touched.path_length) as shipping,
        min(case when touched.shipping is not null then touched.path_length end) as shipping_number
    from risks
    inner join known
        on
            risks.funnel_id = known.funnel_id
            and risks.step_number = known.step_number
            and risks.unit_id = known.unit_id
    inner join touched
        on
            risks.person_id = touched.person_id
            and known.session_id = touched.session_id
            and risks.came_at < touched.occurred_at
    where
        (touched.payment_method is not null or touched.shipping is not null)
        and coalesce(touched.occurred_at < risks.passed_at, true)
        and coalesce(touched.occurred_at <= risks.window_ends_at, true)
    group by risks.funnel_id, risks.step_number, risks.unit_id
),

of_sessions as (
    select
        session_id,
        max(value) filter (where dimension = 'country') as country,
        max(value) filter (where dimension = 'persona') as persona
    from journeys.session_segments
    where dimension in ('country', 'persona')
    group by session_id
),

found as (
    select
        risks.funnel_id, risks.step_number, risks.unit_id, risks.person_id, risks.came_at, risks.passed_at,
        risks.window_ends_at, risks.entry_session_id, known.session_id, sessions.device, sessions.channel,
        of_sessions.country, of_sessions.persona, known.known_product_id as product_id, known.known_amount as amount,
        risks.furthest_step < risks.step_number as is_dropped,
        coalesce(known.path_length, 0) as path_length,
        case when sessions.session_number = 1 then 'new' when sessions.session_number > 1 then 'returning' end
            as new_or_returning,
        coalesce(risks.campaign, 'no campaign') as campaign,
        case when known.known_coupon is not null then 'used' else 'none' end as coupon,
        coalesce(known.known_payment_method, said.payment_method) as payment_method,
        case when known.known_payment_method is not null then 0 else said.payment_number - known.path_length end
            as payment_number,
        coalesce(known.known_shipping, said.shipping) as shipping,
        case when known.known_shipping is not null then 0 else said.shipping_number - known.path_length end
            as shipping_number
    from risks
    left join known
        on
            risks.funnel_id = known.funnel_id
            and risks.step_number = known.step_number
            and risks.unit_id = known.unit_id
    left join said
        on
            risks.funnel_id = said.funnel_id
            and risks.step_number = said.step_number
            and risks.unit_id = said.unit_id
    left join journeys.sessions as sessions on risks.entry_session_id = sessions.session_id
    left join of_sessions on risks.entry_session_id = of_sessions.session_id
),

quarters as (
    select
        funnel_id,
        step_number,
        quantile_cont(amount, 0.25) as first_quarter,
        quantile_cont(amount, 0.5) as second_quarter,
        quantile_cont(amount, 0.75) as third_quarter,
        median(case when shipping > 0 then shipping end) as middle_shipping
    from found
    group by funnel_id, step_number
)

select
    found.funnel_id,            -- of settings.funnels, or map:stages
    found.step_number,          -- of metrics.drop_off_steps: the step that may be reached; the units came to the one before
    found.unit_id,              -- of metrics.drop_off_attempts
    found.person_id,            -- of journeys.people
    found.came_at,              -- UTC instant at which it came to the step before
    found.passed_at,            -- UTC instant at which it reached the step; null: it dropped
    found.window_ends_at,       -- UTC instant until which it could reach a step of the funnel; null: whenever
    found.is_dropped,           -- it never reached the step
    found.entry_session_id,     -- of journeys.sessions, of the unit's first matured entry; null: in none
    found.session_id,           -- of journeys.sessions or journeys.quarantined_sessions, in which it came there; null: in none
    found.path_length,          -- touchpoints of that visit by then; 0: no visit
    found.device,               -- of the first entry: desktop, mobile or tablet
    found.channel,              -- of that entry
    found.country,              -- of the person, if the CRM knew it then
    found.persona,              -- of the person, if the CRM knew it then
    found.new_or_returning,     -- whether that was the person's first session
    found.campaign,             -- of that entry, or `no campaign`
    found.product_id,           -- the last that the visit had named
    found.amount,               -- the last value that the visit had named, of a product or a cart, in the shop's currency
    case
        when found.amount <= quarters.first_quarter then 'lowest quarter'
        when found.amount <= quarters.second_quarter then 'second quarter'
        when found.amount <= quarters.third_quarter then 'third quarter'
        when found.amount is not null then 'highest quarter'
    end as price,               -- which quarter of the amounts of all who came there: lowest, second, third or highest quarter
    found.coupon,               -- used: the visit had named one by then; none
    found.payment_method,       -- chosen by then, else at the place
    found.payment_number,       -- touchpoints of the visit at the place until it was chosen; 0: it was before
    found.shipping,             -- cost shown by then, else at the place, in the shop's currency
    case
        when found.shipping <= 0 then 'free'
        when found.shipping <= quarters.middle_shipping then 'lower half'
        when found.shipping is not null then 'upper half'
    end as shipping_cost,       -- free, or which half of the costs of all who were shown one
    found.shipping_number       -- touchpoints of the visit at the place until it was shown; 0: it was before
from found
inner join quarters on found.funnel_id = quarters.funnel_id and found.step_number = quarters.step_number
