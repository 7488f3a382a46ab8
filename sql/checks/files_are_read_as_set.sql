-- checks: raw.loads
-- severity: warn
-- finds: loaded files that are gone from their folder and were read with other settings than now
-- do: Put these files back, and the next run reads them again; or take them out by `parcours unload`. Until then their rows stay as they were read.
-- What is loaded was read as journey.yaml and the sources say now.
select
    path,
    'has changed since: ' || read_otherwise as reason
from raw.loads
where status in ('loaded', 'replaced', 'rejected') and read_otherwise is not null
