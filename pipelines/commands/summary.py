"""What a run did, at its end: as text for people, and as one JSON object for programs.

Not here: what is said while it works (`terminal.py`), nor what stopped it (`parcours/troubles.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from parcours.loading.accounting import Load
from parcours.numbers import plural
from parcours.project import Project
from parcours.troubles import Trouble

if TYPE_CHECKING:
    import dagster as dg

Outcome = Literal["report", "nothing new", "alarm"]
SHOWN_NAMES = 5


@dataclass(frozen=True)
class Summary:
    """A run.

    Attributes:
        outcome: a new report, no file that was new, or a trouble.
        seconds: how long it took.
        loads: what became of each new file.
        unmatched: files of the exports' folder that no path of journey.yaml matches.
        taken_back: files that journey.yaml reads otherwise now, or no more, as they were told of.
        tables: the rows of each table that was brought up to date.
        checks: what each check said.
        troubles: what stopped it.
        files: where the report, the quality page and the published tables are; empty if it stopped.
        since: when the last run ended, where nothing at all had changed and this one did nothing.
    """

    outcome: Outcome
    seconds: float
    loads: Sequence[Load] = ()
    unmatched: Sequence[str] = ()
    tables: Mapping[str, int] = field(default_factory=dict)
    checks: Sequence[Mapping[str, Any]] = ()
    troubles: Sequence[Trouble] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    taken_back: Sequence[str] = ()
    since: datetime | None = None

    def json(self) -> str:
        """As one JSON object."""
        loads = [
            {key: value for key, value in asdict(load).items() if key not in ("file_id", "kind")} for load in self.loads
        ]
        told = {
            "outcome": self.outcome,
            "seconds": round(self.seconds, 1),
            "files": loads,
            "unmatched_files": [*self.unmatched],
            "taken_back": [*self.taken_back],
            "tables": [{"table": table, "rows": rows} for table, rows in self.tables.items()],
            "checks": [*self.checks],
            "troubles": [asdict(trouble) for trouble in self.troubles],
            **self.files,
            **({"nothing_changed_since": self.since} if self.since else {}),
        }
        return json.dumps(told, ensure_ascii=False, default=str)

    @property
    def done(self) -> str:
        """That it went well."""
        return f"Done in {self.seconds:,.0f} s{'' if self.loads else '; 0 new files'}."

    def warnings(self) -> Iterator[str]:
        """What to look at though the run went well."""
        if self.unmatched:
            named = ", ".join(self.unmatched[:SHOWN_NAMES])
            more = f" and {len(self.unmatched) - SHOWN_NAMES:,} more" if len(self.unmatched) > SHOWN_NAMES else ""
            count = len(self.unmatched)
            yield f"{count:,} {plural(count, 'file')} that no path of exports.files matches: {named}{more}"
            yield "  → `parcours formats <folder>` says what such files would be read as."
        for check in self.checks:
            if check["verdict"] == "warned":
                yield check["found"]
                yield from (f"  {line}" for line in check["rows"][:1])
                yield f"  → {check['to_do']}"


def summary_of(project: Project, result: dg.ExecuteInProcessResult, loads: Sequence[Load], seconds: float) -> Summary:
    """What a run did, from what Dagster heard of it."""
    from assets.failures import troubles_of

    tables, unmatched, taken_back = {}, [], []
    for event in result.get_asset_materialization_events():
        made = event.step_materialization_data.materialization
        if "dagster/row_count" in made.metadata:
            tables[".".join(made.asset_key.path)] = int(str(made.metadata["dagster/row_count"].value))
        if "unmatched files" in made.metadata:
            unmatched = list(made.metadata["unmatched files"].value)  # type: ignore[arg-type]
        if "taken back" in made.metadata:
            taken_back = list(made.metadata["taken back"].value)  # type: ignore[arg-type]
    troubles = troubles_of(result.all_events)
    return Summary(
        "alarm" if not result.success else "report" if loads or taken_back else "nothing new",
        seconds,
        loads,
        unmatched,
        tables,
        [_check(evaluation) for evaluation in result.get_asset_check_evaluations()],
        troubles,
        _files(project) if result.success else {},
        taken_back,
    )


def nothing_new(project: Project, since: datetime, seconds: float) -> Summary:
    """A run that had nothing to do; it says nothing of the checks, which stand on the quality page."""
    return Summary("nothing new", seconds, files=_files(project), since=since)


def _files(project: Project) -> dict[str, str]:
    files = {"report": project.report, "quality_page": project.quality_report, "published": project.published}
    return {name: str(path) for name, path in files.items()}


def _check(evaluation: dg.AssetCheckEvaluation) -> dict[str, Any]:
    severity = evaluation.severity.value.lower()
    told = {key: value.value for key, value in evaluation.metadata.items()}
    return {
        "table": ".".join(evaluation.asset_key.path),
        "check": evaluation.check_name,
        "severity": severity,
        "verdict": "passed" if evaluation.passed else "warned" if severity == "warn" else "failed",
        "offending_count": told.get("offending rows", 0),
        "found": told.get("found", ""),
        "rows": [row for name, row in told.items() if name.startswith("row ")],
        "to_do": told.get("what to do", ""),
    }
