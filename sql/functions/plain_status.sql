-- A status, or where an order was placed, as texts of it are compared: in lower case, with hyphens for spaces and underscores. `Partially refunded`,
-- `partially_refunded` and `partially-refunded` are one.
-- arguments: status, a text of an export or of journey.yaml
-- source: docs/definitions.md, "Orders"
create macro plain_status(status) as
regexp_replace(lower(trim(status)), '[ _]+', '-', 'g')
