"""What is hidden of the text of rejected rows, and of comments: e-mails, phones, fields that name a person."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parcours.warehouse.connection import quoted

_PERSONAL_COLUMN = re.compile(
    r"name|mail|phone|address|street|city|zip|company|note|comment|content|ip$", re.IGNORECASE
)
_PRODUCT_COLUMN = re.compile(r"^lineitem|^name$|^order", re.IGNORECASE)


def is_personal(column: str) -> bool:
    """Whether a column of a file, by its name, may hold what names a person."""
    return bool(_PERSONAL_COLUMN.search(column)) and not _PRODUCT_COLUMN.search(column)


def row_text(columns: Sequence[str]) -> str:
    """SQL that writes a row as one text, without the columns that hold personal data."""
    shown = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in columns if not is_personal(name))
    return masked(f"cast(struct_pack({shown}) as text)") if shown else "''"


def masked(value: str) -> str:
    """SQL that masks e-mail addresses, phone numbers, queries of links and named personal fields in a text."""
    key = (
        r"first_?name|last_?name|full_?name|name|phone|email|address|street|city|ip|"
        r"subject|raw_subject|description|content|body|comment|note"
    )
    # A value may hold escaped quotes, and a broken line may end within it.
    field = rf'"({key})"\s*:\s*"(?:[^"\\]|\\.)*(?:"|\\?$)'
    # Some exports hold JSON as text within JSON.
    field_in_text = rf'\\+"({key})\\+"\s*:\s*\\+"[^"\\]*\\+"'
    hidden = "'\"\\1\":\"[masked]\"', 'gi'"
    fields_hidden = f"regexp_replace(regexp_replace({value}, '{field}', {hidden}), '{field_in_text}', {hidden})"
    return (
        f"regexp_replace(regexp_replace(regexp_replace({fields_hidden}, "
        r"'(https?://[^\s?#]*)[?#][^\s,;}\"'']*', '\1?[masked]', 'gi'), "
        r"'[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+', '[e-mail]', 'g'), "
        r"'\+[0-9][0-9 ().-]{7,}[0-9]', '[phone]', 'g')"
    )
