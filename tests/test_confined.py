"""A run's DuckDB reads and writes below the exports' folder and the output alone, whatever SQL asks for."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from given import rows

from parcours.project import ROOT, Project, load_project
from parcours.warehouse.open_run import open_run


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    (tmp_path / "exports").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.csv").write_text("a\n1\n", encoding="utf-8")
    return load_project(ROOT / "journey.yaml", tmp_path / "exports", tmp_path / "output")


def test_no_sql_reaches_a_file_elsewhere_or_undoes_that(shop: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    with open_run(shop, "a test") as run:
        for sql in (
            f"from read_csv('{elsewhere}/a.csv')",
            f"from read_csv('{shop.exports_folder}/../elsewhere/a.csv')",
            f"copy (select 1) to '{elsewhere}/b.csv'",
            f"attach '{elsewhere}/c.duckdb'",
            "set enable_external_access = true",
            "set allowed_directories = ['/']",
        ):
            with pytest.raises(duckdb.Error, match=r"disabled by configuration|Cannot (enable|change)"):
                run.connection.execute(sql)
    assert [path.name for path in elsewhere.iterdir()] == ["a.csv"]


def test_what_links_in_the_exports_folder_lead_to_is_read(shop: Project, tmp_path: Path) -> None:
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / "b.csv").write_text("a\n2\n", encoding="utf-8")
    (shop.exports_folder / "a.csv").symlink_to(tmp_path / "elsewhere" / "a.csv")
    (shop.exports_folder / "events").symlink_to(tmp_path / "mounted")
    with open_run(shop, "a test") as run:
        for path, found in (("a.csv", 1), ("events/b.csv", 2)):
            assert rows(run.connection, f"from read_csv('{shop.exports_folder}/{path}')") == [(found,)]
