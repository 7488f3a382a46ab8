"""Dated reports: what is kept, what the list says, and that the list and the copies are of the same reports."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import duckdb
from report_shop import ENGLISH, HOSTILE, write_published

from parcours.people.traces import Traces
from parcours.report.dated import leave_dated, remembered
from parcours.report.write import write_report


def report(folder: Path, until: str, *, most: int = 30, orders: int | None = None, text: str = "Cart") -> Path:
    """Write the page of a shop whose data reach to a day, and keep it; `orders`: the numerator of conversion."""
    published = folder / "published.duckdb"
    published.unlink(missing_ok=True)
    write_published(published, text=text)
    with duckdb.connect(str(published)) as connection:
        connection.execute("update metrics.cut_off set events_until = ?", [f"{until} 12:00"])
        if orders is not None:
            connection.execute(
                "update metrics.kpis set numerator = ?, value = ? / denominator where kpi = 'conversion'",
                [orders, orders],
            )
    page = folder / "reports" / "journey.html"
    write_report(published, page, most)
    return page.parent


def days(folder: Path) -> list[date]:
    return [one.until for one in remembered(folder)]


def test_a_report_is_kept_for_each_day_that_data_reached_to(tmp_path: Path) -> None:
    report(tmp_path, "2026-09-27")
    report(tmp_path, "2026-09-28")
    folder = report(tmp_path, "2026-09-28")
    assert days(folder) == [date(2026, 9, 27), date(2026, 9, 28)]
    copy = (folder / "journey-2026-09-28.html").read_text(encoding="utf-8")
    assert "data until 28\u00a0September\u00a02026, kept as it was" in copy
    assert (
        copy.partition("</header>")[2]
        == (folder / "journey.html").read_text(encoding="utf-8").partition("</header>")[2]
    )


def test_the_newest_are_kept_and_no_other_copy_is_left(tmp_path: Path) -> None:
    for day in range(20, 26):
        folder = report(tmp_path, f"2026-09-{day}", most=3)
    assert days(folder) == [date(2026, 9, day) for day in (23, 24, 25)]
    assert sorted(file.name for file in folder.glob("journey-*")) == [
        f"journey-2026-09-{day}.html" for day in (23, 24, 25)
    ]
    report(tmp_path, "2026-09-26", most=0)
    assert sorted(file.name for file in folder.iterdir()) == ["journey.html"]


def test_the_list_says_what_each_said_and_by_how_much_its_figures_moved(tmp_path: Path) -> None:
    report(tmp_path, "2026-09-27")
    before = remembered(tmp_path / "reports")[0]
    conversion = next(one for one in before.headlines if one.kpi == "conversion")
    assert conversion.value is not None and conversion.denominator is not None
    more = round(conversion.value * conversion.denominator) + conversion.denominator // 10
    folder = report(tmp_path, "2026-09-28", orders=more)
    page = (folder / "index.html").read_text(encoding="utf-8")
    newest, older = page.split('<section class="part"')[1:]
    assert 'href="journey-2026-09-28.html"' in newest and 'href="journey-2026-09-27.html"' in older
    assert "2 reports kept" in page and "Most revenue is lost at Checkout" in newest
    moved = more / conversion.denominator - conversion.value
    assert f"+{100 * moved:.1f}\u00a0pt" in newest or f"+{100 * moved:.2f}\u00a0pt" in newest
    assert "pt</td>" not in older
    assert len(page) < 60_000  # no chart, so no plotly.js


def test_any_two_of_three_stand_beside_each_other(tmp_path: Path) -> None:
    for day in ("2026-09-26", "2026-09-27"):
        assert "side-by-side" not in (report(tmp_path, day) / "index.html").read_text(encoding="utf-8")
    folder = report(tmp_path, "2026-09-28")
    page = (folder / "index.html").read_text(encoding="utf-8")
    table = page.partition('id="side-by-side"')[2].partition("</table>")[0]
    assert re.findall(r'<th scope="row">([^<]+)</th>', table) == [
        f"{day}\u00a0September\u00a02026" for day in (28, 27, 26)
    ]
    conversion = next(one for one in remembered(folder)[0].headlines if one.kpi == "conversion")
    assert conversion.label in table and table.count(f"<td>{ENGLISH.share(conversion.value)}</td>") >= 3


def test_a_copy_that_is_gone_is_in_no_list(tmp_path: Path) -> None:
    report(tmp_path, "2026-09-27")
    (tmp_path / "reports" / "journey-2026-09-27.html").unlink()
    folder = report(tmp_path, "2026-09-28")
    assert days(folder) == [date(2026, 9, 28)]


def test_nothing_is_kept_of_a_shop_without_data(tmp_path: Path) -> None:
    published = write_published(tmp_path / "published.duckdb", empty=True)
    page = tmp_path / "reports" / "journey.html"
    write_report(published, page, 30)
    assert [file.name for file in page.parent.iterdir()] == ["journey.html"]


def test_forgetting_removes_a_copy_that_names_somebody(tmp_path: Path) -> None:
    report(tmp_path, "2026-09-26", text="Gift for customer:c-4711")
    folder = report(tmp_path, "2026-09-27")
    leave_dated(tmp_path / "published.duckdb", folder, Traces(["customer:c-4711"]).are_in)
    assert days(folder) == [date(2026, 9, 27)]
    assert not (folder / "journey-2026-09-26.html").exists()
    assert not any("c-4711" in file.read_text(encoding="utf-8") for file in folder.iterdir() if file.suffix != ".html")
    assert "c-4711" not in (folder / "index.html").read_text(encoding="utf-8")


def test_forgetting_leaves_no_list_where_nothing_is_published(tmp_path: Path) -> None:
    folder = report(tmp_path, "2026-09-26", text="Gift for customer:c-4711")
    (tmp_path / "published.duckdb").unlink()
    leave_dated(tmp_path / "published.duckdb", folder, Traces(["customer:c-4711"]).are_in)
    assert [file.name for file in folder.iterdir()] == ["journey.html"]


def test_hostile_text_is_text_in_the_list_too(tmp_path: Path) -> None:
    report(tmp_path, "2026-09-26", text=HOSTILE)
    page = (report(tmp_path, "2026-09-27", text=HOSTILE) / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and "&lt;script&gt;" in page
