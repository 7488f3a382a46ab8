-- One row per required stage and ranking (revenue at stake, drop-off rate, units lost): its rank, and whether it ties
-- with the first, by a bootstrap over persons at 95 %.
-- key: stage, ranking
create table metrics.drop_off_ranking (
    stage text,                 -- of settings.stages
    ranking text,               -- revenue_at_stake, drop_off_rate or units_lost: what is ranked by
    value double,               -- what the stage has of it
    rank bigint,                -- 1: the stage that loses most
    is_tie_with_first boolean   -- the 95 % interval of the difference from the first holds zero
)
