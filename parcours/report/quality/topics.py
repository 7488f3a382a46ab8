"""The questions of the quality page, and what it shows of each beside the checks: `topics.yaml`.

Not here: how a section is made of one (`sections.py`), its tables (`queries/`) and their figures
(`sql/metrics`), nor the words of a check, which are in its file (`sql/checks`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import TypeAdapter


@dataclass(frozen=True)
class Topic:
    """A question of the page.

    Attributes:
        key: its place in the page.
        name: its name in the page's contents.
        mark: its row of metrics.quality_marks, which is its title and a headline of the page.
        holds: the rest of that title, after “All 12” or “11 of 12”.
        about: what is counted.
        empty: why there is nothing to see, where there is nothing to count.
        sources: the tables that it reads; the checks of the first belong here.
        shown: queries of its tables.
        behind: queries of the tables behind a click.
        bars: the query of a chart by shop day, what it counts, and of what.
    """

    key: str
    name: str
    mark: str
    holds: str
    about: str
    empty: str
    sources: tuple[str, ...]
    shown: tuple[str, ...]
    behind: tuple[str, ...] = ()
    bars: tuple[str, str, str] | None = None


TOPICS = TypeAdapter(tuple[Topic, ...]).validate_python(
    yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
)
