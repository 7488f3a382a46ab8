-- One row per incident that nobody logged: a fall of a step, for everybody or one segment, over 2 to 60 days, that is more than
-- the figure's ordinary wandering. Found over all days of metrics.step_days; metrics.incidents says what it cost, and
-- what else was seen.
-- key: incident
create table metrics.found_incidents (
    incident text,              -- its first day, step and segment
    step text,                  -- of metrics.watched_steps
    dimension text,             -- of the segment that fell; all: everybody
    value text,                 -- of the dimension; all: everybody
    began_on date,              -- its first shop day
    ended_on date,              -- its last shop day, or the last that is known
    is_open boolean,            -- it runs on the last day that is known of the segment
    score double,               -- how certain it is that it was no ordinary wandering
    threshold double,           -- score from which on falls are reported
    entered_count bigint,       -- attempts that entered the step on its days
    went_on_count bigint,       -- of these, those that went on
    expected_count double,      -- those that would have, by the days around it
    relative_size double,       -- went on relative to expected, below 0
    size_low double,            -- 95 % interval of it
    size_high double,           -- 95 % interval of it
    also_fell text              -- labels of the other steps that fell with it, in the order of the steps; null: none
)
