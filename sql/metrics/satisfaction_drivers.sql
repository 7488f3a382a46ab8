-- One row per survey, its kind and a behaviour (driver): the share of the variance of the score that goes with it.
-- A linear model of score_of_10 on all behaviours of metrics.survey_requests; what it explains (R²) is shared out by
-- Shapley's value (LMG), so that the shares of a survey add up to it. A share says what goes together, not what would
-- happen if the behaviour were another.
-- A behaviour that has one value alone, or of which less than half is known, is left out, and its row says why. Values
-- with fewer answers than a small cell stand together; answers of which a behaviour is not known are not in the model.
-- key: survey, kind, driver
create table metrics.satisfaction_drivers (
    survey text,                -- of metrics.survey_requests
    kind text,                  -- csat, nps or ces
    driver text,                -- a column of metrics.survey_requests: delivery, order_return, support, friction, customer, device, channel, order_value or payment_method
    answer_count bigint,        -- answers in the model; null: the driver is left out
    unknown_count bigint,       -- answers of the survey that are not in it: a driver is not known of them; null: the driver is left out
    all_explained double,       -- R² of the model, 0–1; null: the driver is left out
    explained double,           -- of the variance, 0–1: its part of all_explained
    explained_low double,       -- lower end of its 95 % interval, less chance; 0: it may be nothing
    explained_high double,      -- upper end of its 95 % interval
    chance double,              -- what as many values explain of a score that has nothing to do with them
    alone double,               -- what it explains where nothing else is looked at
    beyond double,              -- what it adds to all others
    p_value double,             -- that it adds nothing to the others, corrected for the number of drivers
    is_told boolean,            -- it tells something that the others do not: its p-value is at most 0.01
    worst_value text,           -- the value with the lowest score, all else equal; null: not told
    best_value text,            -- the value with the highest score, all else equal; null: not told
    difference_of_10 double,    -- the score at the worst value less that at the best one, 0–10, all else equal; null: not told
    left_out text               -- why it is not in the model; null: it is
)
