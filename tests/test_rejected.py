"""Rejected rows, written out, corrected and loaded again: nothing is lost for good."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest
from shops import load, query

from parcours.loading.rejected import write_rejected
from parcours.project import ROOT, Project, load_project
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import open_warehouse

HEADER = (
    "Name,Email,Created at,Lineitem quantity,Lineitem name,Lineitem price,Subtotal,Shipping,Taxes,Total,Payment Method"
)


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    for folder in ("events", "orders", "crm"):
        (tmp_path / "exports" / folder).mkdir(parents=True)
    return load_project(ROOT / "journey.yaml", tmp_path / "exports", tmp_path)


def lines_of(project: Project) -> list[tuple[object, ...]]:
    with open_warehouse(project) as connection:
        build_all(connection, project, ["staging.order_lines"])
    return query(project, "select order_id, product_name, quantity from staging.order_lines order by 1, 2")


def test_a_corrected_line_of_an_order_joins_the_lines_that_were_loaded(shop: Project, tmp_path: Path) -> None:
    (shop.exports_folder / "orders" / "o.csv").write_text(
        f"{HEADER}\n"
        "#1,anna@example.com,2026-07-01 10:00:00 +0200,1,Mug,15.00,20.00,0,0,20.00,card\n"
        "#1,anna@example.com,2026-07-01 10:00:00 +0200,-1,Pen,5.00,,,,,\n"
        "#2,,2026-07-02 10:00:00 +0200,1,Cup,9.00,9.00,0,0,9.00,card\n"
        "#3,too few\n",
        encoding="utf-8",
    )
    (found,) = load(shop)
    assert (found.rows_loaded, found.rows_rejected) == (2, 2)
    (written,) = write_rejected(shop, tmp_path / "rejected")
    assert (written.name, written.row_count) == ("orders/o.csv", 2) and written.path
    assert written.path.read_text(encoding="utf-8").replace('"', "").splitlines() == [
        HEADER,
        "#1,anna@example.com,2026-07-01 10:00:00 +0200,1,Mug,15.00,20.00,0,0,20.00,card",
        "#1,anna@example.com,2026-07-01 10:00:00 +0200,-1,Pen,5.00,,,,,",
        "#3,too few",
    ]
    corrected = written.path.read_text(encoding="utf-8").replace(",-1,Pen", ",1,Pen")
    corrected = corrected.replace("#3,too few", "#3,,2026-07-03 10:00:00 +0200,1,Cap,7.00,7.00,0,0,7.00,card")
    (shop.exports_folder / "orders" / written.path.name).write_text(corrected, encoding="utf-8")
    (found,) = load(shop)
    assert (found.rows_loaded, found.rows_duplicate, found.rows_rejected) == (2, 1, 0)
    assert lines_of(shop) == [("#1", "Mug", 1.0), ("#1", "Pen", 1.0), ("#2", "Cup", 1.0), ("#3", "Cap", 1.0)]


def test_a_corrected_event_is_loaded_from_json_lines(shop: Project, tmp_path: Path) -> None:
    good = (
        '{"messageId": "1", "type": "track", "event": "Seen", "anonymousId": "u", "timestamp": "2026-07-01T10:00:00Z"}'
    )
    bad = good.replace('"1"', '"2"').replace("2026-07-01T", "soon, ")
    broken = good.replace('"1"', '"3"')[:-1]
    path = shop.exports_folder / "events" / "e.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join([good, bad, broken]).encode(), mtime=0))
    load(shop)
    (written,) = write_rejected(shop, tmp_path / "rejected")
    assert written.path and written.path.read_text(encoding="utf-8").splitlines() == [bad, broken]
    fixed = [bad.replace("soon, ", "2026-07-01T"), broken + "}"]
    (path.parent / f"{written.path.name}.gz").write_bytes(gzip.compress("\n".join(fixed).encode(), mtime=0))
    (found,) = load(shop)
    assert (found.rows_loaded, found.rows_rejected) == (2, 0)
    assert query(shop, "select event_id from raw.events order by 1") == [("1",), ("2",), ("3",)]


def test_rows_whose_file_is_gone_are_named_and_not_written(shop: Project, tmp_path: Path) -> None:
    path = shop.exports_folder / "orders" / "o.csv"
    path.write_text(f"{HEADER}\n#3,too few\n", encoding="utf-8")
    load(shop)
    path.unlink()
    (written,) = write_rejected(shop, tmp_path / "rejected")
    assert (written.name, written.row_count, written.path) == ("orders/o.csv", 1, None)
    assert written.why == "the file is gone from the exports or was changed"


def test_rejected_rows_of_parquet_keep_their_columns_and_types(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    text = (ROOT / "journey.yaml").read_text(encoding="utf-8")
    head, tail = text.index("exports:"), text.index("# In the order of the map")
    files = "exports:\n  folder: exports\n  files:\n    - {name: web, path: '*.parquet', format: ga4_bigquery}\n\n"
    (tmp_path / "journey.yaml").write_text(text[:head] + files + text[tail:], encoding="utf-8")
    project = load_project(tmp_path / "journey.yaml", tmp_path / "exports", tmp_path)
    duckdb.sql(
        "select 'view' as event_name, 1782900000000000 + range as event_timestamp, "
        "if(range = 2, null, 'u') as user_pseudo_id from range(4)"
    ).write_parquet(str(project.exports_folder / "a.parquet"))
    load(project)
    (written,) = write_rejected(project, tmp_path / "rejected")
    assert duckdb.sql(f"from '{written.path}'").fetchall() == [("view", 1782900000000002, None)]
