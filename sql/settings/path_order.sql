-- One row per touchpoint of those that should follow each other; alternatives share a number.
create table settings.path_order (
    place_number bigint,        -- 1, 2, …, in the order in which they should follow
    place text,                 -- the touchpoints that are this place, as one text
    touchpoint text             -- one of them
)
