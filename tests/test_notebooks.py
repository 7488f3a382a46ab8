"""The notebooks run from top to bottom on the published sample."""

from __future__ import annotations

import json
import os
import re
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
        env=os.environ | {"PARCOURS_PUBLISHED": str(published_sample), "PLOTLY_RENDERER": "plotly_mimetype"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-3000:]


def test_notebooks_are_committed_without_outputs() -> None:
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert '"execution_count": null' in text and '"output_type"' not in text, path.name


def test_each_of_the_fourteen_questions_is_a_line_of_a_notebook() -> None:
    page = (ROOT / "docs" / "notebook.md").read_text(encoding="utf-8")
    asked = re.findall(r"^\| (\d+)\. .+\? \| `(.+)` \|$", page, flags=re.MULTILINE)
    assert [number for number, _ in asked] == [str(number) for number in range(1, 15)]
    cells = {
        "".join(cell["source"])
        for path in (ROOT / "notebooks").glob("*.ipynb")
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    }
    assert {line for _, line in asked} <= cells
