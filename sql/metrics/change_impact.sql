-- One row per change and figure: what is said of it (improved, worsened, …), from whole weeks with the change and up to
-- 51 weeks before it, with every other change, the calendar and the figure's own wandering allowed for. Read after 1, 2
-- and 4 whole weeks whose attempts are over, and never taken back (docs/definitions.md, "Change impact").
-- key: change_id, kpi
create table metrics.change_impact (
    change_id text,             -- of settings.changes
    change_label text,          -- as in journey.yaml
    changed_on date,            -- shop day
    ended_on date,              -- an incident's last shop day; null: it holds on
    stage text,                 -- that it concerned
    kpi text,                   -- of settings.kpis
    is_meant boolean,           -- journey.yaml says that the change was to move it
    verdict text,               -- not measured before, improved, worsened, measuring, cannot be told apart, too little to tell or no evidence
    crossed text,               -- improved or worsened: the look at which it was first said, as day 7; of an incident days after its end
    is_faded boolean,           -- improved or worsened: the interval of the last look holds zero
    looked text,                -- the latest look that is due, as day 14; null: none is
    looked_until date,          -- the last shop day that it counts
    read_on date,               -- the shop day on which that look was due
    measuring_until date,       -- the shop day on which it is read next; null: never
    weeks_before bigint,        -- whole weeks before the change that all its sources cover, 51 at most
    before_numerator double,    -- of the weeks without the change: attempts that converted, or net revenue
    before_denominator bigint,  -- of the weeks without the change: matured attempts
    before_value double,        -- the figure in them
    after_numerator double,     -- of the weeks with the change: attempts that converted, or net revenue
    after_denominator bigint,   -- of the weeks with the change: matured attempts
    after_value double,         -- the figure in them
    expected_value double,      -- the figure that the weeks with the change would have had without it
    difference double,          -- the effect: what was seen − what was expected; times 100 in points
    relative_difference double,  -- of what was expected
    low double,                 -- 95 % interval of the difference, as far as the figure can reach
    high double,                -- 95 % interval of the difference, as far as the figure can reach
    p_seq double,               -- the smallest p so far, each divided by the share of the allowance that its look has
    together_with text,         -- improved or worsened: said of the sum with these changes; cannot be told apart: from these. Separated by ;
    cause text,                 -- too little to tell: few attempts, wanders by itself, or beside other changes
    detectable_difference double,  -- too little to tell: what would have been seen in 80 of 100 cases; null: nothing
    wander double,              -- by how much the figure moves by itself from week to week, relative
    plain_difference double,    -- after_value − before_value, with nothing allowed for
    mix_difference double,      -- the part of it that other shares of the devices make
    rate_difference double,     -- the part of it that other figures of each device make
    beside text,                -- what else moved at the same time; null: nothing known
    sentence text               -- all of it in words
)
