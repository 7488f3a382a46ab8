"""A funnel of four steps with a window of 7 days beside ClickHouse's `windowFunnel`; sessions beside it and polars.

    make bench-funnel                          10 M events of 500,000 people over 90 days
    make bench-funnel FUNNEL_EVENTS=1000000

The same events as a Parquet file and as a table ordered by person and time. All give the same counts, or the run fails.
Printed: seconds, and the ratio to ClickHouse (chdb, the engine in this process) of the same form (aim: at most 1.0).

    parcours.funnel     as a notebook asks it: attempts by day of entry, matured or open, the best of each person, times
    windowFunnel        how far each person gets, and nothing else
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import chdb.session
import duckdb
import polars as pl

import parcours

STEPS = ("view", "add", "checkout", "order")
DAYS, GAP = 7, 30
"""The window in days, and the silence in minutes that ends a session."""

EVENTS_A_PERSON = 20


def make_events(connection: duckdb.DuckDBPyConnection, events: int, parquet: Path) -> None:
    """A log in which views are frequent and orders rare, as an ordered table and as a file."""
    people = max(events // EVENTS_A_PERSON, 1)
    connection.execute(
        f"""
        create table event_log as
        select
            cast(hash(number * 7) % {people} as bigint) as person_id,
            timestamp '2026-01-01' + to_seconds(cast(hash(number * 11) % {90 * 86400} as bigint)) as occurred_at,
            case
                when hash(number) % 100 < 40 then 'other'
                when hash(number) % 100 < 80 then 'view'
                when hash(number) % 100 < 92 then 'add'
                when hash(number) % 100 < 97 then 'checkout'
                else 'order'
            end as event
        from range({events}) as numbers (number)
        order by person_id, occurred_at, event
        """
    )
    connection.execute(f"copy event_log to '{parquet}'")


def timed(name: str, run: Callable[[], list[int]]) -> tuple[float, list[int]]:
    """The quicker of two goes, and what it counted."""
    took = []
    for _ in range(2):
        began = time.perf_counter()
        counts = run()
        took.append(time.perf_counter() - began)
    print(f"{name:<44}{min(took):8.2f} s   {counts}")
    return min(took), counts


def window_funnel(session: chdb.session.Session, source: str) -> list[int]:
    """How many reach each step, by ClickHouse."""
    conditions = ", ".join(f"event = '{step}'" for step in STEPS)
    levels = (
        f"select person_id, windowFunnel({DAYS * 86400})(toDateTime(occurred_at), {conditions}) as level "
        f"from {source} group by person_id"
    )
    counts = ", ".join(f"countIf(level >= {step})" for step in range(1, len(STEPS) + 1))
    return [int(count) for count in str(session.query(f"select {counts} from ({levels})", "CSV")).split(",")]


def our_funnel(events: object) -> list[int]:
    """How many reach each step, as a notebook asks it."""
    return [
        int(n) for n in parcours.funnel(events, STEPS, window=f"{DAYS} days", known_until="2100-01-01")["reached_count"]
    ]


def session_counts(session: chdb.session.Session, connection: duckdb.DuckDBPyConnection, parquet: Path) -> None:
    """Sessions: a silence of more than half an hour ends one."""
    gap = GAP * 60
    duck = (
        f"select count(*) filter (where gap is null or gap > {gap}) from (select date_diff('second', lag(occurred_at) "
        "over (partition by person_id order by occurred_at), occurred_at) as gap from event_log)"
    )
    clickhouse = (
        f"select countIf(number = 1 or dateDiff('second', before, at) > {gap}) "
        "from (select toDateTime(occurred_at) as at, lagInFrame(toDateTime(occurred_at)) over (partition by person_id "
        "order by occurred_at rows between unbounded preceding and unbounded following) as before, "
        "row_number() over (partition by person_id order by occurred_at) "
        f"as number from file('{parquet}'))"
    )

    def by_polars() -> list[int]:
        gaps = (
            pl.scan_parquet(parquet)
            .sort("person_id", "occurred_at")
            .select((pl.col("occurred_at").diff().over("person_id").dt.total_seconds() > gap).fill_null(True).sum())
        )
        return [int(gaps.collect().item())]

    ours, counted = timed(
        "sessions, DuckDB as the models cut them", lambda: [connection.execute(duck).fetchall()[0][0]]
    )
    for name, run in (
        ("sessions, ClickHouse", lambda: [int(str(session.query(clickhouse, "CSV")))]),
        ("sessions, polars", by_polars),
    ):
        theirs, found = timed(name, run)
        assert found == counted, f"{name}: {found}, ours {counted}"
        print(f"{'':<44}ratio {ours / theirs:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder:
        parquet = Path(folder) / "events.parquet"
        connection = duckdb.connect(str(Path(folder) / "events.duckdb"))
        connection.execute("set TimeZone = 'UTC'")
        make_events(connection, events, parquet)
        session = chdb.session.Session(str(Path(folder) / "clickhouse"))
        session.query("create database bench")
        session.query(
            "create table bench.event_log engine = MergeTree order by (person_id, occurred_at) as "
            f"select assumeNotNull(person_id) as person_id, assumeNotNull(occurred_at) as occurred_at, event "
            f"from file('{parquet}')"
        )
        for form, source, ours in (
            ("ordered table", "bench.event_log", connection.table("event_log")),
            ("Parquet", f"file('{parquet}')", parquet),
        ):
            theirs, counted = timed(f"windowFunnel, {form}", lambda source=source: window_funnel(session, source))
            took, found = timed(f"parcours.funnel, {form}", lambda ours=ours: our_funnel(ours))
            assert found == counted, f"{form}: {found}, ClickHouse {counted}"
            print(f"{'':<44}ratio {took / theirs:.2f}")
        session_counts(session, connection, parquet)


if __name__ == "__main__":
    main()
