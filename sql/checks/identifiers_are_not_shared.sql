-- checks: journeys.shared_identifiers
-- severity: warn
-- finds: identifiers that meet too many others
-- do: Reset a device's anonymous id when somebody logs out; leave placeholder addresses out of the exports.
-- No identifier meets more customers than the limit (a shared tablet, an office address); such a one links nothing.
select identifier, other_count
from journeys.shared_identifiers
