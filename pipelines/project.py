"""Where things are: journey.yaml, the exports, the warehouse, the published tables, the report, the key.

Everything that a shop's run makes lies beside its journey.yaml, so that two shops never share a file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.settings import JourneySettings, load_settings

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: holds sql/ and the default journey.yaml."""


@dataclass(frozen=True)
class Project:
    """One shop: its settings and its files."""

    journey_file: Path
    settings: JourneySettings
    exports_folder: Path

    @property
    def home(self) -> Path:
        """The folder of journey.yaml."""
        return self.journey_file.parent

    @property
    def warehouse(self) -> Path:
        """The database that only a run opens."""
        return self.home / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """The snapshot that notebooks and reports read."""
        return self.home / "published.duckdb"

    @property
    def report(self) -> Path:
        """The report's page."""
        return self.home / "reports" / "journey.html"

    @property
    def key_file(self) -> Path:
        """Holds the key of the pseudonyms, unless PARCOURS_KEY is set."""
        return self.home / ".parcours-key"

    def source_file(self, format_name: str) -> Path:
        """The SQL that reads a format: the shop's own sources/ before ours."""
        own = self.home / "sources" / f"{format_name}.sql"
        return own if own.exists() else ROOT / "sql" / "sources" / f"{format_name}.sql"


def load_project(journey_file: Path | None = None, exports_folder: Path | None = None) -> Project:
    """The shop named by the arguments, else by PARCOURS_JOURNEY and PARCOURS_EXPORTS, else the checkout's.

    Raises:
        SettingsError: journey.yaml is missing or wrong.
    """
    file = Path(journey_file or os.environ.get("PARCOURS_JOURNEY") or ROOT / "journey.yaml").resolve()
    folders = [ROOT / "sql" / "sources", file.parent / "sources"]
    formats = sorted({path.stem for folder in folders for path in folder.glob("*.sql")})
    settings = load_settings(file, formats)
    folder = exports_folder or os.environ.get("PARCOURS_EXPORTS") or file.parent / settings.exports.folder
    return Project(file, settings, Path(folder).resolve())
