"""The files of the shop: the simulation as DuckDB tables, and what is written of them.

Here: which line stands in which file. Not here: the text of a line (`queries`), what is wrong on purpose
(`malformed`).
"""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from parcours.made_up_shop import malformed, plan, queries, vocabulary
from parcours.made_up_shop.columns import Columns, Tables, joined, numbered, rows
from parcours.made_up_shop.malformed import Planted
from parcours.made_up_shop.period import ZONE, Period
from parcours.made_up_shop.planting import PlantedFaults


def load(connection: DuckDBPyConnection, seed: int, period: Period, made: Tables) -> None:
    """The simulation and its vocabulary as tables."""
    variables = {"seed": seed, "event_names": plan.EVENT_NAMES} | vocabulary.WORDINGS
    connection.execute(f"set TimeZone = '{ZONE}'")
    for name, value in variables.items():
        connection.execute(f"set variable {name} = $value", {"value": value})
    tables: dict[str, dict[str, Any]] = {
        "places": vocabulary.PLACES,
        "products": vocabulary.PRODUCTS,
        "campaigns": vocabulary.CAMPAIGNS,
        "drawn_persons": drawn_persons(seed, int(made["journeys"]["person"].max()) + 1),
        "drawn_orders": made["orders"],
        "lines": order_lines(made["journeys"], made["orders"]),
        "exports": exports_of(period, made["orders"]),
        "contacts": made["contacts"],
        "answers": made["answers"],
    }
    for name, columns in tables.items():
        connection.register("incoming", pa.table(columns))
        connection.execute(f"create table {name} as from incoming")  # a fixed name of this function
    connection.execute(queries.TABLES)


def drawn_persons(seed: int, people: int) -> dict[str, Any]:
    rng, drawn = np.random.default_rng([seed, 1]), {"person": pa.array(range(people))}
    for name, values in vocabulary.PERSONS.items():
        drawn[name] = pa.array(values).take(pa.array(rng.integers(0, len(values), people)))
    return drawn


def order_lines(journeys: Columns, orders: Columns) -> Columns:
    """One row for each product of each order."""
    counts = journeys["line_count"][orders["journey"]]
    order_no, line_no = np.repeat(orders["order_no"], counts), numbered(counts)
    cell = orders["journey"][order_no], line_no
    product, quantity = journeys["product"][cell], journeys["quantity"][cell]
    return {"order_no": order_no, "line_no": line_no, "product": product, "quantity": quantity}


def exports_of(period: Period, orders: Columns) -> Columns:
    """Which order stands in which export file, with its state at which instant.

    All files show the state at the period's end, but for the orders of the last 7 days before the last file:
    in the file before it they stand as they were at midnight, and again, in their newest state, in the last.
    """
    files, day = period.months, period.day_of(orders["created"])
    file = np.minimum(day * files // period.days, files - 1)
    last_begins = -(-(files - 1) * period.days // files)
    again = (files > 1) & (day < last_begins) & (day >= last_begins - 7)
    as_of = np.where(again, period.midnights[last_begins], period.ends)
    exports = {"order_no": orders["order_no"], "file": file + 1, "as_of": as_of}
    newest = {"file": np.full(len(file), files), "as_of": np.full(len(file), period.ends)}
    return joined([exports, rows(exports | newest, again)])


def placed_lines(
    rng: np.random.Generator, period: Period, events: Columns, faults: PlantedFaults
) -> tuple[Columns, dict[str, Any]]:
    """One row for each line, with its file (number `days` is the late one); and what the truth says of them.

    The lines of a file stand session by session, as uploads batch them: not in the order of time.
    """
    n, file = len(events["t"]), period.day_of(events["t"])
    _, first, session = np.unique(events["session"], return_index=True, return_inverse=True)
    doubled = np.sort(rng.choice(n, int(n * plan.DUPLICATE_SHARE), replace=False))
    first_late, last_late = period.day_at(0.30), period.day_at(0.30) + max(period.days // 10, 1) - 1
    can_be_late = (file >= first_late) & (file <= last_late)
    can_be_late[doubled] = False
    candidates = np.flatnonzero(can_be_late)
    late_count = min(int(n * plan.LATE_EVENT_SHARE), len(candidates) // 4)
    late = rng.choice(candidates, late_count, replace=False)
    copies = np.minimum(file[doubled] + np.arange(len(doubled)) % 2, period.days - 1)
    for day in faults.dark_days:
        copies[copies == day] = faults.next_day(day)
    truth = {
        "duplicate_lines": len(doubled),
        "duplicate_lines_in_the_next_file": int((copies != file[doubled]).sum()),
        "late_events": late_count,
        "late_events_of": [period.date_of(first_late), period.date_of(last_late)],
    }
    file[late] = period.days
    row, file = np.concatenate([np.arange(n), doubled]), np.concatenate([file, copies])
    order = np.lexsort((row, first[session][row], file))
    placed = rows(events, row[order]) | {"file": file[order], "line": np.arange(len(row))}
    return placed, truth


def texts_by_file(connection: DuckDBPyConnection, placed: Columns, files: int) -> Iterator[list[str]]:
    """The lines of each file. Ten files a query: planning it takes longer than a small day."""
    table, bounds = pa.table(placed), np.searchsorted(placed["file"], np.arange(files + 1))
    for first in range(0, files, 10):
        batch = bounds[first : first + 11]
        connection.register("placed", table.slice(batch[0], batch[-1] - batch[0]))
        texts = connection.sql(queries.EVENT_LINES).to_arrow_table().column("text")
        for begins, length in zip(batch[:-1] - batch[0], np.diff(batch), strict=True):
            yield texts.slice(begins, length).to_pylist()


def write_events(
    connection: DuckDBPyConnection, out: Path, seed: int, period: Period, events: Columns, faults: PlantedFaults
) -> tuple[dict[str, Any], dict[str, Planted]]:
    """One gzip file per shop day with tracking and the late one; returns what the truth says of the lines."""
    rng = np.random.default_rng([seed, 2])
    placed, truth = placed_lines(rng, period, events, faults)
    spoilt = [(faults.next_day(day), reason, text) for day, reason, text in malformed.event_lines(rng, period)]
    planted = {}
    for file, lines in enumerate(texts_by_file(connection, placed, period.days + 1)):
        if file in faults.dark_days:
            continue
        if file == faults.scraper_day:
            lines += faults.scraper_lines
        name = f"events/events-{period.date_of(file) if file < period.days else 'late'}.jsonl.gz"
        for _, _, text in (here := [line for line in spoilt if line[0] == file]):
            lines.insert(int(rng.integers(0, len(lines) + 1)), text)
        if here:
            planted[name] = dict(Counter(reason for _, reason, _ in here))
        text = "".join(f"{line}\n" for line in lines)
        (out / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    return truth, planted


def write_csv(path: Path, columns: list[str], lines: list[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(lines)


def write_orders(connection: DuckDBPyConnection, out: Path, period: Period) -> dict[str, Planted]:
    """One file per month; returns what was planted."""
    planted = {}
    files: dict[int, list[Any]] = {file: [] for file in range(1, period.months + 1)}
    for file, item, head in connection.execute(queries.ORDER_LINES).fetchall():
        files[file].append((item, head or {}))
    for file, lines in files.items():
        name = f"orders/orders_export_{file}.csv"
        if file == 1 and lines:
            planted[name] = malformed.plant_order_lines(lines)
        columns = vocabulary.SHOPIFY_COLUMNS
        write_csv(out / name, columns, [tuple(map((item | head).get, columns)) for item, head in lines])
    return planted


def write_crm(connection: DuckDBPyConnection, out: Path) -> dict[str, Planted]:
    """Contacts and survey answers; returns what was planted."""
    planted = {}
    for name, query, plant in (
        ("crm/contacts.csv", queries.CONTACTS, malformed.plant_contact),
        ("crm/survey_answers.csv", "from survey_rows order by 1", malformed.plant_answers),
    ):
        relation = connection.sql(query)
        lines = relation.fetchall()
        if lines:
            planted[name] = plant(lines)
            write_csv(out / name, relation.columns, lines)
    return planted
