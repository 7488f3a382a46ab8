"""Paths as they are printed."""

from pathlib import Path

HERE = Path.cwd()
"""Where the command was given; a run goes elsewhere."""


def shown(path: Path) -> str:
    """From where the command was given, if the path is below."""
    return str(path.relative_to(HERE)) if path.is_relative_to(HERE) else str(path)
