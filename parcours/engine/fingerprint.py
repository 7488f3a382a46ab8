"""What tells one state of the code from another, as far as it decides rows: part of a table's version.

Comments, docstrings and layout decide none. A function's code is its module, the modules of the same folder that this
one imports, those of `parcours/inference`, how numbers are written and what is said in which language; the engine's own
modules count for every table.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from parcours.words import CATALOGUES

ENGINE = ("parcours.engine.build", "parcours.engine.refresh", "parcours.warehouse.refresh_log")
"""The modules that decide which rows of every table are written anew."""
CONCLUDED = ("parcours.inference", "parcours.numbers")
"""What is concluded from a table's rows, and its sentences, are part of the table that says it."""
SAYS = "from parcours.words import"
"""In a module that says something in the shop's language."""


def engine_version() -> str:
    """That of the engine itself."""
    return _hash(tuple(map(source_of, ENGINE)))


def modules_version(*functions: Callable[..., Any]) -> str:
    """That of functions that write rows, with all of their own folder, of inference, that they call, and of words."""
    modules: dict[str, str] = {}
    waiting = [function.__module__ for function in functions]
    while waiting:
        if (module := waiting.pop()) not in modules:
            modules[module] = source_of(module)
            waiting += _imports(modules[module], (module.rpartition(".")[0], *CONCLUDED))
    version = _hash(tuple(modules[module] for module in sorted(modules)))
    return f"{version} {_words_version()}" if any(SAYS in source for source in modules.values()) else version


@cache
def _words_version() -> str:
    """That of all catalogues: who writes sentences writes others by another translation."""
    said = b"".join(file.read_bytes() for file in sorted(CATALOGUES.glob("*.po")))
    return hashlib.sha256(said).hexdigest()[:12]


@cache
def source_of(module: str) -> str:
    """The text of a module, as it was when it was first asked for."""
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None, module
    return Path(spec.origin).read_text(encoding="utf-8")


@cache
def _hash(sources: tuple[str, ...]) -> str:
    return hashlib.sha256("".join(map(what_decides, sources)).encode()).hexdigest()[:12]


@cache
def what_decides(source: str) -> str:
    """A module's syntax tree as text, without docstrings, also those of constants."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            node.body = [statement for statement in node.body if not _is_text(statement)]
    return ast.dump(tree)


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a text that nothing uses: a docstring."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


@cache
def _imports(source: str, folders: tuple[str, ...]) -> list[str]:
    """The modules of some folders, or some modules, that a module imports."""
    found = [node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    return [name for name in found if name and f"{name}.".startswith(tuple(f"{folder}." for folder in folders))]
