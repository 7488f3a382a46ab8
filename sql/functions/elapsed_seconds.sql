-- Seconds of elapsed time from one instant to another; below zero if the other one is earlier, null if one is null.
-- Whole microseconds over a million: of spans under a century two that differ by a microsecond stay apart, and a span
-- of exactly so many seconds equals that number, so windows and limits in seconds are compared exactly. Their sums are
-- not exact: add them as decimal(18, 6).
-- arguments: from_at and to_at, UTC instants
-- source: docs/definitions.md, durations
create macro elapsed_seconds(from_at, to_at) as
date_diff('microsecond', from_at, to_at) / 1000000.0
