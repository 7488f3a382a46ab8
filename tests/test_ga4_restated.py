"""GA4's tables: Parquet as JSON lines; days that Google restates: a day's last delivery replaces the others."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import permutations
from pathlib import Path

import duckdb
import pytest
from format_shops import FIXTURES, build, event_columns, shop_reading, shop_with
from shops import load, query

from parcours.project import Project

DAY = "20260701"


def event(name: str, second: int, day: str = DAY) -> dict[str, object]:
    return {
        "event_date": day,
        "event_name": name,
        "event_timestamp": str(1782900000000000 + second * 1_000_000),
        "user_pseudo_id": "1.2",
        "event_params": [{"key": "ga_session_id", "value": {"int_value": "5"}}],
    }


def deliver(project: Project, name: str, events: Iterable[dict[str, object]]) -> None:
    """An export file, in a folder of the exports."""
    path = project.exports_folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(given) + "\n" for given in events), encoding="utf-8")


def staged(project: Project) -> list[str]:
    build(project, "staging.events")
    return [
        name for (name,) in query(project, "select event_name from staging.events order by occurred_at, event_name")
    ]


def test_parquet_with_its_own_types_gives_the_rows_of_json_lines(tmp_path: Path) -> None:
    lines = shop_with(tmp_path / "lines", "ga4_bigquery.jsonl")
    load(lines)
    parquet = shop_reading(tmp_path / "parquet", "ga4_bigquery")
    duckdb.sql(
        "copy (select * replace (try_cast(event_timestamp as bigint) as event_timestamp, "
        "cast(batch_page_id as bigint) as batch_page_id) from read_json($file, ignore_errors = true, "
        "format = 'newline_delimited') where event_timestamp <> 'yesterday') to "
        f"'{parquet.exports_folder / 'events.parquet'}' (format parquet)".replace(
            "$file", f"'{FIXTURES / 'ga4_bigquery.jsonl'}'"
        )
    )
    (found,) = load(parquet)
    assert found.status == "loaded", found.reason
    assert found.rows_read == found.rows_loaded + found.rows_duplicate + found.rows_rejected
    columns = "event_id, event_name, occurred_at, sequence, anonymous_id, url_path, device, product_id, order_id, part"
    ask = f"select {columns}, quantity, price, value, currency from raw.events order by all"
    assert query(parquet, ask) == query(lines, ask)
    assert event_columns(parquet, "event_name = 'view_item'", without=["line"]) == event_columns(
        lines, "event_name = 'view_item'", without=["line"]
    )


def test_a_broken_parquet_file_is_refused_whole_with_what_to_do(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "ga4_bigquery")
    path = project.exports_folder / "a.jsonl"  # recognised by its first bytes, whatever its name
    duckdb.sql(
        "select 'view' as event_name, 1782900000000000 + i as event_timestamp, "
        "'u' as user_pseudo_id from range(5000) r(i)"
    ).write_parquet(str(path))
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + b"\x00" * 400 + whole[600:])
    (found,) = load(project)
    assert found.status == "refused" and "can't be read as Parquet" in str(found.reason)
    assert "export it again" in str(found.reason)
    path.write_bytes(whole)
    (found,) = load(project)
    assert found.status == "loaded" and found.rows_read == 5000


DELIVERIES = {
    "intraday/events_intraday_20260701.jsonl": [event("early", 0), event("spam", 1)],
    "2026-07-02/events_20260701-0000.jsonl": [event("early", 0), event("view", 2)],
    "2026-07-02/events_20260701-0001.jsonl": [event("cart", 3)],
    "2026-07-10/events_20260701.jsonl": [event("early", 0), event("view", 2), event("cart", 3), event("late", 4)],
    "2026-07-03/events_20260702.jsonl": [event("tomorrow", 86400, "20260702")],
}


@pytest.mark.parametrize("order", list(permutations(range(5)))[::41])
def test_the_last_delivery_of_a_day_stands_whatever_arrives_first(tmp_path: Path, order: tuple[int, ...]) -> None:
    project = shop_reading(tmp_path, "ga4_bigquery", path="**/*.jsonl")
    for number in order:
        name, events = list(DELIVERIES.items())[number]
        deliver(project, name, events)
        (found,) = load(project)
        assert found.rows_read == found.rows_loaded == len(events), "an earlier delivery of a day makes no duplicate"
    assert staged(project) == ["early", "view", "cart", "late", "tomorrow"]


def test_a_day_in_several_files_of_one_folder_is_one_delivery_and_replaces_the_intraday_table(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "ga4_bigquery", path="**/*.jsonl")
    for name, events in list(DELIVERIES.items())[:3]:
        deliver(project, name, events)
    load(project)
    assert staged(project) == ["early", "view", "cart"]


def test_a_file_written_again_in_its_place_replaces_its_day(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "ga4_bigquery", path="**/*.jsonl")
    deliver(project, "events_20260701.jsonl", [event("early", 0), event("spam", 1)])
    load(project)
    deliver(project, "events_20260701.jsonl", [event("early", 0), event("view", 2)])
    load(project)
    assert staged(project) == ["early", "view"]
    # And back: the earlier content is no longer loaded, so it is read again.
    deliver(project, "events_20260701.jsonl", [event("early", 0), event("spam", 1)])
    load(project)
    assert staged(project) == ["early", "spam"]


def test_a_file_that_holds_another_day_each_night_loses_no_day(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "ga4_bigquery", path="**/*.jsonl")
    deliver(project, "yesterday.jsonl", [event("early", 0)])
    load(project)
    deliver(project, "yesterday.jsonl", [event("tomorrow", 86400, "20260702")])
    load(project)
    assert staged(project) == ["early", "tomorrow"]
