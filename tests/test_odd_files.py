"""What lies in the exports' folder and is odd: its name, its kind, its copies. Each has a line; the rest is loaded."""

from __future__ import annotations

import gzip
import os
import socket
from pathlib import Path
from typing import Any

import duckdb
import pytest
from shops import load, query
from test_together import compressed, event, order, orders, shop_in

from parcours.loading import load as loading
from parcours.loading import nothing_new
from parcours.loading.accounting import Load
from parcours.loading.formats import describe_guess, guess_folder
from parcours.loading.formats import shop_of as read_shop
from parcours.loading.rejected import write_rejected
from parcours.loading.unload import unload
from parcours.project import ROOT, Project, load_project
from parcours.warehouse.connection import open_warehouse

ODD_NAMES = ("e [1]", "e*", "e?", "[!a]", "**", "e{1,2}", "it's", "100%", "~", " ", "user_id=9", "é😀")


def account(found: Load) -> tuple[str, int, int, int, int]:
    return found.status, found.rows_read, found.rows_loaded, found.rows_duplicate, found.rows_rejected


def reasons(loads: list[Load]) -> dict[str, str | None]:
    return {found.path: found.reason for found in loads}


def shop_of(folder: Path, exports: str, **sources: str) -> Project:
    """A shop with exports of its own, and sources, in a folder with glob characters in its name."""
    folder = folder / "shop [1]"
    text = (ROOT / "journey.yaml").read_text(encoding="utf-8")
    head, tail = text.index("exports:"), text.index("# In the order of the map")
    folder.mkdir(exist_ok=True)
    (folder / "sources").mkdir()
    (folder / "exports").mkdir()
    (folder / "journey.yaml").write_text(
        text[:head] + f"exports:\n  folder: exports\n  files:\n    - {exports}\n\n" + text[tail:], encoding="utf-8"
    )
    for name, sql in sources.items():
        (folder / "sources" / f"{name}.sql").write_text(sql, encoding="utf-8")
    return load_project(folder / "journey.yaml", folder / "exports", folder)


def source(kind: str) -> str:
    values = "event_id, event_name, occurred_at, anonymous_id"
    if kind == "jsonl":
        values = ", ".join(f"record ->> '{name}' as {name}" for name in values.split(", "))
    if kind == "json":
        values = ", ".join(f"record ->> '$.{name}' as {name}" for name in values.split(", "))
    return f"-- loads: events\n-- reads: {kind}\nselect line, {values} from file_rows\n"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("csv", "format csv"),
        ("jsonl", "format json"),
        ("json", "format json, array true"),
        ("parquet", "format parquet"),
    ],
)
def test_a_file_name_is_the_name_of_one_file_whatever_signs_it_has(tmp_path: Path, kind: str, options: str) -> None:
    shop = shop_of(tmp_path, f"{{name: web, path: '**/*.{kind}', format: web}}", web=source(kind))
    names = [f"{name}.{kind}" for name in ODD_NAMES] + [f"user_id=9/year=2026/{name}.{kind}" for name in ("a", "e [1]")]
    if kind in ("csv", "jsonl"):
        names += [f"a\\b.{kind}", f"a\\[b.{kind}"]  # which DuckDB can't name beside a glob character; Python reads them
    with duckdb.connect() as connection:
        for number, name in enumerate(names):
            path = shop.exports_folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(
                f"copy (select 'm' || {number} || '-' || i as event_id, 'seen' as event_name, "
                "'2026-07-01 10:00:00' as occurred_at, 'u' as anonymous_id from range($n) as r(i)) "
                f"to '{tmp_path}/made' ({options})",
                {"n": number + 1},
            )
            (tmp_path / "made").rename(path)
    assert {found.path: account(found) for found in load(shop)} == {
        name: ("loaded", number + 1, number + 1, 0, 0) for number, name in enumerate(names)
    }


def test_what_is_no_file_or_can_not_be_opened_has_a_line_and_the_rest_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = shop_in(tmp_path, {f"orders/{number}.csv": orders(order(f"#{number}", number)) for number in (1, 5, 9)})
    folder = shop.exports_folder / "orders"
    (folder / "2 link.csv").symlink_to(folder / "gone.csv")
    (folder / "2 loop.csv").symlink_to(folder / "2 loop.csv")
    os.mkfifo(folder / "3 pipe.csv")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(folder)
        listening.bind("4 socket.csv")
    (folder / "6 folder.csv").mkdir()
    (folder / "7 secret.csv").write_bytes(orders(order("#7", 7)))
    Path(os.fsdecode(os.fsencode(folder) + b"/8 \xff.csv")).write_bytes(orders(order("#8", 8)))
    (folder / "9 device.csv").symlink_to("/dev/zero")
    opened = Path.open

    def open_or_not(path: Path, *given: Any, **more: Any) -> Any:
        if path.name == "7 secret.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *given, **more)

    monkeypatch.setattr(Path, "open", open_or_not)
    loads = load(shop)
    assert [found.path for found in loads if found.status == "loaded"] == [f"orders/{name}.csv" for name in (1, 5, 9)]
    assert {path: str(reason).split(";")[0] for path, reason in reasons(loads).items() if reason} == {
        "orders/2 link.csv": "is a link to a file that is not there",
        "orders/2 loop.csv": "can't be opened (Too many levels of symbolic links)",
        "orders/3 pipe.csv": "is a named pipe where a file should be",
        "orders/4 socket.csv": "is a socket where a file should be",
        "orders/6 folder.csv": "is a directory where a file should be",
        "orders/7 secret.csv": "can't be opened (Permission denied)",
        "orders/8 \\xff.csv": "has a name that is not UTF-8",
        "orders/9 device.csv": "is a device where a file should be",
    }
    assert dict(query(shop, "select path, reason from raw.loads")) == reasons(loads)
    # What a run does beside loading meets them too.
    assert nothing_new.what_is_read(shop) == nothing_new.what_is_read(shop)
    guesses = [*guess_folder(shop.exports_folder, read_shop(shop.journey_file))]
    assert any("8 \\xff.csv" in describe_guess(found, shop.exports_folder) for found in guesses)
    monkeypatch.undo()
    assert [found.path for found in load(shop) if found.status == "loaded"] == ["orders/7 secret.csv"]


def test_a_link_that_is_named_in_journey_yaml_and_leads_nowhere_is_named(tmp_path: Path) -> None:
    shop = shop_of(tmp_path, "{name: web, path: orders.csv, format: shopify_orders}")
    (shop.exports_folder / "orders.csv").symlink_to(tmp_path / "gone.csv")
    assert [(found.path, found.status) for found in load(shop)] == [("orders.csv", "refused")]


def test_a_link_is_followed_out_of_the_folder_too(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, {"orders/1.csv": orders(order("#1", 1))})
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "2.csv").write_bytes(orders(order("#2", 2)))
    (shop.exports_folder / "orders" / "2.csv").symlink_to(tmp_path / "share" / "2.csv")
    assert [account(found) for found in load(shop)] == [("loaded", 1, 1, 0, 0)] * 2


@pytest.mark.parametrize("names", [("1.csv",), ("1.csv", "2.csv", "3.csv")])
def test_a_file_that_is_written_while_it_is_read_is_refused_and_read_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    shop = shop_in(
        tmp_path, {f"orders/{name}": orders(order(f"#{number}", number + 1)) for number, name in enumerate(names)}
    )
    account_of, path = loading.account, shop.exports_folder / "orders" / "1.csv"

    def written_meanwhile(*given: Any) -> list[Load]:
        path.write_bytes(path.read_bytes().replace(b"#0", b"#7"))  # as long, so that only its bytes tell
        return account_of(*given)

    with monkeypatch.context() as writing:
        writing.setattr(loading, "account", written_meanwhile)
        loads = load(shop)
    assert {found.path: found.status for found in loads} == {
        f"orders/{name}": "refused" if name == "1.csv" else "loaded" for name in names
    }
    assert str(loads[0].reason).startswith("was changed while it was read")
    assert [account(found) for found in load(shop)] == [("loaded", 1, 1, 0, 0)]
    assert ("#7",) in query(shop, "select order_id from raw.order_rows")


def test_a_file_that_is_gone_before_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shop_in(tmp_path, {f"orders/{number}.csv": orders(order(f"#{number}", number)) for number in (1, 2)})
    read = loading.read_files

    def gone(*given: Any) -> str:
        (shop.exports_folder / "orders" / "1.csv").unlink(missing_ok=True)
        return read(*given)

    monkeypatch.setattr(loading, "read_files", gone)
    loads = load(shop)
    assert [found.status for found in loads] == ["refused", "loaded"]
    assert str(loads[0].reason).startswith("can't be opened (No such file or directory)")


TEXT = orders(order("#1", 1), order("#1", 1, 2, "Pen"), order("#2", 2))


def test_the_same_content_under_several_names_has_a_line_each(tmp_path: Path) -> None:
    names = ("a.csv", "b.csv", "c.csv.gz", "d.csv.gz", "e.csv")
    contents = (TEXT, TEXT, TEXT, gzip.compress(TEXT, mtime=0), gzip.compress(TEXT, mtime=0))
    shop = shop_of(tmp_path, "{name: shop, path: '*', format: shopify_orders}")
    for name, content in zip(names, contents, strict=True):
        (shop.exports_folder / name).write_bytes(content)
    assert {found.path: account(found) for found in load(shop)} == {
        "a.csv": ("loaded", 3, 3, 0, 0),
        "b.csv": ("loaded", 3, 0, 3, 0),
        "c.csv.gz": ("refused", 0, 0, 0, 0),
        "d.csv.gz": ("loaded", 3, 0, 3, 0),
        "e.csv": ("loaded", 3, 0, 3, 0),
    }
    before = query(shop, "from raw.loads order by all")
    assert [found.path for found in load(shop)] == ["c.csv.gz"]  # a refused file is tried again
    assert query(shop, "select columns(lambda c: c <> 'load_number') from raw.loads order by all") == [
        (*row[:3], *row[4:]) for row in before
    ]
    assert query(shop, "select count(*) from raw.order_rows") == [(3,)]
    with open_warehouse(shop) as connection:
        assert len(unload(connection, shop, ["b.csv"])) == 2
    assert query(shop, "select count(*) from raw.order_rows") == [(3,)], "the compressed ones still have the rows"


def test_a_file_renamed_to_what_it_is_not_is_refused(tmp_path: Path) -> None:
    shop = shop_of(tmp_path, "{name: shop, path: '*', format: shopify_orders}")
    (shop.exports_folder / "1.csv").write_bytes(TEXT)
    load(shop)
    (shop.exports_folder / "1.csv").rename(shop.exports_folder / "2.csv.gz")
    (found,) = load(shop)
    assert (found.path, found.status) == ("2.csv.gz", "refused")
    assert str(found.reason).startswith("is no gzip file, though its name ends in .gz")


BUYERS = """-- loads: contacts
-- reads: csv
-- needs: Name
select line, "Name" as contact_id, "Shipping City" as city from file_rows
"""


def test_a_file_that_two_exports_read_in_two_formats_feeds_both(tmp_path: Path) -> None:
    exports = [
        "{name: shop, path: '*.csv', format: shopify_orders}",
        "{name: buyers, path: 'o*.csv', format: buyers}",
        "{name: again, path: '*.csv', format: shopify_orders}",
    ]
    shop = shop_of(tmp_path, "\n    - ".join(exports), buyers=BUYERS)
    path = shop.exports_folder / "o.csv"
    bad = "#3,2026-07-01 10:00:00 +0000,1,Mug,cheap,"
    path.write_bytes(orders(order("#1", 1), order("#2", 2), f"{bad}5.00"))
    loads = load(shop)
    assert [(found.export, *account(found)[1:]) for found in loads] == [("shop", 3, 2, 0, 1), ("buyers", 3, 3, 0, 0)]
    # Whichever of them journey.yaml names first.
    text = shop.journey_file.read_text(encoding="utf-8")
    shop.journey_file.write_text(
        text.replace(exports[0], "")
        .replace("- \n    - ", "- ")
        .replace(exports[1], f"{exports[1]}\n    - {exports[0]}"),
        encoding="utf-8",
    )
    turned = load_project(shop.journey_file, shop.exports_folder, shop.output)
    assert [export.name for export in turned.settings.exports.files] == ["buyers", "shop", "again"]
    assert load(turned) == []
    # What is corrected, written again or taken back is so for both.
    assert [(found.name, found.row_count) for found in write_rejected(turned, tmp_path / "out")] == [("o.csv", 1)]
    sql = (ROOT / "sql" / "checks" / "files_have_one_export.sql").read_text(encoding="utf-8")
    assert [path for path, _ in query(turned, sql)] == ["o.csv"], "the third export never gets the file"
    with open_warehouse(turned) as connection:
        assert {found.kind for found in unload(connection, turned, ["o.csv"])} == {"order_rows", "contacts"}
    assert (
        query(turned, "select count(*) from raw.order_rows union all select count(*) from raw.contacts") == [(0,)] * 2
    )
    assert load(turned) == []


def test_events_of_a_copy_are_as_old_as_the_first_name_that_has_them(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, {"events/2.jsonl.gz": compressed(event(1)), "events/1.jsonl.gz": compressed(event(1))})
    assert [account(found) for found in load(shop)] == [("loaded", 1, 1, 0, 0), ("loaded", 1, 0, 1, 0)]
    (row,) = query(shop, "select file_order from raw.events")
    assert row[0].endswith("1")
