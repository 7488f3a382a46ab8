"""Given these rows, then these rows: a small warehouse in memory, for tests of the models.

`warehouse(...)` takes events, orders and answers as short tuples or dicts in the canonical shapes, and journey.yaml's
sections as keyword arguments, builds the wanted tables and returns the connection.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from made_once import made_once

from parcours.loading.currency_rates import write_currency_rates
from parcours.loading.settings_tables import write_settings
from parcours.project import Project
from parcours.settings.schema import JourneySettings
from parcours.tables.catalogue import build_all
from parcours.warehouse.canonical import KINDS
from parcours.warehouse.connection import make_pseudonym, prepare
from parcours.warehouse.raw_tables import make_raw_tables
from parcours.warehouse.refresh_log import touch

START = datetime(2026, 1, 5)  # a Monday
FAR = datetime(2100, 1, 1)
KEY = "0" * 64
EXAMPLES = os.environ.get("PARCOURS_EXAMPLES", "few")
"""How much a suite tries of what is drawn at random: few (`make test`), many (the others), some (the others in CI)."""
WORTH_IT = ("filter_pushdown", "cte_inlining", "unused_columns")
"""What DuckDB's optimizer does here: with a few rows all the rest, which looks for quicker plans, takes a sixth of a
build. The random tests of `make test-fuzz`, and all builds from files, run with all of it."""

Row = Mapping[str, Any]


def at(value: float | str) -> datetime:
    """An instant: seconds after START, or ISO 8601 (UTC)."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return START + timedelta(microseconds=round(value * 1_000_000))


def examples(few: int, many: int) -> int:
    """How many random examples, or simulated shops, a test tries.

    Args:
        few: in `make test`, and at least.
        many: in `make test-fuzz` and `make test-statistics`; CI, which has an hour for all suites, a quarter of them.
    """
    return {"few": few, "some": max(few, many // 4), "many": many}[EXAMPLES]


def settings(**sections: Any) -> JourneySettings:
    """Settings of a minimal shop, in UTC, with sections replaced."""
    base: dict[str, Any] = {
        "shop": {"name": "Test shop", "time_zone": "UTC", "currency": "EUR", "language": "en"},
        "exports": {"folder": ".", "files": [{"name": "web", "path": "*.jsonl", "format": "segment"}]},
        "stages": [
            {"id": "discovery", "label": "Discovery"},
            {"id": "consideration", "label": "Consideration"},
            {"id": "cart", "label": "Cart"},
            {"id": "checkout", "label": "Checkout"},
            {"id": "purchase", "label": "Purchase"},
            {"id": "support", "label": "Support", "required": False},
        ],
        "touchpoints": [
            {"touchpoint": "landing", "event": "landing", "stage": "discovery", "action": "view"},
            {"touchpoint": "product", "event": "product", "stage": "consideration", "action": "view"},
            {"touchpoint": "add", "event": "add", "stage": "cart", "action": "add_to_cart"},
            {"touchpoint": "remove", "event": "remove", "stage": "cart", "action": "remove_from_cart"},
            {"touchpoint": "checkout", "event": "checkout", "stage": "checkout", "action": "checkout"},
            {"touchpoint": "failed", "event": "failed", "stage": "checkout", "action": "error"},
            {"touchpoint": "purchased", "event": "purchased", "stage": "purchase", "action": "purchase"},
            {"touchpoint": "help", "event": "help", "stage": "support", "action": "view"},
            {"touchpoint": "order placed", "source": "orders", "event": "order placed", "stage": "purchase"},
            {"touchpoint": "review", "source": "feedback", "event": "review", "stage": "purchase"},
        ],
        "funnels": [
            {
                "id": "buy",
                "name": "Buy",
                "steps": [{"touchpoint": "product"}, {"touchpoint": "add"}, {"touchpoint": "checkout"}],
            }
        ],
    }
    return JourneySettings.model_validate(base | sections)


def event(who: str, when: float | str, name: str, **more: Any) -> Row:
    """An event of an anonymous id."""
    return {"anonymous_id": who, "occurred_at": at(when), "event_name": name, **more}


def order(order_id: str, when: float | str, *, value: float = 10, **more: Any) -> Row:
    """An order of one line."""
    return {
        "order_id": order_id,
        "row_key": "line 1",
        "ordered_at": at(when),
        "quantity": 1,
        "unit_price": value,
        "subtotal": value,
        "total": value,
        **more,
    }


def answer(answer_id: str, when: float | str, score: float, **more: Any) -> Row:
    """An answer to a survey on 1–5."""
    scale = {"scale_low": 1, "scale_high": 5, "satisfied_from": 4}
    return {"answer_id": answer_id, "survey": "review", "answered_at": at(when), "score": score, **scale, **more}


def warehouse(
    *,
    events: Sequence[Row] = (),
    order_rows: Sequence[Row] = (),
    contacts: Sequence[Row] = (),
    deals: Sequence[Row] = (),
    tickets: Sequence[Row] = (),
    feedback: Sequence[Row] = (),
    build: Iterable[str] = (),
    known_until: datetime = FAR,
    known_from: Mapping[str, datetime] | None = None,
    shop: JourneySettings | None = None,
    without: Sequence[str] = (),
) -> duckdb.DuckDBPyConnection:
    """A warehouse with these rows loaded and the wanted tables built (none named: all).

    `without` names the kinds of which no export was loaded at all; events and orders count as loaded otherwise.
    `known_from` says by kind when its exports begin; those of others tell no beginning.
    """
    shop = shop or settings()
    connection = _empty_warehouse(shop)
    write_currency_rates(connection, project(shop))
    rows: dict[str, Sequence[Row]] = {
        "events": [{"event_id": f"e{i:06d}", **row} for i, row in enumerate(events)],
        "order_rows": order_rows,
        "contacts": contacts,
        "deals": deals,
        "tickets": tickets,
        "feedback": feedback,
    }
    for kind, given in rows.items():
        load(connection, kind, given)
        if (given or kind in ("events", "order_rows")) and kind not in without:
            connection.execute(
                "insert into raw.loads (file_id, path, file_order, load_number, export, format, kind, status, "
                "rows_read, rows_loaded, rows_duplicate, rows_rejected, covers_until, covers_from) "
                "values ('f', 'f', 'f', 1, 'f', 'f', ?, 'loaded', ?, ?, 0, 0, ?, ?)",
                [kind, len(given), len(given), known_until, (known_from or {}).get(kind)],
            )
    build_all(connection, project(shop), build)
    return connection


def _empty_warehouse(shop: JourneySettings) -> duckdb.DuckDBPyConnection:
    """A warehouse in memory with a shop's settings and nothing loaded: copied from a file that is made once."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"attach '{_template(shop)}' as template (read_only)")
    connection.execute("copy from database template to memory")
    connection.execute("detach template")
    connection.execute("set TimeZone = 'UTC'")
    make_pseudonym(connection, KEY)
    if EXAMPLES == "few":
        connection.execute(f"set disabled_optimizers = '{not_worth_it()}'")
    return connection


@cache
def not_worth_it() -> str:
    """The rest of DuckDB's optimizer, as `disabled_optimizers` takes it."""
    named = duckdb.execute("select name from duckdb_optimizers()").fetchall()
    return ",".join(name for (name,) in named if name not in WORTH_IT)


def _template(shop: JourneySettings) -> Path:
    def make(path: Path) -> None:
        with duckdb.connect(path, config={"threads": 1}) as connection:
            prepare(connection, KEY)
            write_settings(connection, shop)
            make_raw_tables(connection)

    return made_once(("template", shop.model_dump_json()), make)


def load(connection: duckdb.DuckDBPyConnection, kind: str, rows: Sequence[Row]) -> None:
    """Insert canonical rows into a raw table, in one statement."""
    if not rows:
        return
    columns = [column for column in KINDS[kind].columns if any(column.name in row for row in rows)]
    names = ", ".join(column.name for column in columns)
    shape = json.dumps([{c.name: [{f.name: f.type for f in c.fields}] if c.fields else c.type for c in columns}])
    text = json.dumps([{c.name: row.get(c.name) for c in columns} for row in rows], default=str)
    connection.execute(
        f"insert into raw.{kind} (file_id, line, export, row_hash, covers_until, {names}) "
        f"select 'f', row_number() over (), '{kind}', md5_number(cast(r as text) || row_number() over ()), "
        "timestamp '2100-01-01', "
        + ", ".join(KINDS[kind].named(column.name, f"r.{column.name}") for column in columns)
        + " from (select unnest(from_json(cast($text as json), $shape)) as r)",
        {"text": text, "shape": shape},
    )
    key = KINDS[kind].key
    touch(connection, f"raw.{kind}", key, f"select {key} from raw.{kind}")


def project(shop: JourneySettings) -> Project:
    """A project without files."""
    return Project(Path("journey.yaml"), shop, Path(), Path())


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return connection.execute(query).fetchall()
