"""What a run leaves behind: its record, the digest, the head of the pages, and the status in ten lines."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from empty_pages import copy_empty
from given import settings
from night_shop import add_day, night_shop

from parcours.nights.close import record_late_night, record_run
from parcours.nights.digest import alarm_message, digest, digest_message, over_message
from parcours.nights.facts import published_of
from parcours.nights.late import night_after
from parcours.nights.leave import leave_records
from parcours.nights.record import RunRecord, read_records, records_file
from parcours.nights.status import status
from parcours.people.traces import INSTEAD, Traces
from parcours.project import Project, load_project
from parcours.report.page import last_run_of, with_last_run
from parcours.report.write import write_quality, write_report
from parcours.run import build_warehouse
from parcours.troubles import Trouble
from parcours.warehouse.connection import open_warehouse

MONDAY = datetime(2026, 3, 9, 1, tzinfo=UTC)  # 02:00 in Paris
HOSTILE = "<script>alert(1)</script> ana@example.com"
GONE = Trouble("gone", "A file can't be read", "orders.csv, line 3: cut off", "Export it again.")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The night shop after two days in one run; only read."""
    shop = night_shop(tmp_path_factory.mktemp("night") / "shop")
    add_day(shop, 0)
    add_day(shop, 1)
    build_warehouse(shop)
    write_report(shop.published, shop.report)
    write_quality(shop.published, shop.quality_report)
    return shop


@pytest.fixture
def shop(built: Project, tmp_path: Path) -> Project:
    """A copy of it."""
    shutil.copytree(built.output, tmp_path / "shop")
    return load_project(tmp_path / "shop" / "journey.yaml", output=tmp_path / "shop")


def night(
    shop: Project, number: int = 0, troubles: Sequence[Trouble] = (), minutes: int = 1, **more: object
) -> RunRecord:
    """The record of a night, as if one had run; without troubles it got through."""
    started = MONDAY + timedelta(days=number)
    ended = started + timedelta(minutes=minutes)
    return record_run(
        shop,
        "night",
        started,
        ended=ended,
        troubles=troubles,
        finished=not troubles,
        **more,  # type: ignore[arg-type]
    )


def change(shop: Project, *statements: str) -> None:
    with open_warehouse(shop) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_night_ends_as_report_nothing_new_or_alarm(shop: Project) -> None:
    assert night(shop, 0).outcome == "report"
    assert night(shop, 1).outcome == "nothing new"
    assert night(shop, 2, [GONE]).outcome == "alarm"
    assert [record.outcome for record in read_records(shop)] == ["report", "nothing new", "alarm"]


def test_a_record_holds_the_rows_of_what_is_new_and_where_the_report_is(shop: Project) -> None:
    first, second = night(shop, 0), night(shop, 1)
    assert {file.path: file.rows_loaded for file in first.files} == {
        "events-2026-03-02.jsonl": 6,
        "events-2026-03-03.jsonl": 6,
        "orders-2026-03-02.csv": 1,
        "orders-2026-03-03.csv": 1,
    }
    assert first.rows("read") == 14 and "metrics.kpis" in first.tables_refreshed
    assert (second.files, second.tables_refreshed) == ((), ())
    assert first.report == str(shop.report)
    assert first.data_until == datetime(2026, 3, 3, 11, 2, tzinfo=UTC)


def test_what_is_newly_said_of_changes_stands_in_the_digest(shop: Project) -> None:
    with duckdb.connect(str(shop.published)) as connection:
        for number, (read_on, verdict, crossed, looked) in enumerate(
            [
                ("2026-03-03", "improved", "day 7", "day 7"),  # known in the run before
                ("2026-03-04", "improved", "day 7", "day 14"),  # said a week before
                ("2026-03-04", "measuring", None, "day 7"),
                ("2026-03-04", "no evidence", None, "day 28"),
                ("2026-03-04", "worsened", "day 14", "day 14"),
            ]
        ):
            connection.execute(
                "insert into metrics.change_impact (change_id, change_label, kpi, verdict, crossed, looked, read_on, "
                "is_faded, sentence) values ($c, 'Search', 'conversion', $verdict, $crossed, $looked, $on, false, $c)",
                {"c": f"{number}", "verdict": verdict, "crossed": crossed, "looked": looked, "on": read_on},
            )
    assert night(shop, 0).verdicts == ()
    second = night(shop, 1)
    assert second.verdicts == ("“Search”, Conversion: 4", "“Search”, Conversion: 3")
    assert "Said of changes since the last run\n  “Search”, Conversion: 4\n" in digest(shop, second).text


def test_the_figures_are_those_of_the_reports_cards_with_their_change(shop: Project) -> None:
    first = night(shop, 0)
    assert [kpi.kpi for kpi in first.kpis] == ["conversion", "cart_abandonment", "retention", "satisfaction"]
    assert (first.kpis[0].value, first.kpis[0].before) == (pytest.approx(1 / 3), None)
    with duckdb.connect(str(shop.published)) as published:
        published.execute("update metrics.kpis set value = value + 0.02 where kpi = 'conversion' and period = 'all'")
    second = night(shop, 1)
    assert second.kpis[0].before == first.kpis[0].value
    assert "Conversion: 35.3\xa0%, +2.00\xa0pt (1 of 3)" in digest(shop, second).text
    assert "unchanged" in digest(shop, night(shop, 2)).text


def test_the_digest_and_what_is_told_of_a_trouble_are_in_the_shops_language(shop: Project) -> None:
    spoken = shop.settings.model_copy(update={"shop": shop.settings.shop.model_copy(update={"language": "fr"})})
    french = replace(shop, settings=spoken)
    cause = Trouble(
        "memory", "Memory ran out", "9 GB", "Close other programs, or load fewer files at a time, then run again."
    )
    record = night(french, 0, [cause])
    [trouble] = record.troubles
    digested = digest_message(french, record)
    alarm, over = alarm_message(french, record, trouble), over_message(french, record, trouble)
    for message in (digested, alarm, over):
        assert '<html lang="fr">' in message.html
        read = message.text.replace(str(record.report), "")
        for word in ("The ", "night of", "read", "loaded", "alarm:", "roubles", "since", "Memory", "Report\n", "again"):
            assert word not in read, (word, read)
    assert "Problèmes ouverts" in digested.text and "depuis le 9\u00a0mars\u00a02026" in digested.text
    assert alarm.subject.startswith(f"{french.settings.shop.name}\u00a0: alerte\u00a0: ")


def test_what_the_nights_tell_of_incidents_is_said_once(shop: Project) -> None:
    def tell(day: int, word: str) -> None:
        with duckdb.connect(str(shop.published)) as published:
            published.execute(
                "insert into metrics.incident_notices (alarm, night, word, step, dimension, value, began_on, ended_on, "
                "relative_size, entered_count, went_on_count, expected_count) "
                "values ('a', $day, $word, 'conversion', 'device', 'mobile', '2026-03-01', $day, -0.4, 500, 12, 20.2)",
                {"day": f"2026-03-0{day}", "word": word},
            )
            published.execute(
                "insert into metrics.incident_changes values ('2026-03-01', ?, 'New button')", [f"2026-03-0{day}"]
            )

    tell(2, "open")
    first, second = night(shop, 0), night(shop, 1)
    assert [(one.word, one.place) for one in first.incidents_newly] == [("open", "Visit → Order, device mobile")]
    assert second.incidents == first.incidents and second.incidents_newly == ()
    tell(3, "over")
    third = night(shop, 2)
    assert [one.word for one in third.incidents_newly] == ["over"]
    text = digest(shop, first).text.replace(chr(160), " ")
    assert (
        "Incidents that nobody logged\n  Visit → Order, device mobile has fallen by 40 %, 1 March – 2 March 2026: "
        "12 of 500 went on, 20 were expected. Logged: New button.\n  → Try these steps"
    ) in text
    assert (
        "is over: it had fallen by 40" in digest(shop, third).text and "Try these steps" not in digest(shop, third).text
    )


def test_what_warns_newly_and_what_no_longer_does_is_said_once(shop: Project) -> None:
    night(shop, 0)
    change(
        shop,
        "update metrics.check_results set verdict = 'passed' where verdict = 'warned'",
        "update metrics.check_results set verdict = 'warned', offending_count = 3, finding = 'orders without a line' "
        "where check_name = 'orders_have_lines'",
    )
    second, third = night(shop, 1), night(shop, 2)
    assert [(one.check, one.count) for one in second.warns_newly] == [("orders_have_lines", 3)]
    assert second.warns_no_more and not {"orders_have_lines"} & {one.check for one in second.warns_no_more}
    assert "Warns newly\n  Orders without a line: 3 (staging.orders)." in digest(shop, second).text
    assert third.warns == second.warns and not third.warns_newly and not third.warns_no_more


def test_a_failed_check_is_an_alarm_though_the_run_got_through(shop: Project) -> None:
    night(shop, 0)
    change(shop, "update metrics.check_results set verdict = 'failed' where check_name = 'carts_add_up'")
    second = night(shop, 1)
    assert second.outcome == "alarm" and second.troubles[0].is_check
    change(shop, "update metrics.check_results set verdict = 'passed' where check_name = 'carts_add_up'")
    third = night(shop, 2, [GONE])
    assert [one.id for one in third.over] == [second.troubles[0].id], "a check passed, in a night that failed elsewhere"


def test_a_trouble_stays_open_until_a_run_gets_past_it(shop: Project) -> None:
    first = night(shop, 0, [GONE])
    other = Trouble("settings", "journey.yaml can't be used", "line 5: shop.langauge", "")
    second = night(shop, 1, [other])
    assert [(one.id, one.since) for one in second.troubles] == [("settings", second.ended), ("gone", first.ended)]
    third = night(shop, 2)
    assert (third.troubles, {one.id for one in third.over}) == ((), {"settings", "gone"})


def test_a_run_that_got_nowhere_and_says_nothing_is_an_alarm(shop: Project) -> None:
    record = record_run(shop, "UI", MONDAY, ended=MONDAY, finished=False)
    assert record.outcome == "alarm" and record.troubles[0].title == "The run did not get through"


def test_a_run_has_one_record_and_half_a_line_does_no_harm(shop: Project) -> None:
    night(shop, 0, [GONE], run_id="one")
    night(shop, 0, run_id="one")
    with records_file(shop).open("a") as file:
        file.write('{"run_id": "cut off')
    night(shop, 1)
    assert [record.outcome for record in read_records(shop)] == ["report", "nothing new"]


def test_a_name_with_other_ends_of_lines_costs_no_record(shop: Project) -> None:
    odd = "Sold\u2028out\u2029\u0085\u000b\u001e"
    night(shop, 0, [replace(GONE, cause=f"orders.csv: {odd}")])
    assert [record.troubles[0].cause for record in read_records(shop)] == [f"orders.csv: {odd}"]
    leave_records(shop, Traces(("Sold",)))
    assert [record.troubles[0].cause for record in read_records(shop)] == [f"orders.csv: {INSTEAD}{odd[4:]}"]


def test_a_record_is_written_where_the_warehouse_cannot_be_read(shop: Project) -> None:
    night(shop, 0)
    shop.warehouse.write_bytes(b"no database")
    shop.published.unlink()
    record = night(shop, 1, [GONE])
    assert (record.outcome, record.files, record.kpis) == ("alarm", (), ())
    assert record.warns == read_records(shop)[0].warns, "what warned before is not over because nobody could look"


def test_a_full_disk_keeps_nobody_from_being_told(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("parcours.nights.close.write_record", full)
    said: list[str] = []
    record = night(shop, 0, [GONE], say=said.append)
    assert record.outcome == "alarm" and "No space left on device" in said[0]
    assert "A file can't be read" in (shop.output / "reports" / "digest.txt").read_text()


def test_text_of_exports_is_escaped_and_names_nobody(shop: Project) -> None:
    record = night(shop, 0, [Trouble("x", f"File {HOSTILE}", HOSTILE, HOSTILE)])
    said = digest(shop, record)
    assert "ana@example.com" not in said.text + said.html + records_file(shop).read_text()
    assert "<script" not in said.html and "&lt;script&gt;" in said.html
    for page in (shop.report, shop.quality_report):
        head = last_run_of(page.read_text())
        assert "&lt;script&gt;alert(1)" in head and "<script" not in head and "example.com" not in head


def test_the_pages_say_what_became_of_the_last_run_and_nothing_else_of_them_changes(shop: Project) -> None:
    before = shop.report.read_text()
    night(shop, 0, [GONE])
    failed = shop.report.read_text()
    assert "orders.csv, line 3: cut off" in failed and "Export it again." in failed
    night(shop, 1)
    well = shop.report.read_text()
    assert 'class="last-run failed"' not in well and "Last night: <time" in well

    assert with_last_run(failed, "") == with_last_run(well, "") == before
    assert not list(shop.report.parent.glob(".*"))


def test_a_page_that_is_written_anew_still_says_what_became_of_the_last_run(shop: Project) -> None:
    night(shop, 0, [GONE])
    told = last_run_of(shop.report.read_text())
    write_report(shop.published, shop.report)
    assert last_run_of(shop.report.read_text()) == told != ""


def test_the_age_of_the_data_is_told_by_an_absolute_instant(shop: Project) -> None:
    assert '<time datetime="2026-03-03T11:02:00Z" data-age>3\xa0March\xa02026, 12:02</time>' in shop.report.read_text()


def test_the_status_is_ten_lines(shop: Project) -> None:
    assert len(status(shop, MONDAY).lines()) == 10 and status(shop, MONDAY).is_well
    night(shop, 0)
    found = status(shop, MONDAY + timedelta(hours=1))
    text = "\n".join(found.lines())
    assert len(found.lines()) == 10 and found.is_well
    for part in (
        "Last run    9\xa0March\xa02026, 02:01 (night, 1 min",
        "Outcome     report",
        "14 read, 14 loaded, 0 duplicate, 0 rejected, of 4 new files",
        "Open        no trouble",
        "Data until  3\xa0March\xa02026, 12:02 (5 days ago)",
        "Next night  10\xa0March\xa02026, 02:00 (Europe/Paris)",
        str(shop.report),
    ):
        assert part.replace("\xa0", " ") in text.replace("\xa0", " ")
    night(shop, 1, [GONE])
    found = status(shop, MONDAY + timedelta(days=1, hours=1))
    assert not found.is_well and "Open        A file can't be read" in "\n".join(found.lines())
    assert found.as_json()["last"]["troubles"][0]["cause"] == GONE.cause


def test_a_night_that_does_not_come_is_told_once_and_over_with_the_next_run(shop: Project) -> None:
    noon = MONDAY + timedelta(days=1, hours=10)
    assert record_late_night(shop, now=noon) is None, "nobody waits for nights that never were"
    night(shop, 0)
    assert record_late_night(shop, now=MONDAY + timedelta(days=1, hours=2)) is None, "within the tolerance"
    assert not status(shop, noon).is_well
    late = record_late_night(shop, now=noon)
    assert late and (late.outcome, late.troubles[0].title) == ("alarm", "The night's run has not come")
    assert record_late_night(shop, now=noon + timedelta(hours=1)) is None
    again = record_late_night(shop, now=noon + timedelta(days=1))
    assert again and again.troubles[0].since == late.ended
    third = night(shop, 4)
    assert [one.title for one in third.over] == ["The night's run has not come"]


def test_nights_in_which_nothing_ran_are_counted(shop: Project) -> None:
    night(shop, 0)
    record = night(shop, 4)
    assert record.nights_missed == 3
    assert "In 3 nights before it nothing ran." in digest(shop, record).text
    assert night(shop, 5).nights_missed == 0


def test_a_night_is_due_at_its_hour_of_the_shops_day_also_when_clocks_change(shop: Project) -> None:
    sunday = datetime(2026, 3, 29, 12, tzinfo=UTC)  # clocks went forward that night: 02:00 was 03:00
    assert night_after(shop, sunday).astimezone(UTC) == datetime(2026, 3, 30, 0, tzinfo=UTC)
    settings = shop.settings.model_copy(update={"nights": shop.settings.nights.model_copy(update={"hour": 23})})
    late = replace(shop, settings=settings)
    assert night_after(late, sunday).astimezone(UTC) == datetime(2026, 3, 29, 21, tzinfo=UTC)


def test_what_an_earlier_version_published_still_tells_its_figures(tmp_path: Path) -> None:
    shop = Project(tmp_path / "journey.yaml", settings(), tmp_path, tmp_path)
    copy_empty(shop.published, ())
    with duckdb.connect(str(shop.published)) as published:
        published.execute("drop table metrics.restatements")
        published.execute("drop table metrics.incident_notices")
        published.execute("alter table metrics.change_impact drop column sentence")
        published.execute("insert into metrics.cut_off (events_until) values ('2026-07-05 22:30')")
    said = published_of(shop, None)
    assert said and said.data_until == datetime(2026, 7, 5, 22, 30, tzinfo=UTC)
    assert not said.restated and not said.incidents and not said.verdicts
