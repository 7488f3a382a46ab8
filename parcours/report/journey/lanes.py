"""The lanes of words under the map: what the shop believes of each stage, what customers wrote there, and the ideas.

Beliefs are journey.yaml's `words`, each with what the figures say of it (`metrics.stage_words`); ideas its
`opportunities`, each with the effect of the change that it became. A lane without any word is not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from parcours.numbers import Numbers
from parcours.report.figures import Figures, Row, first
from parcours.report.journey.sections.changes import MOVED
from parcours.words import later, say, told

LONGEST = 110
"""Characters of a comment that are shown."""
KINDS = {
    "motivation": later("What they want"),
    "question": later("What they ask"),
    "obstacle": later("What holds them up"),
}
STATES = {"idea": later("idea"), "doing": later("under way"), "done": later("done")}
Lane = Callable[[Row], list[str]]
"""The lines of a stage's column."""


def lanes(figures: Figures, numbers: Numbers) -> dict[str, Lane]:
    """Each lane that has words, by its name."""
    found: dict[str, Lane] = {}
    for kind, name in KINDS.items():
        words = [word for word in figures.stage_words if word.kind == kind]
        if words:
            found[say(name)] = _lane(words, lambda word: _believed(word, numbers))
    if figures.verbatims:
        found[say("What they write")] = _lane(figures.verbatims, lambda row: _written(row, numbers))
    if figures.opportunities:
        found[say("Ideas")] = _lane(figures.opportunities, lambda row: _idea(row, figures, numbers))
    return found


def _lane(rows: list[Row], line: Callable[[Row], str]) -> Lane:
    return lambda stage: [line(row) for row in rows if row.stage == stage.stage]


def _believed(word: Row, numbers: Numbers) -> str:
    """A belief, whose it is, and what the figures say of it."""
    text = f"{word.said} ({word.persona_label})" if word.persona_label else str(word.said)
    if word.evidence is None:
        return text
    if not word.person_count:
        return say("{text} – not so: nobody met it", text=text)
    if word.evidence == "too little to tell":
        return say("{text} – too little to tell: {count} met it", text=text, count=numbers.count(word.person_count))
    shares = {"met": numbers.share(word.compared_rate, 0), "others": numbers.share(word.comparable_rate, 0)}
    if word.evidence == "supported":
        return say("{text} – so it is: {met} of those who met it left, {others} of others", text=text, **shares)
    return say("{text} – not so: {met} of those who met it left, {others} of others", text=text, **shares)


def _written(row: Row, numbers: Numbers) -> str:
    """A comment with the score of its answer."""
    comment = row.comment if len(row.comment) <= LONGEST else f"{row.comment[:LONGEST].rstrip()}…"
    return say("“{comment}” ({score} of 10)", comment=comment, score=numbers.decimal(row.score_of_10, 0))


def _idea(row: Row, figures: Figures, numbers: Numbers) -> str:
    """An idea, how far it is, and what its change did to its own figure."""
    said = [say(STATES[row.state]), *_effect(row, figures, numbers)]
    return f"{row.idea} – {', '.join(said)}"


def _effect(row: Row, figures: Figures, numbers: Numbers) -> Iterator[str]:
    if row.changed_on is None:
        return
    yield say("since {day}", day=numbers.short_day(row.changed_on))
    own = first(figures.impacts, change_id=row.change_id)
    if own is not None:
        verdict = told(own.verdict)
        effect = f" {numbers.difference(own.difference, own.unit)}" if own.verdict in MOVED else ""
        yield f"{own.label} {verdict}{effect}"
