"""Reading journey.yaml, and the one error message that names everything wrong in it.

Here: the checks across sections (a rule that names an unknown stage, a funnel step that no rule produces), and each
problem with its line, key, what was found, what is expected and the nearest valid name. Not here: the schema
(`schema.py`), nor where the file lies (`project.py`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml
from pydantic import ValidationError

from parcours.settings.kpis import KPIS, LEADS, STAGE_PASSAGE, STEP_CONVERSION, is_of_deals, passage_name, step_name
from parcours.settings.schema import NO_PERSONA, PERSON_ATTRIBUTES, SEGMENTING, JourneySettings
from parcours.settings.text import SettingsError, read_settings_text

__all__ = ["SettingsError", "load_settings", "smallest_settings"]


Problem = tuple[tuple[str | int, ...], str]


def load_settings(path: Path, formats: Sequence[str] | None = None) -> JourneySettings:
    """Read and check journey.yaml.

    Args:
        path: the file.
        formats: names of the export formats that exist; None skips that check.

    Raises:
        SettingsError: with every problem of the file in one message.
    """
    data, root = read_settings_text(path)
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


def smallest_settings() -> JourneySettings:
    """Settings with as little in them as the schema allows: for a shop of which no journey.yaml can be read."""
    return JourneySettings.model_validate(
        {
            "shop": {"name": "Unknown", "time_zone": "UTC", "currency": "EUR"},
            "exports": {"folder": ".", "files": [{"name": "none", "path": "none", "format": "none"}]},
            "stages": [{"id": "first", "label": "First"}, {"id": "second", "label": "Second"}],
            "touchpoints": [{"touchpoint": "Any", "event": "any"}],
            "funnels": [{"id": "any", "name": "Any", "steps": [{"any": True}]}],
        }
    )


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
        case "value_error":
            return where, f"found {found}, {context['error']}."
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
    own = _section(data, "shop").get("currency")
    if own in _section(_section(data, "currencies"), "rates"):
        yield ("currencies", "rates", own), "is the shop's own currency; expected others."
    if formats is not None:
        for where, export in _items(data, "exports", "files"):
            yield from _known((*where, "format"), _names(export.get("format")), formats, "format")
    for section in ("stages", "funnels", "retentions", "attributes", "personas", "changes", "opportunities"):
        yield from _unique([((*where, "id"), item.get("id")) for where, item in _items(data, section)])
    yield from _unique([((*w, "name"), e.get("name")) for w, e in _items(data, "exports", "files")])

    stages = [name for _, stage in _items(data, "stages") for name in _names(stage.get("id"))]
    rules = list(_items(data, "touchpoints"))
    touchpoints = sorted({name for _, rule in rules for name in _names(rule.get("touchpoint"))})
    personas = [name for _, persona in _items(data, "personas") for name in _names(persona.get("id"))]
    if stages and not any(_is_true(stage.get("required", True)) for _, stage in _items(data, "stages")):
        yield ("stages",), "no stage is required; expected at least one, since only required stages gate."
    for where, rule in rules:
        yield from _known((*where, "stage"), _names(rule.get("stage")), stages, "stage")
        if not (rule.get("event") or rule.get("url") or rule.get("source")):
            yield where, "has no condition; expected event, url or source."
        if rule.get("where") and rule.get("opens_session") is False:
            yield where, "has opens_session: false and where; expected one of the two."
    for funnel_where, funnel in _items(data, "funnels"):
        yield from _rules_of_steps(funnel_where, funnel, data)
        for where, step in _items(data, *funnel_where, "steps"):
            if not (step.get("touchpoint") or step.get("stage") or step.get("any")):
                yield where, "matches nothing; expected touchpoint, stage, or any: true."
            if step.get("touchpoint") and step.get("stage"):
                yield where, "has both touchpoint and stage; expected one of the two."
            yield from _known((*where, "touchpoint"), _names(step.get("touchpoint")), touchpoints, "touchpoint")
            yield from _known((*where, "stage"), _names(step.get("stage")), stages, "stage")
            yield from _known((*where, "without"), _names(step.get("without")), touchpoints, "touchpoint")
    for where, retention in _items(data, "retentions"):
        for key in ("entry", "comeback"):
            yield from _known((*where, key), _names(retention.get(key)), touchpoints, "touchpoint")
    for where, change in _items(data, "changes"):
        yield from _known((*where, "stage"), _names(change.get("stage")), stages, "stage")
        yield from _known((*where, "moves"), _names(change.get("moves")), _judged_figures(data), "figure")
        segment, attributes = _section(change, "segment"), _items(data, "attributes")
        segmenting = [*SEGMENTING, *(name for _, item in attributes for name in _names(item.get("id")))]
        for name in segment:
            yield from _known((*where, "segment", name), _names(name), segmenting, "attribute")
        listed = [*personas, NO_PERSONA]
        yield from _known((*where, "segment", "persona"), _names(segment.get("persona")), listed, "persona")
    changes = [name for _, change in _items(data, "changes") for name in _names(change.get("id"))]
    for where, word in (*_items(data, "words"), *_items(data, "opportunities")):
        yield from _known((*where, "stage"), _names(word.get("stage")), stages, "stage")
        yield from _known((*where, "persona"), _names(word.get("persona")), personas, "persona")
        yield from _known((*where, "change"), _names(word.get("change")), changes, "change")
    for where, entry in _items(data, "calendar"):
        if not entry.get("days") and not entry.get("spans"):
            yield where, "has no day; expected days or spans."
    yield from _attribute_checks(data)
    surveys = [*_items(data, "surveys")]
    yield from _unique([((*where, "survey"), name) for where, one in surveys for name in _names(one.get("survey"))])
    for where, survey in surveys:
        if survey.get("kind") == "nps" and survey.get("best") == "lowest":
            yield (*where, "best"), "found lowest; expected highest: who recommends a shop scores 9 or 10."
    yield from _path_checks(_section(data, "path"), stages, touchpoints)
    email = _section(_section(data, "nights"), "email")
    if email.get("user") and not email.get("password_variable"):
        what = "expected the name of the environment variable that holds the password."
        yield ("nights", "email"), f"has a user and no password_variable; {what}"
    timeout = _number(_section(data, "sessions").get("timeout_minutes"), 30)
    if timeout > _number(_section(data, "measures").get("inactivity_days"), 30) * 1440:
        yield (
            ("sessions", "timeout_minutes"),
            f"found {timeout:g}; expected at most measures.inactivity_days: a session is within a journey, which such "
            "a silence ends.",
        )
    for kpi, target in _section(data, "targets").items():
        if isinstance(target, (int, float)) and not 0 <= target <= 1:
            yield ("targets", kpi), f"found {target}, expected a share between 0 and 1, as 0.6 for 60 %."


def _rules_of_steps(funnel_where: tuple[str | int, ...], funnel: dict[str, Any], data: Any) -> Iterator[Problem]:
    """Options of a funnel that contradict each other."""
    steps, seen = list(_items(data, *funnel_where, "steps")), set()
    is_any = funnel.get("order") == "any"
    for key, value in (("window_from", "prior"), ("ties", "forbidden")):
        if is_any and funnel.get(key) == value:
            yield (*funnel_where, key), f"found {value}; in any order no step comes before another."
    for number, (where, step) in enumerate(steps, 1):
        for key in ("within_minutes", "at_least_minutes", "without"):
            if step.get(key) and (number == 1 or is_any):
                yield (
                    (*where, key),
                    "asks for a step before; "
                    + ("in any order no step comes before another." if is_any else "this is the first one."),
                )
        within = step.get("within_minutes")
        if isinstance(within, (int, float)) and within < _number(step.get("at_least_minutes"), 0):
            yield (*where, "within_minutes"), f"found {within:g}; expected at least at_least_minutes."
        if is_any and not step.get("touchpoint"):
            yield where, "expected touchpoint: in any order a touchpoint belongs to one step."
        for name in _names(step.get("touchpoint")) if is_any else []:
            if name in seen:
                yield (
                    (*where, "touchpoint"),
                    f"found {_shown(name)} twice; in any order a touchpoint belongs to one step.",
                )
            seen.add(name)


def _judged_figures(data: dict[str, Any]) -> list[str]:
    """The figures of which it is said how a change moved them, by what the file says of funnels, stages and deals."""
    sold = any(is_of_deals(_names(rule.get("event")), rule.get("source")) for _, rule in _items(data, "touchpoints"))
    names = [kpi.kpi for kpi in (*KPIS, *([LEADS] if sold else [])) if kpi.kpi not in (STEP_CONVERSION, STAGE_PASSAGE)]
    required = [str(stage.get("id")) for _, stage in _items(data, "stages") if stage.get("required", True) is not False]
    names += map(passage_name, required[:-1])
    for where, funnel in _items(data, "funnels"):
        if funnel.get("window_days", 0) not in (None, "none"):
            steps = range(2, len([*_items(data, *where, "steps")]) + 1)
            names += [step_name(str(funnel.get("id")), number) for number in steps]
    return names


def _attribute_checks(data: dict[str, Any]) -> Iterator[Problem]:
    """What a condition asks for must be an attribute of the scope that it can be asked of."""
    attributes = list(_items(data, "attributes"))
    scopes = {name: item.get("scope", "event") for _, item in attributes for name in _names(item.get("id"))}
    exports = [name for _, export in _items(data, "exports", "files") for name in _names(export.get("name"))]
    for where, attribute in attributes:
        yield from _known((*where, "exports"), _names(attribute.get("exports")), exports, "export")
        if attribute.get("id") in PERSON_ATTRIBUTES:
            yield (
                (*where, "id"),
                f"found {_shown(attribute['id'])}, which the CRM has by itself; expected another name.",
            )
        if attribute.get("id") == "month" and attribute.get("scope") in ("session", "person"):
            what = "which tables by segment have of when something began; expected another name."
            yield (*where, "id"), f"found {_shown('month')}, {what}"
    of_events = [name for name, scope in scopes.items() if scope == "event"]
    of_people = [*PERSON_ATTRIBUTES, *(name for name, scope in scopes.items() if scope == "person")]
    steps = [step for funnel, _ in _items(data, "funnels") for step, _ in _items(data, *funnel, "steps")]
    for holders, known, what in (
        ([rule for rule, _ in _items(data, "touchpoints")], of_events, "attribute of scope event"),
        (steps, [*scopes], "attribute"),
        ([persona for persona, _ in _items(data, "personas")], of_people, "attribute of a person"),
    ):
        for where, condition in (found for holder in holders for found in _items(data, *holder, "where")):
            yield from _known((*where, "attribute"), _names(condition.get("attribute")), known, what)


def _path_checks(path: dict[str, Any], stages: Sequence[str], touchpoints: Sequence[str]) -> Iterator[Problem]:
    """What the intended path names must exist, once, with one maximum each."""
    data = {"path": path}
    yield from _unique([((*where, "stage"), place.get("stage")) for where, place in _items(data, "path", "stages")])
    for where, place in _items(data, "path", "stages"):
        yield from _known((*where, "stage"), _names(place.get("stage")), stages, "stage")
        if place.get("max_hours") is not None and place.get("max_days") is not None:
            yield where, "has both max_hours and max_days; expected one of the two."
        limited = place.get("max_hours") is not None or place.get("max_days") is not None
        if place.get("rule") == "forbidden" and limited:
            yield where, "is forbidden and has a maximum; expected one of the two."
        if place.get("rule") is None and not limited:
            yield where, "says nothing; expected rule, max_hours or max_days."
    seen: set[tuple[str, str]] = set()
    for where, limit in _items(data, "path", "limits"):
        for key in ("from", "to"):
            for name in _names(limit.get(key)):
                yield from _known((*where, key), [name], [*stages, *touchpoints], "stage or touchpoint")
                if name in stages and name in touchpoints:
                    what = "which is both a stage and a touchpoint; rename the touchpoint, to say which is meant."
                    yield (*where, key), f"found {_shown(name)}, {what}"
        if (limit.get("max_hours") is None) == (limit.get("max_days") is None):
            yield where, "expected one of max_hours and max_days."
        pair = (str(limit.get("from")), str(limit.get("to")))
        if pair[0] == pair[1]:
            yield where, f"goes from {_shown(pair[0])} to itself; expected two places."
        elif pair in seen:
            yield where, f"has a second limit from {_shown(pair[0])} to {_shown(pair[1])}; expected one."
        seen.add(pair)
    order = path.get("order")
    ordered = [
        (("path", "order", i), name)
        for i, names in enumerate(order if isinstance(order, list) else [])
        for name in _names(names)
    ]
    for where, name in ordered:
        yield from _known(where, [name], touchpoints, "touchpoint")
    for number, (at, name) in enumerate(ordered):
        if name in [earlier for _, earlier in ordered[:number]]:
            yield at, f"found {_shown(name)} a second time, expected each touchpoint once."
    if isinstance(order, list) and len(order) == 1:
        yield ("path", "order"), "has one place; expected at least two that follow each other."


def _is_true(value: object) -> bool:
    """Whether a truth value is written that way: the schema takes `no` and `off` too."""
    return str(value).lower() not in ("false", "f", "no", "n", "off", "0")


def _number(value: object, default: float) -> float:
    return value if isinstance(value, (int, float)) else default


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
