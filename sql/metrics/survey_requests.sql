-- One row per person asked by a survey, answered or not, with what happened to the person before; what the figures of
-- satisfaction count, and whom. Of a survey that invites nobody (reviews) one row per answer, and one per person who
-- passed its stage since answers are known and did not answer it, as of the last touchpoint there: together these stand
-- for those asked. Of one that has no stage either it is not known who was.
-- It is about the order that it names, else about the last touchpoint within the lag before
-- (journeys.survey_answers; of an invitation without an answer the last before asking), the order that this one names,
-- and its session and journey.
-- What became of the order is told as it is known today; help and friction only from before the request, in the same
-- journey. What the exports can't show is null: friction of somebody without a session, a delivery without a promise.
-- key: request_id
with asked as (
    select
        feedback.answer_id,
        feedback.survey,
        feedback.kind,
        feedback.asked_at,
        case when feedback.score is not null then feedback.answered_at end as answered_at,
        feedback.score,
        feedback.scale_low,
        feedback.scale_high,
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
        not exists (
            select 1 from journeys.screened_records as left_out
            where left_out.kind = 'answer' and left_out.row_id = feedback.answer_id
        )
),

surveys as (
    select
        survey,
        min(kind) as kind,
        min(stage) as stage,
        bool_or(asked_at is not null or score is null) as has_invitations
    from asked
    group by survey
),

-- Of an answer journeys.survey_answers says what it is attached to; of an invitation without one this.
silent_about as (
    select asked.answer_id, touchpoints.touchpoint_id
    from asked
    inner join journeys.touchpoints as touchpoints on asked.person_id = touchpoints.person_id
    cross join settings.shop as shop
    where
        asked.answered_at is null
        and asked.order_id is null
        and touchpoints.source not in ('feedback', 'invitations')
        and touchpoints.occurred_at <= asked.asked_at
        and elapsed_seconds(touchpoints.occurred_at, asked.asked_at) <= shop.survey_lag_seconds
    qualify row_number() over (
        partition by asked.answer_id order by touchpoints.occurred_at desc, touchpoints.touchpoint_id
    ) = 1
),

passed as (
    select
        surveys.survey,
        touchpoints.person_id,
        arg_max(touchpoints.touchpoint_id, (touchpoints.occurred_at, touchpoints.touchpoint_id)) as touchpoint_id
    from journeys.touchpoints as touchpoints
    inner join surveys on touchpoints.stage = surveys.stage and not surveys.has_invitations
    cross join metrics.cut_off as cut_off
    where
        touchpoints.source not in ('feedback', 'invitations')
        and coalesce(touchpoints.occurred_at >= cut_off.feedback_from, true)
        and not exists (
            select 1 from asked
            where asked.survey = surveys.survey and asked.person_id = touchpoints.person_id
        )
    group by surveys.survey, touchpoints.person_id
),

requests as (
    select
        'answer:' || asked.answer_id as request_id,
        asked.survey,
        asked.kind,
        asked.answer_id,
        asked.person_id,
        asked.order_id,
        asked.asked_at,
        asked.answered_at,
        coalesce(asked.asked_at, asked.answered_at) as happened_at,
        asked.answered_at is not null as is_answer,
        surveys.has_invitations or surveys.stage is not null as is_asked_known,
        asked.score,
        asked.scale_low,
        asked.scale_high,
        asked.score_of_10,
        asked.is_satisfied,
        asked.stage,
        coalesce(
            answers.touchpoint_id,
            silent_about.touchpoint_id,
            'order:' || asked.order_id || ':order placed'
        ) as touchpoint_id
    from asked
    inner join surveys on asked.survey = surveys.survey
    left join journeys.survey_answers as answers on asked.answer_id = answers.answer_id
    left join silent_about on asked.answer_id = silent_about.answer_id
    union all
    select
        'passed:' || passed.survey || ':' || passed.person_id, passed.survey, surveys.kind, null, passed.person_id,
        null, null, null, touchpoints.occurred_at, false, true, null, null, null, null, null, surveys.stage,
        passed.touchpoint_id
    from passed
    inner join surveys on passed.survey = surveys.survey
    inner join journeys.touchpoints as touchpoints on passed.touchpoint_id = touchpoints.touchpoint_id
),

about_what as (
    select
        requests.* exclude (order_id, stage),
        coalesce(requests.order_id, about.order_id) as order_id,
        coalesce(requests.stage, about.stage) as stage,
        about.touchpoint,
        coalesce(about.session_id, orders.session_id) as session_id,
        member.journey_id
    from requests
    left join journeys.touchpoints as about
        on requests.touchpoint_id = about.touchpoint_id and requests.person_id = about.person_id
    left join journeys.journey_touchpoints as member
        on about.touchpoint_id = member.touchpoint_id and about.person_id = member.person_id
    left join journeys.order_sessions as orders on coalesce(requests.order_id, about.order_id) = orders.order_id
),

-- What is about a ticket, or a touchpoint off the site, is of the journey's last session before, if it is of no order.
earlier_sessions as (
    select
        about_what.request_id,
        arg_max(member.session_id, (member.occurred_at, member.touchpoint_id)) as session_id
    from about_what
    inner join journeys.journey_touchpoints as member
        on about_what.journey_id = member.journey_id and member.occurred_at <= about_what.happened_at
    where about_what.session_id is null and about_what.order_id is null and member.session_id is not null
    group by about_what.request_id
),

placed as (
    select
        about_what.* exclude (session_id),
        coalesce(about_what.session_id, earlier_sessions.session_id) as session_id
    from about_what
    left join earlier_sessions on about_what.request_id = earlier_sessions.request_id
),

-- Asking for help, and signs of friction on the site; contacts with support are in the first alone.
troubles as (
    select touchpoint_id, person_id, 'help' as trouble
    from journeys.touchpoints
    where (is_on_site and stage = 'support') or (source = 'tickets' and event_name = 'ticket opened')
    union all
    select touchpoint_id, person_id, case when signal in ('payment_failure', 'error') then 'error' else 'other' end
    from journeys.friction_signals
    where session_id is not null and signal in ('payment_failure', 'error', 'rage_repeat', 'repeated_search')
),

troubled_journeys as (
    select member.journey_id, member.occurred_at, troubles.trouble
    from troubles
    inner join journeys.journey_touchpoints as member
        on troubles.touchpoint_id = member.touchpoint_id and troubles.person_id = member.person_id
),

troubled as (
    select
        placed.request_id,
        bool_or(troubles.trouble = 'help') as has_asked_for_help,
        bool_or(troubles.trouble = 'error') as has_met_error,
        bool_or(troubles.trouble = 'other') as has_met_other
    from placed
    inner join troubled_journeys as troubles
        on placed.journey_id = troubles.journey_id and troubles.occurred_at <= placed.happened_at
    group by placed.request_id
),

-- Two thirds of the orders are worth more than the lower bound, one third more than the upper one.
thirds as (
    select
        quantile_cont(in_shop_currency(total, rate), 0.333333) as lower_bound,
        quantile_cont(in_shop_currency(total, rate), 0.666667) as upper_bound
    from staging.orders
)

select
    placed.request_id,          -- the answer's or invitation's id; of who passed a stage, survey and person
    placed.survey,              -- name of the survey
    placed.kind,                -- csat, nps or ces
    placed.answer_id,           -- of journeys.survey_answers, if it was answered; null: of who passed the stage
    placed.person_id,           -- of journeys.people; null: nobody known
    placed.is_answer,           -- it was answered
    placed.is_asked_known,      -- it is known how many were asked by this survey
    placed.asked_at,            -- UTC instant of asking, where known
    placed.answered_at,         -- UTC instant of the answer; null: none
    shop_day(placed.happened_at, shop.time_zone) as asked_on,  -- shop day of asking; where not known, of the answer or of passing; null: not known
    placed.score,               -- on the survey's scale
    placed.scale_low,           -- lowest score of the scale; null: of who passed the stage
    placed.scale_high,          -- highest score of the scale; null: of who passed the stage
    placed.score_of_10,         -- rescaled to 0–10, 10 the best
    placed.is_satisfied,        -- counts for CSAT; null: no answer
    case when placed.kind = 'nps' then placed.score >= 9 end as is_promoter,  -- 9 or 10 of an NPS; null: no answer, or no NPS
    case when placed.kind = 'nps' then placed.score <= 6 end as is_detractor,  -- 0 to 6 of an NPS; null: no answer, or no NPS
    placed.order_id,            -- the order that it is about; null: none
    placed.session_id,          -- of journeys.sessions: of the touchpoint it is about, else of the order, else the journey's last before; null: none
    placed.stage,               -- of settings.stages: of the survey's rule, else of what it is about; null: none
    placed.touchpoint,          -- what it is about, by rule; of an order, its placing; null: nothing known
    people.persona,             -- of journey.yaml; null: nobody known
    people.country,             -- as the CRM says
    sessions.device,            -- of the session; null: no session
    sessions.channel,           -- of the session; null: no session
    case
        when orders.is_late then 'late'
        when orders.promised_on is null then null
        when orders.delivered_at is null then 'not delivered'
        else 'on time'
    end as delivery,            -- late, on time or not delivered, by shop days against the promised one; null: no order, or none was promised
    orders.state as order_state,  -- of staging.orders, as it is today; null: no order
    case
        when orders.order_id is null then null
        when orders.is_cancelled then 'cancelled'
        when
            orders.state in ('returned', 'refunded', 'partly_refunded')
            or orders.returned_at is not null
            or orders.refunded_at is not null
            then 'returned or refunded'
        else 'kept'
    end as order_return,        -- kept, returned or refunded, or cancelled, as it is today; null: no order
    case
        when troubled.has_asked_for_help then 'contacted'
        when placed.journey_id is null or placed.happened_at is null then null
        when placed.session_id is not null or cut_off.tickets_until is not null then 'not contacted'
    end as support,             -- whether the person asked for help before: a ticket opened, or the stage support on the site; null: not known
    case
        when troubled.has_met_error then 'error'
        when troubled.has_met_other then 'other friction'
        when placed.session_id is not null and placed.happened_at is not null then 'none'
    end as friction,            -- the worst of the journey before: an error, other friction (rage, searches in vain) or none; null: no session
    case
        when placed.order_id is null then null
        when placed.order_id <> first_orders.order_id then 'returning customer'
        when first_orders.is_covered then 'first order'
    end as customer,            -- first order or returning customer; null: no order, or not known which
    case
        when in_shop_currency(orders.total, orders.rate) > thirds.upper_bound then 'highest third'
        when in_shop_currency(orders.total, orders.rate) > thirds.lower_bound then 'middle third'
        when in_shop_currency(orders.total, orders.rate) is not null then 'lowest third'
    end as order_value,         -- of all orders' totals; null: no order, or not known
    case when orders.payment_method <> 'unknown' then orders.payment_method end as payment_method,  -- of the order
from placed
cross join settings.shop as shop
cross join metrics.cut_off as cut_off
cross join thirds
left join troubled on placed.request_id = troubled.request_id
left join journeys.people as people on placed.person_id = people.person_id
left join journeys.session_facts as sessions on placed.session_id = sessions.session_id
left join staging.orders as orders on placed.order_id = orders.order_id
left join metrics.first_orders as first_orders on placed.person_id = first_orders.person_id
