"""What the pages of the report do in headless Chromium: switches, links, colours, and that nobody is kept out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from browser import chromium
from opened_page import WORDS_ON_WORDS, opened
from registries import axe_core
from test_quality_page import change, write_shop

from parcours.report.write import write_quality, write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
DATABASES = {
    "plain": {"text": "Cart"},
    "french": {"text": "Panier", "language": "fr"},
    "empty": {"empty": True},
    "empty french": {"empty": True, "language": "fr"},
}


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


@pytest.mark.parametrize(("name", "width"), [("empty", 1440), ("empty french", 390)])
@pytest.mark.parametrize("page", ["journey.html", "quality.html"])
def test_a_page_without_data_is_whole_too(
    browser: Browser, reports: dict[str, Path], page: str, name: str, width: int
) -> None:
    report = reports[name].with_name(page)
    with opened(browser, report, width) as it:
        it.unfold()
        assert it.complaints == [] and it.asked_for_others(report) == []
        assert it.page.evaluate("document.documentElement.scrollWidth") == width
        assert it.page.evaluate(WORDS_ON_WORDS) == []


def test_charts_are_redrawn_when_the_window_gets_narrow(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["plain"], 1440) as it:
        map_height = "document.querySelector('[data-chart=journey-map]').clientHeight"
        before = it.page.evaluate(map_height)
        it.page.set_viewport_size({"width": 390, "height": 900})
        it.page.wait_for_function(f"{map_height} !== {before}")
        assert it.page.evaluate("document.documentElement.scrollWidth") == 390
        assert it.complaints == []


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["journey.html", "quality.html"])
def test_axe_finds_nothing_that_keeps_people_out(
    browser: Browser,
    reports: dict[str, Path],
    request: pytest.FixtureRequest,
    page: str,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    report = reports["plain" if scheme == "light" else "french"].with_name(page)
    # The page's own policy would not let a script in.
    with opened(browser, report, width, color_scheme=scheme, bypass_csp=True) as it:
        it.page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
        it.page.add_script_tag(path=axe_core(request))
        # A chart is an image with a description; what it is drawn of takes axe most of its time, and tells it nothing.
        found = it.page.evaluate("axe.run({exclude: ['.main-svg']})")
        kept_out = [(rule["id"], [node["html"] for node in rule["nodes"][:3]]) for rule in found["violations"]]
        assert kept_out == [] and len(found["passes"]) > 20


def test_charts_and_page_are_dark_on_a_dark_screen_and_light_on_paper(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["plain"], 1440, color_scheme="dark") as it:
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


def test_a_switch_is_used_by_the_keyboard(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["plain"], 390) as it:
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
        assert it.page.evaluate("document.documentElement.scrollWidth") == 390
        assert it.complaints == []


def test_tables_behind_a_click_need_no_sideways_scrolling_where_there_is_room(browser: Browser, tmp_path: Path) -> None:
    published = write_shop(tmp_path / "published.duckdb")
    change(
        published,
        "update settings.kpis set denominator_name = 'at Product page', kpi_label = 'Product page → Cart'",
        "update settings.funnels set funnel_name = 'From product page to order'",
        "update metrics.change_impact set before_denominator = 12000, after_denominator = 12000",
    )
    write_report(published, tmp_path / "journey.html")
    with opened(browser, tmp_path / "journey.html", 1440) as it:
        it.page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
        wide = "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth).map(box => box.textContent)"
        assert it.page.eval_on_selector_all(".scroll", wide) == []


def test_the_pages_link_to_each_other(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["plain"], 1440) as it:
        it.page.click("header a")
        assert it.page.url == reports["plain"].with_name("quality.html").as_uri()
        assert it.page.inner_text("h1") == "Can these figures be trusted?"
        it.page.click("header a")
        assert it.page.inner_text("h1") == "Where customers struggle"
        assert it.complaints == []


def test_what_to_fix_leads_to_its_section(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["plain"].with_name("quality.html"), 390) as it:
        it.page.click(".fixes a[href='#stages']")
        box = it.page.locator("#stages")
        for _ in range(50):  # the page scrolls smoothly
            if abs((box.bounding_box() or {"y": 900})["y"]) < 5:
                return
            it.page.wait_for_timeout(100)
        pytest.fail("The page did not scroll to the section of the link.")
