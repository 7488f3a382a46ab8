"""The pages of the sample in each language, width and scheme, and on paper: whole, silent, and nothing on anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from browser import chromium
from opened_page import DRAWN, OVERLAPS, WORDS_ON_WORDS, Opened, opened
from other_language import in_language

from parcours.report.write import write_quality, write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
PAPER = 703
"""The width of an upright A4 within the margins of page.css, in its pixels."""
SMALLEST = 0.75
"""Words on paper are no smaller than this share of those on a screen: 10 pt are 7.5 pt."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(published_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of both pages, by language."""
    folder = tmp_path_factory.mktemp("pages")
    for language in ("en", "fr"):
        published = in_language(published_sample, folder / f"{language}.duckdb", language)
        write_report(published, folder / language / "journey.html")
        write_quality(published, folder / language / "quality.html")
    return {language: folder / language for language in ("en", "fr")}


def overlaps(it: Opened, within: str = "main") -> list[list[str]]:
    found: list[list[str]] = it.page.locator(within).evaluate(OVERLAPS)
    return found


def is_silent_and_fits(it: Opened, report: Path, width: int) -> None:
    assert it.complaints == [] and it.asked_for_others(report) == []
    assert it.page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [390, 1024, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", ["journey.html", "quality.html"])
def test_a_page_is_whole(
    browser: Browser,
    pages: dict[str, Path],
    name: str,
    language: str,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    report = pages[language] / name
    with opened(browser, report, width, color_scheme=scheme) as it:
        assert it.page.get_attribute("html", "lang") == language
        labels = it.page.eval_on_selector_all("[data-chart]", "boxes => boxes.map(box => box.ariaLabel)")
        assert all(len(label) > 40 for label in labels)
        assert len(labels) > (10 if name == "journey.html" else 0)
        is_silent_and_fits(it, report, width)
        it.unfold()
        switches = it.page.locator("[data-views]:has(.switch:visible)")
        assert switches.count() > 2 or name == "quality.html"
        for switch in switches.all():
            for place, button in enumerate(switch.locator(".switch button").all()):
                button.click()
                it.page.wait_for_function(DRAWN)
                view = switch.locator(".view").nth(place)
                assert button.get_attribute("aria-pressed") == "true" and view.is_visible()
                assert switch.locator(".view:visible").count() == 1
                assert view.locator(".main-svg").count() and view.evaluate(OVERLAPS) == []
        it.unfold()
        assert overlaps(it) == [] and it.page.evaluate(WORDS_ON_WORDS) == []
        is_silent_and_fits(it, report, width)
        background = it.page.evaluate("getComputedStyle(document.querySelector('.part')).backgroundColor")
        assert background == {"dark": "rgb(27, 35, 44)", "light": "rgb(255, 255, 255)"}[scheme]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", ["journey.html", "quality.html"])
def test_a_page_is_whole_on_paper(browser: Browser, pages: dict[str, Path], name: str, language: str) -> None:
    report = pages[language] / name
    with opened(browser, report, PAPER, color_scheme="dark") as it:
        it.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        it.page.emulate_media(media="print")
        it.page.wait_for_function(DRAWN)
        assert overlaps(it) == []
        assert [pair for pair in it.page.evaluate(WORDS_ON_WORDS) if pair[1] != "outside"] == []
        # A browser prints a page that is wider than paper smaller.
        widest = int(PAPER / SMALLEST)
        it.page.set_viewport_size({"width": widest, "height": 900})
        assert overlaps(it) == [] and it.page.evaluate(WORDS_ON_WORDS) == []
        is_silent_and_fits(it, report, widest)
        background = it.page.evaluate("getComputedStyle(document.querySelector('.part')).backgroundColor")
        assert background == "rgb(255, 255, 255)"
