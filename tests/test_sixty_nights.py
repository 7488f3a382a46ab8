"""Sixty nights, a fault in every third: none is silent, no wrong row is published, and all ends as if nothing had been.

What each night said, and to whom, is written as a table into the file that PARCOURS_NIGHTS names, if it does.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from canonical_shops import contents, difference
from mail_servers import MailServer, smtp_server
from night_shop import FIRST_DAY, add_day, night_shop
from simulated_nights import night

from parcours.nights.record import RunRecord, read_records
from parcours.project import ROOT, Project, load_project
from parcours.run import build_warehouse

NIGHTS = 60
FAULTS = (
    "corrupt file",
    "wrong header",
    "disk full",
    "locked warehouse",
    "typo in journey.yaml",
    "kill",
    "empty folder",
    "late files",
)
ROOM = 1_000_000
"""On the full disk, bytes a file: a record fits, no table and no page."""
pytestmark = pytest.mark.nights


@dataclass
class Told:
    """What a night said, and what was sent then."""

    number: int
    fault: str
    outcome: str = "–"
    said: str = ""
    sent: list[str] = field(default_factory=list)


def on_day(day: int) -> str:
    return f"{FIRST_DAY + timedelta(days=day):%Y-%m-%d}"


def at_two(number: int) -> datetime:
    """The instant of a night, which has the exports of the day of the same number."""
    return datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, 1, tzinfo=UTC) + timedelta(days=number + 1)


def start(shop: Project, number: int, *limit: str) -> subprocess.Popen[str]:
    """The night as a process of its own."""
    command = [sys.executable, "tests/simulated_nights.py", str(shop.output), at_two(number).isoformat(), *limit]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


@contextmanager
def reader_of(shop: Project) -> Iterator[None]:
    """Somebody opens the warehouse instead of the published file."""
    code = "import sys, duckdb\nc = duckdb.connect(sys.argv[1])\nprint('open', flush=True)\nsys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(shop.warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout and reader.stdout.readline() == "open\n"
        yield
        reader.communicate()


def have_night(shop: Project, number: int, fault: str, chance: random.Random) -> None:
    """A day's exports, and the night after it with its fault. What the fault left is mended before the next night."""
    exports = shop.exports_folder
    events, orders = exports / f"events-{on_day(number)}.jsonl", exports / f"orders-{on_day(number)}.csv"
    if fault != "late files":
        add_day(shop, number)
    if fault == "corrupt file":
        whole = events.read_bytes()
        events.unlink()
        cut = exports / f"{events.name}.gz"
        cut.write_bytes(gzip.compress(whole)[:-20])
        night(shop.output, at_two(number))
        cut.unlink()
        events.write_bytes(whole)
    elif fault == "wrong header":
        right = orders.read_text()
        orders.write_text(right.replace("Name,", "Nom,", 1))
        night(shop.output, at_two(number))
        orders.write_text(right)
    elif fault == "disk full":
        assert start(shop, number, str(ROOM)).wait() == 0
    elif fault == "locked warehouse":
        with reader_of(shop):
            night(shop.output, at_two(number))
    elif fault == "typo in journey.yaml":
        right = shop.journey_file.read_text()
        shop.journey_file.write_text(right.replace("currency:", "curency:"))
        night(shop.output, at_two(number))
        shop.journey_file.write_text(right)
    elif fault == "kill":
        process = start(shop, number)
        assert process.stdout and process.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0.5, 2.5))
        process.kill()
        process.wait()
    elif fault == "empty folder":
        exports.rename(exports.with_name("elsewhere"))
        exports.mkdir()
        night(shop.output, at_two(number))
        exports.rmdir()
        exports.with_name("elsewhere").rename(exports)
    else:
        night(shop.output, at_two(number))
    if fault == "late files":
        add_day(shop, number)


def published_orders(shop: Project) -> list[tuple[str, str]]:
    with duckdb.connect(str(shop.published), read_only=True) as published:
        return published.execute("select order_id, currency from staging.orders order by order_id").fetchall()


def content(shop: Project) -> dict[str, tuple[list[str], list[str]]]:
    """The rows of every published table, without what depends on which load brought a name; and the files loaded."""
    with duckdb.connect(str(shop.published), read_only=True) as published:
        loads = published.execute(
            "select columns(lambda c: c <> 'load_number') from raw.loads where status = 'loaded' order by all"
        ).fetchall()
        return contents(published) | {"raw.loads": ([], [*map(repr, loads)])}


def test_sixty_nights(tmp_path: Path) -> None:
    chance, told, seen = random.Random(11), [], 0
    email = "{to: [ana@shop.example], from: parcours@shop.example, host: 127.0.0.1, port: PORT, security: none}"
    with smtp_server() as server:
        shop = night_shop(tmp_path / "shop", f"nights:\n  email: {email.replace('PORT', str(server.port))}\n")
        text = shop.journey_file.read_text().replace('"events-*.jsonl"', '"events-*.jsonl*"')
        shop.journey_file.write_text(text)
        shop = load_project(shop.journey_file, output=shop.output)
        delivered: list[int] = []
        for number in range(NIGHTS):
            fault = FAULTS[number // 3 % len(FAULTS)] if number % 3 == 1 else ""
            before = hashlib.sha256(shop.published.read_bytes()).hexdigest() if shop.published.exists() else ""
            mails = len(server.mails)
            have_night(shop, number, fault, chance)
            records = read_records(shop)
            told.append(Told(number + 1, fault, sent=[*_sent(server, mails)]))
            for record in records[seen:]:
                _write_down(told, record)
            seen = len(records)

            if not fault:
                delivered = [*range(number + 1)]
            elif fault != "late files":
                assert hashlib.sha256(shop.published.read_bytes()).hexdigest() == before, told[-1]
            expected = [(f"#{1000 + day}", "EUR") for day in delivered]
            assert published_orders(shop) == expected, told[-1]
    _show(told)

    # No night is silent, and each says what it should.
    assert {record.started for record in records} == {at_two(number) for number in range(NIGHTS)}
    assert len(records) == NIGHTS
    for one in told:
        wanted = "report" if not one.fault else "nothing new" if one.fault == "late files" else "alarm"
        assert (one.outcome, bool(one.said)) == (wanted, True), one
    alarms = [one for one in told if one.outcome == "alarm"]
    kinds = Counter(mail.split(":")[1].strip() for one in told for mail in one.sent)
    assert kinds["alarm"] == kinds["over"] == len(alarms), "each trouble once, and once that it is over"
    assert kinds["report"] + kinds["nothing new"] == NIGHTS - len(alarms)

    # And all ends as one undisturbed build of the same files.
    calm = load_project(shop.journey_file, shop.exports_folder, tmp_path / "calm")
    calm.output.mkdir()
    calm.key_file.write_text(shop.key_file.read_text())
    build_warehouse(calm)
    assert not difference(content(shop), content(calm))


def _sent(server: MailServer, since: int) -> Iterator[str]:
    for mail in server.mails[since:]:
        yield str(mail["Subject"])


def _write_down(told: list[Told], record: RunRecord) -> None:
    one = next(one for one in told if at_two(one.number - 1) == record.started)
    one.outcome = record.outcome
    one.said = "; ".join(trouble.title for trouble in record.troubles) or f"{record.rows('loaded')} rows loaded"


def _show(told: list[Told]) -> None:
    lines = ["| night | fault | outcome | said | sent to ana@shop.example |", "|---|---|---|---|---|"]
    for one in told:
        sent = "; ".join(subject.removeprefix("Night shop: ") for subject in one.sent) or "–"
        lines.append(f"| {one.number} | {one.fault or '–'} | {one.outcome} | {one.said} | {sent} |")
    if file := os.environ.get("PARCOURS_NIGHTS"):
        Path(file).write_text("\n".join(lines) + "\n", encoding="utf-8")
