-- checks: metrics.stage_drop_off
-- severity: error
-- finds: stages whose outcomes do not add up
-- do: Compare sql/metrics/stage_drop_off.sql with metrics.matured_journeys, stage by stage.
-- Journeys that reached a stage are matured or open, and the matured ones went on or dropped.
select stage, reached_count, matured_count, open_count, dropped_count
from metrics.stage_drop_off
where reached_count <> matured_count + open_count or dropped_count > matured_count
