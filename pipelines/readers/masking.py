"""What is hidden of the text of rejected rows, and of comments: e-mails, phones, fields that name a person."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.warehouse import quoted

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
    """SQL that masks e-mail addresses, phone numbers and named personal fields in a text."""
    # Quotes may be escaped: some exports hold JSON as text within JSON.
    key = r"first_?name|last_?name|full_?name|name|phone|email|address|street|city|ip"
    field = rf'\\*"({key})\\*"\s*:\s*\\*"[^"\\]*\\*"'
    return (
        f"regexp_replace(regexp_replace(regexp_replace({value}, '{field}', '\"\\1\":\"[masked]\"', 'gi'), "
        r"'[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+', '[e-mail]', 'g'), "
        r"'\+[0-9][0-9 ().-]{7,}[0-9]', '[phone]', 'g')"
    )
