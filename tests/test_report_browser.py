"""Both pages of the report in headless Chromium: nothing fails or is fetched, all is to be seen at both widths."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from browser import chromium
from night_shop import night_shop
from other_language import in_language
from registries import AXE, installed
from report_shop import HOSTILE
from test_quality_page import change, write_shop

from parcours.nights.close import record_run
from parcours.report.write import write_quality, write_report
from parcours.troubles import Trouble

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
DATABASES = {
    "plain": {"text": "Cart"},
    "hostile": {"text": HOSTILE},
    "long": {"text": "Donaudampfschifffahrtsgesellschaftskapitänsmützenlagerverwaltung \u202egnp"},
    "french": {"text": "Panier", "language": "fr"},
    "empty": {"empty": True},
}

DRAWN = (
    "() => [...document.querySelectorAll('[data-chart]')].every("
    "box => box.querySelector('.main-svg') || !box.clientWidth)"
)
"""Every chart is, that is not behind a click."""


@dataclass
class Opened:
    """A page with all it complained about and asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    for name, options in DATABASES.items():
        published = write_shop(folder / f"{name}.duckdb", **options)  # type: ignore[arg-type]
        write_report(published, folder / name / "journey.html")
        write_quality(published, folder / name / "quality.html")
    return {name: folder / name / "journey.html" for name in DATABASES}


def opened(browser: Browser, report: Path, width: int, **window: Any) -> Opened:
    """The report in a window of a width, after its charts are drawn."""
    it = Opened(browser.new_page(viewport={"width": width, "height": 900}, **window))
    it.page.on("console", lambda message: it.complaints.append(f"{message.type}: {message.text}"))
    it.page.on("pageerror", lambda error: it.complaints.append(str(error)))
    it.page.on("dialog", lambda dialog: (it.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    it.page.on("request", lambda request: it.requests.append(request.url))
    it.page.goto(report.as_uri())
    it.page.wait_for_function(DRAWN)
    return it


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("page", ["journey.html", "quality.html"])
@pytest.mark.parametrize("name", list(DATABASES))
def test_a_page_opens_without_error_request_or_horizontal_scroll(
    browser: Browser, reports: dict[str, Path], name: str, page: str, width: int
) -> None:
    it = opened(browser, reports[name].with_name(page), width)
    try:
        assert it.complaints == []
        assert [url for url in it.requests if not url.startswith(("file:", "data:"))] == []
        assert it.page.evaluate("document.documentElement.scrollWidth") == width
        for section in it.page.query_selector_all("section, h1, h2"):
            box = section.bounding_box()
            assert box and box["height"] > 10 and box["width"] > 10, section.inner_text()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width, section.inner_text()
    finally:
        it.page.close()


def test_charts_are_redrawn_when_the_window_gets_narrow(browser: Browser, reports: dict[str, Path]) -> None:
    it = opened(browser, reports["plain"], 1440)
    try:
        map_height = "document.querySelector('[data-chart=journey-map]').clientHeight"
        before = it.page.evaluate(map_height)
        it.page.set_viewport_size({"width": 390, "height": 900})
        it.page.wait_for_function(f"{map_height} !== {before}")
        assert it.page.evaluate("document.documentElement.scrollWidth") == 390
        assert it.complaints == []
    finally:
        it.page.close()


@pytest.fixture(scope="module")
def axe(request: pytest.FixtureRequest) -> Path:
    """axe-core, which finds what keeps people from using a page."""
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    folder = installed(command, request.config.cache.mkdir("axe-core"), "axe-core", AXE)
    return folder / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["journey.html", "quality.html"])
def test_axe_finds_nothing_that_keeps_people_out(
    browser: Browser, reports: dict[str, Path], axe: Path, page: str, scheme: Literal["light", "dark"], width: int
) -> None:
    # The page's own policy would not let a script in.
    it = opened(browser, reports["plain"].with_name(page), width, color_scheme=scheme, bypass_csp=True)
    try:
        it.page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
        it.page.add_script_tag(path=axe)
        # A chart is an image with a description; what it is drawn of takes axe most of its time, and tells it nothing.
        found = it.page.evaluate("axe.run({exclude: ['.main-svg']})")
        kept_out = [(rule["id"], [node["html"] for node in rule["nodes"][:3]]) for rule in found["violations"]]
        assert kept_out == [] and len(found["passes"]) > 20
    finally:
        it.page.close()


def test_charts_and_page_are_dark_on_a_dark_screen_and_light_on_paper(
    browser: Browser, reports: dict[str, Path]
) -> None:
    it = opened(browser, reports["plain"], 1440, color_scheme="dark")
    try:
        chart = "getComputedStyle(document.querySelector('[data-chart=journey-map] .main-svg')).backgroundColor"
        card, swatch = (
            f"getComputedStyle(document.querySelector('{what}')).backgroundColor" for what in (".part", ".legend i")
        )
        dark = [it.page.evaluate(what) for what in (chart, card, swatch)]
        it.page.emulate_media(color_scheme="light")
        it.page.wait_for_function(f"() => {chart} !== '{dark[0]}'")
        light = [it.page.evaluate(what) for what in (chart, card, swatch)]
        assert dark[:2] == ["rgb(27, 35, 44)"] * 2 and light[:2] == ["rgb(255, 255, 255)"] * 2
        assert dark[2] != light[2]
        it.page.emulate_media(color_scheme="dark")
        it.page.wait_for_function(f"() => {chart} === '{dark[0]}'")
        it.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        it.page.emulate_media(media="print")
        it.page.wait_for_function(f"() => {chart} === '{light[0]}'")
        assert it.page.evaluate(card) == light[1]
        widths = "[...document.querySelectorAll('.main-svg')].map(svg => svg.clientWidth).filter(width => width)"
        assert max(it.page.evaluate(widths)) <= 650  # the width of an upright A4 within its margins
        it.page.emulate_media(media="screen")
        it.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        it.page.wait_for_function(f"() => Math.max(...{widths}) > 1000")
        assert it.complaints == []
    finally:
        it.page.close()


@pytest.mark.parametrize("width", [1440, 390])
def test_a_switch_shows_one_view_and_draws_it(browser: Browser, reports: dict[str, Path], width: int) -> None:
    it = opened(browser, reports["plain"], width)
    try:
        shown = "views => views.filter(view => view.clientHeight).map(view => view.querySelector('h3').textContent)"
        first = it.page.eval_on_selector_all("#segments .view", shown)
        button = it.page.locator("#segments .switch button").nth(1)
        button.focus()
        it.page.keyboard.press("Enter")
        second = it.page.eval_on_selector_all("#segments .view", shown)
        assert len(first) == len(second) == 1 and first != second
        assert button.get_attribute("aria-pressed") == "true"
        it.page.wait_for_function(
            "() => [...document.querySelectorAll('#segments .view')][1].querySelector('.main-svg')"
        )
        assert it.page.evaluate("document.documentElement.scrollWidth") == width
        assert it.complaints == []
    finally:
        it.page.close()


def test_hostile_labels_are_shown_as_they_were_written(browser: Browser, reports: dict[str, Path]) -> None:
    it = opened(browser, reports["hostile"], 1440)
    try:
        texts = it.page.eval_on_selector_all("svg text", "nodes => nodes.map(node => node.textContent)")
        assert any("<script>alert(1)" in text for text in texts)
        assert not any("&lt;" in text or "&#36;" in text for text in texts)
        assert it.page.query_selector_all("main script, main b") == []
    finally:
        it.page.close()


def test_tables_behind_a_click_need_no_sideways_scrolling_where_there_is_room(browser: Browser, tmp_path: Path) -> None:
    published = write_shop(tmp_path / "published.duckdb")
    change(
        published,
        "update settings.kpis set denominator_name = 'at Product page', kpi_label = 'Product page → Cart'",
        "update settings.funnels set funnel_name = 'From product page to order'",
        "update metrics.change_impact set before_denominator = 12000, after_denominator = 12000",
    )
    write_report(published, tmp_path / "journey.html")
    it = opened(browser, tmp_path / "journey.html", 1440)
    try:
        it.page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
        wide = "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth).map(box => box.textContent)"
        assert it.page.eval_on_selector_all(".scroll", wide) == []
    finally:
        it.page.close()


def test_every_chart_says_in_words_what_it_shows(browser: Browser, reports: dict[str, Path]) -> None:
    it = opened(browser, reports["plain"], 1440)
    try:
        labels = it.page.eval_on_selector_all("[data-chart]", "boxes => boxes.map(box => box.ariaLabel)")
        assert len(labels) >= 6 and all(len(label) > 40 for label in labels)
        assert it.page.get_attribute("html", "lang") == "en"
    finally:
        it.page.close()


OVERLAPS = """() => [...document.querySelectorAll('[data-chart]')].flatMap(box => {
    const outer = box.getBoundingClientRect();
    const lines = [...box.querySelectorAll('svg text')].flatMap(text => {
        const parts = [...text.querySelectorAll('tspan.line')];
        return (parts.length ? parts : [text]).map(part => ({text, box: part.getBoundingClientRect()}));
    }).filter(line => line.box.width && line.text.textContent.trim());
    const out = lines.filter(line => line.box.left < outer.left - 1 || line.box.right > outer.right + 1);
    const over = lines.filter((one, place) => lines.slice(place + 1).some(other => one.text !== other.text
        && Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left) > 1.5
        && Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top) > 3));
    return [...out, ...over].map(line => [box.dataset.chart, line.text.textContent]);
})"""
"""Words of charts that stand on others, or outside of their chart; of charts that are drawn."""


@pytest.mark.parametrize("width", [390, 1024, 1440])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_words_of_a_chart_overlap_in_any_view(
    browser: Browser, published_sample: Path, tmp_path: Path, language: str, width: int
) -> None:
    published = in_language(published_sample, tmp_path / "published.duckdb", language)
    write_report(published, tmp_path / "journey.html")
    it = opened(browser, tmp_path / "journey.html", width)
    try:
        it.page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
        buttons = it.page.locator(".switch button")
        assert buttons.count() > 3 and it.page.locator(".main-svg").count() > 10
        for place in range(buttons.count()):
            buttons.nth(place).click()
            it.page.wait_for_function(DRAWN)
            assert it.page.evaluate(OVERLAPS) == []
    finally:
        it.page.close()


def test_a_table_is_saved_for_spreadsheets_and_no_name_becomes_a_formula(browser: Browser, tmp_path: Path) -> None:
    published = write_shop(tmp_path / "published.duckdb", text='=cmd|"calc"!A1')
    write_report(published, tmp_path / "journey.html")
    it = opened(browser, tmp_path / "journey.html", 1440)
    try:
        it.page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
        saved = []
        for section in ("journey", "movements"):
            with it.page.expect_download() as download:
                it.page.locator(f"#{section} .csv").first.click()
            assert download.value.suggested_filename.startswith(f"{section}-")
            saved.append(list(csv.reader(download.value.path().read_text(encoding="utf-8-sig").splitlines())))
        stages, parts = saved
        assert stages[0][:3] == ["Stage", "Reached", "Finished"] and stages[1][0] == """'=cmd|"calc"!A1"""
        assert stages[1][1:6] == ["110", "100", "40", "10", "40.0 %"]
        assert parts[1][:4] == ["Orders", "100", "80", "-20.0"]  # a number may begin with its sign
        assert it.complaints == []
    finally:
        it.page.close()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_list_of_dated_reports_opens_without_error_or_request(
    browser: Browser, reports: dict[str, Path], axe: Path, width: int
) -> None:
    page = reports["french"]
    write_report(page.parent.with_suffix(".duckdb"), page, 3)
    it = opened(browser, page.with_name("index.html"), width, bypass_csp=True)
    try:
        assert it.complaints == [] and all(url.startswith(("file:", "data:")) for url in it.requests)
        assert it.page.evaluate("document.documentElement.scrollWidth") == width
        it.page.add_script_tag(path=axe)
        assert [rule["id"] for rule in it.page.evaluate("axe.run()")["violations"]] == []
        it.page.click(".part h2 a")
        it.page.wait_for_function(DRAWN)
        assert "kept as it was" not in it.page.inner_text(".last-run") and it.page.locator(".main-svg").count()
    finally:
        it.page.close()


def test_the_pages_link_to_each_other(browser: Browser, reports: dict[str, Path]) -> None:
    it = opened(browser, reports["plain"], 1440)
    try:
        it.page.click("header a")
        assert it.page.url == reports["plain"].with_name("quality.html").as_uri()
        assert it.page.inner_text("h1") == "Can these figures be trusted?"
        it.page.click("header a")
        assert it.page.inner_text("h1") == "Where customers struggle"
        assert it.complaints == []
    finally:
        it.page.close()


def test_hostile_names_on_the_quality_page_are_shown_as_they_were_written(
    browser: Browser, reports: dict[str, Path]
) -> None:
    it = opened(browser, reports["hostile"].with_name("quality.html"), 1440)
    try:
        cells = it.page.eval_on_selector_all("main td, main th", "cells => cells.map(cell => cell.textContent)")
        assert HOSTILE in cells and f"user agent {HOSTILE}" in cells
        assert it.page.query_selector_all("main script, main b") == []
    finally:
        it.page.close()


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("page", ["journey.html", "quality.html"])
def test_the_head_says_how_old_the_data_are_and_why_the_last_night_failed(
    browser: Browser, tmp_path: Path, page: str, width: int
) -> None:
    shop = night_shop(tmp_path / "shop")
    write_shop(shop.published)
    write_report(shop.published, shop.report)
    write_quality(shop.published, shop.quality_report)
    ended = datetime.now(UTC) - timedelta(days=2, hours=1)
    trouble = Trouble("x", "The exports can't be loaded", f"orders.csv{HOSTILE}: cut off" * 9, "Export it again.")
    record_run(shop, "night", ended, ended=ended, troubles=[trouble])
    it = opened(browser, shop.report.with_name(page), width)
    try:
        head = it.page.inner_text("header").replace("\xa0", " ")
        days = (datetime.now(UTC) - datetime(2026, 7, 5, 22, 30, tzinfo=UTC)).days
        assert f"data until 6 July 2026, 00:30 ({days} days ago)" in head
        assert "(2 days ago), failed" in head and "The exports can't be loaded" in head and "→ Export it again." in head
        assert it.complaints == [] and it.page.query_selector_all("header script, header b") == []
        assert it.page.evaluate("document.documentElement.scrollWidth") == width
    finally:
        it.page.close()


def test_what_to_fix_leads_to_its_section(browser: Browser, reports: dict[str, Path]) -> None:
    it = opened(browser, reports["plain"].with_name("quality.html"), 390)
    try:
        it.page.click(".fixes a[href='#stages']")
        box = it.page.locator("#stages")
        for _ in range(50):  # the page scrolls smoothly
            if abs((box.bounding_box() or {"y": 900})["y"]) < 5:
                return
            it.page.wait_for_timeout(100)
        pytest.fail("The page did not scroll to the section of the link.")
    finally:
        it.page.close()
