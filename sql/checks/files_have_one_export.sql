-- checks: raw.loads
-- severity: warn
-- finds: files that the paths of several exports match
-- do: Narrow the paths in journey.yaml: a file is loaded once in each format that fits it, as the first export that matches it; the others never get its rows.
-- A file belongs to one export in each format that fits it.
with loaded as (
    select
        path,
        list(distinct export order by export) as exports
    from raw.loads
    group by path
)

select
    found.path,
    'is matched by ' || array_to_string(found.exports, ', ') || '; loaded as '
    || array_to_string(list_intersect(found.exports, loaded.exports), ', ') as reason
from raw.found_files as found
inner join loaded on found.path = loaded.path
where len(list_intersect(found.exports, loaded.exports)) between 1 and len(found.exports) - 1
