"""Building journeys whole, and a nightly run of one new day, beside one bare sort of the events in the same run.

    make bench-journeys                        1 M events over 365 days
    make bench-journeys EVENTS=50000000

Simulates a made-up shop once (or takes one: --shop), loads it, and copies its raw rows under other ids until there are
as many events, written in time order, a load a day. Then measures, each in a process of its own so that its peak memory
is its own, with a memory limit and spilling to disk:

    bare sort      the events with their person, ordered by person and time, written as a table
    full rebuild   every table of staging and journeys (aim of journeys: at most 5 × the bare sort, below 8 GB)
    nightly run    the last day's rows are new: the same tables are brought up to date (aim: at most 3 % of the rebuild)
    short history  the same night with 36 days of history (aim: the nightly run takes at most 1.5 × of it)

Writes into a temporary folder, or into --folder, where the shop and its first load are used again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from parcours.engine.build import refresh_table
from parcours.loading.load import load_exports
from parcours.loading.settings_tables import write_settings
from parcours.made_up_shop import write_exports
from parcours.project import ROOT, Project, load_project
from parcours.tables.catalogue import all_tables, tidy_log
from parcours.warehouse.canonical import KINDS
from parcours.warehouse.connection import count_rows, open_warehouse, table_columns
from parcours.warehouse.raw_tables import COMPUTED, make_raw_tables
from parcours.warehouse.refresh_log import note_change, reset_log, touch

PEOPLE, DAYS, START = 60_000, 365, date(2025, 7, 1)
"""Some 600,000 events."""

SHORT_HISTORY = 36
MEMORY = "6GB"
IDS = {
    "event_id", "anonymous_id", "customer_id", "email_hash", "cart_id", "order_id", "order_reference", "contact_id",
    "deal_id", "ticket_id", "answer_id",
}  # fmt: skip
"""What is another one's in each copy of the shop."""

HAPPENED = {
    "events": "occurred_at",
    "order_rows": "max(ordered_at) over (partition by order_id)",
    "contacts": "created_at",
    "deals": "created_at",
    "tickets": "created_at",
    "feedback": "coalesce(answered_at, asked_at)",
}
"""When a row came; an order's rows come with the order."""


def make_shop(folder: Path, people: int) -> None:
    """The made-up shop's exports."""
    write_exports(folder, people=people, days=DAYS, seed=7, start=START)


def load_shop(shop: Path, output: Path) -> None:
    """One load of the shop, as `make run` does it."""
    project = load_project(ROOT / "journey.yaml", shop, output)
    with open_warehouse(project) as connection:
        write_settings(connection, project.settings)
        load_exports(connection, project)


def grow(source: Path, folder: Path, copies: int, history_days: int | None = None) -> None:
    """A warehouse with every raw row of the source so many times, in time order, but for the last day's rows.

    Those wait in last_day.duckdb beside it. With `history_days` only so many days before them are there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    project = load_project(ROOT / "journey.yaml", folder, folder)
    with open_warehouse(project) as connection:
        limit(connection, folder)
        write_settings(connection, project.settings)
        make_raw_tables(connection)
        connection.execute("attach $file as source (read_only)", {"file": str(source)})
        connection.execute("attach $file as waiting", {"file": str(folder / "last_day.duckdb")})
        connection.execute("create schema waiting.raw")
        [(last, first)] = connection.execute(
            "select cast(date_trunc('day', max(occurred_at)) as timestamp) as last_day, "
            "case when $days is null then timestamp '1970-01-01' else last_day - to_days(cast($days as integer)) end "
            "from source.raw.events",
            {"days": history_days},
        ).fetchall()
        columns = [name for name, *_ in connection.execute("describe raw.loads").fetchall()]
        connection.execute(f"insert into raw.loads select {', '.join(columns)} from source.raw.loads")
        for kind in KINDS:
            _copy(connection, kind, copies, first, last)


def _copy(connection: duckdb.DuckDBPyConnection, kind: str, copies: int, first: Any, last: Any) -> None:
    columns = [name for name, _ in table_columns(connection, f"raw.{kind}") if name not in COMPUTED]
    changed = {name: f"{name} || '-' || copy as {name}" for name in IDS} | {"row_hash": "row_hash + copy as row_hash"}
    select = ", ".join(changed.get(name, name) for name in columns)
    connection.execute(
        "create or replace temp table dated as "
        f"select *, coalesce({HAPPENED[kind]}, timestamp '1970-01-02') as came_at from source.raw.{kind}"
    )
    connection.execute(f"create table waiting.raw.{kind} as select {', '.join(columns)} from raw.{kind} limit 0")
    weeks = connection.execute("select distinct date_trunc('week', came_at) from dated order by 1").fetchall()
    for (week,) in weeks:
        rows = (
            f"select {select}, came_at from dated cross join range($copies) as copies(copy) "
            "where date_trunc('week', came_at) = $week"
        )
        for target, when in (("raw", "came_at >= $first and came_at < $last"), ("waiting.raw", "came_at >= $last")):
            values = {"copies": copies, "week": week, "last": last} | ({"first": first} if target == "raw" else {})
            connection.execute(
                f"insert into {target}.{kind} by name "
                f"select * exclude (came_at) from ({rows}) where {when} order by came_at",
                values,
            )


def bare_sort(folder: Path) -> dict[str, Any]:
    """Write the events ordered by person and time; the person is joined before the clock starts."""
    with duckdb.connect(str(folder / "sorted.duckdb")) as connection:
        limit(connection, folder)
        connection.execute("attach $file as shop (read_only)", {"file": str(folder / "warehouse.duckdb")})
        connection.execute(
            "create table unsorted as select events.*, identities.person_id from shop.staging.events as events "
            "left join shop.journeys.identities as identities on events.identifier = identities.identifier"
        )
        started = time.perf_counter()
        connection.execute("create table sorted as from unsorted order by person_id, occurred_at")
        connection.execute("checkpoint")
        found = {"seconds": time.perf_counter() - started, "events": count_rows(connection, "sorted")}
    (folder / "sorted.duckdb").unlink()
    return found


def build(folder: Path, *, is_full: bool, is_new_day: bool) -> dict[str, Any]:
    """Seconds of each table of staging and journeys; before, load the day that waits, or forget what was built."""
    project = load_project(ROOT / "journey.yaml", folder, folder)
    with open_warehouse(project) as connection:
        limit(connection, folder)
        if is_new_day:
            _load_last_day(connection, project)
        if is_full:
            reset_log(connection)
        connection.execute("checkpoint")
        seconds, touched = {}, 0
        started = time.perf_counter()
        tidy_log(connection, project)
        for source, table in all_tables(project):
            if source.table.startswith("metrics."):
                continue
            begun = time.perf_counter()
            refreshed = refresh_table(connection, table)
            seconds[source.table] = time.perf_counter() - begun
            if source.table == "journeys.touchpoints":
                touched = refreshed.touched or 0
        connection.execute("checkpoint")
        return {
            "seconds": time.perf_counter() - started,
            "journeys": sum(took for table, took in seconds.items() if table.startswith("journeys.")),
            "tables": seconds,
            "touched": touched,
            "events": count_rows(connection, "staging.events"),
            "people": count_rows(connection, "journeys.people"),
        }


def _load_last_day(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Insert the rows that wait, and note them as the loader does."""
    connection.execute("attach $file as waiting (read_only)", {"file": str(project.output / "last_day.duckdb")})
    for kind in KINDS.values():
        connection.execute(f"insert into raw.{kind.name} by name from waiting.raw.{kind.name}")
        touch(connection, f"raw.{kind.name}", kind.key, f"select {kind.key} from waiting.raw.{kind.name}")
    note_change(connection, "raw.loads")
    connection.execute("detach waiting")


def limit(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """What a machine of 8 GB leaves to DuckDB; beyond it, it spills into the folder."""
    connection.execute(f"set memory_limit = '{MEMORY}'")
    connection.execute(f"set temp_directory = '{folder / 'spilled'}'")


STEPS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "bare sort": bare_sort,
    "full rebuild": lambda folder: build(folder, is_full=True, is_new_day=False),
    "nightly run": lambda folder: build(folder, is_full=False, is_new_day=True),
}


def measured(script: str, *arguments: str) -> dict[str, Any]:
    """What a script prints last, as JSON, in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, script, *arguments]
    paths = os.pathsep.join(path for path in (str(ROOT), os.environ.get("PYTHONPATH")) if path)
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def loaded_shop(folder: Path, people: int, events: int, shop: Path | None = None) -> tuple[Path, int]:
    """The warehouse of a made-up shop, loaded in the folder if it is not there yet, and of how many copies of it the
    events are.
    """
    shop, source = shop or folder / "shop", folder / "source" / "warehouse.duckdb"
    if not source.exists():
        if not (shop / "events").exists():
            make_shop(shop, people)
        load_shop(shop, source.parent)
    with duckdb.connect(str(source), read_only=True) as connection:
        return source, max(1, round(events / count_rows(connection, "raw.events")))


def run(options: argparse.Namespace, folder: Path) -> None:
    """Simulate, load, grow, measure, print."""
    source, copies = loaded_shop(folder, options.people, options.events, options.shop)
    found: dict[str, dict[str, Any]] = {}
    for history, days in (("", None), (f" on {SHORT_HISTORY} days", SHORT_HISTORY)):
        with tempfile.TemporaryDirectory(dir=folder) as grown:
            grow(source, Path(grown), copies, days)
            for what in ("full rebuild", "nightly run") if history else ("full rebuild", "bare sort", "nightly run"):
                found[what + history] = measured(__file__, "--measure", what, grown)
                print(f"{what + history}: {found[what + history]['seconds']:.1f} s", file=sys.stderr, flush=True)
    report(found, options.verbose)


def report(found: dict[str, dict[str, Any]], is_verbose: bool) -> None:
    """Print the measurements and the ratios that have an aim."""
    print("| step | events | seconds | of these journeys | peak GB | people touched |\n" + "|---" * 6 + "|")
    for what, step in found.items():
        journeys = f"{step['journeys']:.1f}" if "journeys" in step else ""
        print(
            f"| {what} | {step['events']:,} | {step['seconds']:.1f} | {journeys} | {step['peak']:.2f} | "
            f"{step.get('touched') or ''} |"
        )
    bare, full, night = found["bare sort"], found["full rebuild"], found["nightly run"]
    short = found[f"nightly run on {SHORT_HISTORY} days"]
    print(f"\njourneys rebuilt / bare sort: {full['journeys'] / bare['seconds']:.2f} × (aim 5)")
    print(f"nightly run / full rebuild: {night['seconds'] / full['seconds']:.1%} (aim 3 %)")
    print(f"nightly run / the same on {SHORT_HISTORY} days: {night['seconds'] / short['seconds']:.2f} × (aim 1.5)")
    if is_verbose:
        print("\n| table | full s | nightly s | nightly on short history s |\n" + "|---" * 4 + "|")
        for table, seconds in full["tables"].items():
            print(f"| {table} | {seconds:.2f} | {night['tables'][table]:.2f} | {short['tables'][table]:.2f} |")


def main() -> None:
    """Read the options; measure, or be one of the processes that are measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=PEOPLE, help="visitors of the shop that is simulated")
    parser.add_argument("--shop", type=Path, help="exports of a made-up shop that is there already")
    parser.add_argument("--folder", type=Path, help="where to work, and to keep the shop; else a temporary folder")
    parser.add_argument("--verbose", action="store_true", help="also print the seconds of every table")
    parser.add_argument("--measure", nargs=2, metavar=("STEP", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        what, folder = options.measure
        found = STEPS[what](Path(folder))
        print(json.dumps(found | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6}))
    elif options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        run(options, options.folder.resolve())
    else:
        with tempfile.TemporaryDirectory() as temporary:
            run(options, Path(temporary))


if __name__ == "__main__":
    main()
