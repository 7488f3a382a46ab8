-- One row per loaded file some of whose rows were rejected. Why: metrics.rejected_reasons.
-- key: path
select
    path,                       -- of the file, below the exports' folder
    export,                     -- as journey.yaml names it
    rows_read,                  -- rows of the file
    rows_rejected,              -- of these, rejected
    rate(rows_rejected, rows_read) as rejected_share  -- of the rows read
from raw.loads
where status = 'loaded' and rows_rejected > 0
