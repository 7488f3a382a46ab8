"""What a SQL file says of its table, and the reasons to refuse one."""

from __future__ import annotations

import re

import pytest
from sqlglot import exp

from parcours.engine.model import Model, ModelError, column_lineage, in_order, parse_model, parse_select
from parcours.project import ROOT, load_project
from parcours.tables.catalogue import all_models


def model(sql: str, table: str = "journeys.t") -> Model:
    schema, name = table.split(".")
    return parse_model(schema, name, f"-- One row per thing.\n{sql}")


def test_upstreams_are_tables_without_cte_names_each_once() -> None:
    parsed = model(
        "with a as (select x from staging.events), b as (select x from a)\n"
        "select b.x from b join staging.events as e on e.x = b.x where b.x in (select y from staging.orders)"
    )
    assert parsed.upstreams == ("staging.events", "staging.orders")


def test_description_key_and_version_come_from_the_file() -> None:
    parsed = parse_model(
        "journeys",
        "t",
        "-- One row per thing.\n-- Why.\n-- keyed by: person_id\n-- linked by: a\n-- key: a, b\nselect 1 as a",
    )
    assert parsed.description == "One row per thing. Why."
    assert (parsed.keyed_by, parsed.linked_by, parsed.key) == ("person_id", "a", ("a", "b"))


def test_the_code_version_changes_with_the_code_and_not_with_comments_or_layout() -> None:
    first = model("select a from staging.events -- why")
    same = model("select  a\nfrom staging.events")
    other = model("select b from staging.events")
    assert first.code_version == same.code_version != other.code_version


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "with events as (select x from staging.events) select x from events",
            "CTE 'events' is named like staging.events",
        ),
        ("select * from staging.events", "reads every column of staging.events by *"),
        (
            "select e.* from staging.events as e join staging.orders as o on true",
            "reads every column of staging.events",
        ),
        ('select x from "staging"."events"', "quoted table name"),
        ("select x from events", "reads 'events' without its schema. Write <schema>.events"),
        ("select x from elsewhere.events", "expected one of the schemas"),
        ("select x from metrics.kpis", "metrics is to the right of journeys"),
        ("select 1 as a; select 2 as a", "expected one select, found 2 statements"),
        ("create table t as select 1", "expected a select, found create"),
        ("select from where", "line 2"),
    ],
)
def test_refused_with_what_to_write(sql: str, message: str) -> None:
    with pytest.raises(ModelError, match=r"journeys\.t") as refusal:
        model(sql)
    assert message in str(refusal.value)


def test_a_file_without_one_row_per_is_refused() -> None:
    with pytest.raises(ModelError, match="expected a first line '-- One row per …', found 'Things'"):
        parse_model("journeys", "t", "-- Things\nselect 1 as a")


def test_a_missing_upstream_is_refused_with_the_file_to_add() -> None:
    with pytest.raises(
        ModelError, match=r"journeys.t reads staging.gone, which does not exist. Add sql/staging/gone.sql"
    ):
        in_order([model("select x from staging.gone")])


def test_a_cycle_is_refused_with_its_tables() -> None:
    first, second = model("select x from journeys.b", "journeys.a"), model("select x from journeys.a", "journeys.b")
    with pytest.raises(
        ModelError, match=r"journeys\.a ← journeys\.b ← journeys\.a|journeys\.b ← journeys\.a ← journeys\.b"
    ):
        in_order([first, second])


def test_models_are_ordered_upstreams_first() -> None:
    later, earlier = model("select x from journeys.b", "journeys.a"), model("select 1 as x", "journeys.b")
    assert [m.table for m in in_order([later, earlier])] == ["journeys.b", "journeys.a"]


def test_column_lineage_goes_through_ctes_and_unions() -> None:
    parsed = model(
        "with both as (select id, a as v from staging.events union all select id, b from staging.orders)\n"
        "select id, v + 1 as w, 'fixed' as f from both"
    )
    found = column_lineage(parsed, {"staging.events": ["id", "a"], "staging.orders": ["id", "b"]})
    assert found == {
        "id": [("staging.events", "id"), ("staging.orders", "id")],
        "w": [("staging.events", "a"), ("staging.orders", "b")],
        "f": [],
    }


def undescribed(found: Model) -> list[str]:
    """The columns of a model without a sentence."""
    return [column for column in parse_select(found.sql, found.table).named_selects if not found.columns.get(column)]


def test_every_column_of_every_model_is_described() -> None:
    for found in all_models(load_project(ROOT / "journey.yaml")):
        assert found.columns and not undescribed(found), found.table


def test_a_column_without_its_sentence_is_seen_in_every_model() -> None:
    for found in all_models(load_project(ROOT / "journey.yaml")):
        text = re.sub(r"(?<=\S)\s+-- .*", "", found.sql)
        assert undescribed(parse_model(found.schema, found.name, text)) == list(found.columns), found.table


def test_no_model_filters_a_window() -> None:
    """What a filter counts over a window DuckDB may count anew for each row: of 10 M events `metrics.deviation_cost`
    took 147 s, and 9 with a case instead.
    """
    for table in all_models(load_project(ROOT / "journey.yaml")):
        for window in parse_select(table.sql, table.table).find_all(exp.Window):
            assert not isinstance(window.this, exp.Filter), f"{table.table}: {window.sql()}"


def test_what_is_said_of_a_column_stands_behind_it_in_the_last_select() -> None:
    parsed = model(
        "with a as (select x, -- of a\n y -- of a\n from staging.events)\n"
        "select x,\n  a.y + 1 as z,  -- of the table\n  '-- no' as w from a union all select 1, 2, 3 -- of nothing"
    )
    assert parsed.columns == {"z": "of the table"}
    assert undescribed(parsed) == ["x", "w"]
