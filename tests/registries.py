"""What tests fetch from the package registries when they run, pinned by hashes, into pytest's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

READERS, AXE = (Path(__file__).parent / name for name in ("readers", "axe"))
"""Programs that run with it in processes of their own, and its hashes."""


def from_pip(release: str) -> list[str]:
    """The command that puts a release, as its file of hashes says, into the folder where it runs."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    return [*command, "--only-binary", ":all:", "--target", ".", "-r", str(READERS / f"{release}.txt")]


def installed(command: Sequence[str], folder: Path, what: str, packages: Path = READERS) -> Path:
    """A folder into which a registry's client has put what tests need, npm as its files in `packages` say; where there
    is no network a laptop skips with a message, and CI fails."""
    done = folder / ".complete"
    if done.exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in packages.glob("package*.json"):
        shutil.copy(path, folder)
    try:
        made = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
        failure = made.stderr[-2000:] if made.returncode else ""
    except OSError as error:
        failure = str(error)
    if failure:
        message = f"{what} can't be installed: {failure}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    done.touch()
    return folder


def axe_core(request: pytest.FixtureRequest) -> Path:
    """axe-core, which finds what keeps people from using a page."""
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    folder = installed(command, request.config.cache.mkdir("axe-core"), "axe-core", AXE)
    return folder / "node_modules" / "axe-core" / "axe.min.js"
