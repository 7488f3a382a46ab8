-- checks: raw.loads
-- severity: warn
-- finds: files that the paths of several exports match
-- do: Narrow the paths in journey.yaml: a file is loaded once, as the first export that matches it; the others never get its rows.
-- A file belongs to one export.
select
    path,
    'is matched by ' || array_to_string(exports, ', ') || '; loaded as ' || exports[1] as reason
from raw.found_files
where len(exports) > 1
