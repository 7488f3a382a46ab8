"""Colours of both pages and their charts: read on light and dark screens, and none without its own on a dark one."""

from __future__ import annotations

import re
from pathlib import Path

from report_shop import sections_of, write_published

from parcours.project import ROOT
from parcours.report.drawing import BLUE, FAINT, GREY, INK, ON_DARK, ON_LIGHT, PAPER
from parcours.report.journey.cohort_chart import SHADES
from parcours.report.journey.variants_chart import SCALE


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb or #rgb (WCAG 2.2)."""
    text = colour.lstrip("#")
    text = "".join(one * 2 for one in text) if len(text) == 3 else text
    parts = [int(text[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_words_stand_out_from_what_is_behind_them_on_light_and_dark_screens() -> None:
    style = (ROOT / "parcours" / "report" / "page.css").read_text(encoding="utf-8")
    schemes = [dict(re.findall(r"--(\w+): (#\w+);", root)) for root in re.findall(r":root \{[^}]+\}", style)]
    assert len(schemes) == 2
    script = (ROOT / "parcours" / "report" / "page.js").read_text(encoding="utf-8")
    in_dark = dict(re.findall(r'"(#\w+)": "(#\w+)"', script))
    charts = [{"paper": PAPER, **{one: one for one in (INK, GREY, FAINT, BLUE)}}]
    charts.append({name: in_dark[colour] for name, colour in charts[0].items()})
    for scheme in (*schemes, *charts):
        grounds = [scheme[name] for name in ("paper", "page") if name in scheme]
        for name, colour in scheme.items():
            if name in ("ink", "grey", "faint", "blue", "red", INK, GREY, FAINT, BLUE):
                for ground in grounds:
                    lighter, darker = sorted((luminance(colour), luminance(ground)), reverse=True)
                    assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (name, colour, ground)


def test_figures_stand_out_from_the_shades_of_cohorts() -> None:
    script = (ROOT / "parcours" / "report" / "page.js").read_text(encoding="utf-8")
    in_dark = dict(re.findall(r'"(#\w+)": "(#\w+)"', script))
    for ground in SHADES:
        for words, behind in ((INK, ground), (in_dark[INK], in_dark[ground])):
            lighter, darker = sorted((luminance(words), luminance(behind)), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (words, behind)


def test_every_colour_of_a_chart_has_one_for_dark_screens(tmp_path: Path) -> None:
    in_dark = re.findall(r'"(#\w+)": "#\w+"', (ROOT / "parcours" / "report" / "page.js").read_text(encoding="utf-8"))
    same = {*SCALE, ON_LIGHT, ON_DARK}
    charts = [
        one for section in sections_of(write_published(tmp_path / "published.duckdb")).values() for one in section.drawn
    ]
    used = {
        "#" + colour
        for one in charts
        for drawing in (one.wide, one.narrow)
        for colour in re.findall(r"#([0-9a-f]{6}|[0-9a-f]{3})\b", drawing.lower())
    }
    assert INK in used and used <= {*in_dark, *same}, used - {*in_dark, *same}
