"""`parcours ui`: Dagster's UI and daemon, on loopback."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from parcours.project import ROOT, load_last_good_project


def ui(journey_file: Path | None, exports_folder: Path | None, port: int) -> int:
    """Serve Dagster's UI and daemon on loopback, with the shop's own history, until they are stopped."""
    from pipelines.history import dagster_home
    from pipelines.webserver import REPORTS_FOLDER

    named = {"PARCOURS_JOURNEY": journey_file, "PARCOURS_EXPORTS": exports_folder}
    os.environ |= {name: str(path.resolve()) for name, path in named.items() if path}
    project = load_last_good_project()
    home = dagster_home(project)
    served = [sys.executable, "-m", "pipelines.webserver", "dev", "-m", "pipelines.definitions", "--host", "127.0.0.1"]
    # In place of this process, so that whatever stops this one stops them.
    os.environ[REPORTS_FOLDER] = str(project.report.parent)
    os.environ |= {"DAGSTER_HOME": str(home), "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    os.chdir(home)
    os.execv(sys.executable, [*served, "--port", str(port)])
