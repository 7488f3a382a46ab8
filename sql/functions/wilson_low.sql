-- Lower end of the 95 % interval of a proportion; null without a denominator.
-- arguments: numerator, those that did; denominator, all of them: counts
-- source: E. B. Wilson, Probable inference (1927), without continuity correction; z = 1.959964, z² = 3.841459
create macro wilson_low(numerator, denominator) as
(numerator + 1.920729) / (denominator + 3.841459)
- 1.959964 / (denominator + 3.841459) * sqrt(
    rate(numerator * (denominator - numerator), denominator) + 0.960365
)
