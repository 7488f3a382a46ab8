"""Of which devices journeys.device_spells says anything: those of several people, few among all that are touched.

Not here: whose their visits are (`sql/journeys/device_spells.sql`), nor which devices these are (`identities.py`).
"""

from __future__ import annotations

import duckdb

from parcours.people.evidence import TRACES
from parcours.people.identities import IDENTITIES

SPELLS = "journeys.device_spells"


def leave_undivided(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the devices that are one person's, and were, out of `touched_keys`."""
    connection.execute(
        f"delete from touched_keys where key not in (select anonymous_id from {SPELLS}) and key not in "
        f"(select anonymous_id from {TRACES} where anonymous_id is not null "
        f"and identifier in (select identifier from {IDENTITIES} where is_split))"
    )
