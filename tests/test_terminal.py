"""What the command line says: while it works, at its end, and when it can't."""

from __future__ import annotations

import json
import logging.config
from pathlib import Path

import pytest

from parcours.loading.accounting import Load
from pipelines.__main__ import main
from pipelines.commands.summary import Summary
from pipelines.commands.terminal import Terminal, export_lines

SMALL = """
shop: {name: Small shop, time_zone: UTC, currency: EUR}
exports:
  folder: exports
  files:
    - {name: orders, path: "*.csv", format: shopify_orders}
    - {name: buyers, path: "b*.csv", format: buyers}
stages:
  - {id: cart, label: Cart}
  - {id: purchase, label: Purchase}
touchpoints:
  - {touchpoint: cart, event: Cart Viewed, stage: cart}
  - {touchpoint: order, event: Order Completed, stage: purchase}
funnels:
  - {id: buying, name: Buying, steps: [{touchpoint: cart}, {touchpoint: order}]}
"""

ORDERS = "Name,Created at,Lineitem quantity,Lineitem name,Lineitem price,Currency\n"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The folder of a shop of a few orders, with a source of its own; nothing is built."""
    (tmp_path / "journey.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "buyers.sql").write_text(
        '-- loads: contacts\n-- reads: csv\n-- needs: Buyer\nselect line, "Buyer" as contact_id, "Land" as country\n'
        "from file_rows\n",
        encoding="utf-8",
    )
    (tmp_path / "exports").mkdir()
    return tmp_path


def command(folder: Path, *arguments: str) -> int:
    return main([arguments[0], "--journey", str(folder / "journey.yaml"), *arguments[1:]])


def load(path: str, *rows: int, export: str = "web", reason: str | None = None) -> Load:
    return Load(path, path, export, "segment", "events", "refused" if reason else "loaded", reason, *rows)


def test_many_files_of_an_export_are_named_first_and_then_summed_up() -> None:
    files = [load(f"{n}.jsonl", 1000, 900, 90, 10) for n in range(1, 6)]
    assert [*export_lines([*files, load("bad.jsonl", reason="is empty")], 2.345)] == [
        "  web: 6 new files, 5,000 rows read: 4,500 loaded, 450 duplicate, 50 rejected (2.3 s)",
        "    1.jsonl: 1,000 rows read: 900 loaded, 90 duplicate, 10 rejected",
        "    2.jsonl: 1,000 rows read: 900 loaded, 90 duplicate, 10 rejected",
        "    3.jsonl: 1,000 rows read: 900 loaded, 90 duplicate, 10 rejected",
        "    … and 2 more: 2,000 rows read: 1,800 loaded, 180 duplicate, 20 rejected",
        "    bad.jsonl: refused: is empty",
    ]


def test_a_single_file_is_said_once() -> None:
    assert [*export_lines([load("a.jsonl", 1, 1, 0, 0)], 0)] == [
        "  web: a.jsonl: 1 row read: 1 loaded, 0 duplicate, 0 rejected (0.0 s)"
    ]


def test_files_that_no_path_matches_are_named_and_then_counted() -> None:
    names = [f"{n}.txt" for n in range(1, 1207)]
    assert next(Summary("report", 1, unmatched=names).warnings()) == (
        "1,206 files that no path of exports.files matches: 1.txt, 2.txt, 3.txt, 4.txt, 5.txt and 1,201 more"
    )
    assert next(Summary("report", 1, unmatched=["a.txt"]).warnings()).startswith("1 file that")


def test_a_refused_file_is_named_with_its_reason_and_what_to_do_and_quiet_says_nothing_else(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (small / "exports" / "o.csv").write_text("Order,Mail\n1,2\n")
    assert command(small, "run", "--quiet") == 1
    said = capsys.readouterr()
    assert said.err.startswith(
        "Refused files: 1 (raw.loads, no_file_is_refused)\n  o.csv: has no column Name, Created at"
    )
    assert "→ Correct or replace the file" in said.err and "Traceback" not in said.err
    assert said.out == ""


def test_json_is_one_object(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small / "exports" / "o.csv").write_text("Order,Mail\n1,2\n")
    assert command(small, "run", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "alarm" and "report" not in told
    assert told["files"][0]["path"] == "o.csv" and told["files"][0]["status"] == "refused"
    assert {"table": "raw.loads", "rows": 1} in told["tables"]
    assert [check["check"] for check in told["checks"] if check["verdict"] == "failed"] == ["no_file_is_refused"]
    assert told["troubles"][0]["title"] == "Refused files: 1 (raw.loads, no_file_is_refused)"


def test_json_is_one_object_too_where_nothing_could_be_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path, "run", "--json") == 2
    said = capsys.readouterr()
    assert json.loads(said.out)["troubles"][0]["title"] == "journey.yaml can't be used"


@pytest.mark.nights
def test_what_is_not_used_of_the_exports_is_a_warning(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exports = small / "exports"
    (exports / "orders.csv").write_text(ORDERS + "#1,2026-07-01 10:00:00 +0200,1,Cup,9.50,EUR\n")
    (exports / "both.csv").write_text(ORDERS + "#2,2026-07-02 10:00:00 +0200,1,Cup,9.50,EUR\n")
    (exports / "buyers.csv").write_text("Buyer,Country\nB1,FR\n")
    (small / "journey.yaml").write_text(SMALL.replace('path: "*.csv"', 'path: "*o*.csv"'), encoding="utf-8")
    (exports / "notes.txt").write_text("x")
    assert command(small, "run") == 0
    said = capsys.readouterr().out
    assert "1 file that no path of exports.files matches: notes.txt" in said
    assert "Files that the paths of several exports match: 1 (raw.loads, files_have_one_export)" in said
    assert "both.csv: is matched by orders, buyers; loaded as orders" in said
    assert "Columns of own sources that no row fills: 1 (raw.loads, own_columns_are_filled)" in said
    assert "source sources/buyers.sql, column_name country, export buyers, row_count 1" in said
    assert "orders: 2 new files, 2 rows read: 2 loaded, 0 duplicate, 0 rejected" in said
    assert "  reports     3 files" in said


def test_files_that_are_read_again_are_said_before_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal({"raw": 4}, is_quiet=False)
    for said in ({"said": "web: 2 files read again"}, {"load": load("a.csv", 10, 10, 0, 0)}):
        terminal.emit(logging.makeLogRecord(said))
    terminal.finish()
    assert capsys.readouterr().out.splitlines()[0] == "  web: 2 files read again"


def test_a_run_without_new_files_says_so() -> None:
    assert Summary("nothing new", 7.4).done == "Done in 7 s; 0 new files."
    assert Summary("report", 1207.2, loads=[load("a.jsonl", 2, 2, 0, 0)]).done == "Done in 1,207 s."


def test_forgetting_somebody_who_is_not_there_says_so_and_leaves_the_tables(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(small, "forget", "--email", "nobody@example.com") == 1
    said = capsys.readouterr()
    assert "Nobody found with that e-mail" in said.err and said.out == ""


def test_a_terminal_sees_a_bar_that_moves(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    terminal = Terminal({"raw": 4}, is_quiet=False)
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})  # as Dagster does at its start
    for name in ("a.csv", "b.csv"):
        record = logging.makeLogRecord({"load": load(name, 10, 10, 0, 0)})
        terminal.emit(record)
    terminal.finish()
    said = capsys.readouterr()
    assert "0 of 4 a.csv" in said.err and "0 of 4 b.csv" in said.err
    assert said.out.startswith("  web: 2 new files, 20 rows read: 20 loaded")
