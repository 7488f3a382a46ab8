-- One row per export and name of a column (a key, of JSON) or of an event in its files: since when it is there, and
-- whether the latest load changed it. Loads are counted as in raw.loads; a load without a file of the export is none.
-- key: export, what, name
with sightings as (
    select
        observed.export,
        observed.what,
        observed.name,
        min(loads.load_number) as first_load,
        max(loads.load_number) as last_load,
        cast(sum(observed.row_count) as bigint) as row_count
    from raw.observed_names as observed
    inner join raw.loads as loads on observed.file_id = loads.file_id
    where loads.status = 'loaded'
    group by observed.export, observed.what, observed.name
),

spans as (
    select export, min(load_number) as first_load, max(load_number) as latest_load
    from raw.loads
    where status = 'loaded'
    group by export
)

select
    sightings.export,           -- as journey.yaml names it
    sightings.what,             -- column or event
    sightings.name,             -- as the file has it
    sightings.first_load,       -- number of the first load that has it
    sightings.last_load,        -- number of the last load that has it
    sightings.row_count,        -- rows with it; of columns of JSON: of the lines looked at
    case
        when sightings.last_load < spans.latest_load then 'gone'
        when sightings.first_load = spans.latest_load and spans.first_load < spans.latest_load then 'new'
        else 'known'
    end as verdict,             -- new: first in the latest load; gone: not in it; known
from sightings
inner join spans on sightings.export = spans.export
