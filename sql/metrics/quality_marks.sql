-- One row per question of the quality page: how many of how many are as they should be.
-- key: mark
with read_rows as (
    select
        cast(sum(rows_read) as bigint) - cast(sum(rows_rejected) as bigint) as good_count,
        cast(sum(rows_read) as bigint) as all_count
    from raw.loads
    where status <> 'unloaded'
),

known_states as (
    select
        cast(sum(case when is_counted then order_count else 0 end) as bigint) as good_count,
        cast(sum(order_count) as bigint) as all_count
    from metrics.order_states
),

-- Where no event is a purchase event, there is nothing to compare the orders with.
compared_orders as (
    select matched_order_count as good_count, order_count as all_count
    from metrics.reconciliation_splits
    where split_by = 'all' and matched_order_count + events_without_order_count > 0
),

shop_days as (
    select day from metrics.late_rows
    union
    select ordered_on as day from staging.orders where ordered_on is not null
),

days_down as (
    select distinct outage_on from metrics.outage_days
),

watched_days as (
    select
        count(case when days_down.outage_on is null then 1 end) as good_count,
        count(*) as all_count
    from shop_days
    cross join metrics.cut_off as known
    left join days_down on shop_days.day = days_down.outage_on
    where known.events_until is not null and known.orders_until is not null
),

placed_touchpoints as (
    select staged_count as good_count, touchpoint_count as all_count
    from metrics.stage_coverage_by_source
    where source is null
),

timely_rows as (
    select row_count - late_count as good_count, row_count as all_count
    from metrics.late_row_splits
    where split_by = 'all'
),

loads_of_exports as (
    select export
    from raw.loads
    where status = 'loaded'
    group by export
    having count(distinct load_number) > 1
),

compared_names as (
    select
        count(case when drift.verdict = 'known' then 1 end) as good_count,
        count(*) as all_count
    from metrics.schema_drift as drift
    inner join loads_of_exports on drift.export = loads_of_exports.export
),

visitors as (
    select value_without as good_count, value_with as all_count
    from metrics.screening
    where figure = 'people'
),

seen_identifiers as (
    select identifier from journeys.identities
    union
    select identifier from journeys.identity_evidence
    union
    select other_identifier as identifier from journeys.identity_evidence where other_identifier is not null
),

seen as (
    select count(*) as seen_count from seen_identifiers
),

shared as (
    select cast(coalesce(sum(identifier_count), 0) as bigint) as shared_count from metrics.shared_identifiers
),

linking_identifiers as (
    select seen.seen_count - shared.shared_count as good_count, seen.seen_count as all_count
    from seen
    cross join shared
),

-- Every question has a row, also where there is nothing to count.
marks as (
    select 1 as mark_number, 'rows accepted' as mark
    union all
    select 2, 'orders that count'
    union all
    select 3, 'orders with a purchase event'
    union all
    select 4, 'days without an outage'
    union all
    select 5, 'touchpoints with a stage'
    union all
    select 6, 'rows in time'
    union all
    select 7, 'names as before'
    union all
    select 8, 'people who are customers'
    union all
    select 9, 'identifiers that link'
),

counts as (
    select 'rows accepted' as mark, good_count, all_count from read_rows
    union all
    select 'orders that count', good_count, all_count from known_states
    union all
    select 'orders with a purchase event', good_count, all_count from compared_orders
    union all
    select 'days without an outage', good_count, all_count from watched_days
    union all
    select 'touchpoints with a stage', good_count, all_count from placed_touchpoints
    union all
    select 'rows in time', good_count, all_count from timely_rows
    union all
    select 'names as before', good_count, all_count from compared_names
    union all
    select 'people who are customers', good_count, all_count from visitors
    union all
    select 'identifiers that link', good_count, all_count from linking_identifiers
)

select
    marks.mark_number,          -- the order of the page
    marks.mark,                 -- what is as it should be
    cast(coalesce(counts.good_count, 0) as bigint) as good_count,  -- how many are
    cast(coalesce(counts.all_count, 0) as bigint) as all_count,  -- of how many; 0: nothing is loaded to be counted
    rate(counts.good_count, counts.all_count) as good_share  -- of all; null: of none
from marks
left join counts on marks.mark = counts.mark
