"""Whether a model that is refreshed key by key may be: what a row says must come from rows of its own key alone.

A refresh runs the very same select with its upstreams narrowed to the touched keys. So no window, aggregate, join or
subquery may bring rows of two keys together: it would see less then than in a full build. Here: that check, over the
parsed select, and the reasons to refuse.

A column *tells the key* if each of its values belongs to one key: the key's own column, the single key column of a
table that has it, and what files declare by `-- within person_id: session_id, unit_id`. Rows of upstreams that are
narrowed are brought together by such columns only; tables that are read whole (settings) may be joined anyhow. A CTE
that says only which values occur, to be joined to rows that have them, is declared by `-- across person_id: kinds`.

It is no proof: it trusts what is declared. Not here: narrowing itself (`refresh.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlglot import exp

from parcours.engine.model import Model, ModelError, parse_select
from parcours.engine.refresh import Through
from parcours.warehouse.comments import Described

KEEPING = (exp.Min, exp.Max, exp.AnyValue, exp.First, exp.Last, exp.ArgMin, exp.ArgMax)
"""Aggregates whose value is one of those of the group."""

BESIDE = (exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.IgnoreNulls)
"""Window functions whose value is that of another row."""


@dataclass(frozen=True)
class Tells:
    """That a column tells the key: what its values are, and whether it may be null where its row has a key."""

    what: str
    is_certain: bool = True


@dataclass(frozen=True)
class Rows:
    """What a select or table gives: its columns, with what tells the key; `is_narrowed`: in a refresh, fewer rows."""

    columns: Mapping[str, Tells | None]
    is_narrowed: bool = False

    @property
    def tell(self) -> bool:
        """Whether each row says whose it is."""
        return any(tells and tells.is_certain for tells in self.columns.values())


class Leaves(Exception):
    """Where a select leaves its key, and how."""


def refuse_leaving(model: Model, tables: Mapping[str, Described], through: Sequence[Through] = ()) -> None:
    """Refuse a keyed model that brings rows of several keys together.

    Args:
        model: the model.
        tables: what it reads, by table.
        through: how upstreams without the key are narrowed.

    Raises:
        ModelError: names the table, the place, and what to write.
    """
    if model.keyed_by is None:
        return
    ways = [other.column for other in through if other.key == model.keyed_by]
    upstreams = tuple((name, _seen(tables[name], model.keyed_by, ways)) for name in model.upstreams)
    if reason := _leaves(model.sql, model.keyed_by, upstreams, model.within, model.across):
        raise ModelError(
            f"{model.table} is keyed by {model.keyed_by}, but {reason}. Bring rows together by that column, or by one "
            f"declared by '-- within {model.keyed_by}: …', or leave out '-- keyed by'."
        )


Seen = tuple[tuple[tuple[str, str | None], ...], bool]
"""An upstream's columns with what each tells of the key, and whether it is narrowed."""


def _seen(table: Described, key: str, ways: Sequence[str]) -> Seen:
    if not {key, *ways} & {*table.columns}:
        return tuple((column, None) for column in table.columns), False
    own_key = getattr(table, "key", ())
    telling = {key, *ways, *(own_key if len(own_key) == 1 else ()), *getattr(table, "within", ())}
    return tuple((column, column if column in telling else None) for column in table.columns), True


@cache
def _leaves(
    sql: str, key: str, upstreams: tuple[tuple[str, Seen], ...], within: tuple[str, ...], across: tuple[str, ...]
) -> str | None:
    """Where a select leaves its key, and how."""
    read = {
        name: Rows({column: Tells(what) if what else None for column, what in columns}, is_narrowed)
        for name, (columns, is_narrowed) in upstreams
    }
    select = parse_select(sql, "select")
    strange = {*across} - {cte.alias for cte in select.find_all(exp.CTE)}
    strange |= {*within} - {column.alias_or_name for part in select.find_all(exp.Select) for column in part.selects}
    if strange:
        return f"it declares {', '.join(sorted(strange))}, which it does not have"
    try:
        found = _Analysis(read, within, across).rows_of(select, {}, None)
        tells = found.columns.get(key)
        if found.is_narrowed and not (tells and tells.what == key):
            raise Leaves(f"its column {key} is not that of the rows it is made from")
    except Leaves as leaves:
        return str(leaves)
    return None


@dataclass
class _Scope:
    """The sources of one select by their alias, and the select around it."""

    sources: dict[str, Rows] = field(default_factory=dict)
    outer: _Scope | None = None

    def tells(self, column: exp.Column) -> tuple[Tells | None, bool]:
        """What a column tells, and whether it is one of an outer select."""
        for alias, rows in self.sources.items():
            if (not column.table or column.table == alias) and column.name in rows.columns:
                return rows.columns[column.name], False
        if self.outer:
            return self.outer.tells(column)[0], True
        return None, False

    @property
    def is_narrowed(self) -> bool:
        """Whether any source is."""
        return any(rows.is_narrowed for rows in self.sources.values())


class _Analysis:
    """A walk over one select, with what it reads and what its file declares."""

    def __init__(self, upstreams: Mapping[str, Rows], within: Sequence[str], across: Sequence[str]) -> None:
        self.upstreams, self.within, self.across = upstreams, within, across

    def rows_of(self, query: exp.Expr, known: Mapping[str, Rows], outer: _Scope | None) -> Rows:
        """What a query gives, with the CTEs that are known."""
        known = dict(known)
        for cte in query.ctes if isinstance(query, exp.Query) else []:
            known[cte.alias] = _occurring(cte) if cte.alias in self.across else self.rows_of(cte.this, known, outer)
        if isinstance(query, exp.SetOperation):
            return self._union(query, known, outer)
        if isinstance(query, exp.Subquery):
            return self.rows_of(query.this, known, outer)
        assert isinstance(query, exp.Select), query.key
        return self._select(query, known, outer)

    def _union(self, query: exp.SetOperation, known: Mapping[str, Rows], outer: _Scope | None) -> Rows:
        one, other = (self.rows_of(part, known, outer) for part in (query.this, query.expression))
        columns = {
            name: Tells(a.what, a.is_certain and b.is_certain) if a and b and a.what == b.what else None
            for (name, a), b in zip(one.columns.items(), other.columns.values(), strict=False)
        }
        if one.is_narrowed != other.is_narrowed:
            raise Leaves(
                f"a union has rows without a key: {_shown(query.expression if one.is_narrowed else query.this)}"
            )
        found = Rows(columns, one.is_narrowed)
        if (
            found.is_narrowed
            and not found.tell
            and not (isinstance(query, exp.Union) and not query.args.get("distinct"))
        ):
            raise Leaves(f"a union compares rows of several keys: {_shown(query)}")
        return found

    def _select(self, select: exp.Select, known: Mapping[str, Rows], outer: _Scope | None) -> Rows:
        scope = _Scope(outer=outer)
        is_tied = self._read(select, scope, known)
        for part in _parts(select):
            self._subqueries(part, scope, known)
        if not scope.is_narrowed:
            return Rows(self._outputs(select, scope))
        self._refuse_windows(select, scope)
        self._refuse_groups(select, scope, is_tied)
        columns = self._outputs(select, scope)
        columns |= {name: Tells(name) for name in self.within if name in columns}
        found = Rows(columns, True)
        if select.args.get("distinct") and not found.tell and not is_tied:
            raise Leaves(f"distinct leaves out whose the rows are: {_shown(select)}")
        if select.args.get("limit") and not is_tied:
            raise Leaves(f"a limit is over the rows of all keys: {_shown(select)}")
        return found

    def _read(self, select: exp.Select, scope: _Scope, known: Mapping[str, Rows]) -> bool:
        """Fill the scope; returns whether it is tied to the key of the select around it."""
        where = _conjuncts(select.args["where"].this) if select.args.get("where") else []
        first = select.args.get("from_")
        for source in [first.this] if first else []:
            scope.sources[source.alias_or_name] = self._source(source, known, scope)
        is_tied = self._ties(where, scope, None)
        for join in [*(select.args.get("joins") or []), *(select.args.get("laterals") or [])]:
            source = join.this if isinstance(join, exp.Join) else join
            alias, rows = source.alias_or_name, self._source(source, known, scope)
            was_narrowed = scope.is_narrowed
            side = join.side if isinstance(join, exp.Join) else ""
            scope.sources[alias] = rows
            conditions = _conjuncts(join.args["on"]) if join.args.get("on") else []
            conditions += [_same_name(column, alias, scope) for column in join.args.get("using") or []]
            if rows.is_narrowed and was_narrowed:
                inner = [] if side else where
                if not self._ties([*conditions, *inner], scope, alias) and not is_tied:
                    raise Leaves(f"{alias} is joined to rows of other keys: {_shown(join)}")
            elif rows.is_narrowed and side in ("LEFT", "FULL"):
                raise Leaves(f"rows without a key are kept where {alias} has none: {_shown(join)}")
            if side in ("LEFT", "FULL"):
                scope.sources[alias] = Rows(_perhaps(rows.columns), rows.is_narrowed)
            is_tied = is_tied or self._ties([*conditions, *where], scope, None)
        return is_tied

    def _source(self, source: exp.Expr, known: Mapping[str, Rows], scope: _Scope) -> Rows:
        if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            rows = self.upstreams[f"{source.db}.{source.name}"] if source.db else known[source.name]
        elif isinstance(source, (exp.Subquery, exp.Lateral)) and isinstance(source.this, (exp.Query, exp.Subquery)):
            rows = self.rows_of(source.this, known, scope)
        else:
            rows = Rows({})  # a list of values or a function: no table
        names = [column.name for column in (source.args["alias"].columns if source.args.get("alias") else [])]
        return Rows(dict(zip(names, rows.columns.values(), strict=False)), rows.is_narrowed) if names else rows

    def _ties(self, conditions: Sequence[exp.Expr], scope: _Scope, alias: str | None) -> bool:
        """Whether a condition makes rows of a source (None: of any) and of another (None: an outer one) of one key."""
        for condition in conditions:
            if not isinstance(condition, (exp.EQ, exp.NullSafeEQ)):
                continue
            sides = [condition.this, condition.expression]
            told = [self._told(side, scope) for side in sides]
            if not (told[0] and told[1] and told[0].what == told[1].what):
                continue
            if alias is None:
                are_outer = [all(scope.tells(c)[1] for c in side.find_all(exp.Column)) for side in sides]
                if are_outer[0] != are_outer[1]:
                    return True
            elif [_is_of(side, alias, scope) for side in sides] in ([True, False], [False, True]):
                return True
        return False

    def _subqueries(self, part: exp.Expr, scope: _Scope, known: Mapping[str, Rows]) -> None:
        """Refuse a subquery whose rows are those of other keys."""
        for query in _nearest(part, exp.Query):
            parent = query.parent if not isinstance(query.parent, exp.Subquery) else query.parent.parent
            rows = self.rows_of(query, known, scope)
            if not rows.is_narrowed or self._is_tied(query, known, scope):
                continue
            first = next(iter(rows.columns.values()), None)
            asked = self._told(parent.this, scope) if isinstance(parent, exp.In) else None
            if not (first and asked and first.what == asked.what):
                raise Leaves(f"a subquery reads rows of other keys: {_shown(query)}")

    def _is_tied(self, query: exp.Expr, known: Mapping[str, Rows], outer: _Scope) -> bool:
        select = query.unnest() if isinstance(query, exp.Subquery) else query
        return isinstance(select, exp.Select) and self._read(select, _Scope(outer=outer), known)

    def _refuse_windows(self, select: exp.Select, scope: _Scope) -> None:
        named = {window.name: window for window in select.args.get("windows") or []}
        windows = [*named.values(), *(w for part in _parts(select) for w in _nearest(part, exp.Window))]
        for window in windows:
            base = named.get(window.alias) if window not in named.values() else None
            parts = window.args.get("partition_by") or (base.args.get("partition_by") if base else None) or []
            if not self._one_tells(parts, scope):
                raise Leaves(f"a window is not within it: {_shown(window)}")

    def _refuse_groups(self, select: exp.Select, scope: _Scope, is_tied: bool) -> None:
        group, outputs = select.args.get("group"), {p.alias_or_name: p.unalias() for p in select.selects}
        aggregates = [
            found for part in _parts(select) for found in _nearest(part, exp.AggFunc) if not _in_window(found)
        ]
        if group is None:
            if aggregates and not is_tied:
                raise Leaves(f"an aggregate is over the rows of all keys: {_shown(aggregates[0])}")
            return
        by = list(group.expressions)
        if group.args.get("all"):
            by = [p for p in outputs.values() if not any(_nearest(p, exp.AggFunc))]
        by = [_meant(expression, outputs, select, scope) for expression in by]
        if not self._one_tells(by, scope) and not is_tied:
            raise Leaves(f"a group is not within it: {_shown(group)}")

    def _one_tells(self, expressions: Sequence[exp.Expr], scope: _Scope) -> bool:
        found = [self._told(expression, scope) for expression in expressions]
        return any(tells and tells.is_certain for tells in found)

    def _outputs(self, select: exp.Select, scope: _Scope) -> dict[str, Tells | None]:
        found: dict[str, Tells | None] = {}
        for column in select.expressions:
            if column.is_star:
                wanted = column.table if isinstance(column, exp.Column) else None
                for alias, rows in scope.sources.items():
                    found |= rows.columns if wanted in (None, alias) else {}
            else:
                found[column.alias_or_name or f"_{len(found)}"] = self._told(column, scope)
        return found

    def _told(self, expression: exp.Expr, scope: _Scope) -> Tells | None:
        """What an expression tells of the key."""
        if isinstance(expression, exp.Column):
            return scope.tells(expression)[0]
        if isinstance(expression, (exp.Alias, exp.Paren, *KEEPING, exp.Filter)):
            return self._told(expression.this, scope)
        if isinstance(expression, (exp.Window, *BESIDE)):
            found = self._told(expression.this, scope)
            return Tells(found.what, False) if found else None
        if isinstance(expression, exp.Coalesce):
            every = [self._told(inner, scope) for inner in (expression.this, *expression.expressions)]
            whats = {tells.what if tells else None for tells in every}
            if len(whats) == 1 and every[0]:
                return Tells(every[0].what, any(tells.is_certain for tells in every if tells))
        return None


def _occurring(cte: exp.CTE) -> Rows:
    """The columns of a CTE that says which values occur: it is told by none of its rows how often, or of whom."""
    for select in cte.this.find_all(exp.Select):
        if not select.args.get("distinct") or select.find(exp.AggFunc, exp.Window):
            raise Leaves(f"{cte.alias}, said to be across it, does more than select distinct values: {_shown(select)}")
    return Rows(dict.fromkeys(cte.this.named_selects))


def _parts(select: exp.Select) -> Iterator[exp.Expr]:
    """The expressions of a select, without its sources and CTEs."""
    yield from select.expressions
    for name in ("where", "group", "having", "qualify", "order"):
        if part := select.args.get(name):
            yield part
    for join in select.args.get("joins") or []:
        if join.args.get("on"):
            yield join.args["on"]


def _nearest(root: exp.Expr, kind: type[Any]) -> Iterator[Any]:
    """The expressions of a kind, not looking into a query (nor, for queries, beyond the first)."""
    for node in root.walk(prune=lambda n: isinstance(n, exp.Query) and n is not root):
        if isinstance(node, kind) and not isinstance(node, exp.Subquery):
            yield node
        elif kind is exp.Query and isinstance(node, exp.Subquery):
            yield node.unnest()


def _conjuncts(condition: exp.Expr) -> list[exp.Expr]:
    condition = condition.unnest()
    return list(condition.flatten()) if isinstance(condition, exp.And) else [condition]


def _same_name(column: exp.Expr, alias: str, scope: _Scope) -> exp.Expr:
    """The condition that `using` stands for."""
    other = next(name for name, rows in scope.sources.items() if name != alias and column.name in rows.columns)
    return exp.EQ(this=exp.column(column.name, other), expression=exp.column(column.name, alias))


def _is_of(expression: exp.Expr, alias: str, scope: _Scope) -> bool:
    """Whether an expression's columns are those of a source."""
    return all(
        column.table == alias or (not column.table and column.name in scope.sources[alias].columns)
        for column in expression.find_all(exp.Column)
    )


def _in_window(aggregate: exp.Expr) -> bool:
    parent = aggregate.parent
    while isinstance(parent, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.Order)):
        parent = parent.parent
    return isinstance(parent, exp.Window)


def _meant(by: exp.Expr, outputs: Mapping[str, exp.Expr], select: exp.Select, scope: _Scope) -> exp.Expr:
    """What is grouped by: an output where its number or its name stands."""
    if isinstance(by, exp.Literal) and not by.is_string:
        return select.selects[int(by.name) - 1].unalias()
    if isinstance(by, exp.Column) and not by.table and not any(by.name in r.columns for r in scope.sources.values()):
        return outputs.get(by.name, by)
    return by


def _perhaps(columns: Mapping[str, Tells | None]) -> dict[str, Tells | None]:
    return {name: Tells(tells.what, False) if tells else None for name, tells in columns.items()}


def _shown(expression: exp.Expr) -> str:
    text = " ".join(expression.sql(dialect="duckdb", comments=False).split())
    return text if len(text) <= 100 else f"{text[:100]}…"
