"""A model that is refreshed key by key and brings rows of several keys together is refused; the others are not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from given import project, settings

from parcours.engine.model import Model, ModelError, parse_model
from parcours.engine.refresh import Through
from parcours.engine.within_key import refuse_leaving
from parcours.tables.catalogue import all_models


@dataclass(frozen=True)
class Upstream:
    """A table as the check sees it."""

    table: str
    columns: dict[str, str]
    key: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    description: str = field(default="")


def upstream(table: str, columns: str, key: str = "", within: str = "") -> Upstream:
    """One with its columns."""
    return Upstream(table, dict.fromkeys(columns.split(), ""), tuple(key.split()), tuple(within.split()))


TABLES = {
    found.table: found
    for found in (
        upstream("settings.shop", "small_cell currency"),
        upstream("staging.events", "event_id identifier url_path", "event_id"),
        upstream("staging.orders", "order_id paid_at"),
        upstream("journeys.identities", "identifier person_id", "identifier"),
        upstream("journeys.visits", "visit_id person_id device started_at", "visit_id"),
        upstream("journeys.touches", "touch_id person_id visit_id device at", "touch_id", "visit_id"),
        upstream("journeys.purchases", "order_id person_id value", "order_id"),
    )
}
THROUGH = (Through("journeys.identities", "person_id", "identifier"),)


def check(sql: str, header: str = "") -> None:
    """Refuse a select that is keyed by person, if it leaves the key."""
    text = f"-- One row per thing.\n-- keyed by: person_id\n{header}{sql}"
    refuse_leaving(parse_model("journeys", "t", text), TABLES, THROUGH)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        pytest.param(
            "select person_id, row_number() over (order by at) as n from journeys.touches",
            "a window is not within it: ROW_NUMBER() OVER (ORDER BY \"at\")",
            id="a window without partition",
        ),
        pytest.param(
            "select person_id, lag(at) over (partition by device order by at) as n from journeys.touches",
            "a window is not within it: LAG(\"at\") OVER (PARTITION BY device ORDER BY \"at\")",
            id="a window by another column",
        ),
        pytest.param(
            "select person_id, lag(at) over w as n from journeys.touches window w as (partition by device order by at)",
            "a window is not within it",
            id="a named window by another column",
        ),
        pytest.param(
            "select person_id from journeys.touches qualify row_number() over (partition by device order by at) = 1",
            "a window is not within it",
            id="a window that chooses rows",
        ),
        pytest.param(
            "select min(person_id) as person_id, device, count(*) as n from journeys.touches group by device",
            "a group is not within it: GROUP BY device",
            id="a group without the key",
        ),
        pytest.param(
            "with totals as (select count(*) as n from journeys.touches) "
            "select person_id, n from journeys.visits cross join totals",
            "an aggregate is over the rows of all keys: COUNT(*)",
            id="an aggregate over all rows",
        ),
        pytest.param(
            "select t.person_id from journeys.touches as t inner join journeys.visits as v on t.device = v.device",
            "v is joined to rows of other keys: INNER JOIN journeys.visits AS v ON t.device = v.device",
            id="a join not on the key",
        ),
        pytest.param(
            "select t.person_id from journeys.touches as t left join journeys.visits as v "
            "on t.person_id = v.person_id or t.device = v.device",
            "v is joined to rows of other keys",
            id="a join on the key or something else",
        ),
        pytest.param(
            "select t.person_id from journeys.touches as t left join journeys.visits as v on t.device = v.device "
            "where t.person_id = v.person_id or v.person_id is null",
            "v is joined to rows of other keys",
            id="an outer join that is only filtered by the key",
        ),
        pytest.param(
            "select t.person_id from journeys.touches as t cross join journeys.visits as v",
            "v is joined to rows of other keys: CROSS JOIN",
            id="a cross join",
        ),
        pytest.param(
            "select t.person_id from journeys.touches as t inner join journeys.visits as v on t.touch_id = v.visit_id",
            "v is joined to rows of other keys",
            id="a join of keys of different things",
        ),
        pytest.param(
            "select p.person_id from staging.orders as o left join journeys.purchases as p using (order_id)",
            "rows without a key are kept where p has none",
            id="an outer join from a table that is read whole",
        ),
        pytest.param(
            "select person_id from journeys.visits where device in (select device from journeys.touches)",
            "a subquery reads rows of other keys",
            id="a subquery in a condition",
        ),
        pytest.param(
            "select person_id, (select max(at) from journeys.touches) as last_at from journeys.visits",
            "an aggregate is over the rows of all keys: MAX(\"at\")",
            id="a subquery as a value",
        ),
        pytest.param(
            "select v.person_id from journeys.visits as v "
            "where not exists (select 1 from journeys.touches as t where t.device = v.device)",
            "a subquery reads rows of other keys",
            id="a subquery that exists for another's row",
        ),
        pytest.param(
            "with devices as (select distinct device from journeys.touches) "
            "select person_id from journeys.visits inner join devices using (device)",
            "distinct leaves out whose the rows are",
            id="distinct values of all",
        ),
        pytest.param(
            "select person_id, at from journeys.touches order by at limit 5",
            "a limit is over the rows of all keys",
            id="a limit",
        ),
        pytest.param(
            "select person_id from journeys.touches union all select order_id from staging.orders",
            "a union has rows without a key: SELECT order_id FROM staging.orders",
            id="a union with a table that is read whole",
        ),
        pytest.param(
            "select device from journeys.touches except select device from journeys.visits",
            "a union compares rows of several keys",
            id="a difference of sets",
        ),
        pytest.param(
            "select touch_id as person_id from journeys.touches",
            "its column person_id is not that of the rows it is made from",
            id="another column as the key",
        ),
        pytest.param(
            "select v.person_id, t.person_id as other_id from journeys.visits as t "
            "left join journeys.touches as v on t.visit_id = v.visit_id "
            "qualify row_number() over (partition by v.person_id order by v.at) = 1",
            "a window is not within it",
            id="a window by a key that may be null",
        ),
    ],
)  # fmt: skip
def test_a_model_that_leaves_its_key_is_refused_with_the_place(sql: str, why: str) -> None:
    with pytest.raises(ModelError, match=r"journeys\.t is keyed by person_id, but ") as refusal:
        check(sql)
    assert why in str(refusal.value) and "-- within person_id: …" in str(refusal.value)


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(
            "select person_id, row_number() over (partition by person_id order by at) as n, "
            "lag(at) over (partition by visit_id order by at) as m from journeys.touches",
            id="windows by the key, and by what belongs to one",
        ),
        pytest.param(
            "select person_id, device, count(*) as n from journeys.touches group by all having count(*) > 1",
            id="a group with the key",
        ),
        pytest.param(
            "select any_value(person_id) as person_id, visit_id, max(at) as n from journeys.touches group by visit_id",
            id="a group of what belongs to one key",
        ),
        pytest.param(
            "select v.person_id, count(*) as n from journeys.visits as v inner join journeys.touches as t "
            "on v.visit_id = t.visit_id and t.at > v.started_at cross join settings.shop as shop "
            "left join staging.orders as o on o.paid_at > t.at group by v.person_id",
            id="joins on what belongs to one key, and of what is read whole",
        ),
        pytest.param(
            "with whose as (select identifier, person_id from journeys.identities) "
            "select whose.person_id, e.url_path from staging.events as e inner join whose using (identifier)",
            id="rows that are narrowed through another table",
        ),
        pytest.param(
            "select v.person_id, (select max(t.at) from journeys.touches as t where t.visit_id = v.visit_id) as n "
            "from journeys.visits as v where v.person_id in (select person_id from journeys.purchases) "
            "and exists (select 1 from journeys.purchases as p where p.person_id = v.person_id and p.value > 1) "
            "and v.device in (select currency from settings.shop)",
            id="subqueries of the same key, and of what is read whole",
        ),
        pytest.param(
            "with both as (select person_id, at from journeys.touches union all select person_id, started_at from "
            "journeys.visits) select distinct coalesce(a.person_id, b.person_id) as person_id from both as a "
            "full join journeys.purchases as b on a.person_id = b.person_id",
            id="a union of keys, and a full join on them",
        ),
        pytest.param(
            "with whole as (select currency, count(*) over () as n from settings.shop limit 1) "
            "select person_id, n from journeys.visits, whole",
            id="anything over what is read whole",
        ),
    ],
)
def test_a_model_that_stays_within_its_key_is_accepted(sql: str) -> None:
    check(sql)


def test_what_a_file_declares_is_taken_for_true() -> None:
    by_device = "select person_id, lag(at) over (partition by device order by at) as n from journeys.touches"
    with pytest.raises(ModelError):
        check(by_device)
    check("with own as (select person_id, at, device from journeys.touches) "
          "select person_id, lag(at) over (partition by device order by at) as n from own",
          "-- within person_id: device\n")  # fmt: skip
    across = (
        "with kinds as (select {} from journeys.touches) "
        "select person_id from journeys.visits inner join kinds using (device)"
    )
    check(across.format("distinct device"), "-- across person_id: kinds\n")
    with pytest.raises(ModelError, match="kinds, said to be across it, does more than select distinct values"):
        check(across.format("device, count(*) as n"), "-- across person_id: kinds\n")


@pytest.mark.parametrize("header", ["-- within person_id: gone\n", "-- across person_id: gone\n"])
def test_what_is_declared_of_nothing_is_refused(header: str) -> None:
    with pytest.raises(ModelError, match="it declares gone, which it does not have"):
        check("select person_id from journeys.visits", header)


def test_a_model_without_a_key_may_do_anything() -> None:
    refuse_leaving(
        parse_model("journeys", "t", "-- One row per thing.\nselect count(*) as n from journeys.touches"), {}
    )


def test_what_is_accepted_for_what_it_declares_is_refused_without() -> None:
    models = {model.table: model for model in all_models(project(settings()))}
    attempts = models["journeys.attempt_steps"]
    refuse_leaving(attempts, _everything(), THROUGH)
    for silent in (replace(attempts, within=()), replace(attempts, across=())):
        with pytest.raises(ModelError, match=r"journeys\.attempt_steps is keyed by person_id"):
            refuse_leaving(silent, _everything(), THROUGH)


def test_a_wrong_model_is_refused_when_the_tables_are_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    from parcours.tables import catalogue

    def misread(*arguments: object) -> Model:
        model = read(*arguments)  # type: ignore[arg-type]
        if model.table != "journeys.session_facts":
            return model
        return parse_model(model.schema, model.name, model.sql.replace("group by", "group by device --", 1))

    read = catalogue.read_model
    monkeypatch.setattr(catalogue, "read_model", misread)
    with pytest.raises(ModelError, match=r"journeys\.session_facts is keyed by person_id"):
        all_models(project(settings()))


def _everything() -> dict[str, Upstream]:
    from parcours.loading.settings_tables import SETTINGS_TABLES
    from parcours.tables.catalogue import declared_tables
    from parcours.warehouse.raw_tables import RAW_TABLES

    every = (*SETTINGS_TABLES, *RAW_TABLES.values(), *declared_tables(project(settings())))
    return {table.table: table for table in every}  # type: ignore[misc]
