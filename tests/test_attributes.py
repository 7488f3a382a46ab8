"""Attributes, columns and properties of exports that journey.yaml names, from the file to rules, steps and personas."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from canonical_shops import File, canonical_project, load_files, open_canonical
from format_shops import FIXTURES, built, reasons, shop_reading
from given import at, event, order, rows, settings, warehouse
from shops import load

from parcours.project import Project, load_project
from parcours.settings.file import load_settings
from parcours.settings.text import SettingsError
from parcours.tables.catalogue import build_all

Attributes = Sequence[dict[str, Any]]


def shop(folder: Path, format_name: str, attributes: Attributes, **files: str) -> Project:
    """A shop with attributes whose only export has this format, with files of these contents."""
    project = shop_reading(folder, format_name)
    said = yaml.safe_load(project.journey_file.read_text(encoding="utf-8")) | {"attributes": list(attributes)}
    project.journey_file.write_text(yaml.safe_dump(said), encoding="utf-8")
    for name, content in files.items():
        (project.exports_folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return load_project(project.journey_file, project.exports_folder, folder)


def said(project: Project, kind: str, key: str) -> list[tuple[Any, ...]]:
    return built(
        project,
        f"select {key}, i.attribute, i.said from (select {key}, unnest(attributes) as i from raw.{kind}) order by all",
    )


def test_a_column_of_a_csv(tmp_path: Path) -> None:
    header = "event_time,event_type,product_id,price,user_id,brand,weight,gift,day\n"
    rows = [
        "2026-07-01 10:00:00 UTC,view,p1,5.00,u1, Lark ,0.5,yes,2026-07-01",
        "2026-07-01 10:01:00 UTC,view,p1,5.00,u1,,,,",
        "2026-07-01 10:02:00 UTC,view,p1,5.00,u1,Lark,heavy,no,",
    ]
    attributes = [
        {"id": "brand", "from": "brand"},
        {"id": "weight", "from": "weight", "type": "number"},
        {"id": "gift", "from": "gift", "type": "boolean"},
        {"id": "day", "from": "day", "type": "date"},
        {"id": "colour", "from": "colour"},
    ]
    project = shop(tmp_path, "rees46_events", attributes, a_csv=header + "\n".join(rows))
    (found,) = load(project)
    assert (found.rows_read, found.rows_loaded, found.rows_rejected) == (3, 2, 1)
    assert [(name, value) for _, name, value in said(project, "events", "event_id")] == [
        ("brand", "Lark"),
        ("day", "2026-07-01"),
        ("gift", "true"),
        ("weight", "0.5"),
    ]
    assert reasons(project) == [(4, "weight is not a number: heavy")]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("properties.plan", "pro"), ("properties.cart.size", "3"), ("event", "Viewed"), ("properties.none", None)],
)
def test_a_property_of_json_lines(tmp_path: Path, path: str, expected: str | None) -> None:
    event = {
        "messageId": "m1",
        "type": "track",
        "event": "Viewed",
        "anonymousId": "a1",
        "timestamp": "2026-07-01T10:00:00Z",
        "properties": {"plan": "pro", "cart": {"size": 3}},
    }
    project = shop(tmp_path, "segment", [{"id": "wanted", "from": path}], a_jsonl=json.dumps(event) + "\n")
    load(project)
    assert said(project, "events", "event_id") == ([("m1", "wanted", expected)] if expected else [])


def test_a_parameter_and_a_property_of_ga4(tmp_path: Path) -> None:
    lines = (FIXTURES / "ga4_bigquery.jsonl").read_text(encoding="utf-8").splitlines()
    event = json.loads(lines[0]) | {
        "event_params": [
            {"key": "page_location", "value": {"string_value": "https://tea.example/"}},
            {"key": "ab_variant", "value": {"string_value": "B"}},
            {"key": "depth", "value": {"int_value": "7"}},
        ],
        "user_properties": [{"key": "plan", "value": {"string_value": "pro", "set_timestamp_micros": "1"}}],
        "geo": {"country": "France"},
    }
    attributes = [
        {"id": "variant", "from": "event_params.ab_variant"},
        {"id": "depth", "from": "event_params.depth", "type": "number"},
        {"id": "plan", "from": "user_properties.plan", "scope": "person"},
        {"id": "land", "from": "geo.country", "scope": "session"},
    ]
    project = shop(tmp_path, "ga4_bigquery", attributes, a_jsonl=json.dumps(event) + "\n")
    (found,) = load(project)
    assert found.rows_loaded == 1, found.reason
    assert [(name, value) for _, name, value in said(project, "events", "event_id")] == [
        ("depth", "7.0"),
        ("land", "France"),
        ("plan", "pro"),
        ("variant", "B"),
    ]


def test_what_an_attribute_says_is_masked_as_every_text(tmp_path: Path) -> None:
    event = {"messageId": "m1", "type": "track", "event": "V", "anonymousId": "a", "timestamp": "2026-07-01T10:00:00Z"}
    content = json.dumps(event | {"properties": {"note": "ask ana@example.com"}}) + "\n"
    project = shop(tmp_path, "segment", [{"id": "note", "from": "properties.note"}], a_jsonl=content)
    load(project)
    assert said(project, "events", "event_id") == [("m1", "note", "ask [e-mail]")]


def test_another_attribute_reaches_what_is_loaded(tmp_path: Path) -> None:
    event = {"messageId": "m1", "type": "track", "event": "V", "anonymousId": "a", "timestamp": "2026-07-01T10:00:00Z"}
    content = json.dumps(event | {"properties": {"plan": "pro"}}) + "\n"
    project = shop(tmp_path, "segment", [], a_jsonl=content)
    load(project)
    assert said(project, "events", "event_id") == []
    text = yaml.safe_load(project.journey_file.read_text(encoding="utf-8"))
    text["attributes"] = [{"id": "plan", "from": "properties.plan"}]
    project.journey_file.write_text(yaml.safe_dump(text), encoding="utf-8")
    project = load_project(project.journey_file, project.exports_folder, tmp_path)
    load(project)
    assert said(project, "events", "event_id") == [("m1", "plan", "pro")]


def say(**values: str) -> list[dict[str, str]]:
    return [{"attribute": name, "said": value} for name, value in values.items()]


def attribute(name: str, scope: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "from": name, "scope": scope, **more}


def test_an_attribute_of_each_scope_is_that_of_a_touchpoint() -> None:
    shop_settings = settings(
        attributes=[
            attribute("button", "event"),
            attribute("ab", "session"),
            attribute("plan", "person"),
            attribute("gift", "order"),
        ]
    )
    connection = warehouse(
        events=[
            event("a", 0, "landing", attributes=say(button="top")),
            event("a", 5, "product", attributes=say(ab="B", plan="free")),
            event("a", 9, "product", attributes=say(ab="A", plan="pro")),
            event("a", 9000, "landing"),
            event("a", 9010, "purchased", order_id="1", customer_id="c"),
        ],
        order_rows=[order("1", 9005, customer_id="c", attributes=say(gift="yes"))],
        contacts=[{"contact_id": "k", "customer_id": "c", "created_at": at(9008), "attributes": say(plan="team")}],
        shop=shop_settings,
        build=["journeys.touchpoint_attributes", "journeys.people"],
    )
    found = rows(
        connection,
        "select cast(epoch(t.occurred_at) - 1767571200 as bigint), a.attribute, a.value from "
        "journeys.touchpoint_attributes as a inner join journeys.touchpoints as t using (touchpoint_id) order by all",
    )
    assert found == [
        (0, "ab", "B"),
        (0, "button", "top"),
        (5, "ab", "B"),
        (5, "plan", "free"),
        (9, "ab", "B"),
        (9, "plan", "pro"),
        (9000, "plan", "pro"),
        (9005, "gift", "yes"),
        (9005, "plan", "pro"),
        (9010, "gift", "yes"),
        (9010, "plan", "team"),
    ]


def test_rules_steps_and_personas_ask_for_attributes() -> None:
    rules = [
        {
            "touchpoint": "big product",
            "event": "product",
            "stage": "consideration",
            "where": [{"attribute": "size", "is": ["L", "XL"]}, {"attribute": "sale", "is": "no"}],
        },
        {"touchpoint": "product", "event": "product", "stage": "discovery"},
        {"touchpoint": "add", "event": "add", "stage": "cart", "action": "add_to_cart"},
    ]
    funnel = {
        "id": "pro",
        "name": "Pro",
        "steps": [
            {"any": True, "where": [{"attribute": "plan", "is": "pro"}]},
            {"touchpoint": "add", "where": [{"attribute": "ab", "is": "B"}]},
        ],
    }
    connection = warehouse(
        events=[
            event("a", 0, "product", attributes=say(size="XL", sale="no", plan="pro")),
            event("a", 1, "product", attributes=say(size="XL", sale="yes")),
            event("a", 2, "add", attributes=say(ab="B")),
            event("b", 0, "product", attributes=say(size="S", sale="no", plan="free", ab="B")),
            event("b", 1, "add"),
            event("c", 0, "product", attributes=say(plan="pro")),
            event("c", 1, "add", attributes=say(ab="A")),
        ],
        shop=settings(
            touchpoints=rules,
            funnels=[funnel],
            attributes=[
                attribute("size", "event"),
                attribute("sale", "event"),
                attribute("ab", "session"),
                attribute("plan", "person"),
            ],
            personas=[{"id": "pros", "label": "Pros", "where": [{"attribute": "plan", "is": "pro"}]}],
        ),
        build=["journeys.touchpoints", "journeys.attempt_steps", "journeys.unstitched_attempts", "journeys.people"],
    )
    assert rows(
        connection,
        "select touchpoint, stage, count(*) from journeys.touchpoints where event_name = 'product' "
        "group by all order by 1",
    ) == [("big product", "consideration", 1), ("product", "discovery", 3)]
    steps = "select i.identifier, max(step_number) from journeys.{} as s inner join journeys.identities as i "
    for table in ("attempt_steps", "unstitched_attempts"):
        assert rows(connection, f"{steps.format(table)} on s.person_id = i.person_id group by 1 order by 1") == [
            ("anonymous:a", 2),
            ("anonymous:c", 1),
        ]
    assert rows(connection, "select persona, count(*) from journeys.people group by 1 order by 1") == [
        ("pros", 2),
        ("unassigned", 1),
    ]


def test_a_purchase_rule_that_asks_for_an_attribute_makes_orders_of_those_events_alone() -> None:
    rule = {"touchpoint": "bought", "event": "done", "stage": "purchase", "action": "purchase"}
    connection = warehouse(
        events=[
            event("a", 0, "done", order_id="1", value=5, attributes=say(form="order")),
            event("b", 0, "done", order_id="2", value=5, attributes=say(form="newsletter")),
            event("c", 0, "done", order_id="3", value=5),
        ],
        shop=settings(
            touchpoints=[
                rule | {"where": [{"attribute": "form", "is": "order"}]},
                {"touchpoint": "other", "event": "done"},
            ],
            stages=[{"id": "discovery", "label": "Discovery"}, {"id": "purchase", "label": "Purchase"}],
            funnels=[{"id": "f", "name": "F", "steps": [{"any": True}]}],
            attributes=[attribute("form", "event")],
        ),
        build=["staging.orders", "metrics.purchase_events"],
        without=["order_rows"],
    )
    assert rows(connection, "select order_id from staging.orders") == [("1",)]
    assert rows(connection, "select order_id, purchase_key from metrics.purchase_events") == [("1", "order 1")]


def test_an_attribute_alone_that_is_other_in_a_newer_row_of_its_order_is_so_on_the_touchpoints(tmp_path: Path) -> None:
    """The order is the same but for it, and its person's rows are refreshed all the same."""
    project = canonical_project(tmp_path, settings(attributes=[attribute("gift", "order")]))
    with open_canonical(project) as connection:
        for day, gift in ((0, "yes"), (1, "no")):
            row = order("1", 0, customer_id="c1", source_updated_at=at(day), attributes=say(gift=gift))
            load_files(connection, project, [File("order_rows", day, (row,))])
            build_all(connection, project)
            said = "select distinct value from journeys.touchpoint_attributes"
            assert rows(connection, said) == [(gift,)]


def test_too_many_values_are_grouped_and_said_and_so_is_an_attribute_without_any() -> None:
    connection = warehouse(
        events=[event("a", i, "landing", attributes=say(page=f"p{min(i, 3)}")) for i in range(6)],
        shop=settings(attributes=[attribute("page", "event", at_most=2), attribute("none", "event")]),
        build=["metrics.attribute_values"],
    )
    assert rows(connection, "from metrics.attribute_values order by all") == [
        ("none", None, False, 0, 0),
        ("page", "other", True, 2, 2),
        ("page", "p0", False, 1, 1),
        ("page", "p3", False, 1, 3),
    ]


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ({"personas": [{"id": "p", "label": "P", "where": [{"attribute": "plann", "is": "pro"}]}]}, "plan"),
        ({"personas": [{"id": "p", "label": "P", "where": [{"attribute": "size", "is": "L"}]}]}, "of a person"),
        ({"attributes": [{"id": "city", "from": "x"}]}, "which the CRM has by itself"),
        ({"attributes": [{"id": "month", "from": "x", "scope": "session"}]}, "when something began"),
        ({"attributes": [{"id": "a", "from": "x", "exports": ["weeb"]}]}, "web"),
    ],
)
def test_a_condition_asks_for_an_attribute_that_there_is(
    tmp_path: Path, sections: dict[str, Any], problem: str
) -> None:
    base = settings().model_dump(mode="json", by_alias=True, exclude_none=True)
    declared = [attribute("plan", "person"), attribute("size", "event")]
    path = tmp_path / "journey.yaml"
    path.write_text(yaml.safe_dump(base | {"attributes": declared} | sections), encoding="utf-8")
    with pytest.raises(SettingsError, match=problem):
        load_settings(path)
