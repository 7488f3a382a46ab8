-- checks: raw.loads
-- severity: warn
-- finds: columns of own sources that no row fills
-- do: Correct the column's name in the source: a name that the file lacks reads as empty. Or take the line out.
-- What a source of the shop's own gives is in its files.
select
    'sources/' || format || '.sql' as source,
    column_name,
    export,
    row_count
from raw.own_columns
where row_count > 0 and filled_count = 0
