"""The one SQL that has to be printed: a funnel's chain of steps, one CTE per step.

A funnel's steps are settings, joined as tables; only their number must stand in the text. `sql/funnels/` holds what the
tables of attempts have in common, selects for funnels of two steps. Here: those for as many steps as a shop's longest.
"""

from __future__ import annotations

import re

from parcours.project import ROOT


def funnel_parts(step_count: int) -> dict[str, str]:
    """The selects of `sql/funnels`, by the name that a model reads them by, for funnels of up to `step_count` steps."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "sql" / "funnels").glob("*.sql")}
    return {name: with_steps(text, step_count) for name, text in texts.items()}


def with_steps(sql: str, step_count: int) -> str:
    """A select with what it says of step 2, after step 1, said of every later step."""

    def said_again(block: re.Match[str]) -> str:
        texts = []
        for step in range(2, step_count + 1):
            numbers = {"2": f"{step}", "_2": f"_{step}", "_1": f"_{step - 1}"}
            texts.append(re.sub(r"(\b2|_1|_2)\b", lambda number, numbers=numbers: numbers[number[0]], block[1]))
        return "".join(texts)

    return re.sub(r"^ *-- later step\n(.*?)^ *-- end\n", said_again, sql, flags=re.MULTILINE | re.DOTALL)
