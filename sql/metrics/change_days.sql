-- One row per figure, shop day and device of the matured attempts that changes are judged by: of all, and of the part
-- that a change concerned, where it names one.
-- key: change_id, kpi, happened_on, device
with attempts as (
    select 'all changes' as change_id, kpi, happened_on, device, numerator, denominator
    from metrics.kpi_attempts
    where is_matured
    union all
    select concerned.change_id, attempts.kpi, attempts.happened_on, attempts.device, attempts.numerator, attempts.denominator
    from metrics.change_attempts as concerned
    inner join metrics.kpi_attempts as attempts
        on concerned.kpi = attempts.kpi and concerned.attempt_id = attempts.attempt_id
)

select
    change_id,                  -- of settings.changes, one that concerned a part; all changes: the others, which concerned all
    kpi,                        -- of settings.kpis
    happened_on,                -- shop day
    coalesce(device, 'unknown') as device,  -- of the session in which the attempt began
    cast(sum(numerator) as double) as numerator,  -- attempts that converted, or the net revenue of net_order_value
    cast(sum(denominator) as bigint) as denominator,  -- matured attempts
from attempts
where exists (select 1 from settings.changes)
group by change_id, kpi, happened_on, coalesce(device, 'unknown')
