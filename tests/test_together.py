"""Files that are loaded together: to the row what they would be one after the other, whatever is wrong with some."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from given import rows
from shops import load

from parcours.loading import accounting, together
from parcours.loading import load as loading
from parcours.loading.accounting import Load
from parcours.loading.together import keeps_files_apart
from parcours.project import ROOT, Project, load_project
from parcours.warehouse.canonical import KINDS
from parcours.warehouse.connection import open_warehouse

TABLES = ("loads", "rejected_rows", "observed_names", *KINDS)
ORDER = "Name,Created at,Lineitem quantity,Lineitem name,Lineitem price,Total"


def event(number: int | str, hour: int = 10) -> bytes:
    record = {"messageId": f"m{number}", "type": "track", "event": "Seen", "anonymousId": "u"}
    return json.dumps(record | {"timestamp": f"2026-07-01T{hour:02d}:00:00Z"}).encode()


def compressed(*lines: bytes, end: bytes = b"\n") -> bytes:
    return gzip.compress(b"".join(line + end for line in lines), mtime=0)


def orders(*lines: str, header: str = ORDER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def order(name: str, day: int, pieces: int = 1, product: str = "Mug") -> str:
    return f"{name},2026-07-{day:02d} 10:00:00 +0000,{pieces},{product},5.00,{5 * pieces}.00"


CONTACTS = (
    b"Record ID,Email,Create Date,City\n1,a@example.com,2026-07-01 10:00,Lyon\n2,b@example.com,2026-07-01 10:00,Nice\n"
)
FIRST = {
    "events/1.jsonl.gz": compressed(event(1), event(2), event(3, 12)),
    "events/2.jsonl.gz": compressed(event(2), event(4), b"no JSON", event(4), b"", event("4b", 13)),
    "events/3 cut off.jsonl.gz": compressed(*map(event, range(900, 1000)))[:150],
    "events/4 empty.jsonl.gz": b"",
    "events/5 the first again.jsonl.gz": compressed(event(1), event(2), event(3, 12)),
    "events/6 too many bad.jsonl.gz": compressed(event(60), *[b"bad"] * 30),
    "events/7 of Windows.jsonl.gz": compressed(event(5, 9), b'{"messageId": "\xff"}', event(1), event(6), end=b"\r\n"),
    "events/8.jsonl.gz": compressed(event(1, 11), b"\xff", event(7), b"\xfe", b"\xfe", event(8)),
    "orders/orders 1.csv": orders(order("#1", 1), order("#1", 1, 2, "Pen"), "#2,too few", order("#2", 2)),
    "orders/orders 2.csv": orders(order("#1", 1), order("#1", 1, 2, "Pen"), order("#3", 3), order("#3", 3)),
    "orders/orders 3.csv": orders(f"{order('#4', 4)},Lyon", "x,,,,,,", header=f"{ORDER},Shipping City"),
    "orders/orders 4.csv": b"Order,Mail\n1,2\n",
    "orders/orders 5.csv": orders(order("#1", 1, 3), order("#3", 3), "#5,never,1,Mug,5.00,5.00", order("#5", 5)),
    "crm/contacts.csv": CONTACTS,
    "crm/contacts_2.csv": CONTACTS + b"3,c@example.com,2026-07-05 10:00,Lyon\n",
    "crm/contacts_10.csv": CONTACTS.replace(b"Nice", b"Lyon") + b"2,b@example.com,2026-07-01 10:00,Nice\n",
}
SECOND = {
    "events/0.jsonl.gz": compressed(event(4), event(9), event(3, 12)),
    "events/9.jsonl.gz": compressed(event(9), event(8), event(10)),
    "orders/orders 6.csv": orders(order("#1", 1), order("#6", 6)),
    "orders/orders 7.csv": orders(order("#6", 6), order("#7", 7)),
    "crm/contacts_11.csv": CONTACTS,
}


def shop_in(folder: Path, files: dict[str, bytes]) -> Project:
    """The sample's shop with these exports."""
    (folder / ".parcours-key").parent.mkdir(exist_ok=True)
    (folder / ".parcours-key").write_text("0" * 64)
    for name, content in files.items():
        path = folder / "exports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return load_project(ROOT / "journey.yaml", folder / "exports", folder)


def raw_tables(project: Project) -> dict[str, list[tuple[Any, ...]]]:
    with open_warehouse(project) as connection:
        return {name: rows(connection, f"from raw.{name} order by all") for name in TABLES}


def counted(load: Load) -> tuple[str, int, int, int, int]:
    return load.status, load.rows_read, load.rows_loaded, load.rows_duplicate, load.rows_rejected


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files each transaction accounted for."""
    found: list[int] = []
    account = loading.account

    def noted(connection: Any, files: Any, *rest: Any) -> list[Load]:
        loads = account(connection, files, *rest)
        found.append(len(files))
        return loads

    monkeypatch.setattr(loading, "account", noted)
    return found


@pytest.mark.fuzz
def test_together_is_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for most in (500, 3, 1):
        monkeypatch.setattr(together, "MOST_FILES", most)
        project = shop_in(tmp_path / "shop", FIRST)
        accounts = [load(project)]
        shop_in(tmp_path / "shop", SECOND)
        accounts.append(load(project))
        found[most] = accounts, raw_tables(project)
        shutil.rmtree(tmp_path / "shop")
    assert found[500] == found[1]
    assert found[3] == found[1]
    first, second = ({account.path: counted(account) for account in accounts} for accounts in found[500][0])
    assert first == {
        "events/1.jsonl.gz": ("loaded", 3, 3, 0, 0),
        "events/2.jsonl.gz": ("loaded", 5, 2, 2, 1),
        "events/3 cut off.jsonl.gz": ("refused", 0, 0, 0, 0),
        "events/4 empty.jsonl.gz": ("refused", 0, 0, 0, 0),
        "events/5 the first again.jsonl.gz": ("loaded", 3, 0, 3, 0),
        "events/6 too many bad.jsonl.gz": ("refused", 0, 0, 0, 0),
        "events/7 of Windows.jsonl.gz": ("loaded", 4, 2, 1, 1),
        "events/8.jsonl.gz": ("loaded", 6, 3, 0, 3),
        "orders/orders 1.csv": ("loaded", 4, 3, 0, 1),
        "orders/orders 2.csv": ("loaded", 4, 2, 2, 0),
        "orders/orders 3.csv": ("loaded", 2, 1, 0, 1),
        "orders/orders 4.csv": ("refused", 0, 0, 0, 0),
        "orders/orders 5.csv": ("loaded", 4, 1, 1, 2),
        "crm/contacts.csv": ("loaded", 2, 2, 0, 0),
        "crm/contacts_10.csv": ("loaded", 3, 1, 2, 0),
        "crm/contacts_2.csv": ("loaded", 3, 1, 2, 0),
    }
    assert {path: account for path, account in second.items() if account[0] == "loaded"} == {
        "events/0.jsonl.gz": ("loaded", 3, 1, 2, 0),
        "events/9.jsonl.gz": ("loaded", 3, 1, 2, 0),
        "crm/contacts_11.csv": ("loaded", 2, 0, 2, 0),
        "orders/orders 6.csv": ("loaded", 2, 1, 1, 0),
        "orders/orders 7.csv": ("loaded", 2, 1, 1, 0),
    }
    rejected = {(path, line) for _, tables in [found[500]] for path, line in lines_of(tables)}
    assert {("events/2.jsonl.gz", 3), ("events/7 of Windows.jsonl.gz", 2), ("orders/orders 1.csv", 4)} <= rejected
    assert {("events/8.jsonl.gz", number) for number in (2, 4, 5)} <= rejected


def lines_of(tables: dict[str, list[tuple[Any, ...]]]) -> list[tuple[str, int]]:
    """File and line of each rejected row."""
    path_of = {file_id: path for file_id, path, *_ in tables["loads"]}
    return [(path_of[file_id], line) for file_id, line, *_ in tables["rejected_rows"]]


def test_files_of_one_export_take_one_transaction(tmp_path: Path, batches: list[int]) -> None:
    files = {f"events/{number:03d}.jsonl.gz": compressed(event(number)) for number in range(40)}
    project = shop_in(tmp_path, files)
    assert len(load(project)) == 40
    assert batches == [40]


def test_more_files_than_go_together_take_several(
    tmp_path: Path, batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "MOST_FILES", 7)
    files = {f"events/{number:03d}.jsonl.gz": compressed(event(number)) for number in range(17)}
    assert len(load(shop_in(tmp_path / "many", files))) == 17
    assert batches == [7, 7, 3]
    batches.clear()
    monkeypatch.setattr(together, "MOST_BYTES", 3 * max(map(len, files.values())))
    load(shop_in(tmp_path / "large", files))
    assert batches == [3] * 5 + [2]


def test_a_file_that_can_not_be_read_leaves_the_others_together(tmp_path: Path, batches: list[int]) -> None:
    files = {f"events/{number:03d}.jsonl.gz": compressed(event(number)) for number in range(64)}
    files["events/020.jsonl.gz"] = b""
    loads = load(shop_in(tmp_path, files))
    assert [load.path for load in loads if load.status == "refused"] == ["events/020.jsonl.gz"]
    assert sum(load.rows_loaded for load in loads) == sum(batches) == 63
    assert batches == [63]


def test_what_ends_a_load_leaves_whole_files_and_the_next_one_completes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"events/{number:03d}.jsonl.gz": compressed(event(number), event(number // 2)) for number in range(12)}
    monkeypatch.setattr(together, "MOST_FILES", 5)
    undisturbed = shop_in(tmp_path / "undisturbed", files)
    load(undisturbed)
    disturbed = shop_in(tmp_path / "disturbed", files)
    written: list[int] = []
    insert = accounting._insert

    def ended(*given: Any) -> int:
        written.append(insert(*given))
        if len(written) == 2:
            raise KeyboardInterrupt
        return written[-1]

    with monkeypatch.context() as killing:
        killing.setattr(accounting, "_insert", ended)
        with pytest.raises(KeyboardInterrupt):
            load(disturbed)
    assert rows_of(disturbed, "select count(distinct file_id) from raw.events") == [(5,)]
    assert rows_of(disturbed, "select count(*) from raw.loads") == [(5,)]
    load(disturbed)
    without = "select columns(lambda c: c <> 'load_number') from"
    for name in TABLES:
        query = f"{without} raw.{name} order by all"
        assert rows_of(disturbed, query) == rows_of(undisturbed, query)


def test_one_file_of_two_exports_is_loaded_once(tmp_path: Path) -> None:
    project = shop_in(tmp_path, {f"events/{number}.jsonl.gz": compressed(event(number)) for number in range(4)})
    (web,) = [export for export in project.settings.exports.files if export.path.startswith("events")]
    again = web.model_copy(update={"name": "again"})
    project.settings.exports.files.insert(1, again)
    loads = load(project)
    assert [(found.export, found.rows_loaded) for found in loads] == [(web.name, 1)] * 4


def test_lines_of_an_order_are_counted_within_their_file(tmp_path: Path) -> None:
    line = order("#1", 1)
    project = shop_in(tmp_path, {"orders/1.csv": orders(line), "orders/2.csv": orders(order("#1", 1, 2), line)})
    load(project)
    with open_warehouse(project) as connection:
        found = rows(connection, "select line, row_key, quantity from raw.order_rows order by all")
    # Of the second file, the first line is another version of line 1, and the other is a second line.
    assert found == [(2, "line 1", 1.0), (2, "line 1", 2.0), (3, "line 2", 1.0)]


def test_a_last_row_whose_quote_never_closes_is_rejected_among_other_files_too(tmp_path: Path) -> None:
    whole = [order("#1", 1), order("#2", 2)]
    files = {
        "orders/1.csv": orders(*whole),
        "orders/2.csv": orders(*whole, '#3,2026-07-03 10:00:00 +0000,1,"Mug').rstrip(),
        "orders/3.csv": orders(order("#4", 4)),
    }
    loads = load(shop_in(tmp_path, files))
    assert [counted(found)[1:] for found in loads] == [(2, 2, 0, 0), (3, 0, 2, 1), (1, 1, 0, 0)]


def test_parquet_files_with_other_columns_are_read_apart(tmp_path: Path, batches: list[int]) -> None:
    text = (ROOT / "journey.yaml").read_text(encoding="utf-8")
    head, tail = text.index("exports:"), text.index("# In the order of the map")
    files = "exports:\n  folder: .\n  files:\n    - {name: web, path: '*.parquet', format: visits}\n\n"
    (tmp_path / "journey.yaml").write_text(text[:head] + files + text[tail:], encoding="utf-8")
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "visits.sql").write_text(
        "-- loads: events\n-- reads: parquet\nselect line, id as event_id, 'seen' as event_name, "
        "occurred_at, 'u' as anonymous_id from file_rows\n"
    )
    for number in range(6):
        extra = ", 1 as note" if number == 3 else ""
        select = (
            f"select 'm' || {number} || i as id, timestamp '2026-07-01' as occurred_at{extra} from range(2) as r(i)"
        )
        duckdb.sql(select).write_parquet(str(tmp_path / f"{number}.parquet"))
    shutil.copy(tmp_path / "0.parquet", tmp_path / "6.parquet")
    (tmp_path / "7.parquet").write_bytes((tmp_path / "1.parquet").read_bytes()[:-20])
    project = load_project(tmp_path / "journey.yaml", tmp_path, tmp_path)
    assert [counted(found)[:3] for found in load(project)] == [
        *[("loaded", 2, 2)] * 6,
        ("loaded", 2, 0),
        ("refused", 0, 0),
    ]
    assert max(batches) > 1
    names = rows_of(project, "select export, name, count(*) from raw.observed_names where what = 'column' group by all")
    assert sorted(names) == [("web", "id", 7), ("web", "note", 1), ("web", "occurred_at", 7)]


def rows_of(project: Project, sql: str) -> list[tuple[Any, ...]]:
    with open_warehouse(project) as connection:
        return rows(connection, sql)


@pytest.mark.parametrize(
    ("sql", "is_apart"),
    [
        ("select line, a as b from file_rows cross join settings.shop as shop", True),
        ("select line, this_file(file_number).name as part from file_rows", True),
        ("with t as (select * from file_rows) select line from t", True),
        ("select line, row_number() over (partition by file_number, a order by line) as n from file_rows", True),
        ("select line, row_number() over (partition by a order by line) as n from file_rows", False),
        ("select line, row_number() over () as n from file_rows", False),
        ("select line, (select max(a) from file_rows) as most from file_rows", False),
        ("with t as (select a from file_rows) select f.line from file_rows as f inner join t on f.a = t.a", False),
        ("select line, a from file_rows qualify row_number() over (partition by a) = 1", False),
        ("select line from file_rows limit 10", False),
        ("select distinct line from file_rows", False),
        ("select min(line) as line from file_rows group by a", False),
        ("select line from file_rows union all select line from file_rows", False),
        ("no select at all", False),
    ],
)
def test_a_source_is_asked_about_several_files_only_if_it_keeps_them_apart(sql: str, is_apart: bool) -> None:
    assert keeps_files_apart(sql) is is_apart
