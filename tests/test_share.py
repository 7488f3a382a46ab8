"""What is given away: without rows of few and without a way to single rows; and one page of paper."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from browser import chromium
from report_shop import figures_of, write_published

from parcours.report.share import BROWSERS, NotPrinted, one_page, print_page, shared_page, without_few, write_shared


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
