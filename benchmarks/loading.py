"""Loading export files, beside a bare `create table as` of the same files in the same run.

    make bench-loading            1 M rows of each format
    make bench-loading ROWS=10000000

Writes JSON lines (Segment), GA4 Parquet and CSV (REES46) into a temporary folder, a file per million rows, loads each
format into a new warehouse as `make run` does, and prints rows per second, peak memory and the ratio to the bare read.
Then three years of small daily files of each: the seconds of processor time, of which the aim is at most 15.
Each measurement is a process of its own, so that its peak memory is its own; the aim is at most 3 × and 2 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from parcours.loading.load import load_exports
from parcours.loading.settings_tables import write_settings
from parcours.project import ROOT, load_project
from parcours.warehouse.connection import open_warehouse

A_FILE = 1_000_000
"""Rows of a file: a large shop's day."""

SMALL_FILES, A_SMALL_FILE = 1_000, 100
"""Files of a small shop, a day each, and the rows of one."""

AT = "(timestamp '2026-07-01' + to_microseconds(i * 90000))"
SEGMENT = f"""
    select
        'm-' || i as messageId, 'track' as type,
        ['Product Viewed', 'Product List Viewed', 'Product Added', 'Checkout Started'][1 + i % 4] as event,
        'anonymous-' || (i * 7919 % 400000) as anonymousId,
        case when i % 9 = 0 then 'c-' || (i * 31 % 90000) end as userId,
        strftime({AT}, '%Y-%m-%dT%H:%M:%S.%gZ') as timestamp, strftime({AT}, '%Y-%m-%dT%H:%M:%S.%gZ') as sentAt,
        {{'page': {{'url': 'https://shop.example/p/' || i % 900 || '?ref=1', 'path': '/p/' || i % 900,
          'referrer': 'https://www.google.com/'}}, 'device': {{'type': 'mobile'}},
          'campaign': {{'source': 'newsletter', 'medium': 'email', 'name': 'july'}},
          'userAgent': 'Mozilla/5.0 (X11; Linux x86_64)'}} as context,
        {{'product_id': 'p-' || i % 900, 'quantity': 1, 'price': 12.5 + i % 90, 'currency': 'EUR'}} as properties
    from range($first, $last) as r(i)"""
GA4 = f"""
    select
        strftime({AT}, '%Y%m%d') as event_date, epoch_us({AT}) as event_timestamp,
        ['view_item', 'view_item_list', 'add_to_cart', 'begin_checkout'][1 + i % 4] as event_name,
        [{{'key': 'page_location', 'value': {{'string_value': 'https://shop.example/p/' || i % 900,
           'int_value': null::bigint, 'float_value': null::double, 'double_value': null::double}}}},
         {{'key': 'ga_session_id', 'value': {{'string_value': null::text, 'int_value': i // 8,
           'float_value': null::double, 'double_value': null::double}}}},
         {{'key': 'value', 'value': {{'string_value': null::text, 'int_value': null::bigint,
           'float_value': null::double, 'double_value': 12.5 + i % 90}}}}] as event_params,
        i // 3 as event_bundle_sequence_id, i as batch_page_id, i % 5 as batch_ordering_id, i % 7 as batch_event_index,
        null::text as user_id, (i * 7919 % 400000) || '.1782900000' as user_pseudo_id,
        {{'category': 'mobile', 'language': 'fr'}} as device, {{'country': 'France', 'city': 'Lyon'}} as geo,
        {{'manual_source': 'newsletter', 'manual_medium': 'email', 'manual_campaign_name': 'july'}}
            as collected_traffic_source,
        {{'transaction_id': null::text, 'purchase_revenue': null::double}} as ecommerce,
        [{{'item_id': 'p-' || i % 900, 'item_name': 'Mug ' || i % 900, 'quantity': 1, 'price': 12.5 + i % 90}}] as items
    from range($first, $last) as r(i)"""
REES46 = f"""
    select
        strftime({AT}, '%Y-%m-%d %H:%M:%S UTC') as event_time, ['view', 'cart', 'purchase'][1 + i % 3] as event_type,
        100000 + i % 900 as product_id, 2053013555631882655 as category_id, 'kitchen.mugs' as category_code,
        'brand' || i % 40 as brand, 12.5 + i % 90 as price, i * 7919 % 400000 as user_id,
        md5(cast(i // 8 as text)) as user_session
    from range($first, $last) as r(i)"""
FORMATS = {
    "segment": ("JSON lines", SEGMENT, "jsonl", "format json", "read_json('{}', format = 'newline_delimited')"),
    "ga4_bigquery": ("GA4 Parquet", GA4, "parquet", "format parquet", "read_parquet('{}')"),
    "rees46_events": ("CSV", REES46, "csv", "format csv, header", "read_csv('{}')"),
}


def write_files(folder: Path, rows: int, rows_of_a_file: int) -> None:
    """The files of every format."""
    connection = duckdb.connect()
    for name, (_, select, ending, options, _) in FORMATS.items():
        (folder / name).mkdir(parents=True)
        for first in range(0, rows, rows_of_a_file):
            text = select.replace("$first", str(first)).replace("$last", str(min(first + rows_of_a_file, rows)))
            path = folder / name / f"events_{first // rows_of_a_file:04d}.{ending}"
            connection.execute(f"copy ({text}) to '{path}' ({options})")


def measure(what: str, name: str, folder: Path) -> None:
    """In a process of its own: one measurement, printed as JSON."""
    _, _, ending, _, reader = FORMATS[name]
    with tempfile.TemporaryDirectory(dir=folder) as output:
        started, spent = time.perf_counter(), time.process_time()
        if what == "bare":
            with duckdb.connect(f"{output}/bare.duckdb") as connection:
                source = reader.format(f"{folder / name}/*.{ending}")
                connection.execute(f"create table events as select * from {source}")
                rows = connection.execute("select count(*) from events").fetchall()[0][0]
        else:
            journey = Path(output) / "journey.yaml"
            text = (ROOT / "journey.yaml").read_text(encoding="utf-8")
            head, tail = text.index("exports:"), text.index("# In the order of the map")
            files = f"exports:\n  folder: .\n  files:\n    - {{name: web, path: '*.{ending}', format: {name}}}\n\n"
            journey.write_text(text[:head] + files + text[tail:], encoding="utf-8")
            project = load_project(journey, folder / name, Path(output))
            with open_warehouse(project) as connection:
                write_settings(connection, project.settings)
                loads = load_exports(connection, project)
            rows = sum(load.rows_loaded for load in loads)
        seconds, spent = time.perf_counter() - started, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"rows": rows, "seconds": seconds, "spent": spent, "peak": peak}))


def measured(what: str, name: str, folder: Path) -> dict[str, float]:
    """One measurement, in a process of its own."""
    command = [sys.executable, __file__, "--measure", what, name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Write, measure each in turn, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--measure", nargs=3, metavar=("WHAT", "FORMAT", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        what, name, folder = options.measure
        measure(what, name, Path(folder))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_files(folder, options.rows, A_FILE)
        write_files(folder / "small", SMALL_FILES * A_SMALL_FILE, A_SMALL_FILE)
        print("| format | rows | bare s | bare GB | load s | rows/s | load GB | ratio |\n" + "|---" * 8 + "|")
        for name, (label, *_) in FORMATS.items():
            bare, load = (measured(what, name, folder) for what in ("bare", "load"))
            if not bare["rows"] == load["rows"] == options.rows:
                sys.exit(f"{label}: {load['rows']} rows loaded of {bare['rows']}")
            print(
                f"| {label} | {load['rows']:,} | {bare['seconds']:.1f} | {bare['peak']:.2f} | {load['seconds']:.1f} | "
                f"{load['rows'] / load['seconds']:,.0f} | {load['peak']:.2f} | "
                f"{load['seconds'] / bare['seconds']:.2f} × |",
                flush=True,
            )
        print(f"\n| format | files of {A_SMALL_FILE} rows | load s | of them CPU s |\n" + "|---" * 4 + "|")
        for name, (label, *_) in FORMATS.items():
            load = measured("load", name, folder / "small")
            if load["rows"] != SMALL_FILES * A_SMALL_FILE:
                sys.exit(f"{label}: {load['rows']} rows loaded of {SMALL_FILES * A_SMALL_FILE}")
            print(f"| {label} | {SMALL_FILES:,} | {load['seconds']:.1f} | {load['spent']:.1f} |", flush=True)


if __name__ == "__main__":
    main()
