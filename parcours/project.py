"""Where things are: journey.yaml, the exports, the warehouse, the published tables, the report, the key.

Everything that a shop's run makes lies beside its journey.yaml, unless told otherwise, so that two shops never share
a file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from parcours.settings.file import load_settings
from parcours.settings.schema import JourneySettings

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: holds sql/ and the default journey.yaml."""


@dataclass(frozen=True)
class Project:
    """One shop: its settings and its files."""

    journey_file: Path
    settings: JourneySettings
    exports_folder: Path
    output: Path

    @property
    def warehouse(self) -> Path:
        """The database that only a run opens."""
        return self.output / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """The snapshot that notebooks and reports read."""
        return self.output / "published.duckdb"

    @property
    def report(self) -> Path:
        """The report's page."""
        return self.output / "reports" / "journey.html"

    @property
    def quality_report(self) -> Path:
        """The page that says whether the figures can be trusted; lies beside the report, which links to it."""
        return self.report.with_name("quality.html")

    @property
    def key_file(self) -> Path:
        """Holds the key of the pseudonyms, unless PARCOURS_KEY is set."""
        return self.output / ".parcours-key"

    @property
    def forgotten_file(self) -> Path:
        """Pseudonyms of the identifiers of people who asked to be forgotten; lives as long as the key."""
        return self.output / ".parcours-forgotten"

    @property
    def forget_requests(self) -> Path:
        """Whom to forget, one e-mail or customer id a line; the job that does it empties the file."""
        return self.output / "forget.txt"

    def source_file(self, format_name: str) -> Path:
        """The SQL that reads a format: the shop's own sources/ before ours."""
        own = self.journey_file.parent / "sources" / f"{format_name}.sql"
        return own if own.exists() else ROOT / "sql" / "sources" / f"{format_name}.sql"


def load_project(
    journey_file: Path | None = None, exports_folder: Path | None = None, output: Path | None = None
) -> Project:
    """The shop named by the arguments, else by PARCOURS_JOURNEY, PARCOURS_EXPORTS and PARCOURS_OUTPUT, else ours.

    Raises:
        SettingsError: journey.yaml is missing or wrong.
    """
    file = Path(journey_file or os.environ.get("PARCOURS_JOURNEY") or ROOT / "journey.yaml").resolve()
    folders = [ROOT / "sql" / "sources", file.parent / "sources"]
    formats = sorted({path.stem for folder in folders for path in folder.glob("*.sql")})
    settings = load_settings(file, formats)
    folder = exports_folder or os.environ.get("PARCOURS_EXPORTS") or file.parent / settings.exports.folder
    target = output or os.environ.get("PARCOURS_OUTPUT") or file.parent
    return Project(file, settings, Path(folder).resolve(), Path(target).resolve())
