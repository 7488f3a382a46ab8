"""Formulas that many tables share, written once: each file of `sql/functions` is one scalar SQL macro.

Here: reading and refusing the files, keeping them as macros of a database (the warehouse, the published file) so that
every select there can call them, and `inlined`, a select with the formulas instead of the calls, as engines without
macros need it and as a table's version takes it. Not here: the formulas (`sql/functions`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from parcours.project import ROOT


class FunctionError(Exception):
    """A file can't be a function, or a call does not fit one. The text names it, what was found and what to write."""


@dataclass(frozen=True)
class Function:
    """One formula. `body` calls no other function of ours: their formulas stand in it.

    `description`: what it computes; `takes`: what its arguments are, in which unit; `source`: where it is from.
    """

    name: str
    arguments: tuple[str, ...]
    body: exp.Expr
    description: str
    takes: str
    source: str

    @property
    def signature(self) -> str:
        """How it is called."""
        return f"{self.name}({', '.join(self.arguments)})"

    @cached_property
    def formula(self) -> str:
        """Its body as SQL."""
        return str(self.body.sql(dialect="duckdb", comments=False, normalize_functions="lower"))


@cache
def read_functions(folder: Path = ROOT / "sql" / "functions") -> Mapping[str, Function]:
    """The functions of a folder by name, those that others call before them.

    Raises:
        FunctionError: a file is not a comment and one `create macro` of its own name over its arguments alone.
    """
    waiting = {path.stem: _read(path) for path in sorted(folder.glob("*.sql"))}
    found: dict[str, Function] = {}
    while waiting:
        ready = [name for name, function in waiting.items() if not any(called(function.body, waiting))]
        if not ready:
            raise FunctionError(f"{folder}: {', '.join(waiting)} call each other in a circle. Break it.")
        for name in ready:
            function = waiting.pop(name)
            found[name] = replace(function, body=inlined(function.body, found))
    return found


def inlined(tree: exp.Expr, functions: Mapping[str, Function] | None = None) -> exp.Expr:
    """A select, or a part of one, with each call of a function replaced by its formula; the given one stays, and is
    what comes back where nothing is called: a copy costs more than all else that is done with a file.

    Raises:
        FunctionError: a call with another number of arguments than the function has.
    """
    known = read_functions() if functions is None else functions

    def replaced(node: exp.Expr) -> exp.Expr:
        function = known.get(node.name.lower()) if isinstance(node, exp.Anonymous) else None
        if function is None:
            return node
        if len(node.expressions) != len(function.arguments):
            raise FunctionError(f"{node.sql('duckdb')}: expected {function.signature}. Correct the arguments.")
        given = dict(zip(function.arguments, (inlined(one, known) for one in node.expressions), strict=True))
        return _with_arguments(function.body, given)

    return tree.transform(replaced) if any(called(tree, known)) else tree


def called(tree: exp.Expr, functions: Mapping[str, Function]) -> Iterator[str]:
    """The names of those functions that a select, or a part of one, calls; each as often as it does."""
    return (node.name for node in tree.find_all(exp.Anonymous) if node.name.lower() in functions)


def write_functions(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Make the functions, with their descriptions, macros of a database."""
    for function in read_functions().values():
        macro = f"{database}.main.{function.name}"
        connection.execute(f"create macro {macro}({', '.join(function.arguments)}) as {function.formula}")
        said = f"{function.description} Arguments: {function.takes}.".replace("'", "''")
        connection.execute(f"comment on macro {macro} is '{said}'")


def refresh_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions macros of the warehouse, where a file has changed since; runs in the caller's transaction."""
    said = "\n".join(f"{f.signature} {f.formula} {f.description} {f.takes}" for f in read_functions().values())
    version = hashlib.sha256(said.encode()).hexdigest()
    # Asked of a table: DuckDB takes 30 ms to list its functions, and every table of a run opens the warehouse.
    connection.execute("create table if not exists refresh_log.functions (version text)")
    written = connection.execute("from refresh_log.functions").fetchall()
    if written == [(version,)]:
        return
    of_ours = (
        "select function_name from duckdb_functions() where database_name = current_database() "
        "and schema_name = 'main' and function_type = 'macro' and not internal"
    )
    for (name,) in connection.execute(of_ours).fetchall() if written else ():
        connection.execute(f"drop macro main.{name}")
    [(database,)] = connection.execute("select current_database()").fetchall()
    write_functions(connection, f'"{database}"')
    connection.execute("delete from refresh_log.functions")
    connection.execute("insert into refresh_log.functions values (?)", [version])


def _read(path: Path) -> Function:
    """The function of a file; its body may call others."""
    text = path.read_text(encoding="utf-8")
    said = re.match(r"((?:-- .+\n)+)-- arguments: (.+)\n-- source: (.+)\n", text)
    if not said:
        raise FunctionError(f"{path}: expected a comment on top: what it computes, '-- arguments: …', '-- source: …'.")
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        raise FunctionError(f"{path}, line {error.errors[0]['line']}: {error.errors[0]['description']}.") from None
    created = statements[0] if len(statements) == 1 else None
    if not isinstance(created, exp.Create) or created.kind != "MACRO" or _name(created) != path.stem:
        raise FunctionError(f"{path}: expected 'create macro {path.stem}(…) as …' and nothing else. Write one a file.")
    description = " ".join(line.removeprefix("-- ") for line in said[1].splitlines())
    arguments = tuple(one.name for one in created.this.expressions)
    function = Function(path.stem, arguments, created.expression, description, said[2], said[3])
    strange = {column.sql("duckdb") for column in function.body.find_all(exp.Column)} - {*function.arguments}
    if strange or function.body.find(exp.Query):
        what = ", ".join(sorted(strange)) or "a select"
        raise FunctionError(f"{path}: found {what}; a function reads its arguments alone: {function.signature}.")
    return function


def _name(created: exp.Create) -> str:
    return str(created.this.this.name)


def _with_arguments(body: exp.Expr, given: Mapping[str, exp.Expr]) -> exp.Expr:
    """A formula over the given arguments; in brackets, as they are where they need them."""

    def replaced(node: exp.Expr) -> exp.Expr:
        return _bracketed(given[node.name]) if isinstance(node, exp.Column) else node

    return _bracketed(body.transform(replaced))


def _bracketed(value: exp.Expr) -> exp.Expr:
    holds_together = isinstance(value, (exp.Column, exp.Literal, exp.Paren, exp.Func)) and not isinstance(
        value, (exp.Binary, exp.Connector)
    )
    return value.copy() if holds_together else exp.paren(value)
