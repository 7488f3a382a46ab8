"""Stage coverage: the share of touchpoints and revenue with a stage, and what is not mapped, ready to copy."""

from __future__ import annotations

import json
from collections.abc import Sequence

from parcours.report.exports import SOURCES, source_name
from parcours.report.numbers import NOTHING, Numbers, listed
from parcours.report.quality.figures import QualityFigures, SourceCoverage, Unmapped
from parcours.report.quality.section import SHOWN_ROWS, Checked, Mark, many, not_quite, rest_note, verb
from parcours.report.section import Section, Table
from parcours.report.wording import Sentence

TABLES = ("metrics.stage_coverage",)
YAML_LINE_BREAKS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""What YAML takes for the end of a line and JSON leaves as it is."""


def stages_section(figures: QualityFigures, numbers: Numbers) -> Checked:
    """Coverage per source, and the names without a stage."""
    everything = _everything(figures)
    if everything is None or not everything.touchpoint_count:
        empty = "No touchpoint is loaded yet: there is nothing to place in a stage."
        return Checked(Section("stages", "Stages", "Stage coverage: nothing to show", "", TABLES, empty=empty))
    unmapped = figures.unmapped
    title = _title(everything, unmapped, numbers)
    shown = unmapped[:SHOWN_ROWS]
    without_rule = [row for row in shown if row.named_count < row.touchpoint_count]
    named = [row for row in shown if row.named_count]
    section = Section(
        "stages",
        "Stages",
        title,
        "A touchpoint has the stage of the first rule of journey.yaml that matches it. One without a stage is kept, "
        "but is in no stage of the map. Net revenue counts once, with the placing of its order.",
        TABLES,
        shown=[_coverage(figures, numbers), *([_names(everything, unmapped, numbers)] if unmapped else [])],
        code=yaml_rules(without_rule),
        notes=[
            *(["To copy below touchpoints: in journey.yaml; choose a name and a stage."] if without_rule else []),
            *([_named_note(named)] if named else []),
            *rest_note(SHOWN_ROWS, len(unmapped), "names", "metrics.stage_coverage", numbers),
        ],
    )
    if not unmapped:
        return Checked(section, (), "every touchpoint has a stage")
    rest = everything.touchpoint_count - everything.staged_count
    text = (
        f"{many(len(unmapped), 'name', numbers)} {verb(len(unmapped), 'holds', 'hold')} "
        f"{many(rest, 'touchpoint', numbers)} ({numbers.share(rest / everything.touchpoint_count)}) without a stage, "
        f"most of them “{unmapped[0].name}”."
    )
    return Checked(section, (Sentence("Map names in journey.yaml.", text),))


def stages_mark(figures: QualityFigures, numbers: Numbers) -> Mark:
    """The share of touchpoints with a stage."""
    everything, name = _everything(figures), "Touchpoints with a stage"
    if everything is None or not everything.touchpoint_count:
        return Mark(name, empty="No touchpoint is loaded yet.")
    counted = f"{numbers.count(everything.staged_count)} of {many(everything.touchpoint_count, 'touchpoint', numbers)}"
    return Mark(name, not_quite(everything.staged_share, numbers), counted)


def yaml_rules(unmapped: Sequence[Unmapped]) -> str:
    """Rules for names without a stage, as journey.yaml has them; a JSON string is a YAML one."""
    lines = []
    for row in unmapped:
        source = "" if row.source == "events" else f"source: {row.source}, "
        name = _quoted(row.name)
        lines.append(f"  - {{touchpoint: {name}, {source}event: {name}, stage: CHOOSE}}")
    return "\n".join(lines)


def _rule(row: Unmapped) -> str:
    """Whether a rule names the touchpoints that have no stage."""
    if not row.named_count:
        return "none"
    return "names some of them" if row.named_count < row.touchpoint_count else "names it, without a stage"


def _named_note(named: Sequence[Unmapped]) -> str:
    """Names that need a stage in the rule that there is, not another rule: the first that matches counts."""
    names = listed([row.name for row in named])
    return f"A rule names {names} but gives no stage: add stage: to that rule, since the first that matches counts."


def _quoted(name: str) -> str:
    text = json.dumps(name, ensure_ascii=False)
    for character, escape in YAML_LINE_BREAKS.items():
        text = text.replace(character, escape)
    return text


def _everything(figures: QualityFigures) -> SourceCoverage | None:
    return next((row for row in figures.coverage if row.source is None), None)


def _title(everything: SourceCoverage, unmapped: Sequence[Unmapped], numbers: Numbers) -> str:
    touchpoints = f"{not_quite(everything.staged_share, numbers)} of touchpoints"
    if everything.revenue_share is not None:
        touchpoints += f" and {not_quite(everything.revenue_share, numbers)} of revenue"
    if not unmapped:
        return f"All {many(everything.touchpoint_count, 'touchpoint', numbers)} have a stage"
    count = len(unmapped)
    return f"{touchpoints} have a stage; {many(count, 'name', numbers)} {verb(count, 'has', 'have')} none"


def _coverage(figures: QualityFigures, numbers: Numbers) -> Table:
    rows = [
        [
            source_name(row.source),
            numbers.count(row.touchpoint_count),
            numbers.count(row.staged_count),
            numbers.share(row.staged_share),
            numbers.money(row.net_revenue),
            numbers.share(row.revenue_share),
        ]
        for row in figures.coverage
    ]
    columns = ("Source", "Touchpoints", "With a stage", "Share", "Net revenue", "With a stage")
    return Table("Stage coverage by source", columns, rows)


def _names(everything: SourceCoverage, unmapped: Sequence[Unmapped], numbers: Numbers) -> Table:
    rows = [
        [
            row.name,
            SOURCES.get(row.source, row.source),
            numbers.count(row.touchpoint_count),
            numbers.share(row.touchpoint_count / everything.touchpoint_count),
            numbers.money(row.net_revenue) if row.net_revenue else NOTHING,
            _rule(row),
        ]
        for row in unmapped[:SHOWN_ROWS]
    ]
    columns = ("Name without a stage", "Source", "Touchpoints", "Of all", "Net revenue", "Rule")
    return Table("Names without a stage", columns, rows, texts=frozenset({1, 5}))
