"""What a text hides: e-mails, phone numbers, bank and card numbers, IP addresses, queries of links, fields that name a
person.

Here: SQL over one text, by what such a value looks like. Names look like nothing: columns and fields that hold them are
left out by what they are called. Phone numbers go by their forms, not by the plan of a country: of the world's national
numbers a library that knows the shop's country finds a fifth, the forms nine in ten. Not here: the patterns
(`parcours/warehouse/personal_values.py`), nor which column of a shape hides what (`parcours/loading/personal.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb

from parcours.warehouse.connection import quoted, text_literal
from parcours.warehouse.personal_values import ANY_NUMBER, CARD, EMAIL, IBAN, IP, LIKELY_PHONE, PHONE, PREFIXED_PHONE

_PERSONAL_COLUMN = re.compile(
    r"name|mail|phone|mobile|fax|address|street|city|zip|company|note|comment|content|iban|passw|birth|ip$",
    re.IGNORECASE,
)
_PRODUCT_COLUMN = re.compile(r"^lineitem|^name$|^order", re.IGNORECASE)

_FIELD = (
    r"[^\"\\]*(?:mail|phone|mobile|street|address|iban|passw|secret|token|birth)[^\"\\]*|"
    r"(?:[a-z]+[_ ]?)?(?:first|last|full|given|family|middle|display|user|nick|contact|recipient|owner|person)"
    r"[_ ]?name|name|surname|fax|city|zip|zip_?code|post(?:al)?_?code|ip|"
    r"subject|raw_subject|description|content|body|comment|note"
)
"""Of JSON the names of fields that hold what names a person."""

_LINKS = (
    (r"([a-z][a-z0-9+.-]*://)[^\s/?#@\"'<>]*@", r"\1"),
    (r"((?:[a-z][a-z0-9+.-]*://|www\.)[^\s?#;\"'<>]*)[?#;][^\s,}\"'<>]*", r"\1?[masked]"),
    (r"([?&;#]|%3F|%26|%23)[\w.\[\]-]+(?:=|%3D)[^\s&,}\"'<>]+", r"\1[masked]"),
)
"""Credentials, query and fragment of a link, and what stands alone as a name with its value."""


def is_personal(column: str) -> bool:
    """Whether a column of a file, by its name, may hold what names a person."""
    return bool(_PERSONAL_COLUMN.search(column)) and not _PRODUCT_COLUMN.search(column)


def row_text(columns: Sequence[str]) -> str:
    """SQL that writes a row as one text, without the columns that hold personal data."""
    shown = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in columns if not is_personal(name))
    return f"cast(struct_pack({shown}) as text)" if shown else "''"


def masked(value: str) -> str:
    """SQL that masks a text: e-mail addresses, phone, bank and card numbers, IP addresses, queries of links, and fields
    of JSON that name a person. Dates, amounts and ids stay."""
    # A value may hold escaped quotes, and a broken line may end within it; some exports hold JSON as text within JSON.
    hidden = r'"\1":"[masked]"'
    value = _replaced(value, rf'"({_FIELD})"\s*:\s*(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[+-]?\d[^\s,}}\]]*)', hidden)
    value = _replaced(value, rf'\\+"({_FIELD})\\+"\s*:\s*(?:\\+"[^"\\]*\\+"|[+-]?\d[^\s,}}\]]*)', hidden)
    for pattern, instead in _LINKS:
        value = _replaced(value, pattern, instead)
    value = _replaced(value, EMAIL, "[e-mail]")
    value = _replaced(value, rf"\b(?:{CARD}|{IBAN})\b", "[number]")
    value = _replaced(value, PHONE, "[phone]")
    value = _replaced(value, rf"\b(?:{IP})\b", "[number]")
    before = r"(^|[^\p{L}\p{N}.-])"
    likely = rf"{before}(?:{LIKELY_PHONE})\b|{before.replace('.', './')}(?:{PREFIXED_PHONE})\b"
    return _replaced(value, likely, r"\1\2[phone]")


def masked_freely(value: str) -> str:
    """SQL that masks what somebody wrote: as `masked`, and every other number of seven digits and more too."""
    return _replaced(masked(value), ANY_NUMBER, "[number]")


def path_only(value: str) -> str:
    """SQL of the path of a page: without scheme, credentials and host, query, fragment and session id."""
    value = _replaced(value, r"^[a-z][a-z0-9+.-]*://[^/?#;]*", "")
    return _replaced(value, r"(?:[?#;]|%3F|%(?:23|3B)[^/]*(?:=|%3D)).*$", "")


def masked_text(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """A text of ours that may quote a file, masked."""
    return str(connection.execute(f"select {masked('$text')}", {"text": text}).fetchall()[0][0])


def _replaced(value: str, pattern: str, instead: str) -> str:
    return f"regexp_replace({value}, {text_literal(pattern)}, {text_literal(instead)}, 'gi')"
