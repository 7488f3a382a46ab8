-- One row per headline figure that has a to-be target.
create table settings.targets (
    kpi text,                   -- the figure, of metrics.kpis
    target double               -- the share that it should reach
)
