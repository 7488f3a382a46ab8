-- One row per export and reason to reject a row, without the values in it: what to correct in the export.
-- The rejected rows themselves, with their text, stay in raw.rejected_rows, which is not published.
-- key: export, reason
with reasons as (
    select loads.export, split_part(rejected.reason, ': ', 1) as reason
    from raw.rejected_rows as rejected
    inner join raw.loads as loads on rejected.file_id = loads.file_id
)

select
    export,                     -- as journey.yaml names it
    reason,                     -- what is wrong, without the value
    cast(count(*) as bigint) as row_count  -- rows rejected for it
from reasons
group by export, reason
