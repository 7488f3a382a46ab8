-- The instant so many seconds after another, to the microsecond.
-- arguments: from_at, a UTC instant; seconds, whole or not, below zero for an instant before; up to 68 years
-- source: docs/definitions.md, durations
create macro instant_after(from_at, seconds) as
from_at
+ cast(floor(seconds) as bigint) * interval 1 second
+ cast(round((seconds - floor(seconds)) * 1000000) as bigint) * interval 1 microsecond
