"""What a run says on a terminal while it works: a line per export and per box as they finish, and a bar.

Here: Dagster's events and the loader's, heard as they happen through Python's logging. Not here: what is said at the
end (`summary.py`).
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import UnsupportedOperation
from itertools import groupby
from typing import TextIO

import dagster as dg
from tqdm import tqdm

from parcours.loading.accounting import Load
from parcours.loading.load import LOADER
from parcours.loading.said import is_refused, load_line, row_counts

SHOWN_FILES = 3
"""Files of an export that get a line of their own; the others are summed up."""

LOGGER = "terminal"
"""Its name among the loggers of a job."""


class Terminal(logging.Handler):
    """Hears of every file that is loaded and every table that is built.

    Args:
        boxes: how many assets each box has.
        is_quiet: nothing is printed; what was heard is kept all the same.
    """

    def __init__(self, boxes: Mapping[str, int], *, is_quiet: bool) -> None:
        super().__init__()
        self.loads: list[Load] = []
        self._boxes = boxes
        self._is_quiet = is_quiet
        self._made: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()
        self._milliseconds: Counter[str] = Counter()
        self._box_of: dict[str, str] = {}
        self._export_began = time.monotonic()
        self._heard = self._export_began
        self._told = 0
        self._out = _duplicate(sys.stdout)
        self._bar = tqdm(
            total=sum(boxes.values()),
            disable=is_quiet or not sys.stderr.isatty(),
            file=_duplicate(sys.stderr),
            miniters=1,
            leave=False,
            bar_format="{percentage:3.0f}%|{bar:24}| {n_fmt} of {total_fmt} {desc}",
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Called by whoever logs."""
        load = getattr(record, "load", None)
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if isinstance(load, Load):
            self._hear_load(load)
        elif said := getattr(record, "said", None):
            self._say(f"  {said}")
        elif isinstance(event, dg.DagsterEvent):
            self._hear_event(event)

    def finish(self) -> None:
        """Say what has begun and not finished, and take the bar away.

        Not `close`, which is called when Dagster sets up its own logging.
        """
        self._tell_export()
        for box, made in self._made.items():
            if made < self._boxes[box]:
                self._say(f"{self._box_line(box)}   {made} of {self._boxes[box]}: the run stopped here")
        self._bar.close()

    def _hear_load(self, load: Load) -> None:
        if self.loads and self.loads[-1].export != load.export:
            self._tell_export()
        self.loads.append(load)
        self._heard = time.monotonic()
        self._bar.set_description_str(load.path)

    def _hear_event(self, event: dg.DagsterEvent) -> None:
        if event.is_step_start:
            self._export_began = time.monotonic()
            self._bar.set_description_str((event.step_key or "").replace("__", "."))
        elif event.is_step_materialization:
            made = event.step_materialization_data.materialization
            box, rows = made.asset_key.path[0], made.metadata.get("dagster/row_count")
            if box == "raw":
                self._tell_export()
            self._box_of[event.step_key or ""] = box
            self._made[box] += 1
            self._rows[box] += int(str(rows.value)) if rows else 0
            self._bar.update()
        elif event.is_step_success and event.step_key in self._box_of:
            box = self._box_of[event.step_key]
            self._milliseconds[box] += round(event.step_success_data.duration_ms)
            if self._made[box] == self._boxes[box]:
                self._say(self._box_line(box))

    def _tell_export(self) -> None:
        loads, self._told = self.loads[self._told :], len(self.loads)
        if loads:
            for line in export_lines(loads, self._heard - self._export_began):
                self._say(line)
        self._export_began = self._heard

    def _box_line(self, box: str) -> str:
        what = "files" if box == "reports" else "tables"
        rows = f"{self._rows[box]:>12,} rows" if self._rows[box] else " " * 17
        return f"  {box:<9} {self._made[box]:>3} {what:<6} {rows} {self._milliseconds[box] / 1000:>7.1f} s"

    def _say(self, line: str) -> None:
        if not self._is_quiet:
            self._bar.clear()
            print(line, file=self._out, flush=True)
            self._bar.refresh()


def export_lines(loads: Iterable[Load], seconds: float) -> Iterator[str]:
    """An export's new files: the sums, then the first files, those that were refused each with its reason."""
    found = [*loads]
    what = f"{len(found):,} new files, " if len(found) > 1 else f"{found[0].path}: "
    yield f"  {found[0].export}: {what}{row_counts(found)} ({seconds:.1f} s)"
    for refused, files in groupby(sorted(found, key=is_refused), is_refused):
        named = [*files]
        for load in named[:SHOWN_FILES] if len(found) > 1 or refused else []:
            yield f"    {load_line(load)}"
        if len(named) > SHOWN_FILES:
            rest = named[SHOWN_FILES:]
            yield f"    … and {len(rest):,} more{' refused' if refused else f': {row_counts(rest)}'}"


def _duplicate(stream: TextIO) -> TextIO:
    """A stream of its own to the same place: Dagster sends the output of a step to a file, and copies it late."""
    try:
        return os.fdopen(os.dup(stream.fileno()), "w", encoding="utf-8")
    except UnsupportedOperation:
        return stream


@contextmanager
def listening(terminal: Terminal) -> Iterator[dg.LoggerDefinition]:
    """The terminal hears the loader; gives the logger by which it hears Dagster."""
    loader = logging.getLogger(LOADER)
    level = loader.level
    loader.addHandler(terminal)
    loader.setLevel(logging.INFO)
    logger = logging.Logger(LOGGER, logging.DEBUG)
    logger.addHandler(terminal)
    try:
        yield dg.LoggerDefinition(lambda _: logger)
    finally:
        terminal.finish()
        loader.removeHandler(terminal)
        loader.setLevel(level)
