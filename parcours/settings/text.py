"""The text of journey.yaml as data, or one message that says which line can't be read and what to do.

YAML is read by the rules of its version 1.2: only `true` and `false` are truth values, `NO` is a country, `010` is a
text. Here too: keys that stand twice, of which YAML would keep the last without a word, and texts that are made to
exhaust whoever reads them. Not here: what the keys mean (`file.py`, `schema.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

MOST_BYTES = 2**20
"""A journey.yaml is some hundred lines."""

MOST_DEPTH = 30
"""Sections within sections: the schema has five."""

MOST_VALUES = 50_000
"""Values, with what aliases repeat."""


class SettingsError(Exception):
    """journey.yaml is wrong. The text lists every problem with its line, key, what was found and expected."""


def read_settings_text(path: Path) -> tuple[dict[str, Any], yaml.Node]:
    """The sections of journey.yaml, and the nodes that say in which line each stands.

    Raises:
        SettingsError: it can't be read, or holds no sections.
    """
    text = _text(path)
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is not None:
            _check_size(root)
        data = None if root is None else loader.construct_document(root)
    except yaml.reader.ReaderError as error:
        # A text in memory: its position counts characters.
        line = text[: error.position].count("\n") + 1
        what = f"found the character {chr(int(error.character))!r}, which no text has. Delete it."
        raise SettingsError(f"{path}, line {line}: {what}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error)
        raise SettingsError(f"{path}{where}: not valid YAML: {what}. Check the indentation and quotes.") from None
    if root is None or not isinstance(data, dict):
        shown = repr(data) if isinstance(data, str) else str(data)
        raise SettingsError(f"{path}: expected sections (shop:, exports:, stages:, …), found {shown[:60]}.")
    if twice := list(_keys_twice(root)):
        lines = [
            f"  line {line}: {key}: stands in line {first} already; keep one of them." for key, line, first in twice
        ]
        raise SettingsError(f"{path}: keys that stand twice. Nothing was run.\n" + "\n".join(lines))
    return data, root


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file. Copy journey.yaml from the repository and edit it.") from None
    except IsADirectoryError:
        raise SettingsError(f"{path}: is a folder. Name the journey.yaml in it.") from None
    except OSError as error:
        raise SettingsError(f"{path}: can't be read: {error.strerror}. Correct its permissions.") from None
    if len(content) > MOST_BYTES:
        raise SettingsError(f"{path}: has {len(content):,} bytes, more than any journey.yaml. Name the right file.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SettingsError(f"{path}: is text in UTF-16. Save the file as UTF-8 in your editor.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"{path}, line {line}: found the byte {content[error.start]:#04x}, which is no text in UTF-8. "
            "Save the file as UTF-8 in your editor."
        ) from None


class _Loader(yaml.SafeLoader):
    """YAML 1.2's values; what only looks like a number or a date stays text, and is refused with its key."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node, unless it stands deeper than any setting."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="sections within sections, deeper than any setting", problem_mark=mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """A value; a date that there is not stays the text that it is."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError):
            if not isinstance(node, yaml.ScalarNode):
                raise
            return node.value


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] not in (f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float"))]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, _pattern, _first in (
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", "[-+]?(0|[1-9][0-9]{0,17})", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), list(_first))


def _check_size(root: yaml.Node) -> None:
    """Refuse a text whose aliases repeat more than any setting has, or themselves."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = MOST_VALUES  # of a node within itself
            parts = node.value if isinstance(node, yaml.CollectionNode) else []
            sizes[id(node)] = 1 + sum(
                size(part) for parts_of in parts for part in (parts_of if isinstance(parts_of, tuple) else (parts_of,))
            )
        return sizes[id(node)]

    if size(root) > MOST_VALUES:
        raise yaml.MarkedYAMLError(problem="its aliases (*name) repeat too much; write out what they stand for")


def _keys_twice(node: yaml.Node, where: str = "") -> Iterator[tuple[str, int, int]]:
    """The keys that a section has twice: the path, the line, and the line of the first."""
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            line, path = key.start_mark.line + 1, f"{where}.{key.value}".lstrip(".")
            if isinstance(key, yaml.ScalarNode) and key.value in lines:
                yield path, line, lines[key.value]
            lines.setdefault(str(key.value), line)
            yield from _keys_twice(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _keys_twice(value, f"{where}[{number}]")
