-- checks: raw.loads
-- severity: warn
-- finds: exports of one format, or of orders, that may be of one source or of several
-- do: Give exports of one source the same `namespace:` in journey.yaml, so that rows they share count once; those of several sources each its own, and shops have customers of their own.
-- Of exports that could be of one source it is said whether they are.
with undeclared as (
    select distinct
        export,
        namespace,
        case when kind = 'order_rows' then 'orders' else format end as what
    from raw.namespaces
    where not is_declared
)

select
    what,
    string_agg(export, ', ' order by export) as exports
from undeclared
group by what
having count(distinct namespace) > 1
