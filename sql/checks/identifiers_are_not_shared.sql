-- checks: journeys.shared_identifiers
-- severity: warn
-- No identifier meets more customers than the limit (a shared tablet, an office address); such a one links nothing.
select identifier, other_count
from journeys.shared_identifiers
