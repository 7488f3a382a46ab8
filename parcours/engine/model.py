"""What a SQL file says of its table: upstreams, description, version, columns and their lineage.

Here: reading `sql/<schema>/<table>.sql` into `Model`s, and every reason to refuse one.
Not here: running them (`build.py`), nor which SQL forms are portable (`portable_sql.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Protocol, TypeVar

import sqlglot
from sqlglot import exp

from parcours.warehouse.connection import SCHEMAS
from parcours.warehouse.functions import Function, inlined


class ModelError(Exception):
    """A SQL file can't be a table. The text names the file, what was found and what to write instead."""


@dataclass(frozen=True)
class Model:
    """One table, as its SQL file describes it.

    `keyed_by` and `linked_by` are explained in `refresh.py`; `key`: the columns that tell its rows apart;
    `columns`: the sentence of each; `within` and `across`: what `within_key.py` is told of its columns and CTEs.
    """

    schema: str
    name: str
    sql: str
    description: str
    upstreams: tuple[str, ...]
    code_version: str
    keyed_by: str | None = None
    linked_by: str | None = None
    key: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    across: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The table's qualified name, `schema.name`."""
        return f"{self.schema}.{self.name}"


def read_model(path: Path, parts: Mapping[str, str] | None = None) -> Model:
    """The model in a file: the folder is the schema, the file's name is the table's.

    Args:
        path: the file.
        parts: selects over the CTEs of a file that reads them by name, and their text in that place.
    """
    sql = path.read_text(encoding="utf-8")
    for part, select in (parts or {}).items():
        if part not in sql:
            continue
        sql = f"(\n{select})".join(re.split(rf"(?<=from |join ){part}\b", sql))
    return parse_model(path.parent.name, path.stem, sql, source=str(path))


@cache
def parse_model(schema: str, name: str, sql: str, source: str | None = None) -> Model:
    """The model of a select. `source` names it in errors."""
    source = source or f"{schema}.{name}"
    select = parse_select(sql, source)
    comment = _leading_comment(sql)
    if not comment.startswith("One row per "):
        raise ModelError(f"{source}: expected a first line '-- One row per …', found {comment[:40]!r}.")
    keyed_by, linked_by = (_said(sql, f"{how} by") for how in ("keyed", "linked"))
    return Model(
        schema=schema,
        name=name,
        sql=sql,
        description=comment,
        upstreams=tuple(tables_read(select, schema, source)),
        code_version=code_version(select),
        keyed_by=keyed_by[0] if keyed_by else None,
        linked_by=linked_by[0] if linked_by else None,
        key=_said(sql, "key"),
        within=_said(sql, f"within {keyed_by[0]}") if keyed_by else (),
        across=_said(sql, f"across {keyed_by[0]}") if keyed_by else (),
        columns=_column_comments(select, sql),
    )


def code_version(select: exp.Query, functions: Mapping[str, Function] | None = None) -> str:
    """The version of a select: another one when it, or a function that it calls, computes something else."""
    tree = inlined(select, functions)
    # Writing may change a tree: of the one that is kept, a copy is written.
    text = tree.sql(dialect="duckdb", comments=False, copy=tree is select)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Declared(Protocol):
    """What the engine needs to know of a table, whatever writes it."""

    @property
    def table(self) -> str: ...
    @property
    def upstreams(self) -> tuple[str, ...]: ...
    @property
    def keyed_by(self) -> str | None: ...
    @property
    def key(self) -> tuple[str, ...]: ...


AnyDeclared = TypeVar("AnyDeclared", bound=Declared)


def in_order(tables: Iterable[AnyDeclared], existing: Iterable[str] = ()) -> list[AnyDeclared]:
    """The tables, upstreams first; refuses a missing upstream and a cycle."""
    by_table = {table.table: table for table in tables}
    known = set(by_table) | set(existing)
    for table in by_table.values():
        for upstream in table.upstreams:
            if upstream not in known:
                raise ModelError(
                    f"{table.table} reads {upstream}, which does not exist. "
                    f"Add sql/{upstream.replace('.', '/')}.sql or correct the name."
                )
    graph = {name: [u for u in table.upstreams if u in by_table] for name, table in by_table.items()}
    try:
        return [by_table[table] for table in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        raise ModelError(f"These tables read each other in a circle: {' ← '.join(error.args[1])}.") from None


def narrowed_sql(sql: str, instead: Mapping[str, str]) -> str:
    """A select that reads other tables instead of some; each keeps its name, so that columns are found by it.

    The text stays as it is but for the names that the parser took for tables.
    """
    parts, done = [], 0
    for start, end, table in _table_names(sql):
        parts += [sql[done:start], instead.get(table, table)]
        done = end
    return "".join([*parts, sql[done:]])


@cache
def _table_names(sql: str) -> list[tuple[int, int, str]]:
    """Where a select names a table with its schema, to read it or before a column: start, end, qualified name."""
    found = []
    for node in parse_select(sql, "select").find_all(exp.Table, exp.Column):
        schema, name = node.args.get("db"), node.args.get("table") if isinstance(node, exp.Column) else node.this
        if isinstance(schema, exp.Identifier) and isinstance(name, exp.Identifier):
            found.append((schema.meta["start"], name.meta["end"] + 1, f"{schema.name}.{name.name}"))
    return sorted(found)


@cache
def names_in(sql: str) -> frozenset[str]:
    """Every name in a select, of columns, tables and whatever else: a column of another table that it reads is among
    them, since no model reads all columns of one by `*`.
    """
    return frozenset(node.name for node in parse_select(sql, "select").find_all(exp.Identifier))


def parse_select(sql: str, source: str) -> exp.Query:
    """The one select of a file; whoever asks again gets the same: copy it before changing it."""
    try:
        statements = _parsed(sql)
    except sqlglot.errors.ParseError as error:
        first = error.errors[0]
        raise ModelError(f"{source}, line {first['line']}: {first['description']}.") from None
    if len(statements) != 1:
        raise ModelError(f"{source}: expected one select, found {len(statements)} statements. Split the file.")
    select = statements[0]
    if not isinstance(select, exp.Query):
        raise ModelError(f"{source}: expected a select, found {select.key}. The runner creates the table.")
    return select


@cache
def _parsed(sql: str) -> list[exp.Expr]:
    return [statement for statement in sqlglot.parse(sql, dialect="duckdb") if statement is not None]


def tables_read(select: exp.Query, schema: str, source: str) -> list[str]:
    """The tables a select reads, each once, in the order of first reading."""
    ctes = {cte.alias for cte in select.find_all(exp.CTE)}
    found: dict[str, None] = {}
    for table in select.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue  # a table function, as generate_series
        if not table.db:
            if table.name in ctes:
                continue
            raise ModelError(f"{source}: reads {table.name!r} without its schema. Write <schema>.{table.name}.")
        if table.this.args.get("quoted") or table.args["db"].args.get("quoted"):
            raise ModelError(f"{source}: quoted table name {table.sql('duckdb')}. Write it plain, in lower case.")
        name = f"{table.db}.{table.name}"
        if table.name in ctes:
            raise ModelError(f"{source}: the CTE {table.name!r} is named like {name}, read here. Rename the CTE.")
        if table.db not in SCHEMAS:
            raise ModelError(f"{source}: reads {name}; expected one of the schemas {', '.join(SCHEMAS)}.")
        if SCHEMAS.index(table.db) > SCHEMAS.index(schema):
            raise ModelError(f"{source}: reads {name}, but {table.db} is to the right of {schema}.")
        found[name] = None
    for star in select.find_all(exp.Star):
        scope = star.find_ancestor(exp.Select)
        if scope and isinstance(star.parent, (exp.Select, exp.Column)):
            wanted = star.parent.table if isinstance(star.parent, exp.Column) else None
            for table in _read_by(scope):
                if table.db and wanted in (None, table.alias_or_name):
                    whole = f"{table.db}.{table.name}"
                    raise ModelError(f"{source}: reads every column of {whole} by *. Name the columns you use.")
    return list(found)


def _read_by(scope: exp.Select) -> list[exp.Table]:
    from_ = scope.args.get("from_") or scope.args.get("from")
    sources = [from_.this] if from_ else []
    sources += [join.this for join in scope.args.get("joins") or []]
    return [s for s in sources if isinstance(s, exp.Table)]


def _said(sql: str, what: str) -> tuple[str, ...]:
    """The names in a line `-- key: …` of a file."""
    found = re.search(rf"^-- {what}: (.+)$", sql, re.MULTILINE)
    return tuple(name.strip() for name in found.group(1).split(",")) if found else ()


def _leading_comment(sql: str) -> str:
    """The comment on top of a file as one paragraph, without its lines of `key: …`, `keyed by: …` and the like."""
    lines = []
    for line in sql.lstrip().splitlines():
        if not line.startswith("--"):
            break
        text = line.removeprefix("--").strip()
        if not re.match(r"(key|(keyed|linked) by|(within|across) \w+):", text):
            lines.append(text)
    return " ".join(filter(None, lines))


def column_lineage(model: Model, columns: Mapping[str, Sequence[str]]) -> dict[str, list[tuple[str, str]]]:
    """For each column of a model, the upstream columns it is computed from, as (table, column).

    Args:
        model: the model.
        columns: the columns of each upstream, by qualified table name.
    """
    return _lineage(model.table, model.sql, tuple((table, tuple(columns.get(table, ()))) for table in model.upstreams))


@cache
def _lineage(
    table: str, sql: str, upstreams: tuple[tuple[str, tuple[str, ...]], ...]
) -> dict[str, list[tuple[str, str]]]:
    """The same, kept: a process that builds several warehouses works it out once."""
    from sqlglot.lineage import lineage

    columns = dict(upstreams)
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for upstream, names in upstreams:
        db, name = upstream.split(".")
        schema.setdefault(db, {})[name] = dict.fromkeys(names, "text")
    select = parse_select(sql, table).copy()
    nodes = lineage(None, select, schema, dialect="duckdb", trim_selects=False, copy=False)
    found: dict[str, list[tuple[str, str]]] = {}
    for column, top in nodes.items():
        sources: dict[tuple[str, str], None] = {}
        seen, waiting = set(), [top]
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue  # CTEs share their nodes: a plain walk would visit some of them thousands of times
            seen.add(id(node))
            waiting += node.downstream
            if isinstance(node.expression, exp.Table) and node.expression.db:
                read = f"{node.expression.db}.{node.expression.name}"
                name = node.name.rsplit(".", 1)[-1].strip('"')
                if name in columns.get(read, ()):
                    sources[(read, name)] = None
        found[column] = sorted(sources)
    return found


def _column_comments(select: exp.Query, sql: str) -> dict[str, str]:
    """What the file says of the select's columns: the `-- …` behind the name of each, where there is one."""
    first = select
    while isinstance(first, exp.SetOperation):
        first = first.this
    found = {}
    for column in first.selects:
        name = column.args["alias"] if isinstance(column, exp.Alias) else column.this
        if isinstance(name, exp.Identifier):
            match = re.match(r",?[ \t]*-- (.+)", sql[name.meta["end"] + 1 :])
            if match:
                found[name.name] = match.group(1)
    return found
