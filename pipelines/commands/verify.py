"""`parcours run --verify`: everything built whole beside the tables, and every difference named."""

from __future__ import annotations

import time
from pathlib import Path

from parcours.project import load_project
from parcours.warehouse.run_lock import run_lock
from pipelines.commands.run import BY


def verify(journey_file: Path | None, exports_folder: Path | None, *, is_quiet: bool = False) -> int:
    """Build everything whole beside the tables; prints what differs, and returns 1 if anything does."""
    from parcours.tables.verify import find_differences

    started = time.monotonic()
    project = load_project(journey_file, exports_folder)
    with run_lock(project, BY):
        differences = find_differences(project)
    for difference in differences:
        print(f"  other: {difference}")
    verdict = (
        "The tables are not what a full build makes of the loaded rows. `--full-refresh` builds them anew."
        if differences
        else "All tables equal a full build of the loaded rows."
    )
    if differences or not is_quiet:
        print(f"Verified in {time.monotonic() - started:.0f} s. {verdict}")
    return 1 if differences else 0
