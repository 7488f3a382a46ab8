"""Which files are loaded together: preparing a statement costs more than a small file does.

Files of one export, of different content, up to a number and a size that fit into memory. Their rows stand below each
other in `file_rows`, so a source is only asked about several files if it says of each row what it would say of the
file alone: it brings no rows together, or those of one `file_number` only. Not here: loading (`load.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlglot import exp

from parcours.engine.model import ModelError, parse_select
from parcours.loading.files import Found

MOST_FILES = 500
"""Files that are loaded together."""

MOST_BYTES = 32 * 2**20
"""Bytes of them, compressed as they are: a larger file is loaded alone."""

DOCUMENTS = {"json", "xml"}
"""The kinds of files that are read alone: one value, whose list is looked for."""


def may_join(waiting: Sequence[Found], file: Found) -> bool:
    """Whether a file may be loaded together with those that wait."""
    if not waiting:
        return True
    return (
        waiting[0].reading is file.reading
        and len(waiting) < MOST_FILES
        and sum(other.size for other in (*waiting, file)) <= MOST_BYTES
        and not DOCUMENTS.issuperset(file.source.reads)
        and keeps_files_apart(file.source.sql)
    )


@cache
def keeps_files_apart(sql: str) -> bool:
    """Whether a source says of each row of several files what it would say if the row's file were alone.

    What can't be told is no: the file is loaded alone then, which is only slower.
    """
    try:
        select = parse_select(sql, "source")
    except ModelError:
        return False
    names = [table.name for table in select.find_all(exp.Table)]
    own = {"file_rows", *(cte.alias for cte in select.find_all(exp.CTE))}
    return (
        all(names.count(name) <= 1 for name in own)
        and not any(select.find_all(exp.Group, exp.Distinct, exp.Limit, exp.Offset, exp.SetOperation))
        and all(_names_file(window.args.get("partition_by") or ()) for window in select.find_all(exp.Window))
        and all(
            isinstance(found.find_ancestor(exp.Window, exp.Select), exp.Window)
            for found in select.find_all(exp.AggFunc)
        )
    )


def _names_file(expressions: Sequence[exp.Expression]) -> bool:
    return any(
        name.name == "file_number"
        for expression in expressions
        for name in expression.find_all(exp.Column, exp.Identifier)
    )
