"""Who may read what a shop's runs make; and the key of the pseudonyms, which no other replaces in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from format_shops import shop_reading
from shops import load, query

from parcours.loading.rejected import write_rejected
from parcours.nights.close import record_run
from parcours.people.forget import ask_to_forget
from parcours.project import Project
from parcours.warehouse.connection import UnusableKey, open_warehouse
from parcours.warehouse.published import write_published
from parcours.whole_file import clear_left, private_files, share, write_whole
from pipelines.history import dagster_home

CALL = '{"messageId": "1", "type": "page", "anonymousId": "a", "timestamp": "%s"}\n'


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """A shop with one event loaded and one rejected; its key is made by the first run."""
    project = shop_reading(tmp_path, "segment")
    project.key_file.unlink()
    (project.exports_folder / "e.jsonl").write_text(CALL % "2026-07-01T10:00:00Z" + CALL % "never")
    load(project)
    return project


def mode(path: Path) -> str:
    return oct(path.stat().st_mode)[-3:]


def test_the_warehouse_and_what_names_people_are_their_owners_alone(shop: Project, tmp_path: Path) -> None:
    with open_warehouse(shop) as connection:
        connection.execute("create table raw.more as select 1")
        assert mode(tmp_path / "warehouse.duckdb.wal") == "600"
    record_run(shop, "night", datetime.now(UTC), say=print)
    ask_to_forget(shop, [("customer", "c-1")])
    [rejected] = write_rejected(shop, tmp_path / "rejected")
    assert rejected.path
    private = [shop.warehouse, shop.key_file, tmp_path / "runs.jsonl", shop.forgetting_file, rejected.path]
    assert {path.name: mode(path) for path in private} == {path.name: "600" for path in private}
    assert mode(dagster_home(shop)) == "700"
    shop.warehouse.chmod(0o644)  # as an earlier version made it
    query(shop, "select 1")
    assert mode(shop.warehouse) == "600"


def test_tables_and_pages_are_as_the_user_shares_files(shop: Project, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with private_files(), open_warehouse(shop) as connection:
            write_published(connection, shop.published)
            write_whole(shop.report, "page")
            (tmp_path / "other").write_text("other")
        share(tmp_path / "other")
    finally:
        os.umask(before)
    assert [mode(path) for path in (shop.published, shop.report, tmp_path / "other")] == ["440", "640", "600"]
    assert "PARCOURS_UMASK" not in os.environ


def test_a_lost_key_beside_a_warehouse_is_an_error_and_no_new_key(shop: Project) -> None:
    shop.key_file.unlink()
    with pytest.raises(UnusableKey, match=r"is gone, and .*warehouse.duckdb was written with it. Put the key back"):
        load(shop)
    assert not shop.key_file.exists()
    shop.warehouse.unlink()
    load(shop)
    assert mode(shop.key_file) == "600"


def test_a_lost_key_beside_those_who_were_forgotten_is_an_error(shop: Project) -> None:
    shop.warehouse.unlink()
    shop.key_file.unlink()
    shop.forgotten_file.write_text("0" * 64 + "\n")
    with pytest.raises(UnusableKey, match=r"forgotten was written with it"):
        load(shop)


def test_another_key_than_the_warehouses_is_an_error(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    right = shop.key_file.read_text().strip()
    monkeypatch.setenv("PARCOURS_KEY", "0" * 64)
    with pytest.raises(UnusableKey, match=r"was written with another key"):
        load(shop)
    monkeypatch.setenv("PARCOURS_KEY", right)
    shop.key_file.unlink()
    assert load(shop) == []


def test_what_a_killed_process_wrote_beside_a_file_is_removed_and_what_is_being_written_stays(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = [tmp_path / f".{name}.{gone.pid}" for name in (".parcours-forgetting", "runs.jsonl", "digest.txt")]
    kept = [tmp_path / f".runs.jsonl.{os.getpid()}", tmp_path / f".mine.{gone.pid}", tmp_path / ".parcours-key"]
    for path in (*left, *kept):
        path.write_text("somebody", encoding="utf-8")
    clear_left(tmp_path)
    assert {*tmp_path.iterdir()} == {*kept}
