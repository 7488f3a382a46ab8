"""Tables as numpy columns of equal length, and the few operations on them that numpy has no word for."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Columns = dict[str, Array]
Tables = dict[str, Columns]


def numbered(counts: Array) -> Array:
    """0, 1, 2 … within each run of the given lengths."""
    numbers: Array = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return numbers


def highest(values: Array, group: Array, groups: int, otherwise: int = 0) -> Array:
    """Per group number, the highest of its values; `otherwise` for a group without any."""
    found = np.full(groups, otherwise, dtype=np.int64)
    np.maximum.at(found, group, values)
    return found


def rows(columns: Columns, which: Array, *names: str) -> Columns:
    """The rows that a mask or a list of row numbers picks, in the columns named or in all."""
    return {name: columns[name][which] for name in names or columns}


def joined(parts: list[Columns]) -> Columns:
    """The rows of all parts, with the columns of the first."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
