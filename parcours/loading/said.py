"""What became of files, in a line."""

from __future__ import annotations

from collections.abc import Iterable

from parcours.loading.accounting import Load

PARTS = ("loaded", "duplicate", "rejected")


def load_line(load: Load) -> str:
    """A file: the rows of it, or why it was refused."""
    if is_refused(load):
        return f"{load.path}: refused: {load.reason}"
    return f"{load.path}: {row_counts([load])}{f'; {load.reason}' if load.reason else ''}"


def row_counts(loads: Iterable[Load]) -> str:
    """The rows of some files: read = loaded + duplicate + rejected."""
    found = [*loads]
    parts = [f"{sum(getattr(load, f'rows_{part}') for load in found):,} {part}" for part in PARTS]
    read = sum(load.rows_read for load in found)
    return f"{read:,} row{'' if read == 1 else 's'} read: {', '.join(parts)}"


def is_refused(load: Load) -> bool:
    """Whether the whole file was refused."""
    return load.status == "refused"
