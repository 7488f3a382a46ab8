-- checks: journeys.identity_evidence
-- severity: warn
-- finds: identifiers that meet too many others
-- do: Reset a device's anonymous id when somebody logs out; leave placeholder addresses out of the exports.
-- No identifier meets more customers than the limit (a shared tablet, an office address); such a one links nothing.
select identifier, count(*) as pair_count
from journeys.identity_evidence
where other_identifier is not null and not is_used
group by identifier
having count(*) > (select identity_link_limit from settings.shop)
