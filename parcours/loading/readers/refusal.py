"""Why a whole file can't be loaded."""

from __future__ import annotations

import re

import duckdb

VALUES = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException)
"""What DuckDB raises for a value, and quotes it."""


class FileRefused(Exception):
    """A whole file can't be read; the text says why and what to do."""


def without_values(error: duckdb.Error) -> str:
    """DuckDB's message without the value of a file that it quotes; where the SQL is wrong, with all that it says."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", first_line(error)) if isinstance(error, VALUES) else str(error)


def first_line(error: Exception) -> str:
    """DuckDB's message without its hints, which name options that an analyst doesn't have."""
    return str(error).splitlines()[0]
