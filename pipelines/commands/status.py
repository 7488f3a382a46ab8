"""`parcours status`: the last run, what is open, what comes next."""

from __future__ import annotations

import argparse
import json

from parcours.project import load_last_good_project


def print_status(options: argparse.Namespace) -> int:
    """Print the state of a shop; returns 1 where a trouble is open or the night is late."""
    from parcours.nights.close import record_late_night
    from parcours.nights.status import status

    project = load_last_good_project(options.journey)
    if options.tell:
        record_late_night(project)
    found = status(project)
    print(json.dumps(found.as_json(), ensure_ascii=False, indent=2) if options.json else "\n".join(found.lines()))
    return 0 if found.is_well else 1
