"""`parcours share`: what can be given to others, a copy of the report without rows of few and one page as PDF."""

from __future__ import annotations

import argparse

from parcours.engine.build import NotBuilt
from parcours.project import load_project
from pipelines.commands.paths import shown


def share_report(options: argparse.Namespace) -> int:
    """Write both; prints where they are."""
    from parcours.report.share import BROWSERS, write_shared

    project = load_project(options.journey)
    if not project.published.exists():
        raise NotBuilt(f"There is no {shown(project.published)} to share yet: parcours run makes it.")
    page, sheet = write_shared(project.published, options.to or project.report.parent / "share")
    print(f"Report without rows of few: {shown(page)}")
    print(
        f"One page: {shown(sheet)}" if sheet else f"One page as PDF: not written, it takes one of {', '.join(BROWSERS)}"
    )
    return 0
