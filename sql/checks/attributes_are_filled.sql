-- checks: metrics.attribute_values
-- severity: warn
-- An attribute of journey.yaml of which no row of any export says anything.
-- finds: attributes without a value
-- do: Correct `from` of the attribute in journey.yaml: it is the column's label, or the path of a property, as properties.plan.
select attribute
from metrics.attribute_values
where value is null
