"""What stopped a run, in the language that is spoken. Records hold it in English, as the terminal prints it.

What a database, a service or the system itself answered stays as it is: it is a quotation.
Not here: what the trouble is (`parcours/troubles.py`); its words (`table_words.yaml`, those of checks and of `KNOWN`).
"""

from __future__ import annotations

import re
from typing import Protocol

from parcours.numbers import Numbers, capital
from parcours.troubles import Trouble
from parcours.words import ENGLISH, say, spoken, told

CHECK_TITLE = re.compile(r"(?P<finds>.+): (?P<count>[\d,]+) \((?P<table>[\w.]+), (?P<check>\w+)\)")
"""The title of a failed check, as `troubles.py` writes it."""


class Said(Protocol):
    """A trouble, or one that a record holds."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def cause(self) -> str: ...
    @property
    def to_do(self) -> str: ...


def in_words(trouble: Said, numbers: Numbers) -> Trouble:
    """The trouble in the language that is spoken."""
    if spoken() == ENGLISH:
        return Trouble(trouble.id, trouble.title, trouble.cause, trouble.to_do)
    title = told(trouble.title)
    if found := CHECK_TITLE.fullmatch(trouble.title):
        title = say(
            "{finding}: {count} ({table}, {check})",
            finding=capital(_told_within(found["finds"])),
            count=numbers.count(int(found["count"].replace(",", ""))),
            table=found["table"],
            check=found["check"],
        )
    return Trouble(trouble.id, title, "\n".join(map(_line, trouble.cause.splitlines())), told(trouble.to_do))


def _line(line: str) -> str:
    """A line of a cause; of a file, what is said of it."""
    text = line.strip()
    said = told(text)
    path, colon, reason = text.partition(": ")
    return f"{path}{colon}{told(reason)}" if said == text and colon else said


def _told_within(finds: str) -> str:
    """What a check counts, as it stands within a sentence: so the catalogue has it."""
    return told(f"{finds[0].lower()}{finds[1:]}")
