"""Documents: JSON (a list, or an object that holds it) and XML (`<result><row>…`), gzip too.

A JSON file may hold several values below each other, pages of an API or records over several lines. A record is an
object of the document's list. Where the source says `-- each: <list>`, a row is one element of that list
within a record, together with the record's other members. Not here: one object a line (`json_lines.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from xml.parsers import expat

import duckdb

from parcours.loading.readers.compressed import chunks, is_gzip
from parcours.loading.readers.encoding import is_utf8, utf8_chunks
from parcours.loading.readers.json_lines import LOOKED_AT
from parcours.loading.readers.names import shown_names
from parcours.loading.readers.refusal import FileRefused, first_line
from parcours.loading.shapes import misread
from parcours.loading.sources import known_names
from parcours.warehouse.connection import literal_path, quoted, text_literal

LARGEST = 512 * 2**20
"""Bytes of the largest JSON document: it is read as one value, so it must fit into memory several times."""

OF_ANSWERS = frozenset({"result", "results", "status", "code", "message", "error", "errors", "data", "meta", "next"})
"""Members of what a service answers where it gives no list."""

DEEPEST_LIST = 4
"""Objects within objects in which the list of a document's records is looked for."""

DEEPEST = 50
"""Elements within elements of an XML document: more is no export."""

BATCH = 1_000
"""Records of an XML document that are handed to DuckDB at a time."""


def read_document(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: str,
    needs: Sequence[str],
    shape: str | None,
    each: str | None,
) -> None:
    """Fill `file_rows`: `r` in the source's shape, or `record` as JSON where it declares none.

    With `each`, the member of that name is one element of the list, and `position` its place in the list, from 1. A
    record whose list is empty or missing is one row without element. `line` is the number of the row.

    Args:
        connection: the warehouse.
        path: the file.
        kind: json or xml.
        needs: members that a record has, by which the list is known where a document holds several.
        shape: JSON of the structure of `r`.
        each: the list within each record whose elements are the rows.

    Raises:
        FileRefused: the document is broken, too large, or holds no list.
    """
    _load_records(connection, path, kind, needs)
    head = f"json_transform(record, {text_literal(_shape_without(shape, each))})" if shape else "record"
    whole, elements = "record", "[cast(null as json)]"
    if each:
        whole = f"json_merge_patch(record, {text_literal(json.dumps({each: None}))})"
        found = f"from_json(record -> {text_literal(_pointer(each))}, '[\"JSON\"]')"
        elements = f"case when len({found}) > 0 then {found} else {elements} end"
    wrong, wrong_list, wrong_element = misread("record", _shape_without(shape, each)), "cast(null as text)", "misread"
    if each and shape:
        pointed = text_literal(f"$.{json.dumps(each)}")
        wrong_list = f"case when is_object then unread_list({text_literal(each)}, record, {pointed}) end"
        element = json.dumps(json.loads(shape)[each])
        wrong_element = (
            f"coalesce(misread, unread_object({text_literal(each)}, element, '$'), "
            f"case when json_type(element) = 'OBJECT' then {misread('element', element, f'{each}.')} end)"
        )
    # Lists are made in one step and taken apart in the next: in one, DuckDB makes the list again for every 2,000 rows.
    connection.execute(
        f"create or replace temp table document_lists as select {head} as head, record, is_object, elements, "
        f"case when is_object then coalesce(wrong_list, {wrong}) end as misread from ("
        f"select {whole} as record, is_object, {elements} as elements, {wrong_list} as wrong_list "
        "from document_records)"
    )
    connection.execute(
        f"create or replace temp table document_rows as select *, {wrong_element} as reason from ("
        "select head, is_object, misread, unnest(elements) as element, "
        "generate_subscripts(elements, 1) as position from document_lists)"
    )
    connection.execute(
        "insert into rejects select rowid + 1, case when is_object then reason else 'is not an object' end, '' "
        "from document_rows where not is_object or reason is not null"
    )
    row = _shaped(shape, each) if shape else _merged(each)
    position = "position, " if each else ""
    connection.execute(
        f"create or replace temp view file_rows as select rowid + 1 as line, 0 as file_number, {position}{row} "
        "from document_rows where is_object and reason is null"
    )
    # The text is of what is read: a document's other members may hold an IP address, a city, a name.
    text = f"cast({'to_json(r)' if shape else 'record'} as text)"
    connection.execute(f"create or replace temp view file_texts as select line, {text} as text from file_rows")
    in_list = (
        f"union all select 0, {text_literal(f'{each}.')} || unnest(json_keys(element)) as name from ("
        f"select element from document_rows where json_type(element) = 'OBJECT' limit {LOOKED_AT})"
    )
    connection.execute(
        "create or replace temp view file_names as select 0 as file_number, unnest(json_keys(record)) as name from ("
        f"select record from document_lists where is_object limit {LOOKED_AT}) {in_list if each else ''}"
    )


def document_names(path: Path, kind: str, looked_at: int, first_values: Sequence[str] | None = None) -> tuple[str, ...]:
    """The members of a document's first records; of several lists, those of all; and those of the document itself.

    Args:
        path: the document.
        kind: json or xml.
        looked_at: records that are looked at.
        first_values: JSON values that it begins with, if the others needn't be looked at.

    Raises:
        FileRefused: the document is broken, too large, or holds no list.
    """
    records: list[Any] = []
    if kind == "xml":
        records = list(islice(xml_records(path), looked_at))
    else:
        with duckdb.connect() as connection:
            pointers = _load_document(connection, path, first_values)
            records += [dict.fromkeys(_names(connection, ""))]
            for pointer in pointers:
                _make_list(connection, pointer)
                found = connection.execute(
                    "select unnest(list_slice(records, 1, $n)) from document_list limit $n", {"n": looked_at}
                )
                records += [json.loads(text) for (text,) in found.fetchall() if text]
    return tuple(dict.fromkeys(name for record in records if isinstance(record, dict) for name in record))


def _load_records(connection: duckdb.DuckDBPyConnection, path: Path, kind: str, needs: Sequence[str]) -> None:
    """Make `document_records`: each record, in the document's order, and whether it is an object."""
    if kind == "xml":
        connection.execute("create or replace temp table document_values (record json)")
        records_of_file = xml_records(path)
        while batch := list(islice(records_of_file, BATCH)):
            connection.execute(
                "insert into document_values select cast(unnest($texts) as json)",
                {"texts": [json.dumps(record, ensure_ascii=False) for record in batch]},
            )
    else:
        pointer = _list_of_records(connection, _load_document(connection, path), needs)
        _make_list(connection, pointer)
        connection.execute(
            "create or replace temp table document_values as select unnest(records) as record from document_list"
        )
        connection.execute("drop table document; drop table document_list")
    connection.execute(
        "create or replace temp table document_records as "
        "select record, coalesce(json_type(record) = 'OBJECT', false) as is_object from document_values"
    )


def _load_document(connection: duckdb.DuckDBPyConnection, path: Path, values: Sequence[str] | None = None) -> list[str]:
    """Make `document`, a row for each JSON value of a file, or for its values given; returns the pointers
    of the lists that they are or hold."""
    size = _size(path) if values is None else 0
    try:
        if values is None and is_utf8(path):
            connection.execute(
                "create or replace temp table document as select json from read_json_objects("
                "$path, format = 'unstructured', maximum_object_size = $size, compression = $compression, "
                "hive_partitioning = false)",
                {
                    "path": literal_path(path),
                    "size": size + 1024,
                    "compression": "gzip" if is_gzip(path) else "uncompressed",
                },
            )
        else:
            connection.execute(
                "create or replace temp table document as select cast(unnest($texts) as json) as json",
                {"texts": [*_values(b"".join(utf8_chunks(path)).decode("utf-8-sig"))] if values is None else values},
            )
    except (duckdb.Error, ValueError, RecursionError) as error:
        raise FileRefused(
            f"is not a whole JSON document ({_without_path(error, path)}); it may be cut off: export it again"
        ) from None
    types = {kind for (kind,) in connection.execute("select distinct json_type(json) from document").fetchall()}
    if types == {"ARRAY"}:
        return [""]
    if not types:
        raise FileRefused("holds no JSON value; export it again")
    if types != {"OBJECT"}:
        raise FileRefused(
            "is a JSON value that is neither a list nor an object, or several that are not alike; export it again"
        )
    return _lists(connection, "", DEEPEST_LIST)


def _values(text: str) -> Iterator[str]:
    """The JSON values of a text."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        _, end = decoder.raw_decode(text)
        yield text[:end]
        text = text[end:]


def _names(connection: duckdb.DuckDBPyConnection, pointer: str) -> list[str]:
    """The members at a pointer that any of the values has."""
    found = connection.execute("select distinct unnest(json_keys(json, $at)) from document", {"at": pointer}).fetchall()
    return sorted(name for (name,) in found)


def _lists(connection: duckdb.DuckDBPyConnection, at: str, depth: int) -> list[str]:
    """The pointers of the lists that an object holds, those of objects within it (GraphQL's `data`) behind its own; of
    several values those that each of them holds."""
    members = connection.execute(
        "select name, case when count(*) = (select count(*) from document) and min(type) = max(type) then min(type) "
        "end from (select name, json_type(json, $at || '/' || replace(replace(name, '~', '~0'), '/', '~1')) as type "
        "from document, unnest(json_keys(json, $at)) as names(name)) group by name order by name",
        {"at": at},
    ).fetchall()
    found = [at + _pointer(name) for name, type_ in members if type_ == "ARRAY"]
    inner = [name for name, type_ in members if type_ == "OBJECT"] if depth > 1 else []
    return [
        *dict.fromkeys([*found, *(one for name in inner for one in _lists(connection, at + _pointer(name), depth - 1))])
    ]


def _make_list(connection: duckdb.DuckDBPyConnection, pointer: str | None) -> None:
    """Make `document_list`, the `records` of each value; no pointer: each is itself a record."""
    records = f"from_json(json -> {text_literal(pointer)}, '[\"JSON\"]')" if pointer is not None else "[json]"
    connection.execute(f"create or replace temp table document_list as select {records} as records from document")


def _list_of_records(
    connection: duckdb.DuckDBPyConnection, pointers: Sequence[str], needs: Sequence[str]
) -> str | None:
    """The pointer of the list that holds the records; none: the document is one record."""
    if list(pointers) == [""]:
        return ""

    def has_needs(pointer: str) -> bool:
        return bool(needs) and set(needs) <= {*_names(connection, pointer)}

    if has_needs(""):
        return None
    fitting = [pointer for pointer in pointers if has_needs(f"{pointer}/0")]
    own = [pointer for pointer in pointers if pointer.count("/") == 1]
    if len(fitting) == 1 or (len(own) == 1 and not fitting):
        return (fitting or own)[0]
    members = shown_names("members", _names(connection, ""), known_names() | OF_ANSWERS)
    raise FileRefused(
        f"holds {'several lists' if own or fitting else 'no list'} where one list of records is expected; "
        f"{members}. If it is an error message of the service, correct the request and export it again"
    )


def xml_records(path: Path) -> Iterator[Any]:
    """The `<row>`s of an XML document, as its JSON would have them: objects, lists of `<row>`s, texts, null.

    A document type is refused, for it may declare entities that read other files or grow without end.

    Raises:
        FileRefused: the document is broken, has a document type, or another element than `<row>` where rows are.
    """
    found: list[Any] = []
    # Of each open element its name, its text and its children by name.
    opened: list[tuple[str, list[str], list[tuple[str, Any]]]] = []

    def on_start(name: str, _: dict[str, str]) -> None:
        if len(opened) == 1 and name != "row":
            raise FileRefused(
                f"has <{name}> where a list of <row> is expected. "
                "If it is an error message of the service, correct the request and export it again"
            )
        if len(opened) >= DEEPEST:
            raise FileRefused(f"has elements more than {DEEPEST} deep, which no export has; export it again")
        opened.append((name, [], []))

    def on_text(text: str) -> None:
        opened[-1][1].append(text)

    def on_end(_: str) -> None:
        name, text, children = opened.pop()
        value: Any = "".join(text) if "".join(text).strip() else None
        if children:
            are_rows = all(child == "row" for child, _ in children)
            value = [child for _, child in children] if are_rows else dict(children)
        if len(opened) == 1:
            found.append(value)
        elif opened:
            opened[-1][2].append((name, value))

    def on_document_type(*_: object) -> None:
        raise FileRefused("declares a document type or entities, which no export needs; export it again as plain XML")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    parser.CharacterDataHandler = on_text
    parser.StartDoctypeDeclHandler = on_document_type
    parser.EntityDeclHandler = on_document_type
    try:
        for chunk in chunks(path):
            parser.Parse(chunk)
            yield from found
            found.clear()
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise FileRefused(
            f"is not a whole XML document ({error}); it may be cut off: export it again as UTF-8"
        ) from None
    yield from found


def _size(path: Path) -> int:
    """The bytes of a document, decompressed."""
    size = 0
    for chunk in chunks(path):
        size += len(chunk)
        if size > LARGEST:
            raise FileRefused(
                f"is a JSON document of more than {LARGEST // 2**20} MB; export it in pages, each page into a file"
            )
    return size


def _shaped(shape: str, each: str | None) -> str:
    """SQL of `r`: the record's members of the shape, and the element of its list."""
    values = {
        name: f"json_transform(element, {text_literal(json.dumps(part))})" if name == each else f"head.{quoted(name)}"
        for name, part in json.loads(shape).items()
    }
    return f"struct_pack({', '.join(f'{quoted(name)} := {value}' for name, value in values.items())}) as r"


def _merged(each: str | None) -> str:
    """SQL of `record`: the record with the element in its list's place."""
    if not each:
        return "head as record"
    return f"json_merge_patch(head, json_object({text_literal(each)}, element)) as record"


def _shape_without(shape: str | None, each: str | None) -> str:
    return (
        json.dumps({})
        if not shape
        else json.dumps({name: part for name, part in json.loads(shape).items() if each is None or name != each})
    )


def _pointer(name: str) -> str:
    """The JSON pointer of a member, whatever signs its name has."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _without_path(error: Exception, path: Path) -> str:
    """DuckDB's message without the folder, which says nothing of the file."""
    return first_line(error).replace(str(path), path.name)
