-- What metrics.report_before holds, from the tables of the last report (the attached database `reported`) and of now.
with matured as (
    select count(*) as matured_count
    from reported.metrics.kpi_daily as daily
    inner join reported.metrics.kpi_cut_off as cut_off
        on daily.kpi = cut_off.kpi and daily.happened_on between cut_off.first_on and cut_off.last_on
    where daily.denominator > 0
),

restated as (
    select count(*) as restated_count
    from (
        select distinct kpi, happened_on from metrics.restatements
    ) as values_restated
),

arrived as (
    select count(*) as arrived_file_count
    from (
        select file_id from raw.loads where status = 'loaded'
        except
        select file_id from reported.raw.loads where status = 'loaded'
    ) as files
)

select
    true,
    greatest(
        cut_off.events_until, cut_off.orders_until, cut_off.feedback_until, cut_off.tickets_until, cut_off.deals_until,
        cut_off.contacts_until
    ),
    matured.matured_count,
    restated.restated_count,
    arrived.arrived_file_count
from reported.metrics.cut_off as cut_off
cross join matured
cross join restated
cross join arrived
