"""What the steps of one run share: its turn at the warehouse, one connection, and journey.yaml as it is now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import duckdb

from parcours.project import Project
from parcours.settings.file import SettingsError
from parcours.warehouse.connection import confine, open_warehouse
from parcours.warehouse.run_lock import Holder, run_lock
from parcours.whole_file import clear_left


class OpenRun:
    """A run that has its turn.

    Attributes:
        project: the shop, as it was when the run's steps were defined.
        left: what the last run left of itself, if it died.
    """

    def __init__(self, project: Project, left: Holder | None, read: Callable[[], Project] | None) -> None:
        self.project = project
        self.left = left
        self._read = read
        self._opened = ExitStack()
        self._connection: duckdb.DuckDBPyConnection | None = None

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The warehouse, opened when it is first asked for.

        Raises:
            SettingsError: journey.yaml is wrong, or no longer what the run's steps were defined from.
            WarehouseBusy: another program than a run holds the file.
        """
        if self._connection is None:
            self.check_settings()
            self._connection = self._opened.enter_context(open_warehouse(self.project))
            confine(self._connection, self.project)
        return self._connection

    @property
    def is_open(self) -> bool:
        """Whether a step has asked for the connection."""
        return self._connection is not None

    def check_settings(self) -> None:
        """Read journey.yaml anew.

        Raises:
            SettingsError: it is wrong, or no longer what the run's steps were defined from.
        """
        if self._read and self._read().settings != self.project.settings:
            raise SettingsError(f"{self.project.journey_file} was changed while the run began. Start the run again.")

    def close(self) -> None:
        """Close the warehouse, for a step that replaces its file; the next that asks opens it again."""
        self._connection = None
        self._opened.close()


@contextmanager
def open_run(
    project: Project,
    by: str,
    *,
    wait: bool = True,
    say: Callable[[str], None] = print,
    read: Callable[[], Project] | None = None,
) -> Iterator[OpenRun]:
    """A whole run: its turn, and one connection for all its steps.

    Args:
        project: the shop.
        by: who runs, as others are told.
        wait: wait for another run to end; else refuse at once.
        say: is told whose turn it is, when there is something to wait for.
        read: reads journey.yaml anew, where the shop was defined from it earlier, or from its last good text.

    Raises:
        WarehouseBusy: another run has it, and `wait` is false.
    """
    with run_lock(project, by, wait=wait, say=say) as left:
        project.last_run_file.unlink(missing_ok=True)
        for folder in {project.output, project.report.parent}:
            clear_left(folder)
        run = OpenRun(project, left, read)
        try:
            yield run
        finally:
            run.close()
