-- One row per measure, part of its change that visits have (visits a day, steps, orders, value), dimension and value: what
-- of the part is due to the segment having another share of those who come to it (mix), and to its own figure (rate).
-- Of each dimension they add up to the part's contribution in metrics.movements.
-- key: measure, part, dimension, value
create table metrics.movement_segments (
    measure text,               -- orders or revenue
    part text,                  -- of metrics.movements
    dimension text,             -- of journeys.session_segments
    value text,                 -- of the dimension; other: the rarer ones; not known: sessions without any
    before_count double,        -- what the figure is relative to, in the earlier month: days, visits, orders
    after_count double,         -- what it is relative to in the later month
    before_value double,        -- the segment's figure in the earlier month; null: nothing to be relative to
    after_value double,         -- the segment's figure in the later month; null: nothing to be relative to
    mix_contribution double,    -- because its share is another: orders, or the shop's currency
    rate_contribution double    -- because its figure is another: orders, or the shop's currency
)
