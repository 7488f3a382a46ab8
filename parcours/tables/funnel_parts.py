"""The one SQL that has to be printed: a funnel's chain of steps, one CTE per step.

A funnel's steps are settings, joined as tables; only their number must stand in the text. `sql/funnels/` holds what the
tables of attempts have in common, selects for funnels of two steps. Here: those for as many steps as a shop's longest,
and which of the chains its funnels need: a plan for rules that no funnel has is only slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from parcours.project import ROOT
from parcours.settings.funnel_rules import Chain

COLUMNS = "funnel_id, unit_id, person_id, entered_on, step_number, furthest_step, entered_at, reached_at, session_id"


def funnel_parts(step_count: int, chains: Iterable[Chain] = ("funnel_chain",)) -> dict[str, str]:
    """The selects of `sql/funnels`, by the name that a model reads them by.

    Args:
        step_count: the steps of the longest funnel.
        chains: those that `chained_attempts` puts together.
    """
    # In the order of their names, what is put into others after them: step_kinds into step_hits.
    files = sorted((ROOT / "sql" / "funnels").glob("*.sql"))
    texts = {path.stem: path.read_text(encoding="utf-8") for path in files}
    # First, since the chains are put into it.
    chained = "\nunion all\n".join(f"select {COLUMNS} from {chain}" for chain in sorted(chains))
    return {"chained_attempts": chained} | {name: with_steps(text, step_count) for name, text in texts.items()}


def with_steps(sql: str, step_count: int) -> str:
    """A select for two steps with what it says of them said of as many.

    Each block stands between a comment and `-- end`: `later step` of step 2, after step 1, is said again for each later
    step; `last step` of step 2 for the last one; `earlier step` of step 1, before step 2, for each before the last,
    from there back to the first.
    """

    def said_again(block: re.Match[str]) -> str:
        texts = []
        for step in _BLOCKS[block[1]](step_count):
            numbers = {"2": f"{step}", "_2": f"_{step}", "_1": f"_{step - 1}"}
            if block[1] == "earlier":
                numbers["1"] = f"{step - 1}"
            texts.append(
                re.sub(r"(\b1|\b2|_1|_2)\b", lambda found, numbers=numbers: numbers.get(found[0], "1"), block[2])
            )
        return "".join(texts)

    return re.sub(r"^ *-- (later|last|earlier) step\n(.*?)^ *-- end\n", said_again, sql, flags=re.MULTILINE | re.DOTALL)


_BLOCKS: dict[str, Callable[[int], Iterable[int]]] = {
    "later": lambda step_count: range(2, step_count + 1),
    "last": lambda step_count: [step_count],
    "earlier": lambda step_count: range(step_count, 1, -1),
}
"""For which steps each block is said, in their order; of an earlier step, the step behind it."""
