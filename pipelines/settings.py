"""The schema of journey.yaml, and the one error message that names everything wrong in it.

Here: what an analyst may write, the defaults, the checks across sections (a rule that names an
unknown stage, a funnel step that no rule produces), and `settings.*` rows made from it.
Not here: where the file lies (`resources.py`), nor what a figure means (`sql/`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

Kpi = Literal["conversion", "cart_abandonment", "retention", "satisfaction"]
Unit = Literal["person", "session", "journey", "cart", "order"]
TouchpointSource = Literal["events", "orders", "feedback"]
Action = Literal["view", "add_to_cart", "remove_from_cart", "checkout", "key_event", "error"]
PersonAttribute = Literal[
    "country", "city", "lifecycle_stage", "lead_status", "lead_source", "marketing_status", "is_contact"
]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[list[str], BeforeValidator(_as_list)]


class Section(BaseModel):
    """A part of journey.yaml. Unknown keys are refused, so that a typing error is not a silent default."""

    model_config = ConfigDict(extra="forbid")


class Shop(Section):
    """Whose journey it is."""

    name: str = Field(min_length=1, description="Shown in the report's title.")
    time_zone: str = Field(description="IANA name, as Europe/Paris. Days in reports are days there.")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code of all amounts.")
    language: Literal["en", "fr"] = Field("en", description="Language of dates and numbers in the report.")


class ExportFile(Section):
    """Files of one export: where they are and how they are read."""

    name: Identifier = Field(description="Name of the export, as shown in raw.loads.")
    path: str = Field(description="Path pattern under the exports folder, as events/*.jsonl.gz.")
    format: str = Field(
        description="segment, shopify_orders, hubspot_contacts, survey_answers, or the name of "
        "a sources/<format>.sql beside this file."
    )


class Exports(Section):
    """What to load."""

    folder: str = Field(description="Folder of the exports, relative to this file.")
    files: list[ExportFile] = Field(min_length=1)


class Stage(Section):
    """One stage of the journey map, in order."""

    id: Identifier
    label: str
    required: bool = Field(True, description="Optional stages have a reach of their own and never gate.")
    to_be: float | None = Field(
        None, ge=0, le=1, description="Target: the share of journeys that should go on from this stage."
    )


class TouchpointRule(Section):
    """The first rule that matches gives a touchpoint its name and its stage."""

    touchpoint: str
    stage: Identifier | None = None
    event: Names = Field([], description="Event names; empty means any.")
    url: str | None = Field(None, description="SQL like pattern on the URL's path, as /products/%.")
    source: TouchpointSource | None = None
    action: Action | None = Field(None, description="What it does to a cart, or how sessions count it.")


class Sessions(Section):
    """How touchpoints are cut into sessions."""

    timeout_minutes: float = Field(30, ge=0, description="A strictly greater gap starts a new session.")
    maximum_hours: float = Field(24, gt=0)


class Step(Section):
    """A step of a funnel: any of the touchpoints, or of the stages, where the columns are as given."""

    label: str | None = None
    touchpoint: Names = []
    stage: Names = []
    device: str | None = None
    channel: str | None = None
    any: bool = Field(False, description="Any touchpoint at all is the step.")


class Funnel(Section):
    """Steps in order, within a window from the first."""

    id: Identifier
    name: str
    unit: Unit = "person"
    window_days: float = Field(7, gt=0)
    steps: list[Step] = Field(min_length=1, max_length=20)


class Retention(Section):
    """Who comes back, by calendar periods of the shop's time: a table beside the headline's elapsed days."""

    id: Identifier
    label: str
    entry: Names = Field([], description="Touchpoints that put a person in a cohort; empty means any.")
    comeback: Names = Field([], description="Touchpoints that count as coming back; empty means any.")
    period: Literal["hour", "day", "week", "month"] = "week"
    cohort: Literal["first", "every"] = Field(
        "first", description="first: a person is in the cohort of the first entry; every: in each with an entry."
    )


class Condition(Section):
    """A predicate over an attribute of the person. Compares as text."""

    attribute: PersonAttribute
    is_: Names = Field(alias="is")


class Persona(Section):
    """A named group of people: all conditions hold. The first persona that fits is the person's."""

    id: Identifier
    label: str
    where: list[Condition] = Field(min_length=1)


class Segment(Section):
    """The part of the people that a change concerned."""

    persona: Names = []
    device: Names = []


class Change(Section):
    """Something that the shop changed on a day."""

    id: Identifier
    label: str
    date: date
    stage: Identifier | None = None
    what: str = ""
    segment: Segment | None = None


class Comparison(Section):
    """How before and after are compared."""

    window_days: int = Field(28, ge=7, description="At most this many days on each side of a change.")
    guard_days: int = Field(1, ge=0, description="Days left out on each side of a change.")


class Measures(Section):
    """The knobs of the definitions; each default is the definition's."""

    cart_horizon_days: float = Field(7, gt=0, description="H: an order within it makes a cart converted.")
    retention_days: int = Field(90, ge=1, description="A second order within it makes a customer retained.")
    inactivity_days: float = Field(30, gt=0, description="A journey silent for longer has ended.")
    attribution_hours: float = Field(24, gt=0, description="An order belongs to the last session within it.")
    survey_lag_days: float = Field(7, gt=0)
    identity_link_limit: int = Field(
        10, ge=1, description="An identifier that meets more customers than this links nothing."
    )
    small_cell: int = Field(30, ge=1, description="Below it counts are shown and rates are not ranked.")


class JourneySettings(Section):
    """journey.yaml: everything that an analyst edits."""

    shop: Shop
    exports: Exports
    stages: list[Stage] = Field(min_length=2)
    touchpoints: list[TouchpointRule] = Field(min_length=1)
    sessions: Sessions = Sessions()  # type: ignore[call-arg]
    funnels: list[Funnel] = Field(min_length=1)
    retentions: list[Retention] = []
    personas: list[Persona] = []
    changes: list[Change] = []
    targets: dict[Kpi, float] = {}
    comparison: Comparison = Comparison()  # type: ignore[call-arg]
    measures: Measures = Measures()  # type: ignore[call-arg]


class SettingsError(Exception):
    """journey.yaml is wrong. The text lists every problem with its line, key, what was found and expected."""


Problem = tuple[tuple[str | int, ...], str]


def load_settings(path: Path, formats: Sequence[str] | None = None) -> JourneySettings:
    """Read and check journey.yaml.

    Args:
        path: the file.
        formats: names of the export formats that exist; None skips that check.

    Raises:
        SettingsError: with every problem of the file in one message.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file. Copy journey.yaml from the repository and edit it.") from None
    try:
        data, root = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error)
        raise SettingsError(f"{path}{where}: not valid YAML: {what}. Check the indentation and quotes.") from None
    if root is None or not isinstance(data, dict):
        raise SettingsError(f"{path}: expected sections (shop:, exports:, stages:, …), found {_shown(data)}.")
    problems = list(_cross_checks(data, formats))
    try:
        settings = JourneySettings.model_validate(data)
    except ValidationError as error:
        problems += [_schema_problem(dict(e)) for e in error.errors()]
    if problems:
        lines = [
            f"  line {_line_of(root, where)}: {_key(where)}: {what}"
            for where, what in sorted(problems, key=lambda p: _line_of(root, p[0]))
        ]
        count = f"{len(lines)} problem" + ("s" if len(lines) > 1 else "")
        raise SettingsError(f"{path}: {count}. Nothing was run.\n" + "\n".join(lines))
    return settings


def json_schema() -> dict[str, Any]:
    """The JSON Schema of journey.yaml, with which editors complete and check it."""
    schema = JourneySettings.model_json_schema()
    schema["title"] = "Parcours journey.yaml"
    return schema


def _schema_problem(error: dict[str, Any]) -> Problem:
    """One pydantic error in the words of journey.yaml."""
    where: tuple[str | int, ...] = tuple(part for part in error["loc"] if part != "[key]")
    found = _shown(error["input"])
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return where, "unknown key." + _suggest(str(where[-1]), _known_keys(where[:-1]))
        case "missing":
            return where, f"missing; expected {_expected_at(where)}."
        case "literal_error":
            choices = [c.strip("' ") for c in str(context["expected"]).replace(" or ", ", ").split(",")]
            return where, f"found {found}, expected one of {', '.join(choices)}." + _suggest(
                str(error["input"]), choices
            )
        case kind if kind.startswith("date_"):
            return where, f"found {found}, expected a date, as 2026-07-14."
        case "string_pattern_mismatch":
            return where, f"found {found}, expected text that matches {context['pattern']}."
        case _:
            reason = error["msg"][0].lower() + error["msg"][1:]
            return where, f"found {found}; {reason.replace('input', 'the value')}."


def _cross_checks(data: dict[str, Any], formats: Sequence[str] | None) -> Iterator[Problem]:
    """What the schema alone can't see: names that must exist elsewhere in the file, and be unique.

    Reads the file as it was written, whatever its types, so that one message has these problems too
    when the schema finds others.
    """
    zone = _section(data, "shop").get("time_zone")
    if isinstance(zone, str) and zone not in available_timezones():
        what = f"found {_shown(zone)}, expected an IANA time zone, as Europe/Paris."
        yield ("shop", "time_zone"), what + _suggest(zone, available_timezones())
    if formats is not None:
        for where, export in _items(data, "exports", "files"):
            yield from _known((*where, "format"), _names(export.get("format")), formats, "format")
    for section in ("stages", "funnels", "retentions", "personas", "changes"):
        yield from _unique([((*where, "id"), item.get("id")) for where, item in _items(data, section)])
    yield from _unique([((*w, "name"), e.get("name")) for w, e in _items(data, "exports", "files")])

    stages = [name for _, stage in _items(data, "stages") for name in _names(stage.get("id"))]
    rules = list(_items(data, "touchpoints"))
    touchpoints = sorted({name for _, rule in rules for name in _names(rule.get("touchpoint"))})
    personas = [name for _, persona in _items(data, "personas") for name in _names(persona.get("id"))]
    if stages and not any(stage.get("required", True) for _, stage in _items(data, "stages")):
        yield ("stages",), "no stage is required; expected at least one, since only required stages gate."
    for where, rule in rules:
        yield from _known((*where, "stage"), _names(rule.get("stage")), stages, "stage")
        if not (rule.get("event") or rule.get("url") or rule.get("source")):
            yield where, "has no condition; expected event, url or source."
    for funnel_where, _ in _items(data, "funnels"):
        for where, step in _items(data, *funnel_where, "steps"):
            if not (step.get("touchpoint") or step.get("stage") or step.get("any")):
                yield where, "matches nothing; expected touchpoint, stage, or any: true."
            if step.get("touchpoint") and step.get("stage"):
                yield where, "has both touchpoint and stage; expected one of the two."
            yield from _known((*where, "touchpoint"), _names(step.get("touchpoint")), touchpoints, "touchpoint")
            yield from _known((*where, "stage"), _names(step.get("stage")), stages, "stage")
    for where, retention in _items(data, "retentions"):
        for key in ("entry", "comeback"):
            yield from _known((*where, key), _names(retention.get(key)), touchpoints, "touchpoint")
    for where, change in _items(data, "changes"):
        yield from _known((*where, "stage"), _names(change.get("stage")), stages, "stage")
        segment = (*where, "segment", "persona")
        yield from _known(segment, _names(_section(change, "segment").get("persona")), personas, "persona")
    for kpi, target in _section(data, "targets").items():
        if isinstance(target, (int, float)) and not 0 <= target <= 1:
            yield ("targets", kpi), f"found {target}, expected a share between 0 and 1, as 0.6 for 60 %."


def _section(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _items(data: Any, *path: str | int) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """The sections of the list at a path, each with its own path; nothing where there is no list."""
    for part in path:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int):
            data = data[part]
    for i, item in enumerate(data if isinstance(data, list) else []):
        if isinstance(item, dict):
            yield (*path, i), item


def _names(value: object) -> list[str]:
    return [name for name in (value if isinstance(value, list) else [value]) if isinstance(name, str)]


def _known(where: tuple[str | int, ...], names: Sequence[str], known: Sequence[str], what: str) -> Iterator[Problem]:
    for name in names:
        if name not in known:
            yield where, f"found {_shown(name)}, which is no {what} here." + _suggest(name, known)


def _unique(names: Sequence[tuple[tuple[str | int, ...], object]]) -> Iterator[Problem]:
    seen: set[object] = set()
    for where, name in names:
        if isinstance(name, str) and name in seen:
            yield where, f"found {_shown(name)} a second time, expected a new {where[-1]}."
        seen.add(name if isinstance(name, str) else None)


def _suggest(name: str, choices: Sequence[str] | set[str]) -> str:
    nearest = difflib.get_close_matches(name, sorted(choices), n=1, cutoff=0.5)
    if nearest:
        return f" Did you mean {nearest[0]}?"
    return f" Known: {', '.join(sorted(choices))}." if 0 < len(choices) <= 20 else ""


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _key(where: tuple[str | int, ...]) -> str:
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in where).lstrip(".") or "(file)"


def _line_of(root: yaml.Node, where: tuple[str | int, ...]) -> int:
    """The line of a key path, or of its nearest parent that the file has."""
    node, line = root, root.start_mark.line
    for part in where:
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return line + 1


def _schema_at(where: tuple[str | int, ...]) -> dict[str, Any]:
    """The part of the JSON Schema that describes a key path."""
    schema = JourneySettings.model_json_schema()
    node: dict[str, Any] = schema
    for part in where:
        node = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part, {})
        for option in node.get("anyOf", [node]):
            if "$ref" in option:
                node = schema["$defs"][option["$ref"].rsplit("/", 1)[1]]
                break
    return node


def _known_keys(where: tuple[str | int, ...]) -> list[str]:
    return list(_schema_at(where).get("properties", {}))


def _expected_at(where: tuple[str | int, ...]) -> str:
    node = _schema_at(where)
    if "enum" in node:
        return "one of " + ", ".join(node["enum"])
    kind = {"string": "text", "array": "a list", "object": "a section", "number": "a number"}
    expected = kind.get(node.get("type", ""), node.get("type", "a value"))
    return f"{expected}: {node['description'].rstrip('.')}" if "description" in node else expected
