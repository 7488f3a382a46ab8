"""Parcours as a library: everything that knows nothing of Dagster, so that a notebook can import it.

In a notebook: `parcours.funnel(events, steps)` asks any table of events, `parcours.step(…)` says a step with its rules.

Its folders, each importing only those named before it (held by import-linter, see `pyproject.toml`): `settings` (what
journey.yaml says), `warehouse` (the database and its log), `engine` (a SQL file as a table, and refreshing it),
`people` (who is who, and forgetting somebody), `loading` (exports to rows), `tables` (which tables there are),
`questions` (what an analyst asks), `report` (the pages). `made_up_shop` writes exports with known truth and imports
nothing of these.
Not here: the Dagster assets (`assets`), jobs, schedule and command line (`pipelines`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parcours.questions.funnel import funnel as funnel
    from parcours.questions.shop import open_shop as open
    from parcours.questions.steps import step as step

__all__ = ["funnel", "open", "step"]

_ASKED = {
    "funnel": ("parcours.questions.funnel", "funnel"),
    "open": ("parcours.questions.shop", "open_shop"),
    "step": ("parcours.questions.steps", "step"),
}
"""What a notebook calls, and where it is: imported when it is first asked for, pandas and Plotly with it."""


def __getattr__(name: str) -> Any:
    if name not in _ASKED:
        raise AttributeError(f"module 'parcours' has no attribute {name!r}")
    module, function = _ASKED[name]
    return getattr(import_module(module), function)
