-- checks: metrics.attribute_values
-- severity: warn
-- An attribute with more values than journey.yaml allows; the rarer ones are grouped as `other` in tables by value.
-- finds: attributes with too many values
-- do: Name an attribute with fewer values, or allow more by `at_most`.
select attribute, value_count as grouped_values, row_count as grouped_rows
from metrics.attribute_values
where is_grouped
