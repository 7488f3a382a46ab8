"""What the pages say in other languages: every message has its words, and no English is left on a French page."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter

import duckdb
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from other_language import in_language

from parcours.gathered_words import CODE, brought_up, gathered_words
from parcours.project import ROOT
from parcours.report.journey.page import render_journey
from parcours.report.quality.page import render_quality
from parcours.words import CATALOGUES, LANGUAGES, listed, say, say_number, speaking, told

ENGLISH = frozenset(
    re.findall(
        r"\w+",
        "yes the of and with is are was were not which by from than has have been who that this its their each "
        "per since until within before after between more less every any other others day days week weeks "
        "month months share rate rows row file files order orders cart carts journey journeys stage stages "
        "step steps visit visits people customers answers leads reads data open counted known nothing nobody "
        "what when where how still here there first last ",
    )
)
"""Words that no French text has: of those that are as much French, as “on” or “points”, none."""
OURS = (
    r"`[^`]{1,60}`|[a-z_]+\.[a-z_.]+|[\w./-]+\.(csv|html|yaml|duckdb|jsonl)|“[^”]*”|sql/\w+|"
    r"\w+:\w+:\d+ all all|stage_passage:|jamais le même [a-z_, ]+|\([a-z_]+\)|\b(raw|staging|journeys|metrics)\s+\d"
)
"""What stays as it is: names of tables, columns, boxes, formats, alarms and files, what a shop wrote between quotes."""


SAMPLE = (ROOT / "journey.yaml").read_text(encoding="utf-8")


def catalogue(file: Path) -> Catalog:
    with file.open("rb") as opened:
        return read_po(opened, locale=file.stem)


@pytest.fixture(scope="module")
def gathered() -> Catalog:
    return gathered_words()


CATALOGUE_FILES = sorted(CATALOGUES.glob("*.po"))


@pytest.mark.parametrize("file", CATALOGUE_FILES, ids=lambda file: file.stem)
def test_every_message_of_the_code_stands_in_the_catalogue(file: Path) -> None:
    assert brought_up(file) == file.read_bytes(), "run make words, and translate what is new"


@pytest.mark.parametrize("file", CATALOGUE_FILES, ids=lambda file: file.stem)
def test_every_message_is_translated_with_the_parts_that_it_has(file: Path) -> None:
    for message in catalogue(file):
        if not message.id:
            continue
        ids = (message.id,) if isinstance(message.id, str) else message.id
        said = (message.string,) if isinstance(message.string, str) else message.string
        assert all(said) and len(said) == len(ids), f"not translated: {ids}"
        parts = [parts_of(text) for text in ids]
        for text in said:
            assert parts_of(text) <= parts_of(ids[-1]) | parts_of(ids[0]), f"another part: {ids} → {said}"
        assert [parts_of(text) for text in said] == parts or len(ids) > 1, f"a part is missing: {ids} → {said}"


def parts_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name} if "{" in text else set()


def test_french_is_written_as_french_is() -> None:
    for message in catalogue(CATALOGUES / "fr.po"):
        for text in (message.string,) if isinstance(message.string, str) else message.string:
            assert not re.search(r"[“”]|\w'\w", re.sub(r"`[^`]*`|<[^>]*>", "", text)), f"quotes, apostrophe: {text}"
            assert not re.search(r" [:;!?%»](?!\w)|« ", text), f"a space that may break: {text}"


def test_every_literal_that_is_said_is_gathered(gathered: Catalog) -> None:
    """Babel sees no call within an f-string, no argument that is put together, and no plural around another call."""
    known = {text for message in gathered for text in ([message.id] if isinstance(message.id, str) else message.id)}
    for file in CODE.rglob("*.py"):
        code = file.read_text(encoding="utf-8")
        for where, text in _said(ast.parse(code)) if "from parcours.words import" in code else ():
            assert text in known, f"{file.name}, line {where}: {text}"


def _said(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for call in ast.walk(tree):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id in ("say", "later", "say_number")
        ):
            for given in call.args[: 2 if call.func.id == "say_number" else 1]:
                literals = [
                    part for part in ast.walk(given) if isinstance(part, ast.Constant) and isinstance(part.value, str)
                ]
                assert not isinstance(given, ast.JoinedStr | ast.BinOp | ast.IfExp), f"line {call.lineno}: no literal"
                yield from ((call.lineno, part.value) for part in literals if isinstance(given, ast.Constant))


def test_a_message_and_a_number_and_what_a_table_holds() -> None:
    with speaking("fr"):
        assert listed(["a", "b", "c"]) == "a, b et c"
        assert say("{share} of carts get no order within {horizon}", share="70 %", horizon="7 j").startswith("70 %")
        one, many = "{days} day", "{days} days"
        assert [say_number(one, many, n, days=n) for n in (0, 1, 1.5, 2)] == ["0 jour", "1 jour", "1.5 jour", "2 jours"]
        assert told("cart abandonment") == "abandon de panier"
        assert told("country is missing") not in ("country is missing", "pays manque")
        assert told("A name of the shop's own") == "A name of the shop's own"
    assert say_number(one, many, 1, days=1) == "1 day" and told("cart abandonment") == "cart abandonment"


def test_a_language_is_a_file() -> None:
    assert ("en", *(file.stem for file in CATALOGUE_FILES)) == LANGUAGES


def words_of(page: str, names: Iterable[str]) -> str:
    """What one reads of a page and its drawings, without markup, scripts and what stays as it is."""
    head, _, body = page.partition("<body>")
    drawings = re.findall(r'id="drawings">(.*?)</script>', body, re.DOTALL)
    drawn = " ".join(
        text
        for one in drawings
        for text in re.findall(r'"(?:text|name|title|ticktext)":("[^"]*"|\[[^\]]*\])', one.replace("\\u003c", "<"))
    )
    labels = " ".join(re.findall(r'(?:aria-label|data-(?:csv|days|one-day|under-day))="([^"]*)"', head + body))
    body = re.sub(r"<(style|script)\b.*?</\1>", " ", body, flags=re.DOTALL)
    read = html.unescape(re.sub(r"<[^>]*>", " ", f"{body} {drawn} {labels}"))
    read = re.sub(OURS, " ", read)
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<!\w)(?:{known})(?!\w)", " ", read)


def english_in(page: str, names: Iterable[str]) -> list[str]:
    """Each English word that is left, with what stands around it."""
    read = words_of(page, names)
    return [
        " ".join(read[max(0, found.start() - 40) : found.end() + 40].split())
        for found in re.finditer(r"[^\W\d_]+", read)
        if found[0].lower() in ENGLISH
    ]


@pytest.fixture(scope="module")
def french(published_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    copy = in_language(published_sample, tmp_path_factory.mktemp("french") / "published.duckdb", "fr")
    with duckdb.connect(str(copy), read_only=True) as connection:
        yield connection


def names_of_the_sample(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """What the shop wrote: labels of journey.yaml, names of exports, events and columns, products, comments."""
    labels = {value for _, value in re.findall(r"(label|touchpoint|name|text|survey|event): \"?([^,}\"\n]+)", SAMPLE)}
    of_data = (
        "select event_name from metrics.stage_coverage union select product_name from metrics.products "
        "union select comment from metrics.stage_verbatims union select campaign from journeys.sessions "
        "union select export from raw.loads union select path from raw.loads "
        "union select name from metrics.schema_drift union select country from journeys.people "
        "union select survey from metrics.satisfaction_drivers "
        "union select touchpoint from settings.touchpoint_rules"
    )
    of_tables = "select table_name from duckdb_tables() union select column_name from duckdb_columns()"
    found = connection.execute(f"{of_data} union {of_tables}").fetchall()
    return labels | {str(name) for (name,) in found if name and len(str(name)) > 3 and str(name).lower() not in ENGLISH}


def test_no_english_is_left_on_the_french_pages(french: duckdb.DuckDBPyConnection) -> None:
    names = names_of_the_sample(french)
    for render in (render_journey, render_quality):
        page = render(french)
        assert '<html lang="fr"' in page
        assert english_in(page, names) == []
