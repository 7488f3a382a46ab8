"""Loading exports: every row is loaded, a duplicate, or rejected with its reason; the same content loads once."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from conftest import BuiltOnce
from given import rows
from shops import load, query

from parcours.loading.accounting import IngestError, Load
from parcours.loading.sources import SourceError, read_source
from parcours.project import ROOT, Project, load_project
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import open_warehouse
from parcours.warehouse.raw_tables import OldWarehouse

SAMPLE = ROOT / "data" / "sample"
RAW = ("raw.events", "raw.order_rows", "raw.contacts", "raw.feedback", "raw.rejected_rows")


@pytest.fixture(scope="module")
def loaded(built_once: BuiltOnce) -> tuple[Project, list[Load]]:
    """The sample, loaded once; tests here only read it."""

    def build(folder: Path) -> tuple[Project, list[Load]]:
        project = load_project(ROOT / "journey.yaml", SAMPLE, folder)
        return project, load(project)

    found: tuple[Project, list[Load]] = built_once("loaded sample", build)
    return found


def _rows_in(path: Path) -> int:
    """Rows of a file, counted without DuckDB."""
    if path.name.endswith(".jsonl.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return sum(1 for line in file if line.strip())
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def test_every_row_of_every_sample_file_is_loaded_duplicate_or_rejected(loaded: tuple[Project, list[Load]]) -> None:
    _, loads = loaded
    files = [path for path in SAMPLE.glob("*/*") if path.suffix in (".gz", ".csv")]
    assert {load.path for load in loads} == {str(path.relative_to(SAMPLE)) for path in files}
    for found in loads:
        assert found.status == "loaded", found
        assert found.rows_read == _rows_in(SAMPLE / found.path), found.path
        assert found.rows_read == found.rows_loaded + found.rows_duplicate + found.rows_rejected, found.path


def test_the_counts_are_the_planted_ones(loaded: tuple[Project, list[Load]]) -> None:
    project, loads = loaded
    truth = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
    events = [load for load in loads if load.kind == "events"]
    assert sum(load.rows_loaded for load in events) == truth["events"]["distinct"]
    assert sum(load.rows_duplicate for load in events) == truth["events"]["duplicate_lines"]
    planted = {path: sum(reasons.values()) for path, reasons in truth["malformed"].items()}
    assert {load.path: load.rows_rejected for load in loads if load.rows_rejected} == planted
    assert query(project, "select count(*) from raw.rejected_rows") == [(sum(planted.values()),)]


def test_every_rejected_row_says_its_line_reason_and_masked_text(loaded: tuple[Project, list[Load]]) -> None:
    project, _ = loaded
    found = query(project, "select line, reason, text from raw.rejected_rows")
    assert found and all(line >= 1 and reason and text for line, reason, text in found)
    assert not [text for _, _, text in found if "@example" in text or "+33" in text]


def test_names_and_phones_are_masked_in_json_within_json_too(shop: Project) -> None:
    inner = json.dumps({"first_name": "Anna", "phone": "0612345678"})
    line = json.dumps({"messageId": "1", "requester": {"name": "Anna Weber"}, "traits": inner})[:-1]
    (shop.exports_folder / "events" / "e.jsonl.gz").write_bytes(gzip.compress(f"{line}\n".encode(), mtime=0))
    load(shop)
    [(text,)] = query(shop, "select text from raw.rejected_rows")
    assert "Anna" not in text and "0612345678" not in text and text.count("[masked]") == 3


def test_no_planted_personal_data_is_in_the_warehouse(loaded: tuple[Project, list[Load]]) -> None:
    project, _ = loaded
    truth = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))["personal_data"]
    content = project.warehouse.read_bytes()
    planted = [value for kind in ("emails", "phones", "names") for value in truth[kind]]
    assert planted and not [value for value in planted if value.encode() in content]


@pytest.mark.fuzz
def test_loading_again_or_renamed_changes_nothing(tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    shutil.copytree(SAMPLE, exports, ignore=shutil.ignore_patterns("events-2026-0[89]*"))
    project = load_project(ROOT / "journey.yaml", exports, tmp_path)
    load(project)
    content = "select columns(lambda c: c not in ('file_order', 'version')) from"  # but what a name says of age
    before = {table: query(project, f"{content} {table} order by all") for table in (*RAW, "raw.loads")}
    assert load(project) == []
    for path in list(exports.glob("*/*")):
        path.rename(
            path.with_name(path.name.replace("events-", "events-again-").replace("orders_export", "orders_new"))
        )
    assert load(project) == []
    assert {table: query(project, f"{content} {table} order by all") for table in before} == before


@pytest.mark.fuzz
def test_the_order_in_which_files_arrive_does_not_matter(tmp_path: Path) -> None:
    """All at once, or day by day backwards: the same staging tables."""
    staging = ["staging.events", "staging.orders", "staging.order_lines", "staging.contacts", "staging.feedback"]
    found = []
    for order in ("at once", "backwards"):
        exports, output = tmp_path / order / "exports", tmp_path / order / "output"
        exports.mkdir(parents=True)
        output.mkdir()
        project = load_project(ROOT / "journey.yaml", exports, output)
        project.key_file.write_text("1" * 64)
        wanted = sorted(path for path in SAMPLE.glob("*/*") if "2026-0" not in path.name or "2026-07-0" in path.name)
        for path in reversed(wanted) if order == "backwards" else wanted:
            (exports / path.parent.name).mkdir(exist_ok=True)
            shutil.copy(path, exports / path.parent.name / path.name)
            if order == "backwards":
                load(project)
        load(project)
        with open_warehouse(project) as connection:
            build_all(connection, project, staging)
            found.append({table: rows(connection, f"from {table} order by all") for table in staging})
    assert found[0] == found[1]


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """The sample shop with an empty exports folder."""
    for folder in ("events", "orders", "crm"):
        (tmp_path / "exports" / folder).mkdir(parents=True)
    return load_project(ROOT / "journey.yaml", tmp_path / "exports", tmp_path)


def test_a_folder_without_exports_is_said_to_be_empty_missing_or_of_other_files(shop: Project) -> None:
    with pytest.raises(
        IngestError, match=r"is empty; expected events/\*\.jsonl\.gz.*Put the exports there, or correct"
    ):
        load(shop)
    (shop.exports_folder / "notes.txt").write_text("x")
    with pytest.raises(IngestError, match=r"none of its 1 files \(the first: notes\.txt\) matches events/"):
        load(shop)
    with pytest.raises(IngestError, match=r"nowhere: no such folder\. Make it and put the exports there, or correct"):
        load(replace(shop, exports_folder=shop.output / "nowhere"))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("orders/o.csv", b"", "is empty; export it again"),
        ("orders/o.csv", b"Order,Mail\n1,2\n", "has no column Name, Created at, Lineitem quantity"),
        ("orders/o.csv", b"\n\n", "has no header"),
        (
            "orders/o.csv",
            b"N\x81me,Total\n",
            "has no readable header: invalid encoding (say `encoding` of its export",
        ),
        ("events/e.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 500, mtime=0)[:40], "is a truncated gzip file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole_and_tried_again(
    shop: Project, name: str, content: bytes, reason: str
) -> None:
    path = shop.exports_folder / name
    path.write_bytes(content)
    (refused,) = load(shop)
    assert (refused.status, refused.path, refused.rows_read) == ("refused", name, 0)
    assert reason in str(refused.reason)
    assert [query(shop, f"select count(*) from {table}") for table in RAW] == [[(0,)]] * len(RAW)
    assert len(load(shop)) == 1 and query(shop, "select count(*) from raw.loads") == [(1,)]


HEADER = "Name,Email,Created at,Lineitem quantity,Lineitem name,Lineitem price,Subtotal,Shipping,Taxes,Total"


def orders_file(shop: Project, name: str, *lines: str) -> None:
    (shop.exports_folder / "orders" / name).write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")


def test_one_bad_row_never_costs_its_file(shop: Project) -> None:
    good = "#1,a@example.com,2026-07-01 10:00:00 +0200,1,Mug,15.00,15.00,0.00,2.50,15.00"
    bad = [
        (",a@example.com,2026-07-01 10:00:00 +0200,1,Mug,15.00,,,,", "Name is empty"),
        ("#2,,today,1,Mug,15.00,,,,", "Created at is not a time: today"),
        (
            "#3,,1970-01-01 00:00:00 +0000,1,Mug,15.00,,,,",
            "ordered_at is impossible, before the shop (shop.opened_on): 1970-01-01 00:00:00",
        ),
        ("#4,,2026-07-01 10:00:00 +0200,-1,Mug,15.00,,,,", "Lineitem quantity is negative: -1"),
        ("#5,,2026-07-01 10:00:00 +0200,1,Mug,cheap,,,,", "Lineitem price is not an amount: cheap"),
        ("#6,,2026-07-01 10:00:00 +0200,1,Mug,15.00,,,,,,,,too,many", "is not a CSV row: too many columns"),
        ("#7,too few", "is not a CSV row: missing columns"),
    ]
    orders_file(shop, "o.csv", good, *(line for line, _ in bad))
    (found,) = load(shop)
    assert (found.rows_read, found.rows_loaded, found.rows_rejected) == (8, 1, 7)
    reasons = {reason for (reason,) in query(shop, "select reason from raw.rejected_rows")}
    assert reasons == {reason for _, reason in bad}


def test_a_file_with_too_many_bad_rows_is_refused_whole_with_the_reasons_and_no_value(shop: Project) -> None:
    bad = [f"#{i},,2026-07-01 10:00:00 +0200,1,Mug,cheap,,,," for i in range(15)]
    good = [f"#{i},,2026-07-01 10:00:00 +0200,1,Mug,15.00,,,," for i in range(100, 114)]
    orders_file(shop, "o.csv", *bad, *good)
    (refused,) = load(shop)
    assert refused.status == "refused" and query(shop, "select count(*) from raw.order_rows") == [(0,)]
    assert refused.reason == (
        "15 of 29 rows are rejected, over exports.refuse_above (0.5): Lineitem price is not an amount (15, the "
        "first in line 2). Correct the format in journey.yaml, or the file"
    )
    orders_file(shop, "o.csv", *bad, *good, "#200,,2026-07-01 10:00:00 +0200,1,Mug,15.00,,,,")
    (found,) = load(shop)
    assert (found.status, found.rows_loaded, found.rows_rejected) == ("loaded", 15, 15)


def test_a_line_that_is_not_text_costs_only_itself_and_lines_keep_their_numbers(shop: Project) -> None:
    good = b'{"messageId": "%d", "event": "Seen", "anonymousId": "u", "timestamp": "2026-07-01T10:00:00Z"}'
    lines = [good % 1, b'{"messageId": "\xff\xfe"}', good % 3, b"not json", b"", good % 6]
    for end in (b"\n", b"\r\n"):
        (shop.exports_folder / "events" / "e.jsonl.gz").write_bytes(gzip.compress(end.join(lines), mtime=0))
        (found,) = load(shop)
        assert (found.rows_read, found.rows_loaded + found.rows_duplicate, found.rows_rejected) == (5, 3, 2)
        query_of = "select line, split_part(reason, ':', 1) from raw.rejected_rows where file_id = "
        rejected = query(shop, f"{query_of} '{found.file_id}' order by 1")
        assert rejected == [(2, "is not text in UTF-8"), (4, "is not valid JSON")]
    assert query(shop, "select line from raw.events order by 1") == [(1,), (3,), (6,)]


def test_an_identifier_that_names_nobody_is_null_once_it_is_loaded(shop: Project) -> None:
    who = [("d1", "c1"), ("0", "c1"), (" Guest ", "null"), ("d1", "undefined")]
    events = [
        {"messageId": str(i), "type": "track", "event": "Seen", "timestamp": "2026-07-01T10:00:00Z"}
        | {"anonymousId": device, "userId": customer}
        for i, (device, customer) in enumerate(who)
    ]
    with gzip.open(shop.exports_folder / "events" / "e.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in events)
    (found,) = load(shop)
    assert (found.rows_loaded, found.rows_duplicate, found.rows_rejected) == (4, 0, 0)
    assert query(shop, "select anonymous_id, customer_id from raw.events order by event_id") == [
        ("d1", "c1"),
        (None, "c1"),
        (None, None),
        ("d1", None),
    ]


def test_an_order_is_read_in_utc_and_its_own_columns_are_filled_down(shop: Project) -> None:
    shutil.copy(Path(__file__).parent / "fixtures" / "shopify_orders_79_columns.csv", shop.exports_folder / "orders")
    load(shop)
    with open_warehouse(shop) as connection:
        build_all(connection, shop, ["staging.orders", "staging.order_lines"])
        orders = rows(
            connection,
            "select order_id, strftime(ordered_at, '%d %H:%M'), strftime(ordered_on, '%d'), line_count, total, "
            "net_revenue, is_cancelled, is_fully_refunded from staging.orders order by 1",
        )
        lines = rows(
            connection, "select order_id, line_id, product_name, quantity from staging.order_lines order by 1, 2"
        )
    assert [(*order[:4], float(order[4]), float(order[5]), *order[6:]) for order in orders] == [
        # 54.90 with 8.76 tax in it: the goods' share of the tax is 8.76 × 50 / 54.90
        ("#1001", "01 10:00", "01", 2, 54.90, 42.02, False, False),
        # 23:29:50 in New York is 03:29:50 of the next day in UTC
        ("#1002", "02 03:29", "02", 1, 15.00, 0.00, True, True),
    ]
    assert lines == [
        ("#1001", "line 1", "Mug - Blue", 2.0),
        ("#1001", "line 2", 'Poster, "A3"\nframed', 1.0),
        ("#1002", "line 1", "Mug - Blue", 1.0),
    ]


def test_a_later_export_updates_an_order_whichever_is_loaded_first(tmp_path: Path) -> None:
    first = "#1,,2026-07-01 10:00:00 +0200,1,Mug,15.00,15.00,0.00,2.50,15.00"
    second_line = "#1,,2026-07-01 10:00:00 +0200,1,Pen,5.00,,,,"
    edited = "#1,,2026-07-01 10:00:00 +0200,2,Mug,15.00,30.00,0.00,5.00,30.00"
    newer = "#2,,2026-07-09 10:00:00 +0200,1,Mug,15.00,15.00,0.00,2.50,15.00"
    for names in (("a.csv", "b.csv"), ("b.csv", "a.csv")):
        folder = tmp_path / names[0]
        for sub in ("events", "orders", "crm"):
            (folder / sub).mkdir(parents=True)
        project = load_project(ROOT / "journey.yaml", folder, folder)
        for name in names:  # the newer export is b.csv, by what it holds
            orders_file(project, name, *((first, second_line) if name == "a.csv" else (edited, newer)))
            load(project)
        with open_warehouse(project) as connection:
            build_all(connection, project, ["staging.order_lines"])
            lines = rows(connection, "select order_id, product_name, quantity from staging.order_lines order by 1")
        assert lines == [("#1", "Mug", 2.0), ("#2", "Mug", 1.0)]


def test_a_warehouse_of_an_earlier_version_says_what_to_do(shop: Project) -> None:
    orders_file(shop, "o.csv", "#1,,2026-07-01 10:00:00 +0200,1,Mug,15.00,15.00,0.00,2.50,15.00")
    load(shop)
    query(shop, "alter table raw.loads drop column file_order")
    with pytest.raises(OldWarehouse, match=r"raw\.loads has other columns.*Move warehouse\.duckdb away and run again"):
        load(shop)


def test_own_sources_read_csv_json_lines_and_parquet(tmp_path: Path) -> None:
    """Any file through a sources/*.sql of the shop's own, named in journey.yaml."""
    (tmp_path / "sources").mkdir()
    select = (
        "select line, {id} as event_id, {name} as event_name, {at} as occurred_at, {who} as anonymous_id from file_rows"
    )
    columns = {"id": '"id"', "name": '"what"', "at": 'try_cast("when" as timestamp)', "who": '"who"'}
    fields = {key: f"record ->> '$.{key}'" for key in ("id", "what", "when", "who")}
    for reads, expressions in (
        ("csv", columns),
        ("parquet", columns),
        (
            "jsonl",
            {
                "id": fields["id"],
                "name": fields["what"],
                "at": f"try_cast({fields['when']} as timestamp)",
                "who": fields["who"],
            },
        ),
    ):
        sql = f"-- Ours.\n-- loads: events\n-- reads: {reads}\n{select.format(**expressions)}\n"
        (tmp_path / "sources" / f"our_{reads}.sql").write_text(sql, encoding="utf-8")
    row = {"id": "1", "what": "seen", "when": "2026-07-01 10:00:00", "who": "u"}
    (tmp_path / "a.csv").write_text("id,what,when,who\n1c,seen,2026-07-01 10:00:00,u\n2c,seen,never,u\n")
    (tmp_path / "a.jsonl").write_text(json.dumps(row | {"id": "1j"}) + "\n" + json.dumps(row | {"id": None}) + "\n")
    duckdb.sql("select '1p' as id, 'seen' as what, '2026-07-01 10:00:00' as \"when\", 'u' as who").write_parquet(
        str(tmp_path / "a.parquet")
    )
    text = (ROOT / "journey.yaml").read_text(encoding="utf-8")
    head, tail = text.index("exports:"), text.index("# In the order of the map")
    files = "".join(f"    - {{name: {r}, path: a.{r}, format: our_{r}}}\n" for r in ("csv", "jsonl", "parquet"))
    (tmp_path / "journey.yaml").write_text(f"{text[:head]}exports:\n  folder: .\n  files:\n{files}\n{text[tail:]}")
    project = load_project(tmp_path / "journey.yaml", tmp_path, tmp_path)
    found = {load.path: (load.rows_loaded, load.rows_rejected) for load in load(project)}
    assert found == {"a.csv": (1, 1), "a.jsonl": (1, 1), "a.parquet": (1, 0)}
    assert query(project, "select reason from raw.rejected_rows order by 1") == [
        ("event_id is missing",),
        ("occurred_at is missing",),
    ]


def test_a_source_that_loses_rows_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "segment.sql").write_text(
        "-- loads: events\n-- reads: jsonl\nselect line, 'x' as event_id, 'x' as event_name, timestamp '2026-01-01' as "
        "occurred_at from file_rows where line > 1\n"
    )
    (tmp_path / "events").mkdir()
    with gzip.open(tmp_path / "events" / "e.jsonl.gz", "wt") as file:
        file.write("{}\n{}\n")
    shutil.copy(ROOT / "journey.yaml", tmp_path)
    with pytest.raises(IngestError, match=r"gave 1 rows for the 2 of events/e\.jsonl\.gz"):
        load(load_project(tmp_path / "journey.yaml", tmp_path, tmp_path))


@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        ("copy (from file_rows) to 'stolen.csv'", "expected one select, found another statement"),
        ("attach 'other.duckdb'; select line from file_rows", "expected one select, found another statement"),
        ("install httpfs", "expected one select, found another statement"),
        ("select line from file_rows;\nselect line from file_rows", "expected one select, found 2 statements"),
        ("select line\nfrom file_rows, read_csv('other.csv')", "line 4 reads read_csv(…)"),
        ("select line, (select max(content) from read_text('/etc/hosts')) from file_rows", "reads read_text(…)"),
        ("select line from file_rows where exists (from glob('*'))", "line 3 reads glob(…)"),
        ("select line from 'other.csv'", "reads other.csv"),
        ("select line from raw.events", "reads raw.events"),
        ("select line from (from query('from raw.events'))", "reads query(…)"),
        ("select line from file_rows, duckdb_settings()", "reads duckdb_settings(…)"),
        ("select line from (describe file_rows)", "reads the description of a table"),
        ("select line frm file_rows\nwhere", "line 3 is no SQL that DuckDB can read: syntax error"),
    ],
)
def test_a_source_is_one_select_over_the_rows_of_the_file(tmp_path: Path, sql: str, wrong: str) -> None:
    path = tmp_path / "ours.sql"
    path.write_text(f"-- loads: events\n-- reads: csv\n{sql}\n", encoding="utf-8")
    with pytest.raises(SourceError) as refusal:
        read_source(path)
    assert str(refusal.value).startswith(f"{path}: ") and wrong in str(refusal.value)


def test_a_source_may_name_its_steps_and_unfold_what_a_row_holds(tmp_path: Path) -> None:
    path = tmp_path / "ours.sql"
    path.write_text(
        "-- loads: events\n-- reads: csv\nwith steps as (select *, unnest([1, 2]) as step from file_rows)\n"
        "select line, step as event_id from Steps cross join settings.shop cross join range(1)\n",
        encoding="utf-8",
    )
    assert read_source(path).kind.name == "events"
