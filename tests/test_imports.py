"""Imports go one way: pipelines → assets → parcours, in parcours along the flow (contracts in pyproject.toml)."""

from __future__ import annotations

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from parcours.project import ROOT


def test_every_import_goes_along_the_flow() -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, is_debug_mode=False)
    assert status == EXIT_STATUS_SUCCESS
