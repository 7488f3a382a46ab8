"""What both pages are: sections in order, one embedded plotly.js, a policy that fetches nothing.

The template escapes every text. Scripts run only by their hash (Content-Security-Policy), so that text from an export
could not run even if it got into the page as a tag. Nor does it turn other text round: see `unturned`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parcours.report.section import Section
from parcours.words import say, say_number, spoken, told

FOLDER = Path(__file__).parent

JOURNEY_PAGE, QUALITY_PAGE = "journey.html", "quality.html"
"""They lie side by side, and link to each other by these names."""
INDEX_PAGE, DATED_PAGE = "index.html", "journey-{}.html"
"""Beside them: the list of the dated reports, and their names by their days (`dated.py`)."""


LAST_RUN = ("<!-- last run -->", "<!-- end of last run -->")
"""As in frame.html: between them stands what became of the last run, which is written after the page
(`parcours/nights/page_head.py`). Text of an export is escaped, so it can't hold them."""


def render(template: str, sections: Sequence[Section], **given: Any) -> str:
    """A page of sections, of a template that extends `frame.html`: the scripts, the policy and the drawings."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    drawn = [chart for section in sections for chart in section.drawn]
    scripts = [*([get_plotlyjs()] if drawn else []), (FOLDER / "page.js").read_text(encoding="utf-8")]
    charts = {one.key: {"wide": json.loads(one.wide), "narrow": json.loads(one.narrow)} for one in drawn}
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(FOLDER),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals.update(say=say, say_number=say_number, told=told, language=spoken())
    page = environment.get_template(template).render(
        sections=sections,
        policy=content_policy(scripts),
        style=Markup((FOLDER / "page.css").read_text(encoding="utf-8")),
        scripts=[Markup(script) for script in scripts],
        charts=Markup(script_json(charts)),
        **given,
    )
    return unturned(page)


def unturned(page: str) -> str:
    """A text in which none turns the direction of what stands behind it (Unicode's embeddings, overrides, isolates).

    A name from an export may, and the figures beside it read backwards: the character is shown as one that can't be.
    """
    return re.sub("[\u202a-\u202e\u2066-\u2069]", "\ufffd", page)


def with_last_run(page: str, told: str) -> str:
    """A page that says this of the last run; one without a place for it stays as it is."""
    before, begin, rest = page.partition(LAST_RUN[0])
    _, end, after = rest.partition(LAST_RUN[1])
    return f"{before}{begin}{unturned(told)}{end}{after}" if end else page


def last_run_of(page: str) -> str:
    """What a page says of the last run."""
    return page.partition(LAST_RUN[0])[2].partition(LAST_RUN[1])[0]


def content_policy(scripts: list[str]) -> str:
    """Nothing may be fetched, and only these scripts may run."""
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    sources = " ".join(f"'sha256-{value}'" for value in hashes)
    rest = "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {sources}; {rest}"


def script_json(value: object) -> str:
    """JSON that can't end the script element it stands in: no tag begins in it."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("&", "\\u0026")
