"""What cohorts of customers will have done when their intervals are over: `metrics.retention_expected`.

Here: which intervals of which cohorts are open, and the days on which their customers ordered again. How the rest is
expected is `parcours/inference/open_cohorts.py`; what has been seen, `metrics.retention_by_segment`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from parcours.tables.python_rows import write_rows

if TYPE_CHECKING:
    from parcours.inference.open_cohorts import Whole

RETENTION_EXPECTED = "metrics.retention_expected"
READS = (
    "metrics.first_orders",
    "metrics.repeat_orders",
    "metrics.retention_members",
    "metrics.retention_by_segment",
    "metrics.cut_off",
    "settings.retentions",
)

CUSTOMERS = """
select
    members.cohort_at,
    greatest(whole_periods(elapsed_seconds(members.entered_at, cut_off.orders_until), 86400), 0) as known_days,
    cast(row_number() over (order by members.person_id) - 1 as bigint) as customer,
    members.person_id
from metrics.retention_members as members
cross join metrics.cut_off as cut_off
where members.retention_id = 'orders' and members.is_covered
"""

ORDERS = f"""
select distinct customers.customer, whole_periods(orders.since_first_seconds, 86400) as order_day
from ({CUSTOMERS}) as customers
inner join metrics.repeat_orders as orders on customers.person_id = orders.person_id
order by all
"""

OPEN = """
select distinct
    cells.kind,
    cells.interval_number,
    cells.from_day,
    cells.to_day,
    cast(retentions.interval_seconds // 86400 as bigint) as interval_days
from metrics.retention_by_segment as cells
inner join settings.retentions as retentions on cells.retention_id = retentions.retention_id
where
    cells.retention_id = 'orders' and cells.dimension = 'all' and cells.open_count > 0
    and cells.kind in ('on', 'cumulative', 'bracket')
order by all
"""


def write_retention_expected(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace metrics.retention_expected: a row per kind, cohort and interval that is open for anybody of it."""
    # numpy and scipy take longer to import than most tables to build.
    import numpy as np

    from parcours.inference.open_cohorts import expect, follow

    customers = connection.execute(f"{CUSTOMERS} order by customer").fetchnumpy()
    orders = connection.execute(ORDERS).fetchnumpy()
    starts, cohort = np.unique(np.asarray(customers["cohort_at"]), return_inverse=True)
    rows = []
    for kind, number, from_day, to_day, length in connection.execute(OPEN).fetchall():
        first, last = _days(kind, number, from_day, to_day, length)
        followed = follow(
            _whole(cohort),
            _whole(customers["known_days"]),
            _whole(orders["customer"]),
            _whole(orders["order_day"]),
            len(starts),
            first,
            last - first + 1,
        )
        found = expect(followed)
        # Who came back early in an interval that is not over is open too: its outcome counts when it is.
        is_open = np.bincount(
            cohort, weights=np.asarray(customers["known_days"]) <= last, minlength=len(starts)
        ).astype(int)
        entered, seen = followed.entered, followed.returned.sum(axis=1)
        for c in np.flatnonzero(is_open).tolist():
            rates = [float(one[c]) / int(entered[c]) for one in (found.count, found.low, found.high)]
            counts = (int(entered[c]), int(is_open[c]), int(seen[c]))
            rows.append((kind, starts[c].item(), number, *counts, *(None if np.isnan(r) else r for r in rates)))
    write_rows(connection, RETENTION_EXPECTED, rows)


def _whole(column: object) -> Whole:
    import numpy as np

    return np.asarray(column, dtype=np.int64)


def _days(kind: str, number: int, from_day: int | None, to_day: int | None, length: int) -> tuple[int, int]:
    """The first and the last day of an interval, since the first order."""
    if kind == "bracket" and from_day is not None and to_day is not None:
        return from_day, to_day
    return (0 if kind == "cumulative" else number * length), (number + 1) * length - 1
