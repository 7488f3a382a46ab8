"""The command line, `parcours` or `python -m pipelines`: what commands there are, and their arguments.

Not here: what a command does (`pipelines/commands/`).
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from parcours.project import ROOT
from parcours.settings.file import SettingsError
from parcours.whole_file import private_files

if TYPE_CHECKING:
    from parcours.tables.movements import Span


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="parcours", description="Parcours")
    commands = parser.add_subparsers(dest="command", required=True)
    run_parser = commands.add_parser("run", help="load new exports, rebuild every table, publish and report")
    run_parser.add_argument("--journey", type=Path, help="the shop's journey.yaml (default: the one here)")
    run_parser.add_argument("--exports", type=Path, help="folder of the exports (default: as journey.yaml says)")
    run_parser.add_argument(
        "--full-refresh", action="store_true", help="build every table whole, also where nothing changed"
    )
    run_parser.add_argument(
        "--verify", action="store_true", help="then build everything whole beside the tables and name every difference"
    )
    run_parser.add_argument("--quiet", action="store_true", help="print only what went wrong")
    run_parser.add_argument("--json", action="store_true", help="print one JSON object at the end, and nothing else")
    run_parser.add_argument("--no-wait", action="store_true", help="fail at once where another run has its turn")
    run_parser.add_argument(
        "--cluster", action="store_true", help="on a Spark cluster that is started here for this run, on loopback"
    )
    run_parser.add_argument("--night", action="store_true", help="the nightly run of a timer: its digest is sent")
    status_parser = commands.add_parser(
        "status", help="the last run, what is open, what comes next; exit code 1 where a trouble is open"
    )
    status_parser.add_argument("--journey", type=Path, help="the shop's journey.yaml (default: the one here)")
    status_parser.add_argument("--json", action="store_true", help="print one JSON object")
    status_parser.add_argument("--tell", action="store_true", help="alarm whom journey.yaml names if a night is late")
    ui_parser = commands.add_parser("ui", help="Dagster's UI, its schedule and its sensors, on this machine alone")
    ui_parser.add_argument("--journey", type=Path, help="the shop's journey.yaml (default: the one here)")
    ui_parser.add_argument("--exports", type=Path, help="folder of the exports (default: as journey.yaml says)")
    ui_parser.add_argument("--port", type=int, default=3000, help="of http://127.0.0.1 (default: 3000)")
    formats_parser = commands.add_parser(
        "formats", help="say what the files of a folder would be read as; loads nothing"
    )
    formats_parser.add_argument("folder", type=Path, help="folder of exports")
    formats_parser.add_argument(
        "--journey", type=Path, default=ROOT / "journey.yaml", help="whose own sources count too"
    )
    forget_parser = commands.add_parser("forget", help="delete a person from all that is stored, and from later loads")
    forget_parser.add_argument("--email", help="an e-mail of the person")
    forget_parser.add_argument(
        "--customer-id", help="the shop's id of the person; of several shops as <namespace>:<id>"
    )
    forget_parser.add_argument("--journey", type=Path, help="the shop's journey.yaml (default: the one here)")
    forget_parser.add_argument("--exports", type=Path, help="folder of the exports (default: as journey.yaml says)")
    rejected_parser = commands.add_parser(
        "rejected", help="write the rejected rows into files that can be corrected and loaded again"
    )
    rejected_parser.add_argument("folder", type=Path, help="where to write them, outside the exports")
    rejected_parser.add_argument("--journey", type=Path, help="the shop's journey.yaml (default: the one here)")
    rejected_parser.add_argument("--exports", type=Path, help="folder of the exports (default: as journey.yaml says)")
    unload_parser = commands.add_parser("unload", help="take files back: tables as if they had never been loaded")
    unload_parser.add_argument("file", nargs="+", help="its path, also if it is gone from there, or its file_id")
    unload_parser.add_argument("--again", action="store_true", help="let files that were taken back be loaded again")
    unload_parser.add_argument("--journey", type=Path, help="the shop's journey.yaml (default: the one here)")
    unload_parser.add_argument("--exports", type=Path, help="folder of the exports (default: as journey.yaml says)")
    why_parser = commands.add_parser("why", help="say why orders and revenue moved from one period to another")
    why_parser.add_argument(
        "--from", dest="before", metavar="DAY..DAY", type=_span, help="the earlier period (default: the month before)"
    )
    why_parser.add_argument(
        "--to", dest="after", metavar="DAY..DAY", type=_span, help="the later period (default: the last whole month)"
    )
    why_parser.add_argument("--journey", type=Path, help="the shop's journey.yaml (default: the one here)")
    share_parser = commands.add_parser("share", help="write a copy of the report to give away, and one page as PDF")
    share_parser.add_argument("--to", type=Path, help="the folder (default: reports/share)")
    share_parser.add_argument("--journey", type=Path, help="the shop's journey.yaml (default: the one here)")
    commands.add_parser("reference", help="write the pages of docs/ that are made from the code")
    commands.add_parser("words", help="gather what the pages say into the catalogues of other languages")
    options = parser.parse_args(arguments)
    if options.command == "why" and bool(options.before) != bool(options.after):
        parser.error("why: --from and --to belong together")

    try:
        # Docs, words and copies are for everybody; all else that a command makes is the shop's, and private.
        with nullcontext() if options.command in ("reference", "words", "share") else private_files():
            return _carry_out(options)
    except KeyboardInterrupt:
        print("Stopped. What was loaded stays; the last good report too.", file=sys.stderr)
        return 130
    except Exception as error:
        from parcours.troubles import trouble_of
        from pipelines.commands.run import print_troubles

        print_troubles([trouble_of(error)])
        return 2 if isinstance(error, SettingsError) else 1


def _span(text: str) -> Span:
    from pipelines.commands.why import span

    return span(text)


def _carry_out(options: argparse.Namespace) -> int:
    if options.command == "reference":
        from parcours.reference import write_reference

        write_reference(ROOT / "docs")
        return 0
    if options.command == "words":
        from parcours.gathered_words import write_words

        write_words()
        return 0
    if options.command == "share":
        from pipelines.commands.share import share_report

        return share_report(options)
    if options.command == "formats":
        from pipelines.commands.formats import formats

        return formats(options.folder, options.journey)
    if options.command == "rejected":
        from pipelines.commands.rejected import rejected

        return rejected(options)
    if options.command == "forget":
        from pipelines.commands.forget import forget_person

        return forget_person(options)
    if options.command == "unload":
        from pipelines.commands.unload import unload_files

        return unload_files(options)
    if options.command == "ui":
        from pipelines.commands.ui import ui

        return ui(options.journey, options.exports, options.port)
    if options.command == "why":
        from pipelines.commands.why import why

        return why(options)
    if options.command == "status":
        from pipelines.commands.status import print_status

        return print_status(options)
    from pipelines.commands.run import Manner, run

    manner = Manner(
        full_refresh=options.full_refresh,
        verify=options.verify,
        is_quiet=options.quiet,
        as_json=options.json,
        wait=not options.no_wait,
        by="night" if options.night else "command line",
    )
    if options.cluster:
        from pipelines.commands.cluster import run_on_cluster

        return run_on_cluster(options.journey, options.exports, manner)
    return run(options.journey, options.exports, manner)


if __name__ == "__main__":
    sys.exit(main())
