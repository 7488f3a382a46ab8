-- checks: journeys.identity_evidence
-- severity: warn
-- No identifier meets more customers than the limit (a shared tablet, an office address); such a one links nothing.
select identifier, count(*) as pair_count
from journeys.identity_evidence
where other_identifier is not null and not is_used
group by identifier
having count(*) > (select identity_link_limit from settings.shop)
