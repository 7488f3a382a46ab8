"""Why a whole file can't be loaded."""


class FileRefused(Exception):
    """A whole file can't be read; the text says why and what to do."""


def first_line(error: Exception) -> str:
    """DuckDB's message without its hints, which name options that an analyst doesn't have."""
    return str(error).splitlines()[0]
