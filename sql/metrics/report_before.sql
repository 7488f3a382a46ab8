-- One row per run: the report that this one is compared with (metrics.restatements).
create table metrics.report_before (
    is_compared boolean,        -- false: there was none, or one of another version, that can't be compared
    reached_until timestamp,    -- UTC instant until which its data reached; null: not compared
    matured_count bigint,       -- values of figures by day that it had as matured
    restated_count bigint,      -- values of its matured days that are another now, or new
    arrived_file_count bigint   -- files loaded since
)
