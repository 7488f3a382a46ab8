-- Whether the end of an attempt's day of entry and the window behind it lie before an instant.
-- arguments: entered_on, the shop day; window_seconds, null: none; known_until, a UTC instant, null: never; time_zone, the shop's
-- source: docs/definitions.md, "Funnel"
create macro is_attempt_over(entered_on, window_seconds, known_until, time_zone) as
coalesce(
    elapsed_seconds(shop_midnight(entered_on + 1, time_zone), known_until) >= coalesce(window_seconds, 0), false
)
