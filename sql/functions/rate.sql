-- What a numerator is of its denominator; null where there is nothing to divide by, never 0.
-- arguments: numerator and denominator, counts or sums
-- source: docs/definitions.md, the three outcomes
create macro rate(numerator, denominator) as
numerator / nullif(denominator, 0)
