"""`parcours rejected`: rejected rows as files that can be corrected and loaded again."""

from __future__ import annotations

import argparse

from parcours.project import load_project
from parcours.warehouse.run_lock import run_lock
from pipelines.commands.paths import shown
from pipelines.commands.run import BY


def rejected(options: argparse.Namespace) -> int:
    """Write rejected rows into files to correct; prints a line for each."""
    from parcours.loading.rejected import write_rejected

    project = load_project(options.journey, options.exports)
    with run_lock(project, BY):
        written = write_rejected(project, options.folder)
    for file in written:
        where = shown(file.path) if file.path else f"– ({file.why})"
        print(f"{file.name}: {file.row_count:,} rejected rows → {where}")
    print(
        "Correct them and put the files where the exports' paths in journey.yaml find them."
        if any(file.path for file in written)
        else "No rejected rows to correct."
    )
    return 0
