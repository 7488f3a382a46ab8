-- checks: raw.loads
-- severity: warn
-- finds: exports that name ids of several sources, and none of which is said
-- do: Give the export the `namespace:` of the source that it names; without it, its ids are taken for none of theirs.
-- Where several sources have ids of a kind, whoever names one says which of them it means.
select
    astray.export,
    astray.column_name,
    astray.astray_count,
    string_agg(distinct owners.namespace, ', ' order by owners.namespace) as namespaces
from raw.namespaces as astray
inner join raw.namespaces as owners
    on owners.kind = case when astray.belongs_to = 'shop' then 'order_rows' else astray.belongs_to end
where astray.astray_count > 0
group by astray.export, astray.column_name, astray.astray_count
