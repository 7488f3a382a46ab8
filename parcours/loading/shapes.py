"""Where a JSON record is not of its shape: a text where an object is expected would be null, with all that it should
hold.

What says nothing is no fault: null, an empty text, an empty list (as PHP writes an object without members), false.
Not here: texts where numbers or times are expected (`written_values.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from parcours.warehouse.connection import text_literal

NOTHING = "('', '[]', '{}', 'false', 'null')"
"""SQL of the texts of values that say nothing."""

FUNCTIONS = {
    "unread_object(label, value, path)": (
        "case when json_type(value, path) not in ('OBJECT', 'NULL') "
        f"and trim(value ->> path) not in {NOTHING} then label || ' is not an object: ' || (value ->> path) end"
    ),
    "unread_list(label, value, path)": (
        "case when json_type(value, path) not in ('ARRAY', 'NULL') "
        f"and trim(value ->> path) not in {NOTHING} then label || ' is not a list: ' || (value ->> path) end"
    ),
    "unread_elements(label, value, path)": (
        "case when len(list_filter(json_type(value, path), lambda type: type not in ('OBJECT', 'NULL'))) > 0 then "
        "label || ' is not an object: ' || list_filter(value ->> path, lambda text, place: "
        f"json_type(value, path)[place] not in ('OBJECT', 'NULL') and trim(text) not in {NOTHING})[1] end"
    ),
}
"""By the signature of a macro its body: why what is at a path of a JSON value is no object, no list, or why an element
of a list (`$.items[*]`) is none; null where it is, or where there is nothing."""


def misread(value: str, shape: str | None, label: str = "") -> str:
    """SQL of the reason why a JSON value is not of a shape, by the first place where it is not; null: it is.

    Args:
        value: SQL of the value; it is an object.
        shape: JSON of the shape, as `json_transform` takes it.
        label: what the names of the members begin with.
    """
    places = [*_places(json.loads(shape), "$", label)] if shape else []
    alone = [place for place in places if "[*]" not in place[1]]
    if not alone:
        return "cast(null as text)"
    # One call for all that are not in lists: each would read the whole text.
    numbers = {path: number for number, (_, path, _) in enumerate(alone, 1)}
    paths = ", ".join(text_literal(path) for path in numbers)
    reasons = [
        f"case when types[{numbers[path]}] not in ('{'OBJECT' if kind == 'object' else 'ARRAY'}', 'NULL') "
        f"then unread_{kind}({text_literal(name)}, {value}, {text_literal(path)}) end"
        for name, path, kind in alone
    ]
    reasons += [
        f"case when types[{numbers[path[: path.index('[*]')]]}] = 'ARRAY' "
        f"then unread_elements({text_literal(name)}, {value}, {text_literal(path)}) end"
        for name, path, _ in places
        if "[*]" in path
    ]
    return f"list_transform([json_type({value}, [{paths}])], lambda types: coalesce({', '.join(reasons)}, null))[1]"


def _places(shape: Any, path: str, label: str) -> Iterator[tuple[str, str, str]]:
    """Of each object and list of a shape its name, its path and which of the two it is."""
    for name, part in shape.items():
        at, named = f"{path}.{json.dumps(name)}", f"{label}{name}"
        if isinstance(part, dict):
            yield named, at, "object"
            yield from _places(part, at, f"{named}.")
        elif isinstance(part, list):
            # A list within a list: its elements alone are looked at.
            if "[*]" not in at:
                yield named, at, "list"
            if isinstance(part[0], dict):
                yield named, f"{at}[*]", "object"
                yield from _places(part[0], f"{at}[*]", f"{named}.")
