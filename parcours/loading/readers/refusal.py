"""Why a whole file can't be loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")


class FileRefused(Exception):
    """A whole file can't be read; the text says why and what to do.

    Attributes:
        reasons: where several files are read together, why by the path of those that can't be; none: it is not known
            which of them it is, or they only can't be read by one statement.
    """

    def __init__(self, reason: str, reasons: Mapping[Path, str] | None = None) -> None:
        super().__init__(reason)
        self.reasons = reasons or {}


def of_each(paths: Iterable[Path], ask: Callable[[Path], Answer]) -> list[Answer]:
    """What is asked of each file, by a function that may refuse it.

    Raises:
        FileRefused: some are refused or can't be opened, with the reasons of all of them.
    """
    answers, reasons = [], {}
    for path in paths:
        try:
            answers.append(ask(path))
        except FileRefused as refusal:
            reasons[path] = str(refusal)
        except OSError as error:
            reasons[path] = not_opened(error)
    if reasons:
        raise FileRefused(next(iter(reasons.values())), reasons)
    return answers


def not_opened(error: OSError) -> str:
    """Why a file is refused that the operating system does not open."""
    return f"can't be opened ({error.strerror}); give the account of the run the right to read it"


def first_line(error: Exception) -> str:
    """DuckDB's message without its hints, which name options that an analyst doesn't have."""
    return str(error).splitlines()[0]
