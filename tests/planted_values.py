"""Exports of every format with personal values in every field, to look for afterwards.

Each value holds a mark: letters that no export has, or digits. Names stand where a column's or field's name says so;
addresses and numbers, in the forms in which people and programs write them, stand in every field.
"""

from __future__ import annotations

import base64
import copy
import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import yaml
from format_shops import FIXTURES
from shops import SAMPLE

from parcours.loading.sources import read_source
from parcours.project import ROOT, Project, load_project

MARK = "qzx"
DIGITS = "949400"
REFUSED = ("headerless", "of another", "an error", "cut")
"""The files of which each is refused as a whole, without their ending."""

FOUND = re.compile(rf"{MARK}\w*|{DIGITS}\d{{5}}", re.IGNORECASE)
"""A planted value, where the signs between digits are taken out."""

NAMED = re.compile(
    r"(first|last|full|billing|shipping|display|user|customer).{0,3}name|street|address|"
    r"(requester|assignee|submitter|traits|person_properties)\.name$",
    re.IGNORECASE,
)
"""The fields that hold a name, by their own."""

AMOUNT = re.compile(
    r"quantity|qty|price|cost|total|amount|revenue|tax|shipping|discount|refund|value|score|scale|stamp|time|date|_at$|"
    r"version|order$|index|width|height|duration|count|sequence|ltv|position|number",
    re.IGNORECASE,
)

EMAILS = (
    "jo.{}@planted.example",
    "JO.{}@PLANTED.EXAMPLE",
    "zoé.{}@exämple.fr",
    "o'neil.{}@planted.example",
    "jo+{}@planted.example",
    "jo.{}%40planted.example",
    "jo.{}＠planted.example",
    '"jo {}"@planted.example',
    "jo.{} (at) planted.example",
    "mailto:jo.{0}@planted.example?cc={0}@planted.example",
    "https://shop.example/u/jo.{0}@planted.example/?mail={0}",
    "https://jo:{}@shop.example/orders",
    "/reset?email={}",
    "/orders;jsessionid={}",
    "https://shop.example/thanks#token={}",
)
NUMBERS = (
    "+33 {a} {b} {c} {d} {e}",
    "+33{n}",
    "+33.{a}.{b}.{c}.{d}.{e}",
    "+33-{a}-{b}-{c}-{d}-{e}",
    "+33 (0){a} {b} {c} {d} {e}",
    "＋33 {a} {b} {c} {d} {e}",
    "+33\u00a0{a}\u00a0{b}\u00a0{c}\u00a0{d}\u00a0{e}",
    "tel:+33{n}",
    "0033 {a} {b} {c} {d} {e}",
    "0033{n}",
)


class Planter:
    """Makes values, each another one, in turn of each form."""

    def __init__(self) -> None:
        self._number = count(1)

    def _next(self) -> int:
        return next(self._number)

    def email(self) -> str:
        """An address, or a link with one."""
        number = self._next()
        return EMAILS[number % len(EMAILS)].format(f"{MARK}{number}")

    def name(self) -> str:
        """First and last name."""
        return f"Karim Planted{MARK}{self._next()}"

    def phone(self) -> str:
        """A phone number, of eleven digits with its country."""
        number = self._next()
        digits = f"{DIGITS}{number:05}"
        parts = {"a": digits[0:3], "b": digits[3:5], "c": digits[5:7], "d": digits[7:9], "e": digits[9:11]}
        return NUMBERS[number % len(NUMBERS)].format(n=digits, **parts)

    def account(self) -> str:
        """A card's or an account's number."""
        number = self._next()
        digits = f"{DIGITS}{number:05}"
        if number % 2:
            card = f"4{digits}000"
            card += str(next(check for check in range(10) if _is_luhn(f"{card}{check}")))
            return card if number % 4 == 1 else " ".join(re.findall("....", card))
        iban = f"FR76{digits}000000000000"
        return iban if number % 4 == 0 else " ".join(re.findall(".{1,4}", iban))

    def values(self, field: str, rounds: int) -> Iterator[str]:
        """What is planted into a field."""
        for _ in range(rounds):
            yield self.email()
            # Digits alone are an amount, where one is expected.
            for value in (self.phone(), self.account()):
                if not (value.removeprefix("+").isdigit() and AMOUNT.search(field)):
                    yield value
            if NAMED.search(field):
                yield self.name()


def _is_luhn(digits: str) -> bool:
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits))]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def found_in(text: str) -> set[str]:
    """The planted values in a text, as it is or in Base64, by their marks."""
    without_hashes = re.sub(r"\b[0-9a-f]{32,}\b", "", text)
    joined = re.sub(r"(?<=\d)[\s().\-/·\u00a0]+(?=\d)", "", without_hashes)
    return {*FOUND.findall(joined), *(mark for mark in _BASE64 if mark in text)}


_BASE64 = {base64.b64encode(f"{lead}jo.{MARK}".encode())[4:-4].decode() for lead in ("aaa", "aaaa", "aaaaa")}


def planted_shop(folder: Path, rounds: int, formats: tuple[str, ...] = ()) -> tuple[Project, int]:
    """A shop that reads every format (or those named), with values planted; returns it and how many values they are.

    Args:
        folder: of the shop.
        rounds: how often each kind of value is planted into each field.
        formats: only these.
    """
    planter, files, written = Planter(), [], ""
    for name, kind, text in _originals():
        format_name = re.sub(r"_\d+_columns$", "", name)
        if formats and format_name not in formats:
            continue
        target = folder / "exports" / name
        target.mkdir(parents=True)
        for part, planted in _WRITERS[kind](text, format_name, planter, rounds):
            (target / f"{part}.{kind}").write_text(planted, encoding="utf-8")
            written += planted
        files.append({"name": name, "path": f"{name}/*", "format": format_name})
    journey = yaml.safe_load((ROOT / "journey.yaml").read_text(encoding="utf-8"))
    journey["exports"] = {"folder": "exports", "refuse_above": 1, "files": files}
    (folder / "journey.yaml").write_text(yaml.safe_dump(journey, allow_unicode=True), encoding="utf-8")
    return load_project(folder / "journey.yaml", folder / "exports", folder), len(found_in(written))


Files = Iterator[tuple[str, str]]


def _originals() -> Iterator[tuple[str, str, str]]:
    """Of each format the name of a sound file, its kind and text."""
    formats = {path.stem for path in (ROOT / "sql" / "sources").glob("*.sql")}
    for path in sorted(FIXTURES.iterdir()):
        if re.sub(r"_\d+_columns$", "", path.stem) in formats and path.suffix != ".xml":
            yield path.stem, path.suffix[1:], path.read_text(encoding="utf-8-sig")
    for name, path in (("hubspot_contacts", "crm/contacts.csv"), ("survey_answers", "crm/survey_answers.csv")):
        lines = (SAMPLE / path).read_text(encoding="utf-8").splitlines()
        yield name, "csv", "".join(f"{line}\n" for line in lines[:4])
    with gzip.open(SAMPLE / "events" / "events-2026-07-01.jsonl.gz", "rt", encoding="utf-8") as file:
        calls = {
            f"{call.get('type')} {call.get('event')}": line for line in islice(file, 500) if (call := _object(line))
        }
    yield "segment", "jsonl", "".join(calls.values())


def _object(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _csv_files(original: str, _: str, planter: Planter, rounds: int) -> Files:
    header, *rows = csv.reader(io.StringIO(original, newline=""))
    planted = [
        [*rows[number % len(rows)][:place], value, *rows[number % len(rows)][place + 1 :]]
        for place, column in enumerate(header)
        for number, value in enumerate(planter.values(column, rounds))
    ]
    yield "planted", _as_csv([header, *rows, *planted])
    # Without a header: refused. With a field too many: each row rejected.
    yield "headerless", _as_csv([[planter.name(), planter.phone(), *row[2:]] for row in rows] * 30)
    yield "unsplit", _as_csv([header, *([*row, planter.email(), planter.name()] for row in rows)])


def _as_csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _tsv_files(original: str, format_name: str, planter: Planter, rounds: int) -> Files:
    columns = read_source(ROOT / "sql" / "sources" / f"{format_name}.sql").columns
    lines = [line.split("\t") for line in original.splitlines()]
    planted = [
        [*lines[number % len(lines)][:place], value, *lines[number % len(lines)][place + 1 :]]
        for place, column in enumerate(columns)
        for number, value in enumerate(planter.values(column, rounds))
    ]
    yield "planted", "".join("\t".join(line) + "\n" for line in [*lines, *planted])
    yield "short", "".join("\t".join([planter.name(), planter.email()]) + "\n" for _ in range(30))


def _jsonl_files(original: str, _: str, planter: Planter, rounds: int) -> Files:
    records = [record for line in original.splitlines() if (record := _object(line))]
    planted = [record for record in records for record in _planted(record, planter, rounds)]
    lines = [json.dumps(record, ensure_ascii=False) for record in [*records, *_once(planted)]]
    person = {"traits": {"firstName": planter.name(), "email": planter.email(), "phone": planter.phone()}}
    broken = [json.dumps(person)[:-cut] for cut in range(2, 20)]
    keys = [json.dumps(records[0] | {planter.email(): 1, "properties": {planter.phone(): 1}}) for _ in range(5)]
    yield "planted", "".join(f"{line}\n" for line in [*lines, *broken, *keys])
    yield "of a list", "".join(f"{planter.name()},{planter.email()},{planter.phone()}\n" for _ in range(30))
    yield "of another", json.dumps([{planter.email(): planter.name()}], indent=1)


def _json_files(original: str, _: str, planter: Planter, rounds: int) -> Files:
    document = json.loads(original)
    while isinstance(document, dict):  # of an object the list that it holds
        document = next(part for part in document.values() if isinstance(part, (dict, list)))
    records: list[Any] = document
    yield "planted", json.dumps([*records, *_once([p for r in records for p in _planted(r, planter, rounds)])])
    yield "an error", json.dumps({planter.email(): "?", planter.name(): planter.phone()})
    yield "cut", json.dumps([{"name": planter.name(), "email": planter.email()}])[:-3]


def _once(records: list[Any]) -> list[Any]:
    return [*{json.dumps(record): record for record in records}.values()]


Place = tuple[str | int, ...]


def _planted(record: Any, planter: Planter, rounds: int) -> Iterator[Any]:
    """Copies of a JSON value, in each of which another leaf is a planted value."""
    for path, plant in _leaves(record):
        for value in planter.values(".".join(str(part) for part in path if isinstance(part, str)), rounds):
            changed = copy.deepcopy(record)
            plant(changed, value)
            yield changed


def _leaves(value: Any, path: Place = ()) -> Iterator[tuple[Place, Callable[[Any, str], None]]]:
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(part, (*path, key))
        return

    def plant(record: Any, planted: str) -> None:
        for part in path[:-1]:
            record = record[part]
        record[path[-1]] = planted

    yield path, plant


_WRITERS: dict[str, Callable[[str, str, Planter, int], Files]] = {
    "csv": _csv_files,
    "tsv": _tsv_files,
    "jsonl": _jsonl_files,
    "json": _json_files,
}
