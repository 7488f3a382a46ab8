-- One row per identifier (kind:value) of the shop's own staff; e-mails as pseudonyms only.
create table settings.staff (
    identifier text             -- kind:value
)
