-- The probability of a standard normal number at least as far from 0 as this one, on either side; right to a millionth of
-- itself, however small it is.
-- arguments: z, a standard score
-- source: Press et al., Numerical Recipes in C (1992), 6.2: the Chebyshev fit of the complementary error function
create macro two_sided_p(z) as
1 / (1 + abs(z) / 2.8284271247461903) * exp(
    -z * z / 2 - 1.26551223 + 1 / (1 + abs(z) / 2.8284271247461903) * (
        1.00002368 + 1 / (1 + abs(z) / 2.8284271247461903) * (
            0.37409196 + 1 / (1 + abs(z) / 2.8284271247461903) * (
                0.09678418 + 1 / (1 + abs(z) / 2.8284271247461903) * (
                    -0.18628806 + 1 / (1 + abs(z) / 2.8284271247461903) * (
                        0.27886807 + 1 / (1 + abs(z) / 2.8284271247461903) * (
                            -1.13520398 + 1 / (1 + abs(z) / 2.8284271247461903) * (
                                1.48851587 + 1 / (1 + abs(z) / 2.8284271247461903) * (
                                    -0.82215223 + 1 / (1 + abs(z) / 2.8284271247461903) * 0.17087277
                                )
                            )
                        )
                    )
                )
            )
        )
    )
)
