"""Taking people out of what runs left: their records, and the last one's digest."""

from __future__ import annotations

import json
from typing import Any

from parcours.nights.digest import write_digest
from parcours.nights.record import read_records, records_file, records_lock
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
        lines = [_without(json.loads(line), traces) for line in _whole_lines(project)]
        text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
        write_whole(records_file(project), text, PRIVATE)
        for record in read_records(project)[-1:]:
            write_digest(project, record)


def _whole_lines(project: Project) -> list[str]:
    """The lines that are JSON: the last may be cut by a power cut."""
    return [line for line in records_file(project).read_text(encoding="utf-8").splitlines() if _is_json(line)]


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _without(value: Any, traces: Traces, name: str = "") -> Any:
    """A JSON value with the ids taken out of its prose."""
    if isinstance(value, dict):
        return {key: _without(part, traces, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_without(part, traces, name) for part in value]
    return traces.out_of(value) if isinstance(value, str) and name in PROSE else value
