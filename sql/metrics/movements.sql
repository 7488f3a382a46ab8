-- One row per measure (orders, revenue) and part of its change from the month before to the last whole month: the whole
-- change first, then the days, visits a day, each step of a visit, orders per visit that orders, what an order is worth,
-- and orders that belong to no visit. Parts add up to the change: by logarithmic means, exactly.
-- An order counts on the day its visit began, one without visit on the day it was placed.
-- A segment explains a part if 80 % of it would be gone had the segment moved like the rest, and no set of segments
-- stands out as much when days are dealt out to the two months at random.
-- key: measure, part
create table metrics.movements (
    measure text,               -- orders or revenue
    part_number bigint,         -- 0: the whole change; 1, 2, …: its parts, in the order of the visit
    part text,                  -- all, days, visits, step:<step of metrics.visit_chain>, orders, value, other, other value
    part_label text,            -- as pages call it
    before_value double,        -- the figure in the earlier month; null: not defined
    after_value double,         -- the figure in the later month; null: not defined
    contribution double,        -- what of the change is due to it: orders, or the shop's currency
    contribution_share double,  -- of the whole change; null: it did not move
    segment text,               -- which segment explains it; null: no segment does
    explained_share double,     -- share of the part that would be gone had the segment moved like the rest
    segment_moved double,       -- the figure of the segment, relative to before
    rest_moved double,          -- the figure of all others, relative to before
    p double,                   -- probability that some segment stands out as much where none does
    before_from date,           -- first shop day of the earlier month
    before_until date,          -- its last shop day
    after_from date,            -- first shop day of the later month
    after_until date            -- its last shop day
)
