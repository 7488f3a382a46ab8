"""The same files give the same tables, bit by bit, and the same pages, byte by byte, on one thread and on two.

Decimals are added up exactly; doubles are not: their sums would tell in which order the threads came to the rows.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from canonical_shops import contents, difference
from shops import OLIST_DATA, first_days
from test_olist import EXAMPLE, FILES

from parcours.loading.load import load_exports
from parcours.loading.settings_tables import write_settings
from parcours.project import ROOT, Project, load_project
from parcours.report.write import write_quality, write_report
from parcours.run import rebuild
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import SCHEMAS, open_warehouse, prepare

KEY = "2" * 64


def built(project: Project, folder: Path, threads: int) -> Project:
    """The shop built on so many threads, in a folder of its own, with its pages."""
    built = replace(project, output=folder / f"{threads}")
    built.output.mkdir()
    built.key_file.write_text(KEY, encoding="utf-8")
    with open_warehouse(built) as connection:
        connection.execute(f"set threads = {threads}")
        write_settings(connection, built.settings)
        load_exports(connection, built)
        rebuild(connection, built)
    write_report(built.published, built.report)
    write_quality(built.published, built.quality_report)
    return built


def check_same(project: Project, folder: Path) -> None:
    one, two = (built(project, folder, threads) for threads in (1, 2))
    tables = []
    for shop in (one, two):
        with duckdb.connect(str(shop.published), read_only=True) as connection:
            tables.append(contents(connection, SCHEMAS))
    assert len(tables[0]) > 80
    assert difference(*tables) == ""
    assert one.report.read_bytes() == two.report.read_bytes()
    assert one.quality_report.read_bytes() == two.quality_report.read_bytes()


@pytest.mark.fuzz
def test_the_tables_of_some_days_on_one_thread_and_on_two(tmp_path: Path) -> None:
    project, tables = first_days(tmp_path, 3), []
    for threads in (1, 2):
        with duckdb.connect(config={"threads": threads}) as connection:
            prepare(connection, KEY)
            write_settings(connection, project.settings)
            load_exports(connection, project)
            build_all(connection, project)
            tables.append(contents(connection))
    assert difference(*tables) == ""


@pytest.mark.fuzz
def test_the_sample_on_one_thread_and_on_two(tmp_path: Path) -> None:
    check_same(load_project(ROOT / "journey.yaml", ROOT / "data" / "sample", tmp_path), tmp_path)


@pytest.mark.fuzz
@pytest.mark.skipif(
    not all((OLIST_DATA / path).exists() for path in FILES.values()), reason=f"no Olist data in {OLIST_DATA}"
)
def test_a_real_shop_on_one_thread_and_on_two(tmp_path: Path) -> None:
    check_same(load_project(EXAMPLE / "journey.yaml", OLIST_DATA, tmp_path), tmp_path)
