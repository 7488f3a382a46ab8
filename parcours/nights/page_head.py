"""What both pages say in their heads of the last run: a marked place, rewritten though the page is not made anew.

A page stays as it is while runs fail; whoever opens it must see that, and why.
"""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from parcours.nights.record import RunRecord
from parcours.nights.trouble_words import in_words
from parcours.numbers import Numbers
from parcours.project import Project
from parcours.report.page import INDEX_PAGE, with_last_run
from parcours.whole_file import write_whole
from parcours.words import later, say, speaking

ENDED = {
    ("night", "report"): later("Last night: {time}: new report."),
    ("night", "nothing new"): later("Last night: {time}: nothing new."),
    ("run", "report"): later("Last run: {time}: new report."),
    ("run", "nothing new"): later("Last run: {time}: nothing new."),
}
FAILED = {
    "night": later("The last night, {time}, failed; this page is of the last one that did not."),
    "run": later("The last run, {time}, failed; this page is of the last one that did not."),
}
"""By what ran; the first also by its outcome."""


def write_last_run(project: Project, record: RunRecord) -> None:
    """Write into each page what became of the last run. A page that is not there, or has no place for it, is left."""
    for page in (project.report, project.quality_report):
        if not page.exists():
            continue
        text = page.read_text(encoding="utf-8")
        with speaking(project.settings.shop.language):
            told = with_last_run(text, last_run_html(project, record))
        if told != text:
            write_whole(page, told)


def last_run_html(project: Project, record: RunRecord) -> str:
    """The last run in a line; of one that failed, every open trouble with its cause and what to do."""
    from markupsafe import Markup

    shop = project.settings.shop
    numbers, zone = Numbers(shop.language, shop.currency), ZoneInfo(shop.time_zone)

    def at(instant: datetime) -> Markup:
        shown = numbers.instant(instant.astimezone(zone))
        return Markup('<time datetime="{}" data-age>{}</time>').format(f"{instant:%Y-%m-%dT%H:%M:%SZ}", shown)

    has_list = project.report.with_name(INDEX_PAGE).exists()
    earlier = Markup(' <a href="{}">{}</a>').format(INDEX_PAGE, say("Earlier reports")) if has_list else ""
    run = "night" if record.by == "night" else "run"
    if record.outcome != "alarm":
        ended = Markup(say(ENDED[run, record.outcome])).format(time=at(record.ended))
        return str(Markup('<p class="last-run">{}{}</p>').format(ended, earlier))
    troubles = Markup("").join(
        Markup("<li><strong>{}</strong>{}{}</li>").format(
            one.title,
            Markup("<br>{}").format(re.sub(r"\s*\n\s*", " · ", one.cause.strip())) if one.cause else "",
            Markup("<br>→ {}").format(one.to_do) if one.to_do else "",
        )
        for one in (in_words(trouble, numbers) for trouble in record.troubles)
    )
    lead = Markup(say(FAILED[run])).format(time=at(record.ended))
    return str(
        Markup('<div class="last-run failed" role="status"><p>{}{}</p><ul>{}</ul></div>').format(
            lead, earlier, troubles
        )
    )
