"""The command line, `parcours` or `python -m pipelines`: a run, a dry run over export files, the reference pages.

`run` materializes everything, as the UI's button and the nightly schedule do, and says where the report is.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from parcours.project import ROOT, load_last_good_project, load_project
from parcours.settings.file import SettingsError
from parcours.warehouse.run_lock import run_lock

BY = "the command line"
"""What others are told who has its turn."""


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
    run_parser.add_argument("--no-wait", action="store_true", help="fail at once where another run has its turn")
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
    forget_parser.add_argument("--customer-id", help="the shop's id of the person")
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
    commands.add_parser("reference", help="write the pages of docs/ that are made from the code")
    options = parser.parse_args(arguments)

    from parcours.loading.load import IngestError
    from parcours.loading.sources import SourceError
    from parcours.loading.unload import NotLoaded
    from parcours.warehouse.connection import WarehouseBusy
    from parcours.warehouse.raw_tables import OldWarehouse

    try:
        return _carry_out(options)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except (IngestError, NotLoaded, OldWarehouse, SourceError, WarehouseBusy) as error:
        print(error, file=sys.stderr)
        return 1


def _carry_out(options: argparse.Namespace) -> int:
    if options.command == "reference":
        from parcours.reference import write_reference

        write_reference(ROOT / "docs")
        return 0
    if options.command == "formats":
        return formats(options.folder, options.journey)
    if options.command == "rejected":
        return rejected(options)
    if options.command == "forget":
        return forget_person(options)
    if options.command == "unload":
        return unload_files(options)
    if options.command == "ui":
        return ui(options.journey, options.exports, options.port)
    with run_lock(load_project(options.journey, options.exports), BY, wait=not options.no_wait):
        code = run(options.journey, options.exports, full_refresh=options.full_refresh)
        return verify(options.journey, options.exports) if options.verify and code == 0 else code


def ui(journey_file: Path | None, exports_folder: Path | None, port: int) -> int:
    """Serve Dagster's UI and daemon on loopback, with the shop's own history, until they are stopped."""
    from pipelines.history import dagster_home
    from pipelines.webserver import REPORTS_FOLDER

    named = {"PARCOURS_JOURNEY": journey_file, "PARCOURS_EXPORTS": exports_folder}
    os.environ |= {name: str(path.resolve()) for name, path in named.items() if path}
    project = load_last_good_project()
    home = dagster_home(project)
    served = [sys.executable, "-m", "pipelines.webserver", "dev", "-m", "pipelines.definitions", "--host", "127.0.0.1"]
    # In place of this process, so that whatever stops this one stops them.
    os.environ |= {REPORTS_FOLDER: str(project.report.parent)}
    os.environ |= {"DAGSTER_HOME": str(home), "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    os.chdir(home)
    os.execv(sys.executable, [*served, "--port", str(port)])


def forget_person(options: argparse.Namespace) -> int:
    """Forget a person, then build and publish everything without them; prints what was deleted."""
    from parcours.people.forget import forget

    if not (options.email or options.customer_id):
        print("Whom to forget? Give --email or --customer-id.", file=sys.stderr)
        return 2
    project = load_project(options.journey, options.exports)
    with run_lock(project, BY):
        done = forget(project, email=options.email, customer_id=options.customer_id)
        rows = ", ".join(f"{count} of {table}" for table, count in done.rows.items())
        print(f"{done.identifier_count} identifiers forgotten; rows deleted: {rows}. Building the tables without them.")
        return run(options.journey, options.exports)


def unload_files(options: argparse.Namespace) -> int:
    """Take files back, or let them be loaded again, then build and publish everything; prints what that was."""
    from parcours.loading.unload import load_again
    from parcours.run import take_back
    from parcours.warehouse.open_run import open_run

    project = load_project(options.journey, options.exports)
    with open_run(project, BY) as opened:
        if options.again:
            paths = load_again(opened.connection, project, options.file)
            print(f"Loaded again, if still there: {', '.join(paths)}.")
        else:
            print(take_back(project, opened.connection, options.file))
        opened.close()
        return run(options.journey, options.exports)


def rejected(options: argparse.Namespace) -> int:
    """Write rejected rows into files to correct; prints a line for each."""
    from parcours.loading.rejected import write_rejected

    project = load_project(options.journey, options.exports)
    with run_lock(project, BY):
        written = write_rejected(project, options.folder)
    for file in written:
        print(f"{file.name}: {file.row_count} rejected rows → {_shown(file.path) if file.path else f'– ({file.why})'}")
    print(
        "Correct them and put the files where the exports' paths in journey.yaml find them."
        if any(file.path for file in written)
        else "No rejected rows to correct."
    )
    return 0


def formats(folder: Path, journey_file: Path) -> int:
    """Print what each file of a folder would be read as, and why."""
    from parcours.loading.formats import describe_guess, guess_folder, shop_labels, shop_sources

    if not folder.is_dir():
        print(f"{folder}: no such folder. Name the folder that holds the exports.", file=sys.stderr)
        return 2
    for found in guess_folder(folder, shop_sources(journey_file), shop_labels(journey_file)):
        print(describe_guess(found, folder))
    return 0


def run(journey_file: Path | None, exports_folder: Path | None, *, full_refresh: bool = False) -> int:
    """Materialize everything in this process; prints one line per box, each warning, and the report's path."""
    started = time.monotonic()
    project = load_project(journey_file, exports_folder)
    if full_refresh:
        from parcours.warehouse.connection import open_warehouse
        from parcours.warehouse.refresh_log import reset_log

        with open_warehouse(project) as connection:
            reset_log(connection)

    import dagster as dg

    from pipelines.code_location import build_defs
    from pipelines.history import dagster_home

    definitions = build_defs(project)
    job = definitions.resolve_job_def("materialize_everything")
    print(f"{project.settings.shop.name}: reading {_shown(project.exports_folder)}", flush=True)
    with dg.DagsterInstance.from_config(str(dagster_home(project))) as instance:
        # Dagster's own log goes to its history, for the UI; here failures are printed below, in a line each.
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        result = job.execute_in_process(run_config=quiet, instance=instance, raise_on_error=False)
    _print_result(result)
    if not result.success:
        print("The last good tables and report stay as they were.", file=sys.stderr)
        return 1
    print(f"Done in {time.monotonic() - started:.0f} s. Tables: {_shown(project.published)}")
    print(f"Report: {_shown(project.report)}")
    return 0


def verify(journey_file: Path | None, exports_folder: Path | None) -> int:
    """Build everything whole beside the tables; prints what differs, and returns 1 if anything does."""
    from parcours.tables.verify import find_differences

    started = time.monotonic()
    differences = find_differences(load_project(journey_file, exports_folder))
    for difference in differences:
        print(f"  other: {difference}")
    verdict = (
        "The tables are not what a full build makes of the loaded rows. `--full-refresh` builds them anew."
        if differences
        else "All tables equal a full build of the loaded rows."
    )
    print(f"Verified in {time.monotonic() - started:.0f} s. {verdict}")
    return 1 if differences else 0


def _print_result(result: object) -> None:
    """What a run did, for people: tables per box, warnings, and the first failure with its cause."""
    import dagster as dg

    assert isinstance(result, dg.ExecuteInProcessResult)
    boxes: dict[str, list[int]] = {}
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        rows = materialization.metadata.get("dagster/row_count")
        boxes.setdefault(materialization.asset_key.path[0], []).append(int(str(rows.value)) if rows else 0)
    for box, counts in boxes.items():
        print(f"  {box:<9} {len(counts):>3} tables {sum(counts):>12,} rows")
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed:
            kind = "warning" if evaluation.severity == dg.AssetCheckSeverity.WARN else "ERROR"
            count = evaluation.metadata.get("offending rows")
            where = "/".join(evaluation.asset_key.path)
            print(f"  {kind}: {where}: {evaluation.check_name}: {count.value if count else 'not met'}", flush=True)
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error:
            error = event.step_failure_data.error
            while error.cause:
                error = error.cause
            print(f"  failed: {event.step_key}: {error.message.strip()}", file=sys.stderr)


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
