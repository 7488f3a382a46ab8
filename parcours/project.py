"""Where things are: journey.yaml, the exports, the warehouse, the published tables, the report, the key.

Everything that a shop's run makes lies beside its journey.yaml, unless told otherwise, so that two shops never share
a file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from parcours.settings.file import SettingsError, load_settings, smallest_settings
from parcours.settings.schema import JourneySettings
from parcours.whole_file import PRIVATE, write_whole

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
    def cluster_storage(self) -> str:
        """Where the tables lie that a cluster computes: a path, or an address of an object store. It is theirs alone:
        what else is there is removed.
        """
        said, question, options = (self.settings.engine.storage or "cluster").partition("?")
        if "://" in said:
            return f"{said.rstrip('/')}/parcours-tables{question}{options}"
        return str(self.output / said / "parcours-tables")

    @property
    def run_file(self) -> Path:
        """Locked by the run that has the warehouse, and says which that is."""
        return self.output / ".parcours-run"

    @property
    def last_good_journey_file(self) -> Path:
        """A copy of journey.yaml as the last run that could read it found it; only its owner reads it."""
        return self.output / ".parcours-journey.yaml"

    @property
    def last_run_file(self) -> Path:
        """What the last run depended on and left, if it was complete; each run begins by removing it."""
        return self.output / ".parcours-last-run"

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
    def rates_file(self) -> Path | None:
        """The CSV of currencies' rates, where journey.yaml names one."""
        name = self.settings.currencies.file
        return self.journey_file.parent / name if name else None

    @property
    def key_file(self) -> Path:
        """Holds the key of the pseudonyms, unless PARCOURS_KEY is set."""
        return self.output / ".parcours-key"

    @property
    def forgotten_file(self) -> Path:
        """Pseudonyms of the identifiers of people who asked to be forgotten; lives as long as the key."""
        return self.output / ".parcours-forgotten"

    @property
    def forgetting_file(self) -> Path:
        """Of those the people who are being forgotten; gone when nothing of them is left."""
        return self.output / ".parcours-forgetting"

    @property
    def forget_requests(self) -> Path:
        """Whom to forget, one e-mail or customer id a line; the job that does it empties the file."""
        return self.output / "forget.txt"

    def keep_journey_file(self) -> None:
        """Copy journey.yaml, which could be read, for the day on which it can't."""
        write_whole(self.last_good_journey_file, self.journey_file.read_text(encoding="utf-8"), PRIVATE)

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
    file = _journey_file(journey_file)
    return _project(file, load_settings(file, _formats(file)), exports_folder, output)


def load_last_good_project(
    journey_file: Path | None = None, exports_folder: Path | None = None, output: Path | None = None
) -> Project:
    """The shop that the arguments or PARCOURS_JOURNEY name, also where its journey.yaml is wrong: with the settings of
    its last run that could read it, else with ours, else with hardly any. So that what it is made of can be shown, and
    that a run of it can start, and fail with the reason.
    """
    file = _journey_file(journey_file)
    smallest = _project(file, smallest_settings(), exports_folder, output)
    for candidate in (file, smallest.last_good_journey_file, ROOT / "journey.yaml"):
        with suppress(SettingsError):
            return _project(file, load_settings(candidate, _formats(file)), exports_folder, output)
    return smallest


def _journey_file(given: Path | None) -> Path:
    return Path(given or os.environ.get("PARCOURS_JOURNEY") or ROOT / "journey.yaml").resolve()


def _formats(file: Path) -> list[str]:
    folders = [ROOT / "sql" / "sources", file.parent / "sources"]
    return sorted({path.stem for folder in folders for path in folder.glob("*.sql")})


def _project(file: Path, settings: JourneySettings, exports_folder: Path | None, output: Path | None) -> Project:
    folder = exports_folder or os.environ.get("PARCOURS_EXPORTS") or file.parent / settings.exports.folder
    target = output or os.environ.get("PARCOURS_OUTPUT") or file.parent
    return Project(file, settings, Path(folder).resolve(), Path(target).resolve())
