"""Imports go one way: pipelines → assets → parcours, in parcours along the flow (contracts in pyproject.toml)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from parcours.project import ROOT


def test_every_import_goes_along_the_flow() -> None:
    # In a process of its own: import-linter turns off every logger that there is, and later tests listen to some.
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", ROOT / "pyproject.toml"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr
