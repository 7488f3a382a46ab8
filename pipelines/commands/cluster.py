"""`parcours run --cluster`: a run whose tables a Spark cluster of this machine computes."""

from __future__ import annotations

import os
from pathlib import Path

from parcours.cluster.standalone import standalone
from parcours.project import load_last_good_project
from parcours.tables.engines import MASTER, end_sessions
from pipelines.commands.run import Manner, run


def run_on_cluster(journey_file: Path | None, exports_folder: Path | None, manner: Manner) -> int:
    """Start a master and two workers on loopback, run as `run` does, and end them; returns the exit code."""
    output = load_last_good_project(journey_file, exports_folder).output
    with standalone(output / ".spark") as cluster:
        os.environ[MASTER] = cluster.master
        try:
            if manner.is_told:
                print(f"A Spark cluster of this machine: {cluster.master}, {len(cluster.processes) - 1} workers")
            return run(journey_file, exports_folder, manner)
        finally:
            end_sessions()
            del os.environ[MASTER]
