"""`parcours run --verify`: everything built whole beside the tables, and every difference named."""

from __future__ import annotations

import sys
import time

from parcours.project import Project


def verify(project: Project, *, is_told: bool = True) -> int:
    """Build everything whole beside the tables; prints what differs, and returns 1 if anything does."""
    from parcours.tables.verify import find_differences

    started = time.monotonic()
    differences = find_differences(project)
    out = sys.stdout if is_told else sys.stderr
    for difference in differences:
        print(f"  other: {difference}", file=out)
    verdict = (
        "The tables are not what a full build makes of the loaded rows. `--full-refresh` builds them anew."
        if differences
        else "All tables equal a full build of the loaded rows."
    )
    if differences or is_told:
        print(f"Verified in {time.monotonic() - started:.0f} s. {verdict}", file=out)
    return 1 if differences else 0
