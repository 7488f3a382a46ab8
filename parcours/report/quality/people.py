"""Who is left out of the figures (bots, staff), and which identifiers link nobody because they would link too many."""

from __future__ import annotations

from collections.abc import Sequence

from parcours.report.numbers import Numbers, listed
from parcours.report.quality.figures import QualityFigures, Screened, Screening, Shared
from parcours.report.quality.section import SHOWN_ROWS, Checked, many, rest_note, verb
from parcours.report.section import Section, Table
from parcours.report.wording import Sentence

SCREEN_TABLES = ("metrics.screening", "journeys.screened_people")
IDENTITY_TABLES = ("journeys.identities", "journeys.identity_evidence", "journeys.shared_identifiers")
SHARES = frozenset({"conversion"})
"""Figures that are shares; the others are counts."""
KINDS = {"anonymous": "device", "email": "e-mail", "customer": "customer id", "contact": "CRM contact"}

ADVICE = {
    "anonymous": "Reset the anonymous id of a device when somebody logs out.",
    "email": "Leave placeholder addresses out of the exports.",
}


def screening_section(figures: QualityFigures, numbers: Numbers) -> Checked:
    """The figures with and without bots and staff, and the evidence."""
    name = "Bots and staff"
    if not figures.screening or not any(row.value_with for row in figures.screening):
        empty = "No visits are loaded yet: there is nobody to screen."
        return Checked(Section("screening", name, "Bots and staff: nothing to show", "", SCREEN_TABLES, empty=empty))
    section = Section(
        "screening",
        name,
        _screening_title(figures, numbers),
        "Bots are marked by the source or their user agent, or do more in an hour than people can; staff is listed in "
        f"journey.yaml. {_whether_left_out(figures)}",
        SCREEN_TABLES,
        shown=[
            _screening(figures.screening, numbers),
            *([_evidence(figures.screened, numbers)] if figures.screened else []),
        ],
        notes=rest_note(SHOWN_ROWS, len(figures.screened), "kinds of evidence", "journeys.screened_people", numbers),
    )
    return Checked(section, (), "" if figures.screened else "nobody looks like a bot or staff")


def identity_section(figures: QualityFigures, numbers: Numbers) -> Checked:
    """Identifiers that meet more others than the limit."""
    name, identity = "Identity", figures.identity
    if not identity.identifier_count:
        empty = "No identifier is loaded yet: nobody can be told apart."
        return Checked(Section("identity", name, "Identity: nothing to show", "", IDENTITY_TABLES, empty=empty))
    limit = numbers.count(identity.link_limit)
    subtitle = (
        f"An identifier that meets more than {limit} customers or e-mails (a shared tablet, an office address) links "
        "nothing: people are not joined through it, and each keeps what other evidence says."
    )
    if not figures.shared:
        title = f"No identifier would link too many people, of {numbers.count(identity.identifier_count)}"
        return Checked(
            Section("identity", name, title, subtitle, IDENTITY_TABLES), (), "no device or address is shared by many"
        )
    total, logins = (
        sum(row.identifier_count for row in figures.shared),
        sum(row.login_count for row in figures.shared),
    )
    title = (
        f"{_kinds(figures.shared, numbers)} would link too many people and {verb(total, 'links', 'link')} nothing: "
        f"{many(logins, 'login', numbers)} met there"
    )
    section = Section(
        "identity",
        name,
        title,
        subtitle,
        IDENTITY_TABLES,
        shown=[_shared(figures.shared, numbers)],
        notes=[
            f"Of {many(identity.identifier_count, 'identifier', numbers)} seen. Logins: customer ids and e-mails that "
            "one event names together with it. Which they are: journeys.identity_evidence, where not is_used."
        ],
    )
    advice = [text for kind, text in ADVICE.items() if any(row.kind == kind for row in figures.shared)]
    text = (
        f"{_kinds(figures.shared, numbers)} {verb(total, 'meets', 'meet')} too many logins. {' '.join(advice)}".strip()
    )
    return Checked(section, (Sentence("Look at shared identifiers.", text),))


def _whether_left_out(figures: QualityFigures) -> str:
    if figures.identity.leaves_out_screened:
        return "The figures of all pages are those without them."
    return "journey.yaml says to leave nobody out: the figures of all pages are those with them."


def _screening_title(figures: QualityFigures, numbers: Numbers) -> str:
    screening, screened = figures.screening, figures.screened
    people = {reason: sum(row.person_count for row in screened if row.reason == reason) for reason in ("bot", "staff")}
    parts = [many(people["bot"], "bot", numbers)] if people["bot"] else []
    parts += [many(people["staff"], "person of staff", numbers, "people of staff")] if people["staff"] else []
    if not parts:
        return "Nobody looks like a bot or staff"
    is_out = figures.identity.leaves_out_screened
    title = f"{listed(parts)} {verb(sum(people.values()), 'is', 'are')} {'left out' if is_out else 'in the figures'}"
    main = next((row for row in screening if row.figure in SHARES), screening[0])
    if main.value_without is not None and main.value_with is not None:
        without, with_them = _written(main, main.value_without, numbers), _written(main, main.value_with, numbers)
        first, then = (without, f"with them {with_them}") if is_out else (with_them, f"without them {without}")
        title += f": {figure_name(main)} is {first}, {then}"
    return title


def figure_name(row: Screening) -> str:
    """A figure's name as words."""
    return row.figure.replace("_", " ")


def _written(row: Screening, value: float | None, numbers: Numbers) -> str:
    return numbers.share(value) if row.figure in SHARES else numbers.count(value)


def _screening(screening: Sequence[Screening], numbers: Numbers) -> Table:
    rows = [
        [
            figure_name(row).capitalize(),
            *(
                _written(row, value, numbers)
                for value in (row.value_without, row.value_with, row.bot_value, row.staff_value)
            ),
        ]
        for row in screening
    ]
    columns = ("Figure", "Without them", "With them", "Bots alone", "Staff alone")
    return Table("Figures with and without", columns, rows)


def _evidence(screened: Sequence[Screened], numbers: Numbers) -> Table:
    rows = [[row.evidence, row.reason, numbers.count(row.person_count)] for row in screened[:SHOWN_ROWS]]
    return Table("Why they are left out", ("Evidence", "Taken for", "People"), rows, texts=frozenset({1}))


def _kinds(shared: Sequence[Shared], numbers: Numbers) -> str:
    return listed([many(row.identifier_count, KINDS.get(row.kind, row.kind), numbers) for row in shared])


def _shared(shared: Sequence[Shared], numbers: Numbers) -> Table:
    rows = [
        [
            KINDS.get(row.kind, row.kind).capitalize(),
            numbers.count(row.identifier_count),
            numbers.count(row.login_count),
            numbers.count(row.most_logins),
        ]
        for row in shared
    ]
    columns = ("Kind of identifier", "Identifiers", "Logins they meet", "Most by one")
    return Table("Identifiers that link nothing", columns, rows)
