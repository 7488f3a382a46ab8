"""Which behaviours the score of a survey goes with: the rows of `metrics.satisfaction_drivers`.

Here: which answers and behaviours the model is of, and what is left out and why. The model is in
`parcours/inference/shapley.py`; what a behaviour is, in `sql/metrics/survey_requests.sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import duckdb

from parcours.tables.python_rows import write_rows

if TYPE_CHECKING:
    import pandas as pd

    from parcours.inference.shapley import Part

SATISFACTION_DRIVERS = "metrics.satisfaction_drivers"
DRIVERS = (
    "delivery",
    "order_return",
    "support",
    "friction",
    "customer",
    "device",
    "channel",
    "order_value",
    "payment_method",
)
"""At most so many, for each more doubles the models; none says the same as another in other words, as the state of an
order would, for then the two would share what is one's."""
KNOWN = 0.5
"""Of a survey's answers, as many as a driver must be known of: the others are not in the model."""
OTHER = "other"
DIGITS = 9
"""What is written of a share: the last ones depend on the order in which a machine adds up."""


def write_satisfaction_drivers(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace metrics.satisfaction_drivers: one row per survey and driver."""
    answers = connection.execute(
        f"select survey, kind, coalesce(person_id, request_id) as person, score_of_10, {', '.join(DRIVERS)} "
        "from metrics.survey_requests where is_answer order by survey, kind, request_id"
    ).df()
    [(small_cell,)] = connection.execute("select small_cell from settings.shop").fetchall()
    rows: list[Sequence[Any]] = []
    for (survey, kind), of_survey in answers.groupby(["survey", "kind"]):
        rows += [(survey, kind, *row) for row in _rows(of_survey, int(small_cell))]
    write_rows(connection, SATISFACTION_DRIVERS, rows)


def _rows(answers: pd.DataFrame, small_cell: int) -> list[Sequence[Any]]:
    """The rows of one survey, without its name: those in the model, the most explained first, then those left out."""
    left_out = {name: reason for name in DRIVERS if (reason := _unusable(answers[name], small_cell))}
    while True:
        names = [name for name in DRIVERS if name not in left_out]
        known = answers.dropna(subset=names)
        values = {name: _together(known[name], small_cell) for name in names}
        # Where the answers of which another is unknown are left out, there may be one value left.
        alone = {name: "one value" for name in names if values[name].nunique() < 2}
        if not alone:
            break
        left_out |= {name: _few(small_cell) for name in alone}
    missing: list[Sequence[Any]] = [(name, *[None] * 14, left_out[name]) for name in DRIVERS if name in left_out]
    if not names:
        return missing
    if known["score_of_10"].nunique() < 2:
        return [(name, *[None] * 14, left_out.get(name, "everybody gave the same score")) for name in DRIVERS]

    from parcours.inference.shapley import explain

    parts = explain(
        known["score_of_10"].to_numpy(float),
        {name: values[name].to_numpy(str) for name in names},
        known["person"].to_numpy(str),
    )
    everything = sum(part.explained for part in parts.values())
    counts = (len(known), len(answers) - len(known), round(everything, DIGITS))
    told = sorted(parts, key=lambda name: (-round(parts[name].explained, DIGITS), name))
    return [*((name, *counts, *_written(parts[name]), None) for name in told), *missing]


def _unusable(values: pd.Series[str], small_cell: int) -> str | None:
    """Why a driver can't be in the model; None: it can."""
    if values.notna().mean() < KNOWN:
        return "not known" if values.isna().all() else "known of less than half"
    if values.nunique() < 2:
        return f"always {values.dropna().iloc[0]}"
    return _few(small_cell) if _together(values.dropna(), small_cell).nunique() < 2 else None


def _few(small_cell: int) -> str:
    return f"no two values with {small_cell} answers"


def _together(values: pd.Series[str], small_cell: int) -> pd.Series[str]:
    """The values, those of few answers as one; it goes with the most common value, if it has few itself."""
    counts = values.value_counts()
    rare = counts.index[counts < small_cell]
    if not len(rare):
        return values
    common = sorted(counts.index[counts >= small_cell], key=lambda value: (-counts[value], value))
    instead = OTHER if counts[rare].sum() >= small_cell or not common else common[0]
    return values.where(~values.isin(rare), instead)


def _written(part: Part) -> list[Any]:
    numbers = (part.explained, part.low, part.high, part.chance, part.alone, part.beyond, part.p_value)
    effects = part.effects if part.is_told else {}
    worst = min(effects, key=lambda value: (effects[value], value), default=None)
    best = max(effects, key=lambda value: (effects[value], value), default=None)
    apart = None if worst is None or best is None else round(effects[worst] - effects[best], DIGITS)
    return [*(round(number, DIGITS) for number in numbers), part.is_told, worst, best, apart]
