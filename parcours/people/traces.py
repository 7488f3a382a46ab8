"""The ids of somebody in texts: finding them, and writing the texts without them.

An id counts where it stands as a whole, not within a longer one. Not here: which ids these are (`forget.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

INSTEAD = "[forgotten]"


class Traces:
    """Ids to look for, some thousand of them in texts of many megabytes: so by their words first."""

    def __init__(self, ids: Iterable[str]) -> None:
        """The ids are also looked for as JSON writes them."""
        self._ids = sorted({*ids} | {json.dumps(one)[1:-1] for one in ids}, key=len, reverse=True)
        self._words = {one: frozenset(re.findall(r"\w+", one)) for one in self._ids}

    def are_in(self, text: str) -> bool:
        """Whether a text names one of the ids."""
        return bool(self._pattern(text))

    def out_of(self, text: str) -> str:
        """A text with something else in the place of each of the ids."""
        pattern = self._pattern(text)
        return pattern.sub(INSTEAD, text) if pattern else text

    def _pattern(self, text: str) -> re.Pattern[str] | None:
        """A pattern of those of the ids that the text names; None: it names none."""
        words = {*re.findall(r"\w+", text)}
        near = "|".join(re.escape(one) for one in self._ids if self._words[one] <= words and one in text)
        pattern = re.compile(rf"(?<!\w)(?:{near})(?!\w)") if near else None
        return pattern if pattern and pattern.search(text) else None
