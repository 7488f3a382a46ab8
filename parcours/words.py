"""Words in the language of a page: the English of the code is the key, `catalogues/<language>.po` has the others.

    with speaking("fr"):
        say("{share} of carts get no order", share=numbers.share(0.7))

A message is a whole sentence or a whole label: languages order and bend words each in their own way. What it is filled
with are figures, names and other messages. `parcours words` gathers the messages of the code into every catalogue
(`gathered_words.py`); one that has no translation is said in English. Not here: numbers and dates (`numbers.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

CATALOGUES = Path(__file__).parent / "catalogues"
ENGLISH = "en"
LANGUAGES = (ENGLISH, *sorted(file.stem for file in CATALOGUES.glob("*.po")))
"""Those that pages can be written in: English, and each that has a catalogue."""
OF_TABLES = "table"
"""The context, in a catalogue, of what tables hold: names of figures, causes, rules of checks, comments."""
NAMES = frozenset(
    {"column", "columns", "exports", "file", "folder", "key", "loaded", "names", "path", "table", "value", "values"}
)
"""Parts of what tables hold that are names: a column “Name” of an export is called so in every language."""
COUNTS = frozenset({"count", "line", "total"})
"""Parts that are whole numbers: nothing else stands for them, and thousands are set apart as the language does it."""
LISTS = frozenset({"reasons"})
"""Parts that are several texts, between which stands a semicolon."""
_LANGUAGE: ContextVar[str] = ContextVar("language", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """What is said within is said in this language, one of `LANGUAGES`."""
    before = _LANGUAGE.set(language)
    try:
        yield
    finally:
        _LANGUAGE.reset(before)


def spoken() -> str:
    """The language in which words are said now."""
    return _LANGUAGE.get()


def later(message: str) -> str:
    """The message itself: marks a constant that `say` translates when it is said."""
    return message


def say(message: str, /, **values: object) -> str:
    """A message, with the values in place of its braces."""
    return _filled(_catalogue(spoken()).gettext(message) if message else message, values)


def say_number(one: str, other: str, number: float, /, **values: object) -> str:
    """A message as it goes with a number: “{count} cart is …”, “{count} carts are …”."""
    return _filled(_catalogue(spoken()).ngettext(one, other, _whole(number)), values)


def told(text: str) -> str:
    """What a table holds in words. Those with a part of their own, “{column} is missing”, are known by the rest."""
    if not text or spoken() == ENGLISH:
        return text
    catalogue = _catalogue(spoken())
    said = catalogue.pgettext(OF_TABLES, text)
    if said != text:
        return said
    for pattern, message in _templates(spoken()):
        if found := pattern.fullmatch(text):
            values = {name: _part(name, value) for name, value in found.groupdict().items()}
            return _filled(catalogue.pgettext(OF_TABLES, message), values)
    return text


def _part(name: str, value: str) -> str:
    """A part of what a table holds, in words."""
    if name in NAMES:
        return value
    if name in COUNTS:
        return format_decimal(int(value.replace(",", "")), locale=locale())
    return joined(map(told, value.split("; "))) if name in LISTS else told(value)


def listed(names: Sequence[str], style: Literal["standard", "or"] = "standard") -> str:
    """Names in a sentence: a, b and c; or: a, b or c."""
    return format_list(names, style, locale=locale())


def joined(texts: Iterable[str]) -> str:
    """Texts that stand beside each other in a sentence: a; b; c."""
    return say("; ").join(texts)


def locale() -> Locale:
    """That of the words. Of English the British one: no comma before “and”."""
    return Locale("en", "GB") if spoken() == ENGLISH else Locale.parse(spoken())


def _filled(message: str, values: Mapping[str, object]) -> str:
    return message.format(**values) if values else message


def _whole(number: float) -> int:
    """What stands for a number where a language chooses a form: its catalogue counts in whole numbers."""
    if number == int(number):
        return int(number)
    return 1 if locale().plural_form(Decimal(str(number))) == "one" else 2


@cache
def _messages(language: str) -> Catalog:
    from babel.messages.pofile import read_po

    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def _catalogue(language: str) -> NullTranslations:
    if language == ENGLISH:
        return NullTranslations()
    from babel.messages.mofile import write_mo

    binary = BytesIO()
    write_mo(binary, _messages(language))
    binary.seek(0)
    return GNUTranslations(binary)


@cache
def _templates(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The messages of tables that have parts, the most particular first, each with what it looks like when filled."""
    messages = [str(message.id) for message in _messages(language) if message.context == OF_TABLES]
    templates = sorted((message for message in messages if re.search(r"{\w+}", message)), key=len, reverse=True)
    return tuple((re.compile(_pattern(message), re.DOTALL), message) for message in templates)


def _pattern(message: str) -> str:
    parts = re.split(r"{(\w+)}", message)
    return "".join(
        f"(?P<{part}>{r'[0-9][0-9,]*' if part in COUNTS else '.+?'})" if place % 2 else re.escape(part)
        for place, part in enumerate(parts)
    )
