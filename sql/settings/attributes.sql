-- One row per attribute: a column or property of an export that journey.yaml names.
create table settings.attributes (
    attribute text,             -- its name
    attribute_position bigint,  -- 1, 2, …, in the order of journey.yaml
    scope text,                 -- event, session, person or order: what it is said of
    type text,                  -- text, number, boolean or date
    most_values bigint          -- of more, the rarer ones are grouped
)
