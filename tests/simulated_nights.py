"""One simulated night: what the nightly run does, without Dagster, at an instant that is made up.

    python tests/simulated_nights.py <folder of the shop> <instant> [largest file in bytes]

As a process of its own it can be killed, and be given no more room on the disk.
"""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from parcours.nights.close import record_run
from parcours.nights.record import RunRecord
from parcours.project import Project, load_last_good_project, load_project
from parcours.report.write import write_quality, write_report
from parcours.run import build_warehouse
from parcours.settings.file import SettingsError
from parcours.troubles import Trouble, trouble_of
from parcours.warehouse.run_lock import run_lock
from pipelines.run_records import DIED

TAKES = timedelta(minutes=2)


def night(folder: Path, started: datetime) -> list[RunRecord]:
    """Load, build, check, publish, write both pages; returns the records that it wrote."""
    try:
        project = load_project(folder / "journey.yaml", output=folder)
    except SettingsError as error:
        project = load_last_good_project(folder / "journey.yaml", output=folder)
        return [_record(project, started, [trouble_of(error)])]
    project.keep_journey_file()
    records = []
    with run_lock(project, "the nightly run", say=lambda text: None) as left:
        if left:
            records.append(_record(project, started - timedelta(days=1), [DIED]))
        try:
            build_warehouse(project)
            write_report(project.published, project.report)
            write_quality(project.published, project.quality_report)
        except Exception as error:
            return [*records, _record(project, started, [trouble_of(error)])]
        return [*records, _record(project, started, [])]


def _record(project: Project, started: datetime, troubles: Sequence[Trouble]) -> RunRecord:
    return record_run(
        project,
        "night",
        started,
        ended=started + TAKES,
        troubles=troubles,
        finished=not troubles,
        say=lambda text: print(text, file=sys.stderr),
    )


if __name__ == "__main__":
    if len(sys.argv) > 3:
        # As a full disk does, writing then fails; without this the process would be ended instead.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
    print("begun", flush=True)
    night(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
