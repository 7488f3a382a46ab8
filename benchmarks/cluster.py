"""What a cluster adds to one machine, and what a task needs: journeys rebuilt in 1, 2, 4 … buckets on two workers.

    make bench-cluster                          1 M events
    make bench-cluster EVENTS=10000000

Takes the shop of `journeys.py`, grown to as many events. Builds every table of staging and journeys anew, first by
DuckDB alone, on both cores, then on a cluster of this machine (one master, two workers of one core each), each in a
process of its own. Prints the seconds beside those of one machine, and of the largest task (Python with DuckDB in it)
and the largest executor (Spark's own, in Java) the peak memory, beside that of a single bucket and what N buckets would
need if they shared it evenly. Starting Spark is not counted; what the driver writes to the storage and reads back is.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import journeys

from parcours.cluster.standalone import Standalone, standalone
from parcours.engine.engine import DuckDBEngine, Engine
from parcours.project import ROOT, load_project
from parcours.tables.catalogue import all_tables, tidy_log
from parcours.tables.engines import MASTER, end_sessions, engine_of
from parcours.warehouse.connection import count_rows, open_warehouse
from parcours.warehouse.refresh_log import reset_log, table_states

WORKERS = 2
ALONE = 0
"""Buckets of a build by one machine."""


def rebuild(folder: Path, buckets: int) -> dict[str, Any]:
    """Seconds of staging and journeys, of these the steps by key, and the peak memory of what computed them."""
    if buckets == ALONE:
        return _build(folder, DuckDBEngine())
    with standalone(folder / "spark", WORKERS) as cluster:
        os.environ[MASTER] = cluster.master
        settings = f"\nengine: {{kind: spark, buckets: {buckets}}}\n"
        (folder / "journey.yaml").write_text((ROOT / "journey.yaml").read_text(encoding="utf-8") + settings)
        project = load_project(folder / "journey.yaml", folder, folder)
        shutil.rmtree(project.cluster_storage, ignore_errors=True)  # of the measurement before
        engine = engine_of(project)
        _start_spark(engine)
        with peaks_of(cluster) as peaks:
            found = _build(folder, engine)
        end_sessions()
    return found | peaks


def _start_spark(engine: Engine) -> None:
    """So that a session and its executors are there before the clock starts."""
    engine.spark.session.range(1).collect()  # type: ignore[attr-defined]


def _build(folder: Path, engine: Engine) -> dict[str, Any]:
    project = load_project(ROOT / "journey.yaml", folder, folder)
    with open_warehouse(project) as connection:
        journeys.limit(connection, folder)
        reset_log(connection)
        tidy_log(connection, project)
        connection.execute("checkpoint")
        tables = [table for source, table in all_tables(project) if not source.table.startswith("metrics.")]
        states, by_key = table_states(connection), 0.0
        started = time.perf_counter()
        for step in engine.steps(tables):
            begun = time.perf_counter()
            engine.refresh(connection, step, states)
            by_key += step.is_by_key * (time.perf_counter() - begun)
        connection.execute("checkpoint")
        return {
            "seconds": time.perf_counter() - started,
            "by_key": by_key,
            "events": count_rows(connection, "staging.events"),
            "driver": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        }


@contextmanager
def peaks_of(cluster: Standalone) -> Iterator[dict[str, float]]:
    """The peak memory, in GB, of the largest task and the largest executor of a cluster; there once it has ended."""
    peaks = {"task": 0.0, "executor": 0.0}
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.2):
            for kind, peak in _peaks_now(cluster):
                peaks[kind] = max(peaks[kind], peak)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield peaks
    finally:
        is_over.set()
        watching.join()


def _peaks_now(cluster: Standalone) -> Iterator[tuple[str, float]]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            kind = "task" if b"pyspark.daemon" in command else "executor" if b"CoarseGrained" in command else None
            if kind and str(cluster.folder).encode() in (process / "environ").read_bytes():
                [peak] = [line for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM")]
                yield kind, int(peak.split()[1]) / 1e6
        except OSError:
            continue  # it has just ended


def run(events: int, buckets: list[int], folder: Path) -> None:
    """Simulate, load, grow, measure, print."""
    source, copies = journeys.loaded_shop(folder, journeys.PEOPLE, events)
    with tempfile.TemporaryDirectory(dir=folder) as grown:
        journeys.grow(source, Path(grown), copies)
        found = {}
        for number in (ALONE, *buckets):
            found[number] = journeys.measured(__file__, "--measure", str(number), "--folder", grown)
            print(f"{number or 'no'} buckets: {found[number]}", file=sys.stderr, flush=True)
    report(found)


def report(found: dict[int, dict[str, Any]]) -> None:
    """Print the measurements, beside one machine and beside a single bucket."""
    alone = found.pop(ALONE)
    first, single = next(iter(found.items()))
    print(f"{alone['events']:,} events; one machine: {alone['seconds']:.1f} s, peak {alone['driver']:.2f} GB\n")
    columns = ("buckets", "seconds", "beside one machine", "of these by key", "task GB", f"beside {first} bucket(s)",
               "if shared evenly", "executor GB", "driver GB")  # fmt: skip
    print(f"| {' | '.join(columns)} |\n" + "|---" * len(columns) + "|")
    for number, one in found.items():
        print(
            f"| {number} | {one['seconds']:.1f} | {one['seconds'] / alone['seconds']:.2f} × | {one['by_key']:.1f} | "
            f"{one['task']:.2f} | {one['task'] / single['task']:.2f} | {first / number:.2f} | "
            f"{one['executor']:.2f} | {one['driver']:.2f} |"
        )


def main() -> None:
    """Read the options; measure, or be one of the processes that are measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--buckets", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--folder", type=Path, help="where to work, and to keep the shop; else a temporary folder")
    parser.add_argument("--measure", type=int, metavar="BUCKETS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(rebuild(options.folder, options.measure)))
    elif options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        run(options.events, options.buckets, options.folder.resolve())
    else:
        with tempfile.TemporaryDirectory() as temporary:
            run(options.events, options.buckets, Path(temporary))


if __name__ == "__main__":
    main()
