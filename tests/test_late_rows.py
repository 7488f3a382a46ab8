"""Late rows: events that came behind what the earlier files of their export had already reached."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from datetime import UTC, date
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from given import at, examples, rows
from hypothesis import HealthCheck, Phase, given, strategies
from hypothesis import settings as budget
from shops import load

from parcours.engine.checks import read_checks, run_check
from parcours.project import ROOT, load_project
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import open_warehouse

HOUR, DAY = 3600, 86400
LATE = "select export, day, row_count, late_count, median_lateness_seconds from metrics.late_rows order by all"
Line = tuple[str, int]
"""An event: its id, and when it happened, in seconds after Monday, 5 January, 0:00 UTC."""


def loaded(folder: Path, *loads: dict[str, list[Line]], zone: str = "UTC", check: str = "") -> list[tuple[Any, ...]]:
    """Late rows, or what a check finds, after these loads of files by name; a folder is an export."""
    text = (ROOT / "journey.yaml").read_text(encoding="utf-8").replace("Europe/Paris", zone)
    first, last = text.index("  files:\n"), text.index("\n# In the order of the map")
    files = "".join(f"    - {{name: {e}, path: '{e}/*.jsonl', format: segment}}\n" for e in ("web", "app"))
    (folder / "journey.yaml").write_text(f"{text[:first]}  files:\n{files}{text[last:]}", encoding="utf-8")
    (folder / ".parcours-key").write_text("0" * 64)
    project = load_project(folder / "journey.yaml", folder / "exports", folder)
    for files_of_load in loads:
        for name, lines in files_of_load.items():
            path = folder / "exports" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(line(number, when) for number, when in lines), encoding="utf-8")
        load(project)
    with open_warehouse(project) as connection:
        build_all(connection, project, ["metrics.late_row_splits"])
        if check:
            found = next(c for c in read_checks(ROOT / "sql" / "checks") if c.name == check)
            return [(run_check(connection, found).offending_count,)]
        return rows(connection, LATE)


def line(number: str, when: int) -> str:
    instant = f"{at(when).isoformat()}Z"
    record = {"messageId": number, "type": "track", "event": "Seen", "anonymousId": "u", "timestamp": instant}
    return json.dumps(record) + "\n"


MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


def test_an_event_is_late_behind_the_horizon_of_the_earlier_files(tmp_path: Path) -> None:
    first = [("1", 0), ("2", 10 * HOUR)]
    second = [("3", 10 * HOUR), ("4", 9 * HOUR), ("5", 6 * HOUR), ("6", DAY)]
    found = loaded(tmp_path, {"web/1.jsonl": first, "web/2.jsonl": second})
    # Exactly at the horizon is not late. Of 1 and 4 hours the median is 2.5.
    assert found == [("web", MONDAY, 5, 2, 2.5 * HOUR), ("web", TUESDAY, 1, 0, None)]


def test_earlier_is_by_the_files_names_as_people_read_them_and_not_by_arrival(tmp_path: Path) -> None:
    files = {"web/day 9.jsonl": [("1", 10 * HOUR)], "web/day 10.jsonl": [("2", 9 * HOUR)]}
    forward, backward = tmp_path / "forward", tmp_path / "backward"
    forward.mkdir()
    backward.mkdir()
    found = loaded(forward, *({name: lines} for name, lines in files.items()))
    assert found == [("web", MONDAY, 2, 1, HOUR)]
    assert found == loaded(backward, *({name: lines} for name, lines in reversed(files.items())))


def test_the_horizon_is_the_furthest_of_all_earlier_files_of_the_same_export(tmp_path: Path) -> None:
    files = {
        "web/1.jsonl": [("1", 8 * HOUR)],
        "web/2.jsonl": [("2", 4 * HOUR)],
        "web/3.jsonl": [("3", 5 * HOUR)],
        "app/1.jsonl": [("4", 23 * HOUR)],
    }
    assert loaded(tmp_path, files) == [("app", MONDAY, 1, 0, None), ("web", MONDAY, 3, 2, 3.5 * HOUR)]


@pytest.mark.parametrize("order", [("1", "2"), ("2", "1")])
def test_what_an_earlier_file_had_already_is_not_late_when_it_comes_again(
    tmp_path: Path, order: tuple[str, str]
) -> None:
    files = {
        "1": {"web/1.jsonl": [("1", 0), ("2", 10 * HOUR), ("3", 4 * HOUR)]},
        # 1 again as it was, 3 restated an hour earlier, 4 new.
        "2": {"web/2.jsonl": [("1", 0), ("3", 3 * HOUR), ("4", 11 * HOUR)]},
    }
    assert loaded(tmp_path, *(files[number] for number in order)) == [("web", MONDAY, 5, 0, None)]


def test_days_are_the_shops_days(tmp_path: Path) -> None:
    files = {"web/1.jsonl": [("1", 5 * HOUR)], "web/2.jsonl": [("2", 4 * HOUR)]}
    found = loaded(tmp_path, files, zone="America/New_York")  # 5 hours behind
    assert found == [("web", date(2026, 1, 4), 1, 1, HOUR), ("web", MONDAY, 1, 0, None)]


@pytest.mark.parametrize(("late", "is_found"), [(5, False), (6, True)])
def test_the_check_finds_an_export_of_which_more_than_a_twentieth_is_late(
    tmp_path: Path, late: int, is_found: bool
) -> None:
    first = [(f"a{n}", 1000 + n) for n in range(100 - late)]
    second = [(f"b{n}", n) for n in range(late)]
    found = loaded(tmp_path, {"web/1.jsonl": first, "web/2.jsonl": second}, check="few_rows_are_late")
    assert found == [(int(is_found),)]


ids, hours = strategies.integers(0, 8).map(str), strategies.integers(0, 40).map(lambda n: n * HOUR)
lines_of_file = strategies.lists(strategies.tuples(ids, hours), min_size=1, max_size=5)
random_files = strategies.lists(
    strategies.tuples(strategies.sampled_from(["web", "app"]), lines_of_file), min_size=1, max_size=6
)


@pytest.mark.random
@budget(
    max_examples=examples(5, 8), deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
@given(random_files, strategies.randoms(use_true_random=False), strategies.booleans())
def test_equal_to_reading_the_files_one_after_the_other(files: list[Any], shuffled: Any, at_once: bool) -> None:
    # Each file reaches further than those before it, as exports do, whatever else it repeats.
    # An id is one export's: the same content in two exports is stored once, with the export that was met first.
    named = {
        f"{export}/{n}.jsonl": [
            *((f"{export} {number}", when) for number, when in lines),
            (f"end {n}", (50 + n) * HOUR),
        ]
        for n, (export, lines) in enumerate(files)
    }
    arriving = list(named.items())
    shuffled.shuffle(arriving)
    with tempfile.TemporaryDirectory() as folder:
        loads = [dict(arriving)] if at_once else [dict([file]) for file in arriving]
        assert loaded(Path(folder), *loads, zone="Europe/Paris") == read_one_by_one(named)


def read_one_by_one(named: dict[str, list[Line]]) -> list[tuple[Any, ...]]:
    """The slow, obvious form: what a reader of each next file had seen before it."""
    found: dict[tuple[str, date], list[float | None]] = defaultdict(list)
    known: set[tuple[str, str]] = set()
    horizon: dict[str, int] = {}
    stored: set[Line] = set()
    for name in sorted(named, key=lambda name: int(name.split("/")[1].removesuffix(".jsonl"))):
        export, lines = name.split("/")[0], named[name]
        for number, when in dict.fromkeys(lines):
            if (number, when) in stored:
                continue
            day = at(when).replace(tzinfo=UTC).astimezone(ZoneInfo("Europe/Paris")).date()
            behind = horizon.get(export, 0) - when
            is_late = behind > 0 and (export, number) not in known
            found[export, day].append(behind if is_late else None)
        stored |= set(lines)
        known |= {(export, number) for number, _ in lines}
        horizon[export] = max(horizon.get(export, 0), *(when for _, when in lines))
    return sorted(
        (
            export,
            day,
            len(values),
            len(late := [value for value in values if value is not None]),
            median(late) if late else None,
        )
        for (export, day), values in found.items()
    )
