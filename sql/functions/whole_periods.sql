-- How many whole periods are over after so many seconds: 0 before the first one's end, which begins the next.
-- arguments: seconds, elapsed; period_seconds, the length of one (0: null)
-- source: docs/definitions.md, durations
create macro whole_periods(seconds, period_seconds) as
cast(floor(seconds / nullif(period_seconds, 0)) as bigint)
