"""The end of a run, whichever way it went: its record is drawn up and written, the digest too, and people are told.

Here: what is new, what is over, and the one outcome. Not here: what a run left in its tables (`facts.py`), the words
(`digest.py`), nor which messages go where (`tell.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import duckdb

from parcours.nights.digest import write_digest
from parcours.nights.facts import Facts, facts_of, published_of, without_personal_data
from parcours.nights.late import LATE, late_trouble, night_before, nights_missed
from parcours.nights.page_head import write_last_run
from parcours.nights.record import (
    By,
    OpenTrouble,
    Outcome,
    RunRecord,
    Warned,
    read_records,
    records_lock,
    write_record,
)
from parcours.nights.tell import tell
from parcours.project import Project
from parcours.troubles import Trouble
from parcours.warehouse.run_lock import is_running

UNSAID = Trouble(
    "unsaid",
    "The run did not get through",
    "It ended without saying why.",
    "Run again; the log of that run may say more.",
)


def record_run(
    project: Project,
    by: By,
    started: datetime,
    *,
    troubles: Sequence[Trouble] = (),
    finished: bool = False,
    ended: datetime | None = None,
    run_id: str | None = None,
    connection: duckdb.DuckDBPyConnection | None = None,
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr),
) -> RunRecord:
    """Write a run's record, its digest and the head of the pages, and tell people. Never fails the run it is about.

    Args:
        project: the shop.
        by: who started the run.
        started: its first instant.
        troubles: what stopped it; checks that failed are found in the warehouse, and need not be given.
        finished: whether everything was built, published and written.
        ended: its last instant; None: now.
        run_id: Dagster's id of it, if it has one; the record of the same run is replaced.
        connection: to the warehouse, where the run has it open still.
        say: is told what could not be written or sent.
    """
    with records_lock(project):
        records = [record for record in read_records(project) if record.run_id != run_id]
        record = draw_up(
            project,
            records,
            RunRecord(run_id or uuid4().hex, by, started, ended or datetime.now(UTC), "alarm"),
            troubles,
            finished=finished,
            connection=connection,
        )
        return _announce(project, record, say)


def _announce(project: Project, record: RunRecord, say: Callable[[str], None]) -> RunRecord:
    """Write what is known, tell people, write again whom that reached. On a full disk people are told all the same."""

    def write_all(of: RunRecord) -> None:
        for write in (write_record, write_digest, write_last_run):
            try:
                write(project, of)
            except OSError as error:
                say(f"{write.__name__}: {error}")

    write_all(record)
    told = tell(project, record)
    if told != record:
        write_all(told)
    for one in told.undelivered:
        say(f"{one.way}: “{one.message.subject}” was not delivered: {one.why}. The next run tries again.")
    return told


def draw_up(
    project: Project,
    records: Sequence[RunRecord],
    run: RunRecord,
    troubles: Sequence[Trouble],
    *,
    finished: bool,
    connection: duckdb.DuckDBPyConnection | None = None,
) -> RunRecord:
    """The record of a run after those before it."""
    last = records[-1] if records else None
    facts, published = facts_of(project, last, connection), published_of(project, last)
    found = {one.id: (one, False) for one in map(without_personal_data, troubles)}
    if not (found or finished or (facts and facts.failed)):
        found = {UNSAID.id: (UNSAID, False)}
    found |= {one.id: (one, True) for one in map(without_personal_data, facts.failed if facts else ())}
    if facts and facts.failed:
        # That nothing was published is what failed checks are there for, and no trouble of its own.
        found = {id_: one for id_, one in found.items() if not id_.startswith("NotPublished")}
    is_open, over = _compared(found, last, run.ended, finished=finished, facts=facts)
    warns = facts.warns if facts else last.warns if last else ()
    incidents = published.incidents if published else ()
    told_before = {(one.alarm, one.night, one.word) for record in records for one in record.incidents}
    before = {(one.table, one.check) for one in last.warns} if last else set()
    now = {(one.table, one.check) for one in warns}
    outcome = _outcome(found, facts, finished=finished)
    return replace(
        run,
        outcome=outcome,
        files=facts.files if facts else (),
        load_number=facts.load_number if facts else last.load_number if last else 0,
        tables_refreshed=facts.tables_refreshed if facts else (),
        refresh_number=facts.refresh_number if facts else last.refresh_number if last else 0,
        warns=warns,
        warns_newly=_others(warns, before),
        warns_no_more=_others(last.warns, now) if last else (),
        kpis=published.kpis if published else (),
        incidents=incidents,
        incidents_newly=tuple(one for one in incidents if (one.alarm, one.night, one.word) not in told_before),
        verdicts=published.verdicts if published else (),
        data_until=published.data_until if published else None,
        restated=published.restated if published and outcome == "report" else (),
        troubles=is_open,
        over=over,
        report=str(project.report) if project.report.exists() else None,
        nights_missed=nights_missed(project, records, run),
        undelivered=last.undelivered if last else (),
    )


def _others(warns: Sequence[Warned], than: set[tuple[str, str]]) -> tuple[Warned, ...]:
    return tuple(one for one in warns if (one.table, one.check) not in than)


def _outcome(found: dict[str, tuple[Trouble, bool]], facts: Facts | None, *, finished: bool) -> Outcome:
    if found or not finished:
        return "alarm"
    return "report" if facts is None or facts.files or facts.tables_refreshed else "nothing new"


def _compared(
    found: dict[str, tuple[Trouble, bool]],
    last: RunRecord | None,
    now: datetime,
    *,
    finished: bool,
    facts: Facts | None,
) -> tuple[tuple[OpenTrouble, ...], tuple[OpenTrouble, ...]]:
    """What is open now, and what no longer is. A run that did not get through says nothing of what it did not reach:
    that stays open, but for checks, which the warehouse remembers."""
    before = {one.id: one for one in last.troubles} if last else {}
    is_open = []
    for id_, (one, is_check) in found.items():
        known = before.get(id_)
        is_open.append(
            OpenTrouble(
                id_,
                one.title,
                one.cause,
                one.to_do,
                known.since if known else now,
                is_check,
                known.told if known else None,
            )
        )
    gone = [one for id_, one in before.items() if id_ not in found]
    over = [one for one in gone if finished or one.id == LATE or (one.is_check and facts is not None)]
    return (*is_open, *(one for one in gone if one not in over)), tuple(over)


def record_late_night(
    project: Project,
    *,
    now: datetime | None = None,
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr),
) -> RunRecord | None:
    """Write and tell that the night's run has not come; None where it came, where it is at work, or where that is told
    already."""
    now = now or datetime.now(UTC)
    with records_lock(project):
        records = read_records(project)
        late = late_trouble(project, records, now)
        if late is None or is_running(project):
            return None
        run = RunRecord(f"late {night_before(project, now):%Y-%m-%d}", "night", now, now, "alarm")
        if any(record.run_id == run.run_id for record in records):
            return None
        return _announce(project, draw_up(project, records, run, [late], finished=False), say)
