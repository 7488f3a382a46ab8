-- Whether an order may belong to a session: it was placed in it, or within the attribution time after its end. Of several
-- such sessions the one that began last takes it.
-- arguments: started_at and ended_at, of the session; ordered_at, of the order, UTC instants; attribution_seconds
-- source: docs/definitions.md, the four headline figures
create macro takes_order(started_at, ended_at, ordered_at, attribution_seconds) as
started_at <= ordered_at
and elapsed_seconds(ended_at, ordered_at) <= attribution_seconds
