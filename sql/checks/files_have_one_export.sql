-- checks: raw.loads
-- severity: warn
-- finds: files that the paths of several exports of one format match
-- do: Narrow the paths in journey.yaml: a file is loaded once in each format, as the first export that matches it; the others never get its rows.
-- A file belongs to one export of each format.
with matching as (
    select
        path,
        exports,
        unnest(exports) as export
    from raw.found_files
    where len(exports) > 1
)

select
    path,
    'is matched by ' || array_to_string(exports, ', ') || '; not loaded as ' || export as reason
from matching
where not exists (
    select 1 from raw.loads as loads
    where loads.path = matching.path and loads.export = matching.export
)
