"""Stitching people together: 10 M identifiers through journeys.identities, in a process with a memory limit.

    make bench-identity                          10 M identifiers (aim: under 60 s)
    make bench-identity IDENTIFIERS=1000000

Six of ten identifiers are devices, of which half log in; customers have an e-mail, some several devices; a few devices
are shared by so many customers that they link nothing. Prints the seconds of each table that the identities take.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from parcours.engine.build import refresh_table
from parcours.loading.settings_tables import write_settings
from parcours.project import ROOT, load_project
from parcours.tables.catalogue import all_tables
from parcours.warehouse.connection import count_rows, open_warehouse
from parcours.warehouse.raw_tables import make_raw_tables
from parcours.warehouse.refresh_log import note_change

EVENTS = """
    insert into raw.events (file_id, line, export, row_hash, covers_until, file_order,
        event_id, event_name, occurred_at, anonymous_id, customer_id, email_hash)
    select
        'made', i, 'made', i, timestamp '2026-06-30', 'made', 'e' || i, 'Product Viewed',
        timestamp '2025-07-01' + to_seconds(cast(i * 31536000 // $devices as integer)),
        case when i % 1000 = 0 then 'tablet-' || i // 50000 else 'device-' || i end,
        case when i % 2 = 0 then 'customer-' || i * 7919 % $customers end,
        case when i % 2 = 0 then 'email-' || i * 7919 % $customers end
    from range($devices) as made(i)
"""
CONTACTS = """
    insert into raw.contacts (file_id, line, export, row_hash, covers_until, file_order,
        contact_id, customer_id, email_hash)
    select 'made', i, 'made', i, timestamp '2026-06-30', 'made', 'contact-' || i, 'customer-' || i, 'email-' || i
    from range($customers) as made(i)
"""


def main() -> None:
    """Make the identifiers, build what journeys.identities reads, then it; print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identifiers", type=int, default=10_000_000)
    options = parser.parse_args()
    # A customer is three identifiers: its id, its e-mail, its CRM contact.
    values = {"devices": options.identifiers * 6 // 10, "customers": options.identifiers * 4 // 30}
    with tempfile.TemporaryDirectory() as folder:
        project = load_project(ROOT / "journey.yaml", Path(folder), Path(folder))
        with open_warehouse(project) as connection:
            connection.execute("set memory_limit = '6GB'")
            connection.execute(f"set temp_directory = '{folder}/spilled'")
            write_settings(connection, project.settings)
            make_raw_tables(connection)
            connection.execute(EVENTS, values)
            connection.execute(CONTACTS, {"customers": values["customers"]})
            note_change(connection, "raw.events")
            note_change(connection, "raw.contacts")
            print("| table | rows | seconds |\n|---|---|---|")
            wanted, total = _upstreams(all_tables(project)), 0.0
            for source, table in all_tables(project):
                if source.table in wanted:
                    started = time.perf_counter()
                    refresh_table(connection, table)
                    seconds = time.perf_counter() - started
                    total += seconds if source.table.startswith("journeys.") else 0
                    print(f"| {source.table} | {count_rows(connection, source.table):,} | {seconds:.1f} |", flush=True)
            identifiers = count_rows(connection, "journeys.identities")
            people = count_rows(connection, "(select distinct person_id from journeys.identities)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\n{identifiers:,} identifiers of {people:,} people: {total:.1f} s in journeys (aim 60), peak {peak:.2f} GB")


def _upstreams(tables: list) -> set[str]:  # type: ignore[type-arg]
    """journeys.identities and all that it is computed from."""
    wanted = {"journeys.identities"}
    for source, _ in reversed(tables):
        if source.table in wanted:
            wanted |= set(source.upstreams)
    return wanted


if __name__ == "__main__":
    main()
