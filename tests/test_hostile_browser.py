"""Names that would be code, markup, a formula, a message's part or endless: pages show them as they were written, in
each language, and stay whole."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from browser import chromium
from night_shop import JOURNEY, night_shop
from opened_page import DRAWN, OVERLAPS, WORDS_ON_WORDS, Opened, opened
from registries import axe_core
from report_shop import HOSTILE
from test_quality_page import change, write_shop

from parcours.nights.close import record_run
from parcours.project import load_project
from parcours.report.share import shared_page
from parcours.report.write import write_quality, write_report
from parcours.troubles import Trouble

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
TURNED = "\u202egnp.exe\u202c \u2067\u05e9\u05dc\u05d5\u05dd\u2069 "
"""Marks that turn the direction of what follows, and words that are read from the right."""
NAMES = {
    "code": HOSTILE,
    "turned": f"{TURNED}Donaudampfschifffahrtsgesellschaftskapitänsmütze 👩\u200d👩\u200d👧 \u0301\u0301",
    "endless": "Panier",
}
ENDLESS = "Émile-😀" * 1250
"""Ten thousand characters, as a stage's label, a touchpoint, a product, a comment, a campaign and an event."""
WHERE = (
    "settings.stages set stage_label = $name where stage = 'cart'",
    "metrics.stage_drop_off set stage_label = $name where stage = 'cart'",
    "metrics.stage_touchpoints set touchpoint = $name where stage = 'cart'",
    "metrics.products set product_name = $name",
    "metrics.stage_verbatims set comment = $name",
    "metrics.cart_abandonment_splits set name = $name where split_by = 'campaign' and name <> 'none'",
    "metrics.schema_drift set name = $name where what = 'event'",
    "metrics.late_rows set export = $name where export = 'Panier'",
)
WIDTHS = {"code": (390, 1440), "turned": (390,), "endless": (390, 1440)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """The folder of both pages, of the list of dated reports and of the copy to share, by the name and language."""
    folder, made = tmp_path_factory.mktemp("hostile"), {}
    for key, text in NAMES.items():
        for language in ("en", "fr") if key == "code" else ("fr",):
            own = folder / f"{key}-{language}"
            published = write_shop(folder / f"{key}-{language}.duckdb", text=text, language=language)
            if key == "endless":
                change(published, *(f"update {what}".replace("$name", f"'{ENDLESS}'") for what in WHERE))
            write_report(published, own / "journey.html", 3)
            write_quality(published, own / "quality.html")
            with duckdb.connect(str(published), read_only=True) as connection:
                (own / "shared.html").write_text(shared_page(connection), encoding="utf-8")
            made[key, language] = own
    return made


def nothing_ran(it: Opened, report: Path) -> None:
    assert it.complaints == [] and it.asked_for_others(report) == []
    assert it.page.query_selector_all("main script, main b, main img, header script, header img") == []


@pytest.mark.parametrize("page", ["journey.html", "quality.html", "index.html", "shared.html"])
@pytest.mark.parametrize(
    ("name", "language", "width"),
    [
        (name, language, width)
        for name, widths in WIDTHS.items()
        for language in (("en", "fr") if name == "code" else ("fr",))
        for width in (widths if language == "fr" else widths[-1:])
    ],
)
def test_a_page_shows_names_as_they_were_written_and_holds(
    browser: Browser, reports: dict[tuple[str, str], Path], page: str, name: str, language: str, width: int
) -> None:
    report = reports[name, language] / page
    with opened(browser, report, width) as it:
        it.page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
        it.page.wait_for_function(DRAWN)
        nothing_ran(it, report)
        assert it.page.evaluate("document.documentElement.scrollWidth") == width
        assert it.page.evaluate(WORDS_ON_WORDS) == []
        # Labels are cut by their letters: of other scripts they may be wider than the room that is left for them.
        assert name != "code" or it.page.locator("main").evaluate(OVERLAPS) == []
        for section in it.page.query_selector_all("section, h1, h2"):
            box = section.bounding_box()
            assert box and box["height"] > 10 and box["width"] > 10, section.inner_text()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width, section.inner_text()
        texts = it.page.eval_on_selector_all("main", "all => all.map(one => one.textContent)")[0]
        if name == "code":
            whole, begun = texts.count(HOSTILE), texts.count("<script>alert(1)</script><img")
            assert whole > 1 and "&lt;" not in texts and "&#36;" not in texts and "class '" not in texts
            labels = it.page.eval_on_selector_all("svg text", "nodes => nodes.map(node => node.textContent)")
            assert begun - whole <= len([label for label in labels if "<script>" in label])  # those of charts are cut
            assert page != "journey.html" or any("<script>alert(1)" in label for label in labels)
        assert name != "endless" or page == "index.html" or ENDLESS in texts
        assert not any(mark in texts for mark in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068")


@pytest.mark.parametrize("width", [1440, 390])
def test_the_list_of_dated_reports_leads_to_them(
    browser: Browser, reports: dict[tuple[str, str], Path], request: pytest.FixtureRequest, width: int
) -> None:
    report = reports["code", "fr"] / "index.html"
    with opened(browser, report, width, bypass_csp=True) as it:
        it.page.add_script_tag(path=axe_core(request))
        assert [rule["id"] for rule in it.page.evaluate("axe.run()")["violations"]] == []
        it.page.click(".part h2 a")
        it.page.wait_for_function(DRAWN)
        assert "kept as it was" not in it.page.inner_text(".last-run") and it.page.locator(".main-svg").count()


FORMULAS = [
    '=cmd|"calc"!A1',
    "+1+cmd|x",
    "-2+3+cmd",
    "@SUM(1)",
    "\t=1+1",
    "\r=1",
    " =1",
    "\u00a0=1",
    "−1+cmd",
    "\uff1d1",
]
SAVE_ALL = """async formulas => {
    const blobs = [], cells = [...document.querySelectorAll('table.figures tbody th')].slice(0, formulas.length);
    cells.forEach((cell, place) => { cell.textContent = formulas[place]; });
    URL.createObjectURL = blob => { blobs.push(blob); return '#'; };
    HTMLAnchorElement.prototype.click = () => {};
    document.querySelectorAll('.csv').forEach(button => button.click());
    return Promise.all(blobs.map(blob => blob.text()));
}"""


def test_no_cell_of_any_saved_table_is_a_formula(browser: Browser, reports: dict[tuple[str, str], Path]) -> None:
    with opened(browser, reports["code", "fr"] / "journey.html", 1440) as it:
        saved = it.page.evaluate(SAVE_ALL, FORMULAS)
    cells = [cell for text in saved for row in csv.reader(text.removeprefix("\ufeff").splitlines()) for cell in row]
    assert len(saved) > 20 and HOSTILE in cells and f"'{FORMULAS[0]}" in cells
    risky = {cell for cell in cells if cell[:1] in "=+-@\t\r\uff1d\uff0b\uff0d\uff20" and cell}
    assert {"-200 €", "-30,0 pt"} <= risky, "a number stays one, with its unit"
    assert [cell for cell in risky if not re.fullmatch(r"[+-][\d., ]+k?( ?(%|pt|€))?", cell)] == []


def test_a_table_is_saved_as_it_is_read(browser: Browser, tmp_path: Path) -> None:
    published = write_shop(tmp_path / "published.duckdb", text=FORMULAS[0])
    write_report(published, tmp_path / "journey.html")
    with opened(browser, tmp_path / "journey.html", 1440) as it:
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


SAID = {
    "en": ("data until 6 July 2026, 00:30 ({} days ago)", "(2 days ago), failed", "The exports can't be loaded"),
    "fr": ("données jusqu’au 6 juillet 2026", "(il y a 2 jours)", "Les exports ne peuvent être chargés"),
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of both pages of a shop whose last night failed two days ago, by language."""
    made, ended = {}, datetime.now(UTC) - timedelta(days=2, hours=1)
    for language in SAID:
        shop = night_shop(tmp_path_factory.mktemp("failed") / "shop")
        spoken = JOURNEY.replace("currency: EUR", f"currency: EUR, language: {language}")
        shop.journey_file.write_text(spoken, encoding="utf-8")
        shop = load_project(shop.journey_file, output=shop.output)
        write_shop(shop.published, language=language)
        write_report(shop.published, shop.report)
        write_quality(shop.published, shop.quality_report)
        trouble = Trouble("x", "The exports can't be loaded", f"orders.csv{HOSTILE}: cut off" * 9, "Run again.")
        record_run(shop, "night", ended, ended=ended, troubles=[trouble])
        made[language] = shop.report.parent
    return made


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("page", "width"), [("journey.html", 390), ("quality.html", 1440)])
def test_the_head_says_how_old_the_data_are_and_why_the_last_night_failed(
    browser: Browser, failed: dict[str, Path], language: str, page: str, width: int
) -> None:
    report = failed[language] / page
    with opened(browser, report, width) as it:
        head = it.page.inner_text("header").replace("\xa0", " ")
        days = (datetime.now(UTC) - datetime(2026, 7, 5, 22, 30, tzinfo=UTC)).days
        assert all(said.format(days) in head for said in SAID[language]) and HOSTILE in head
        assert ("→ Run again." in head) == (language == "en") and ("→ Relancez." in head) == (language == "fr")
        nothing_ran(it, report)
        assert it.page.evaluate("document.documentElement.scrollWidth") == width
        assert it.page.evaluate(WORDS_ON_WORDS) == []
