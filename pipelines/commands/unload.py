"""`parcours unload`: files taken back, or let in again, then everything built and published."""

from __future__ import annotations

import argparse

from parcours.project import load_project
from parcours.warehouse.open_run import open_run
from pipelines.commands.run import BY, Manner, run


def unload_files(options: argparse.Namespace) -> int:
    """Take files back, or let them be loaded again, then build and publish everything; prints what that was."""
    from parcours.loading.unload import load_again
    from parcours.run import take_back

    project = load_project(options.journey, options.exports)
    with open_run(project, BY) as opened:
        if options.again:
            paths = load_again(opened.connection, project, options.file)
            print(f"Loaded again, if still there: {', '.join(paths)}.")
        else:
            print(take_back(project, opened.connection, options.file))
        opened.close()
        return run(options.journey, options.exports, Manner())
