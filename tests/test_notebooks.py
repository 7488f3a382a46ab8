"""The notebooks run from top to bottom on the published sample."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from parcours.project import ROOT


def test_notebooks_run(published_sample: Path) -> None:
    found = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--override-ini=addopts=",
            "--nbmake",
            "--nbmake-timeout=120",
            "-q",
            "-p",
            "no:cacheprovider",
            "notebooks",
        ],
        cwd=ROOT,
        env=os.environ | {"PARCOURS_PUBLISHED": str(published_sample)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-3000:]


def test_notebooks_are_committed_without_outputs() -> None:
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert '"execution_count": null' in text and '"output_type"' not in text, path.name
