"""Every message of the code, gathered into the catalogues of `catalogues/`: what `parcours words` writes.

A message is what `say`, `say_number` and `later` are given as it stands, a text of the pages' YAML files and a heading
of their queries; and what tables hold in words (context `table`): comments of tables, what checks say, what stopped a
run, and `table_words.yaml`. A new language is a new file there: an empty one, then `parcours words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Any

import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from parcours.engine.checks import read_checks
from parcours.project import ROOT, load_project
from parcours.report.journey.headlines import HEADLINES
from parcours.report.quality.topics import TOPICS
from parcours.settings.kpis import KPIS, LEADS
from parcours.tables.catalogue import WRITTEN_AFTERWARDS, declared_tables
from parcours.troubles import KNOWN
from parcours.warehouse.raw_tables import RAW_TABLES
from parcours.words import CATALOGUES, OF_TABLES

CODE = Path(__file__).parent
KEYWORDS = {"say": None, "say_number": (1, 2), "later": None}
METHODS = [("made_up_shop/**", "ignore"), ("**.py", "python"), ("report/**.html", "jinja2")]
HEADING = re.compile(r'\bas "([^"]+)"')
TABLE_WORDS = Path(__file__).with_name("table_words.yaml")
SCHEMAS = ("metrics.", "journeys.", "raw.")
"""Of the tables whose comments a page shows."""
Message = str | tuple[str, ...]
DATED = re.compile(rb'^"(POT-C|PO-R|Last-T|Generated-|Project-|Report-|Language-T).*\n', re.MULTILINE)
"""What a header says of when and by whom: a file that nothing changed stays the same."""
WIDTH = 0
"""A message stands on one line, however long: a catalogue is changed by message, not by line."""


def gathered_words() -> Catalog:
    """Every message, in the order of its text; without places, which move with each line of code."""
    catalog = Catalog()
    for context, message in sorted(
        {*_of_code(), *_of_files(), *_of_tables()}, key=lambda found: (found[0], str(found[1]))
    ):
        catalog.add(message, context=context or None, flags=["python-brace-format"] if "{" in str(message) else [])
    return catalog


def write_words() -> None:
    """Bring every catalogue up to the code: new messages have no translation, old ones go."""
    for file in sorted(CATALOGUES.glob("*.po")):
        file.write_bytes(brought_up(file))


def brought_up(file: Path) -> bytes:
    """What a catalogue's file is to hold, with the translations that it has."""
    with file.open("rb") as before:
        catalog = read_po(before, locale=file.stem, domain="parcours")
    catalog.update(gathered_words(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.header_comment = f"# Words of Parcours: {file.stem}. Gathered by `make words`; see docs/design.md."
    catalog.fuzzy = False
    written = BytesIO()
    write_po(written, catalog, width=WIDTH, omit_header=False, no_location=True, sort_output=True)
    return DATED.sub(b"", written.getvalue())


def _of_code() -> Iterator[tuple[str, Message]]:
    for _file, _line, message, _comments, context in extract_from_dir(CODE, METHODS, keywords=KEYWORDS):
        yield context or "", message


def _of_files() -> Iterator[tuple[str, Message]]:
    """Texts that are said by name: of cards, topics and figures, and the headings of the quality page's tables."""
    for headline in HEADLINES.values():
        yield from (("", text) for text in _texts(headline))
    for topic in TOPICS:
        yield from (("", text) for text in (topic.name, topic.mark, topic.holds, topic.about, topic.empty))
        yield from (("", text) for text in (topic.bars or ())[1:])
    for kpi in (*KPIS, LEADS):
        yield from (("", text) for text in (kpi.label, kpi.denominator, kpi.name_in_sentence))
    for query in (CODE / "report/quality/queries").glob("*.sql"):
        sql = query.read_text(encoding="utf-8")
        yield "", sql.splitlines()[0].removeprefix("-- ")
        yield from (("", heading) for heading in HEADING.findall(sql))


def _of_tables() -> Iterator[tuple[str, Message]]:
    for table in (*declared_tables(load_project()), *WRITTEN_AFTERWARDS, *RAW_TABLES.values()):
        if table.table.startswith(SCHEMAS) and table.description:
            yield OF_TABLES, table.description
    for check in read_checks(ROOT / "sql/checks"):
        yield from ((OF_TABLES, text) for text in (check.finds, check.description, check.to_do))
    for said in KNOWN.values():
        yield from ((OF_TABLES, text) for text in said if text)
    for words in yaml.safe_load(TABLE_WORDS.read_text(encoding="utf-8")).values():
        yield from ((OF_TABLES, word) for word in words)


def _texts(headline: Any) -> Iterator[str]:
    return (text for field in fields(headline) if (text := getattr(headline, field.name)))
