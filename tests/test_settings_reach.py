"""What is changed in journey.yaml or in a source reaches what was loaded before: its files are read again, and the
tables are those of a new warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from canonical_shops import KEY, contents, difference
from given import rows, settings
from test_incremental import in_order
from test_unload import accounted

from parcours.engine.checks import read_checks, run_check
from parcours.loading.load import load_exports
from parcours.loading.read_again import OtherExports
from parcours.loading.settings_tables import write_settings
from parcours.loading.unload import unload
from parcours.project import ROOT, Project
from parcours.settings.schema import JourneySettings
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import prepare

VISITS = """-- Visits of our own tracker.
-- loads: events
-- reads: csv
-- needs: visit, seen, visitor
select
    line,
    "visit" as event_id,
    'product' as event_name,
    (try_cast("seen" as timestamp) at time zone shop.time_zone) at time zone 'UTC' as occurred_at,
    "visitor" as customer_id
from file_rows
cross join settings.shop as shop
"""

SALES = """-- Sales of our till.
-- loads: order_rows
-- reads: csv
-- needs: number, paid
select line, "number" as order_id, 'line 1' as row_key, "paid" as ordered_at, 1 as quantity, "price" as unit_price
from file_rows
"""

DAYS = {
    "visits/1.csv": "visit,seen,visitor\nv1,2026-07-01 10:00,ann\nv2,2026-07-01 11:00,bob\n",
    "visits/2.csv": "visit,seen,visitor\nv2,2026-07-01 11:00,bob\nv3,2026-07-02 12:00,ann\n",
    "sales/1.csv": "number,paid,price\n#1,2026-07-01 10:30,20\n",
}

EXPORTS = (
    {"name": "visits", "path": "visits/*.csv", "format": "own_visits"},
    {"name": "sales", "path": "sales/*.csv", "format": "own_sales"},
)


def settings_of(exports: Sequence[Any] = EXPORTS, refuse_above: float = 0.5, **shop: Any) -> JourneySettings:
    base = {"name": "Tea", "time_zone": "UTC", "currency": "EUR", "language": "en"}
    return settings(shop=base | shop, exports={"folder": "exports", "files": [*exports], "refuse_above": refuse_above})


def shop_in(folder: Path, files: dict[str, str] | None = None) -> Project:
    """A shop with two sources of its own and a few files."""
    (folder / "sources").mkdir(parents=True)
    (folder / "sources" / "own_visits.sql").write_text(VISITS)
    (folder / "sources" / "own_sales.sql").write_text(SALES)
    for name, text in (DAYS if files is None else files).items():
        put(folder / "exports" / name, text)
    return Project(folder / "journey.yaml", settings_of(), folder / "exports", folder)


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@contextmanager
def opened() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        prepare(connection, KEY)
        yield connection


def run(connection: duckdb.DuckDBPyConnection, project: Project, *, build: bool = False) -> list[str]:
    """Load as a run does; returns what it says of files that are taken back."""
    said: list[str] = []
    write_settings(connection, project.settings)
    load_exports(connection, project, said.append)
    if build:
        build_all(connection, project)
    return said


def loaded(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What raw.* holds, but for how often and in which load a file came."""
    return accounted(connection)


def is_as_new(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """The rows and their accounting are those of a new warehouse."""
    with opened() as new:
        run(new, project)
        assert not difference(loaded(connection), loaded(new))


def test_a_changed_time_zone_reads_the_files_again_whose_source_reads_it(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    with opened() as connection:
        assert run(connection, shop, build=True) == []
        shop = replace(shop, settings=settings_of(time_zone="Europe/Paris"))
        assert run(connection, shop, build=True) == ["visits: 2 files read again; changed since: shop.time_zone"]
        [(first,)] = rows(connection, "select min(occurred_at)::text from raw.events")
        assert first == "2026-07-01 08:00:00"
        is_as_new(connection, shop)
        with opened() as new:
            run(new, shop, build=True)
            assert not difference(contents(connection), contents(new), in_order(shop))
        assert run(connection, shop) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda shop: replace(shop, settings=settings_of(opened_on="2026-07-02")), "shop.opened_on"),
        (lambda shop: _edit(shop, "own_visits", "'product'", "'page'"), "the format's SQL"),
        (lambda shop: _edit(shop, "own_visits", "needs: visit, seen", "needs: seen"), "the format's SQL"),
    ],
)
def test_another_source_or_opening_day_reads_the_files_again(tmp_path: Path, change: Any, said: str) -> None:
    shop = shop_in(tmp_path)
    with opened() as connection:
        run(connection, shop)
        shop = change(shop)
        assert f"visits: 2 files read again; changed since: {said}" in run(connection, shop)
        is_as_new(connection, shop)


def test_another_comment_in_a_source_reads_nothing_again(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    with opened() as connection:
        run(connection, shop)
        _edit(shop, "own_visits", "-- Visits of our own tracker.", "-- Visits. By the way.")
        assert run(connection, shop) == []


def test_labels_that_are_mapped_later_reach_the_files_that_were_read_without_them(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, {"visits/1.csv": "visit,seen,visitor,Kunde\nv1,2026-07-01 10:00,ann,c-1\n"})
    with opened() as connection:
        run(connection, shop)
        mapped = [EXPORTS[0] | {"columns": {"visitor": "Kunde"}}, EXPORTS[1]]
        shop = replace(shop, settings=settings_of(mapped))
        assert run(connection, shop) == ["visits: 1 file read again; changed since: columns"]
        assert rows(connection, "select customer_id from raw.events") == [("c-1",)]
        is_as_new(connection, shop)


@pytest.mark.fuzz
def test_an_export_taken_out_leaves_and_comes_back_when_it_is_put_back(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    with opened() as connection:
        run(connection, shop, build=True)
        less = replace(shop, settings=settings_of(EXPORTS[:1]))
        assert run(connection, less, build=True) == [
            "sales: 1 file taken back: no export of journey.yaml reads them any more"
        ]
        is_as_new(connection, less)
        assert rows(connection, "from staging.orders") == []
        assert run(connection, shop, build=True) == []
        is_as_new(connection, shop)
        assert len(rows(connection, "from staging.orders")) == 1


def test_a_path_that_finds_fewer_files_takes_the_others_back(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    with opened() as connection:
        run(connection, shop)
        shop = replace(shop, settings=settings_of([EXPORTS[0] | {"path": "visits/2.csv"}, EXPORTS[1]]))
        assert run(connection, shop) == ["visits: 1 file taken back: no export of journey.yaml reads them any more"]
        is_as_new(connection, shop)


def test_an_export_under_another_name_is_read_again_and_loses_nothing(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    with opened() as connection:
        run(connection, shop)
        (shop.exports_folder / "visits" / "1.csv").unlink()
        shop = replace(shop, settings=settings_of([EXPORTS[0] | {"name": "tracker"}, EXPORTS[1]]))
        assert run(connection, shop) == ["visits: 1 file read again; changed since: the export's name"]
        assert rows(connection, "select event_id, export from raw.events order by 1") == [
            ("v1", "visits"), ("v2", "visits"), ("v3", "tracker")
        ]  # fmt: skip


def test_a_file_that_is_gone_keeps_its_rows_and_the_run_says_so(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    gone = shop.exports_folder / "visits" / "1.csv"
    warned = "select path, read_otherwise from raw.loads where read_otherwise is not null"
    with opened() as connection:
        run(connection, shop)
        gone.unlink()
        run(connection, shop)
        assert rows(connection, warned) == []
        shop = replace(shop, settings=settings_of(time_zone="Europe/Paris"))
        assert run(connection, shop) == ["visits: 1 file read again; changed since: shop.time_zone"]
        assert rows(connection, warned) == [("visits/1.csv", "shop.time_zone")]
        ids = "select event_id, occurred_at::text from raw.events order by all"
        assert rows(connection, ids)[0] == ("v1", "2026-07-01 10:00:00")
        put(gone, DAYS["visits/1.csv"])
        run(connection, shop)
        assert rows(connection, warned) == [] and rows(connection, ids)[0] == ("v1", "2026-07-01 08:00:00")
        # The other way out: they are taken back.
        gone.unlink()
        shop = replace(shop, settings=settings_of())
        run(connection, shop)
        assert [path for path, _ in rows(connection, warned)] == ["visits/1.csv"]
        unload(connection, shop, ["visits/1.csv"])
        run(connection, shop)
        assert rows(connection, warned) == [] and len(rows(connection, ids)) == 2


def test_a_file_that_was_taken_back_by_hand_stays_so(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    with opened() as connection:
        run(connection, shop)
        unload(connection, shop, ["visits/1.csv"])
        run(connection, replace(shop, settings=settings_of(time_zone="Europe/Paris")))
        assert rows(connection, "select path from raw.loads where status = 'unloaded'") == [("visits/1.csv",)]


def test_a_smaller_share_of_rejected_rows_refuses_what_was_loaded(tmp_path: Path) -> None:
    many = "".join(f"v{n},{'2026-07-01 10:00' if n % 4 else 'never'},ann\n" for n in range(40))
    shop = shop_in(tmp_path, {"visits/1.csv": f"visit,seen,visitor\n{many}"})
    with opened() as connection:
        run(connection, shop)
        assert len(rows(connection, "from raw.events")) == 30
        shop = replace(shop, settings=settings_of(refuse_above=0.1))
        run(connection, shop)
        assert rows(connection, "select status from raw.loads") == [("refused",)]
        assert rows(connection, "from raw.events") == [] and rows(connection, "from raw.rejected_rows") == []


def test_rows_of_the_forgotten_are_no_fault_of_their_file(tmp_path: Path) -> None:
    many = "".join(f"v{n},2026-07-01 10:00,{'bob' if n % 4 == 0 else 'ann'}\n" for n in range(40))
    shop = shop_in(tmp_path, {"visits/1.csv": f"visit,seen,visitor\n{many}"})
    with opened() as connection:
        [(ann,)] = rows(connection, "select pseudonym('customer:ann')")
        shop.forgotten_file.write_text(f"{ann}\n")
        assert run(connection, shop) == []
        accounted_for = "select status, rows_read, rows_loaded, rows_rejected, rows_faultless from raw.loads"
        assert rows(connection, accounted_for) == [("loaded", 40, 10, 30, 30)]
        [few] = [check for check in read_checks(ROOT / "sql" / "checks") if check.name == "few_rows_are_rejected"]
        assert run_check(connection, few).offending_count == 0
        assert run(connection, shop) == []  # nothing is read again
        assert rows(connection, accounted_for) == [("loaded", 40, 10, 30, 30)]


def test_a_warehouse_that_did_not_note_what_it_read_with_opens_and_is_read_again(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    with opened() as connection:
        run(connection, shop)
        connection.execute("alter table raw.loads drop column read_otherwise")
        connection.execute("alter table raw.loads drop column read_with")
        connection.execute("alter table raw.rejected_rows drop column named")
        connection.execute("drop table raw.loaded_from")
        assert len(run(connection, shop)) == 2
        is_as_new(connection, shop)
        assert run(connection, shop) == []


def test_the_exports_of_another_shop_are_not_added_to_this_ones(tmp_path: Path) -> None:
    shop, other = shop_in(tmp_path / "shop"), shop_in(tmp_path / "other", {"visits/9.csv": DAYS["visits/1.csv"] + "\n"})
    with opened() as connection:
        run(connection, shop)
        with pytest.raises(OtherExports, match=r"none of the 3 files .* is here; they were loaded from .*shop/exports"):
            run(connection, replace(shop, exports_folder=other.exports_folder))
        assert len(rows(connection, "from raw.events")) == 3
        # The same shop's, moved.
        moved = shop.exports_folder.rename(tmp_path / "moved")
        assert run(connection, replace(shop, exports_folder=moved)) == []
        (moved / "visits" / "1.csv").unlink()
        (moved / "visits" / "2.csv").unlink()
        (moved / "sales" / "1.csv").unlink()
        put(moved / "visits" / "3.csv", DAYS["visits/1.csv"].replace("v1", "v4"))
        run(connection, replace(shop, exports_folder=moved))
        assert len(rows(connection, "from raw.events")) == 4


def _edit(shop: Project, source: str, old: str, new: str) -> Project:
    file = shop.journey_file.parent / "sources" / f"{source}.sql"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    return shop


def test_what_a_file_was_read_with_is_kept_as_hashes_of_its_parts(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    with opened() as connection:
        run(connection, shop)
        [(said,)] = rows(connection, "select read_with from raw.loads where path = 'visits/1.csv'")
    assert "shop.time_zone" in json.loads(said) and "UTC" not in said
