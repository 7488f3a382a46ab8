"""What is given away: without rows of few and without a way to single rows; and one page of paper."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from browser import chromium
from report_shop import figures_of, write_published

from parcours.project import ROOT, load_project
from parcours.report.journey.page import QUERIES
from parcours.report.share import BROWSERS, NotPrinted, one_page, print_page, shared_page, without_few, write_shared
from parcours.tables.catalogue import declared_tables

BY_STAGE = ("ranking", "stage_touchpoints", "stages")
"""Queries of a stage's figures, which are of everybody who came to it, however few."""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published(tmp_path_factory.mktemp("share") / "published.duckdb")


def page_of(published: Path) -> str:
    with duckdb.connect(str(published), read_only=True) as connection:
        return shared_page(connection)


def test_rows_of_few_are_left_out_and_figures_of_everybody_stay(published: Path) -> None:
    figures = figures_of(published)
    shared = without_few(figures)
    assert any(row.is_small for row in figures.cohorts)
    assert not any(row.is_small for row in shared.cohorts)
    assert shared.kpis == figures.kpis and shared.stages == figures.stages
    small = next(row for row in figures.csat if row.is_small)
    assert small not in shared.csat


def test_friction_that_few_met_is_in_the_page_and_in_no_copy(tmp_path: Path) -> None:
    path = write_published(tmp_path / "published.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute("insert into metrics.measured_stages values ('checkout', 2, true, 2)")
        connection.execute("""
            insert into metrics.drop_off_drivers (
                funnel_id, step_number, step_label, factor, level, with_count, with_dropped, compared_count,
                compared_rate, comparable_rate, lift, difference_low, extra_dropped, is_told, left_out, is_small
            ) values ('map:stages', 3, 'Purchase', 'friction', 'rare_failure', 12, 12, 12, 1, 0.01, 99, 0.9, 11, false,
                      'too few', true)
        """)
    [few] = figures_of(path).untested_friction
    assert few.with_count == 12 and not without_few(figures_of(path)).untested_friction
    assert "rare failure" not in page_of(path)


def test_what_reads_a_table_with_rows_of_few_knows_which_they_are() -> None:
    tables = {table.table: table.columns for table in declared_tables(load_project(ROOT / "journey.yaml"))}
    for query in QUERIES.glob("*.sql"):
        text = query.read_text(encoding="utf-8")
        reads = {name for name in re.findall(r"metrics\.\w+", text) if "is_small" in tables.get(name, {})}
        assert not reads or "is_small" in text or "is_left_out" in text or query.stem in BY_STAGE, query.name


def test_the_copy_says_what_is_left_out_and_leads_nowhere(published: Path) -> None:
    page = page_of(published)
    assert "a copy to share: rows of fewer than 30 are left out" in page
    assert not re.search(r'href="(?!#|data:)', page.partition("<script>")[0])


def test_one_page_has_the_headline_figures_and_the_map_alone(published: Path) -> None:
    with duckdb.connect(str(published), read_only=True) as connection:
        page = one_page(connection)
    assert re.findall(r'<section class="part" id="([^"]+)"', page) == ["journey"]
    assert page.count('<article class="card') == len(figures_of(published).kpis)


def test_without_a_browser_the_copy_is_written_alone(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    page, sheet = write_shared(published, tmp_path / "share")
    assert page.exists() and sheet is None
    with pytest.raises(NotPrinted, match=f"no browser of {BROWSERS[0]}"):
        print_page("<p>…", tmp_path / "page.pdf")


def test_a_browser_that_fails_is_told(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / BROWSERS[0]
    broken.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(NotPrinted, match="exit status 3"):
        print_page("<p>…", tmp_path / "page.pdf")


@pytest.mark.browser
def test_the_pdf_is_one_page(published_sample: Path, tmp_path: Path) -> None:
    with chromium():  # or skips, where there is none
        _page, sheet = write_shared(published_sample, tmp_path)
    assert sheet is not None
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", sheet.read_bytes())) == 1
