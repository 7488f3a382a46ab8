"""Taking people out of what runs left: their records, and the last one's digest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from parcours.nights.digest import write_digest
from parcours.nights.record import read_records, record_lines, records_file, records_lock
from parcours.people.traces import Traces
from parcours.project import Project
from parcours.whole_file import PRIVATE, write_whole

PROSE = ("cause", "finding", "html", "reason", "subject", "text", "title", "to_do")
"""What of a record quotes rows."""


def leave_records(project: Project, traces: Traces) -> None:
    """Write the records and the digest without the ids of somebody. A line that is no record is left out."""
    if not records_file(project).exists():
        return
    with records_lock(project):
        records = [_without(record, traces) for record in _json_of(record_lines(project))]
        text = "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records)
        write_whole(records_file(project), text, PRIVATE)
        for record in read_records(project)[-1:]:
            write_digest(project, record)


def _json_of(lines: Iterable[str]) -> Iterator[Any]:
    """What the lines hold that are JSON: the last may be cut by a power cut."""
    for line in lines:
        with suppress(ValueError):
            yield json.loads(line)


def _without(value: Any, traces: Traces, name: str = "") -> Any:
    """A JSON value with the ids taken out of its prose."""
    if isinstance(value, dict):
        return {key: _without(part, traces, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_without(part, traces, name) for part in value]
    return traces.out_of(value) if isinstance(value, str) and name in PROSE else value
