"""What the columns of a shape hide: every text of an export passes here once, whatever its format, before it is stored.

Free text and labels are masked, a path loses its query, an id that is an e-mail address or a phone becomes a pseudonym.
So a customer whose id is an address is still the one of that e-mail. Not here: what is looked for
(`parcours/warehouse/personal_values.py`), nor what is wrong with a row (`row_checks.py`).
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from parcours.loading.readers.masking import masked, masked_freely, path_only
from parcours.warehouse.canonical import Column, Kind
from parcours.warehouse.connection import text_literal
from parcours.warehouse.personal_values import ID_MAY_BE_PERSONAL, MAY_BE_PERSONAL, hidden_id, is_email

PEOPLE = ("anonymous_id", "customer_id", "contact_id")
"""Ids of people: one that is an address is the person's e-mail too, but for the CRM's own."""

FREE_TEXT = ("comment",)
"""What somebody wrote."""

IDS = ("order_reference", "row_key", "part", "delivery", "email_hash", "merged_contact_ids")
"""Texts that tell rows apart though they are not called …_id."""

Hiding = Callable[[str], str]


def hide_personal_data(connection: duckdb.DuckDBPyConnection, kind: Kind, given: set[str]) -> None:
    """Hide what `checked` holds of personal values; `given` gets `email_hash`, where only ids tell the address.

    Few columns hold any, and few rows of them: the others are looked at once.
    """
    texts = [column for column in kind.columns if (column.type == "text" or column.fields) and column.name in given]
    found = ", ".join(f"count(*) filter ({_may_hide(column)})" for column in texts)
    counts = connection.execute(f"select {found} from checked").fetchall()[0]
    touched = [column for column, count in zip(texts, counts, strict=True) if count]
    if not touched:
        return
    hidden = {
        column.name: f"case when {_may_hide(column)} then {_hiding(column)(column.name)} else {column.name} end"
        for column in touched
    }
    addresses = [
        f"case when {is_email(name)} then {hidden_id(name, of_person=True)} end"
        for name in PEOPLE[:2]
        if name in hidden
    ]
    if addresses and any(column.name == "email_hash" for column in kind.columns):
        if "email_hash" not in given:
            connection.execute("alter table checked add column email_hash text")
            given.add("email_hash")
        hidden["email_hash"] = f"coalesce({', '.join([hidden.get('email_hash', 'email_hash'), *addresses])})"
    connection.execute(
        f"update checked set {', '.join(f'{name} = {value}' for name, value in hidden.items())} "
        f"where {' or '.join(map(_may_hide, touched))}"
    )


def _is_id(column: Column) -> bool:
    return column.name.endswith("_id") or column.name in IDS


def _may_hide(column: Column, value: str = "") -> str:
    """SQL that says, cheaply, whether a value may hold something to hide; where it says no, it holds nothing."""
    value = value or column.name
    if column.fields:
        any_field = " or ".join(f"coalesce({_may_hide(field, f'i.{field.name}')}, false)" for field in _texts(column))
        return f"len(list_filter({value}, lambda i: {any_field})) > 0"
    pattern = ID_MAY_BE_PERSONAL if _is_id(column) else MAY_BE_PERSONAL
    return f"regexp_matches({value}, {text_literal(pattern)})"


def _texts(column: Column) -> list[Column]:
    """The fields of a list that are texts."""
    return [field for field in column.fields if field.type == "text"]


def _hidden_list(column: Column, value: str) -> str:
    """SQL of a list whose texts hide what columns hide."""
    hidden = {
        field.name: f"case when {_may_hide(field, f'i.{field.name}')} then {_hiding(field)(f'i.{field.name}')} "
        f"else i.{field.name} end"
        for field in _texts(column)
    }
    fields = ", ".join(f"{field.name} := {hidden.get(field.name, f'i.{field.name}')}" for field in column.fields)
    return f"list_transform({value}, lambda i: struct_pack({fields}))"


def _hiding(column: Column) -> Hiding:
    """What a column hides, as SQL of a value."""
    if column.fields:
        return lambda value: _hidden_list(column, value)
    if _is_id(column):
        return lambda value: hidden_id(value, of_person=column.name in PEOPLE)
    if column.name == "url_path":
        return lambda value: f"nullif({masked(path_only(value))}, '')"
    return masked_freely if column.name in FREE_TEXT else masked
