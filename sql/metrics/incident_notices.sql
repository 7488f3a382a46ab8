-- One row per thing that a night told of an alarm: that a step has fallen, for everybody or one segment, in the days up to
-- the night; that it got worse; that it is over. Each night by the days up to it alone, so that what a night told stays.
-- key: alarm, night, word
create table metrics.incident_notices (
    night date,                 -- last shop day that was known of the step
    word text,                  -- open, worse or over
    step text,                  -- of metrics.watched_steps
    dimension text,             -- of the segment that fell; all: everybody
    value text,                 -- of the dimension; all: everybody
    opened_on date,             -- night on which the alarm opened
    alarm text,                 -- which alarm it is: night, step and segment that it opened with
    is_open boolean,            -- the alarm is not over on the last night
    began_on date,              -- first of the days that stand out most
    ended_on date,              -- last of them
    score double,               -- how certain the fall is
    entered_count bigint,       -- attempts that entered the step on these days
    went_on_count bigint,       -- of these, those that went on
    expected_count double,      -- those that would have, by the 56 days before
    relative_size double        -- went on relative to expected, below 0
)
