-- One row per host from which visits are due to others: a review site, or the press from a day on (outside).
create table settings.outside_hosts (
    host text,                  -- with all below it, as lemonde.fr
    told_by text,               -- review site, or what the press entry is called
    first_on date,              -- shop day from which on; null: always
    until_on date               -- shop day before which; null: always
)
