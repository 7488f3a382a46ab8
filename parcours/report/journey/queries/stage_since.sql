-- Since when each stage loses what it loses.
select * from metrics.stage_drop_off_since
