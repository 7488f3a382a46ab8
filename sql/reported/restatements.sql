-- What metrics.restatements holds, from the tables of the last report (the attached database `reported`) and of now.
-- `other_versions`: the schemas of the tables that figures are made of and that have other settings, or other SQL, than
-- then.
with matured as (
    select kpi, first_on, last_on from reported.metrics.kpi_cut_off where first_on <= last_on
),

reported_attempts as (
    select
        attempts.kpi, attempts.attempt_id, attempts.happened_on, attempts.person_id, attempts.numerator, attempts.denominator
    from reported.metrics.kpi_attempts as attempts
    inner join matured
        on attempts.kpi = matured.kpi and attempts.happened_on between matured.first_on and matured.last_on
),

present_attempts as (
    select
        attempts.kpi, attempts.attempt_id, attempts.happened_on, attempts.person_id, attempts.numerator, attempts.denominator
    from metrics.kpi_attempts as attempts
    inner join matured
        on attempts.kpi = matured.kpi and attempts.happened_on between matured.first_on and matured.last_on
),

moved as (
    select
        coalesce(reported_attempts.kpi, present_attempts.kpi) as kpi,
        coalesce(reported_attempts.attempt_id, present_attempts.attempt_id) as attempt_id,
        coalesce(reported_attempts.happened_on, present_attempts.happened_on) as happened_on,
        reported_attempts.person_id as person_before,
        present_attempts.person_id as person_now,
        coalesce(present_attempts.numerator, 0) - coalesce(reported_attempts.numerator, 0) as numerator_change,
        coalesce(present_attempts.denominator, 0) - coalesce(reported_attempts.denominator, 0) as denominator_change
    from reported_attempts
    full outer join present_attempts
        on
            reported_attempts.kpi = present_attempts.kpi
            and reported_attempts.attempt_id = present_attempts.attempt_id
            and reported_attempts.happened_on = present_attempts.happened_on
    where
        reported_attempts.numerator is distinct from present_attempts.numerator
        or reported_attempts.denominator is distinct from present_attempts.denominator
),

-- The ids that the person of a move has or had: whose identifiers are another's now is that one too.
moved_by_id as (
    select kpi, attempt_id, happened_on, person_before as person_id
    from moved
    where person_before is not null
    union
    select kpi, attempt_id, happened_on, person_now
    from moved
    where person_now is not null
),

moved_people as (
    select kpi, attempt_id, happened_on, person_id from moved_by_id
    union
    select moved.kpi, moved.attempt_id, moved.happened_on, present.person_id
    from moved
    inner join reported.journeys.identities as former on moved.person_before = former.person_id
    inner join journeys.identities as present on former.identifier = present.identifier
    union
    select moved.kpi, moved.attempt_id, moved.happened_on, former.person_id
    from moved
    inner join journeys.identities as present on moved.person_now = present.person_id
    inner join reported.journeys.identities as former on present.identifier = former.identifier
),

concerned as (
    select distinct person_id from moved_people
),

arrived_files as (
    select file_id from raw.loads where status = 'loaded'
    except
    select file_id from reported.raw.loads where status = 'loaded'
),

gone_files as (
    select file_id from reported.raw.loads where status = 'loaded'
    except
    select file_id from raw.loads where status = 'loaded'
),

has_arrived as (
    select exists(select 1 from arrived_files) as is_so
),

arrived_records as (
    select 'order' as kind, order_id as row_id, ordered_at as occurred_at, file_id from raw.order_rows
    union all
    select 'answer', answer_id, answered_at, file_id from raw.feedback
    union all
    select 'ticket', ticket_id, created_at, file_id from raw.tickets
    union all
    select 'deal', deal_id, created_at, file_id from raw.deals
    union all
    select 'contact', contact_id, created_at, file_id from raw.contacts
),

reached as (
    select
        events_until,
        greatest(events_until, orders_until, feedback_until, tickets_until, deals_until, contacts_until) as latest_until
    from reported.metrics.cut_off
),

-- Whose a row is and was: a newer version of it may name somebody else, or say that it is none.
owners as (
    select record_id, kind, row_id, person_id from journeys.record_owners
    union
    select record_id, kind, row_id, person_id from reported.journeys.record_owners
),

arrived_events as (
    select 'event:' || events.event_id as touchpoint_id, events.occurred_at
    from raw.events as events
    inner join arrived_files on events.file_id = arrived_files.file_id
),

touches as (
    select touchpoint_id, person_id, occurred_at
    from journeys.touchpoints
    where source = 'events' and person_id in (select concerned.person_id from concerned)
),

former_touches as (
    select touchpoint_id, person_id
    from reported.journeys.touchpoints
    where source = 'events' and person_id in (select concerned.person_id from concerned)
),

-- What only one of the two has: links of an identifier or a spell of a device to a person, and who is screened.
other_links as (
    select person_id
    from (
        select identifier, person_id, null as owned_from, null as owned_until, 'now' as side
        from journeys.identities
        where person_id in (select concerned.person_id from concerned)
        union all
        select identifier, person_id, null, null, 'then'
        from reported.journeys.identities
        where person_id in (select concerned.person_id from concerned)
        union all
        select anonymous_id, person_id, owned_from, owned_until, 'now'
        from journeys.device_spells
        union all
        select anonymous_id, person_id, owned_from, owned_until, 'then'
        from reported.journeys.device_spells
    ) as links
    group by identifier, person_id, owned_from, owned_until
    having min(side) = max(side)
),

otherwise_screened as (
    select person_id
    from (
        select person_id, 'screened' as what, 'now' as side from journeys.screened_people
        union all
        select person_id, 'screened', 'then' from reported.journeys.screened_people
        union all
        select person_id, 'runaway', 'now' from journeys.quarantined_sessions
        union all
        select person_id, 'runaway', 'then' from reported.journeys.quarantined_sessions
    ) as people
    group by person_id, what
    having min(side) = max(side)
),

causes_of_people as (
    select touches.person_id, 1 as cause_number
    from touches
    inner join arrived_events on touches.touchpoint_id = arrived_events.touchpoint_id
    inner join reached on touches.occurred_at <= reached.events_until
    union all
    select former_touches.person_id, 1
    from former_touches
    inner join arrived_events on former_touches.touchpoint_id = arrived_events.touchpoint_id
    union all
    -- Of a day that was delivered anew, what the new delivery lacks.
    select former_touches.person_id, 1
    from former_touches
    anti join staging.events as events on former_touches.touchpoint_id = 'event:' || events.event_id
    cross join has_arrived
    where has_arrived.is_so
    union all
    select
        coalesce(owners.person_id, 'unknown:' || owners.row_id),
        case when former.record_id is null then 1 when owners.kind = 'order' then 2 else 3 end
    from arrived_records
    inner join arrived_files on arrived_records.file_id = arrived_files.file_id
    inner join owners on owners.record_id = arrived_records.kind || ':' || arrived_records.row_id
    left join reported.journeys.record_owners as former on owners.record_id = former.record_id
    cross join reached
    where former.record_id is not null or coalesce(arrived_records.occurred_at <= reached.latest_until, true)
    union all
    -- An answer is that of the person whose order it names: who that is, another export may say.
    select unnest([present.person_id, former.person_id]), 4
    from journeys.record_owners as present
    inner join reported.journeys.record_owners as former on present.record_id = former.record_id
    where present.person_id is distinct from former.person_id
    union all
    select person_id, 4 from other_links
    union all
    select person_id, 5 from otherwise_screened
),

causes_of_moves as (
    select
        moved_people.kpi,
        moved_people.attempt_id,
        moved_people.happened_on,
        min(causes_of_people.cause_number) as cause_number
    from moved_people
    inner join causes_of_people on moved_people.person_id = causes_of_people.person_id
    group by moved_people.kpi, moved_people.attempt_id, moved_people.happened_on
),

other_outages as (
    select outage_on
    from (
        select outage_on, 'now' as side from metrics.outage_days where outage = 'tracking'
        union all
        select outage_on, 'then' from reported.metrics.outage_days where outage = 'tracking'
    ) as outages
    group by outage_on
    having min(side) = max(side)
),

-- What holds of everything: it explains what nothing of a person, or of a day, does.
circumstances as (
    select
        exists(
            (
                select * from staging.currency_rates
                except
                select * from reported.staging.currency_rates
            )
            union all
            (
                select * from reported.staging.currency_rates
                except
                select * from staging.currency_rates
            )
        ) as has_other_rates,
        (select has_orders_by_events from metrics.cut_off)
        <> (select has_orders_by_events from reported.metrics.cut_off) as has_other_orders,
        exists(
            (
                select source, known_from from metrics.known_sources
                except
                select source, known_from from reported.metrics.known_sources
            )
            union all
            (
                select source, known_from from reported.metrics.known_sources
                except
                select source, known_from from metrics.known_sources
            )
        ) as has_other_span,
        exists(select 1 from gone_files) as has_gone_files,
        exists(
            (select * from raw.purges)
            except
            (select * from reported.raw.purges)
        ) as has_purges,
        exists(select 1 from other_versions where schema_name = 'settings') as has_other_settings,
        exists(select 1 from other_versions where schema_name <> 'settings') as has_other_sql
),

explained as (
    select
        moved.kpi,
        moved.happened_on,
        moved.numerator_change,
        moved.denominator_change,
        case
            when causes_of_moves.cause_number = 1 then 'late rows'
            when causes_of_moves.cause_number = 2 then 'restated orders'
            when causes_of_moves.cause_number = 3 then 'restated records'
            when circumstances.has_other_orders then 'restated orders'
            when causes_of_moves.cause_number = 4 then 'identity links'
            when causes_of_moves.cause_number = 5 then 'screening'
            when other_outages.outage_on is not null then 'outage days'
            when circumstances.has_other_span then 'known span'
            when circumstances.has_other_rates and kpis.unit = 'currency' then 'exchange rates'
            when circumstances.has_gone_files then 'files taken back'
            when circumstances.has_purges then 'rows no longer kept'
            when circumstances.has_other_settings then 'settings'
            when circumstances.has_other_sql then 'SQL'
            else 'not explained'
        end as cause
    from moved
    cross join circumstances
    left join causes_of_moves
        on
            moved.kpi = causes_of_moves.kpi
            and moved.attempt_id = causes_of_moves.attempt_id
            and moved.happened_on = causes_of_moves.happened_on
    left join other_outages on moved.happened_on = other_outages.outage_on
    left join settings.kpis as kpis on moved.kpi = kpis.kpi
),

by_cause as (
    select
        kpi,
        happened_on,
        cause,
        cast(count(*) as bigint) as attempt_count,
        cast(sum(numerator_change) as double) as numerator_change,
        cast(sum(denominator_change) as bigint) as denominator_change
    from explained
    group by kpi, happened_on, cause
),

by_day as (
    select
        kpi,
        happened_on,
        cast(sum(numerator_change) as double) as numerator_change,
        cast(sum(denominator_change) as bigint) as denominator_change
    from by_cause
    group by kpi, happened_on
),

days as (
    select
        coalesce(former.kpi, present.kpi) as kpi,
        coalesce(former.happened_on, present.happened_on) as happened_on,
        former.value as value_before,
        present.value as value_now,
        coalesce(present.numerator, 0) - coalesce(former.numerator, 0) as numerator_change,
        coalesce(present.denominator, 0) - coalesce(former.denominator, 0) as denominator_change
    from reported.metrics.kpi_daily as former
    full outer join metrics.kpi_daily as present
        on former.kpi = present.kpi and former.happened_on = present.happened_on
    inner join matured
        on
            coalesce(former.kpi, present.kpi) = matured.kpi
            and coalesce(former.happened_on, present.happened_on) between matured.first_on and matured.last_on
),

-- Attempts of the forgotten left the last report's rows, not its sums.
unseen as (
    select
        days.kpi,
        days.happened_on,
        round(days.numerator_change - coalesce(by_day.numerator_change, 0), 2) as numerator_change,
        days.denominator_change - coalesce(by_day.denominator_change, 0) as denominator_change
    from days
    left join by_day on days.kpi = by_day.kpi and days.happened_on = by_day.happened_on
),

changes as (
    select kpi, happened_on, cause, attempt_count, numerator_change, denominator_change from by_cause
    union all
    select kpi, happened_on, 'forgotten people', 0, numerator_change, cast(denominator_change as bigint)
    from unseen
)

select
    changes.kpi,
    changes.happened_on,
    changes.cause,
    changes.attempt_count,
    changes.numerator_change,
    changes.denominator_change,
    days.value_before,
    days.value_now
from changes
inner join days on changes.kpi = days.kpi and changes.happened_on = days.happened_on
where changes.numerator_change <> 0 or changes.denominator_change <> 0
order by changes.kpi, changes.happened_on, changes.cause
