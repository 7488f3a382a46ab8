"""Real purchases without a transaction id: every figure of the example, against a plain second count of the CSV.

Nothing here reads sql/. The first tests need the real file; the last ones write rows of their own.
"""

from __future__ import annotations

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from shops import load, query

from parcours.project import ROOT, Project, load_project
from parcours.run import build_warehouse

EXAMPLE = ROOT / "examples" / "ga4_purchases"
DATA = Path(os.environ.get("PARCOURS_GA4_DATA") or ROOT.parent / "shared" / "data")
FILE = "ga4_purchases/ga4_sample.csv"
HEADER = ["user_pseudo_id", "item_id", "item_name", "price", "quantity", "item_revenue", "event_timestamp"]

real = pytest.mark.skipif(
    not (DATA / FILE).exists(),
    reason=f"no {FILE} in {DATA}: see examples/ga4_purchases/README.md, or set PARCOURS_GA4_DATA",
)
Row = dict[str, str]
Purchases = dict[tuple[str, str], list[Row]]
"""The rows of each browser and instant."""


# ---- The real file ----


@pytest.fixture(scope="module")
def parcours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    project = load_project(EXAMPLE / "journey.yaml", DATA, tmp_path_factory.mktemp("ga4"))
    build_warehouse(project)
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    with (DATA / FILE).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def purchases(rows: list[Row]) -> Purchases:
    found = defaultdict(list)
    for row in rows:
        found[row["user_pseudo_id"], row["event_timestamp"]].append(row)
    return found


def one(parcours: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    [row] = parcours.execute(sql).fetchall()
    return row


def items(of: list[Row]) -> list[Row]:
    return [row for row in of if row["item_id"] != "(not set)"]


@real
def test_every_row_of_the_file_is_loaded(parcours: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    found = one(parcours, "select rows_read, rows_loaded, rows_duplicate, rows_rejected from raw.loads")
    assert found == (len(rows), len(rows), 0, 0)
    assert one(parcours, "select count(*) from raw.order_rows") == (len(rows),)
    equal_rows = len(rows) - len({tuple(row.values()) for row in rows})
    assert equal_rows > 0, "equal lines of a purchase are lines, not duplicates"


@real
def test_an_order_is_what_one_browser_sent_at_one_instant(
    parcours: duckdb.DuckDBPyConnection, purchases: Purchases
) -> None:
    found = parcours.execute("select customer_id, epoch_us(ordered_at), line_count from staging.orders").fetchall()
    assert {(customer, str(at)): count for customer, at, count in found} == {
        key: len(items(of)) for key, of in purchases.items()
    }
    assert len(found) == len(purchases)


@real
def test_people_are_the_browsers(parcours: duckdb.DuckDBPyConnection, purchases: Purchases) -> None:
    orders_of = Counter(browser for browser, _ in purchases)
    found = one(parcours, "select count(distinct person_id), count(*) from journeys.order_sessions")
    assert found == (len(orders_of), len(purchases))
    assert one(parcours, "select count(*) from journeys.people") == (len(orders_of),)


@real
def test_revenue_is_the_sum_of_the_lines_amounts(parcours: duckdb.DuckDBPyConnection, purchases: Purchases) -> None:
    expected = {
        f"{browser}.{at}": sum(Decimal(row["item_revenue"]) for row in items(of)) if items(of) else None
        for (browser, at), of in purchases.items()
    }
    found = dict(parcours.execute("select order_id, net_revenue from staging.orders").fetchall())
    assert found == expected
    known = [value for value in expected.values() if value is not None]
    total, average = one(
        parcours,
        "select (select sum(net_revenue) from staging.orders), sum(numerator) / sum(denominator) "
        "from metrics.kpi_attempts where kpi = 'net_order_value'",
    )
    assert total == sum(known)
    assert average == pytest.approx(float(sum(known)) / len(known)), "orders of unknown value are in no average"


@real
def test_lines_keep_product_quantity_and_price(parcours: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    found = parcours.execute("select product_id, quantity, unit_price, count(*) from staging.order_lines group by all")
    expected = Counter((row["item_id"], float(row["quantity"]), Decimal(row["price"])) for row in items(rows))
    assert {(product, quantity, price): n for product, quantity, price, n in found.fetchall()} == expected


@real
def test_orders_by_day_are_those_of_the_files_own_dates(
    parcours: duckdb.DuckDBPyConnection, purchases: Purchases
) -> None:
    expected = Counter(of[0]["event_date"] for of in purchases.values())
    found = parcours.execute(
        "select strftime(ordered_on, '%Y%m%d'), count(*) from staging.orders group by 1"
    ).fetchall()
    assert dict(found) == expected


@real
def test_customers_who_order_again_within_30_days(parcours: duckdb.DuckDBPyConnection, purchases: Purchases) -> None:
    instants = defaultdict(list)
    for browser, at in sorted(purchases, key=lambda key: int(key[1])):
        instants[browser].append(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(at)))
    cut_off, horizon = max(at for of in instants.values() for at in of), timedelta(days=30)
    matured = [of for of in instants.values() if of[0] + horizon <= cut_off]
    returned = [of for of in matured if len(of) > 1 and of[1] <= of[0] + horizon]
    found = one(
        parcours,
        "select numerator, denominator, open_count from metrics.kpis where kpi = 'retention' and period = 'all'",
    )
    assert found == (len(returned), len(matured), len(instants) - len(matured))
    if len(purchases) == 5690:
        within_a_minute = sum(of[1] - of[0] < timedelta(minutes=1) for of in returned)
        assert (len(returned), len(matured), within_a_minute) == (653, 3420, 253), "as the example's README says"


@real
def test_figures_of_the_example(parcours: duckdb.DuckDBPyConnection, rows: list[Row], purchases: Purchases) -> None:
    if len(rows) != 16003:
        pytest.skip(f"{len(rows)} rows: not the file that examples/ga4_purchases/README.md gives figures of")
    found = one(
        parcours,
        "select count(*), count(distinct customer_id), sum(net_revenue), count(*) filter (where line_count = 0), "
        "count(*) filter (where net_revenue is null) from staging.orders",
    )
    assert found == (5690, 4418, Decimal("362110.00"), 448, 448)
    assert len(rows) - len({tuple(row.values()) for row in rows}) == 46
    sold = items(rows)
    assert sum(int(row["price"]) * int(row["quantity"]) != int(row["item_revenue"]) for row in sold) == 1250
    assert repeated_within_a_second(purchases) == 273


def repeated_within_a_second(purchases: Purchases) -> int:
    """Purchases of the same items and quantities as the browser's last purchase of these, under a second ago."""
    last: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    count = 0
    for (browser, at), of in sorted(purchases.items(), key=lambda purchase: int(purchase[0][1])):
        key = browser, tuple(sorted((row["item_id"], row["quantity"]) for row in of))
        count += key in last and int(at) - last[key] < 1_000_000
        last[key] = int(at)
    return count


# ---- Rows of our own ----


def shop_of(folder: Path, **files: list[dict[str, str]]) -> Project:
    """The example with these files of rows; what a row does not say is that of a sound one."""
    sound = dict(zip(HEADER, ["1.1", "9001", "Mug", "10", "1", "10", "1605924623681729"], strict=True))
    (folder / "ga4_purchases").mkdir()
    for name, given in files.items():
        with (folder / "ga4_purchases" / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADER)
            writer.writeheader()
            writer.writerows(sound | row for row in given)
    return load_project(EXAMPLE / "journey.yaml", folder, folder)


NO_ITEM = {"item_id": "(not set)", "item_name": "(not set)", "price": "", "quantity": "", "item_revenue": ""}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"user_pseudo_id": " "}, "user_pseudo_id is missing"),
        ({"event_timestamp": ""}, "event_timestamp is not a number of microseconds: "),
        ({"event_timestamp": "1.60592E+15"}, "event_timestamp is not a number of microseconds: 1.60592E+15"),
        ({"event_timestamp": "1605924623"}, "event_timestamp is not in microseconds since 1970: 1605924623"),
        (
            {"event_timestamp": "160592462368172900"},
            "event_timestamp is not in microseconds since 1970: 160592462368172900",
        ),
        ({"quantity": "two"}, "quantity is not a number: two"),
        ({"quantity": "-1"}, "quantity is negative: -1"),
        ({"price": "free"}, "price is not an amount: free"),
        ({"item_revenue": ""}, "item_revenue is not an amount: "),
        ({"item_id": "(not set)"}, "item_id is missing, but not its quantity or amount"),
    ],
)
def test_a_row_that_is_no_purchase_is_rejected_with_its_reason(tmp_path: Path, row: Row, reason: str) -> None:
    project = shop_of(tmp_path, one=[{}, row])
    [found] = load(project)
    assert (found.rows_read, found.rows_loaded, found.rows_rejected) == (2, 1, 1)
    assert query(project, "select line, reason from raw.rejected_rows") == [(3, reason)]
    assert query(project, "select order_id, subtotal from raw.order_rows") == [("1.1.1605924623681729", 10)]


def test_a_purchase_without_items_is_an_order_of_unknown_value(tmp_path: Path) -> None:
    project = shop_of(tmp_path, one=[{}, {"user_pseudo_id": "2.2", **NO_ITEM}])
    build_warehouse(project)
    found = query(project, "select customer_id, line_count, net_revenue from staging.orders order by customer_id")
    assert found == [("1.1", 1, 10), ("2.2", 0, None)]


def test_equal_lines_of_a_purchase_all_count_and_a_second_export_of_them_adds_nothing(tmp_path: Path) -> None:
    card = {"item_id": "9181149", "item_name": "Gift Card - $25.00", "price": "25", "item_revenue": "25"}
    later = {"user_pseudo_id": "2.2", "event_timestamp": "1605930000000000"}
    project = shop_of(tmp_path, first=[card, card, card], second=[card, card, card, later])
    loads = [(found.rows_read, found.rows_loaded, found.rows_duplicate) for found in load(project)]
    assert loads == [(3, 3, 0), (4, 1, 3)]
    build_warehouse(project)
    found = query(project, "select customer_id, line_count, net_revenue from staging.orders order by customer_id")
    assert found == [("1.1", 3, 75), ("2.2", 1, 10)]
