-- By how many seconds a duration is beyond a maximum, exact to the microsecond; below zero if it is within.
-- arguments: seconds, elapsed; maximum_seconds, allowed
-- source: docs/definitions.md, deviation
create macro seconds_beyond(seconds, maximum_seconds) as
cast(cast(seconds as decimal(18, 6)) - cast(maximum_seconds as decimal(18, 6)) as double)
