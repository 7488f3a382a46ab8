"""`parcours forget`: a person deleted from all that is stored, then everything built without them."""

from __future__ import annotations

import argparse
import sys

from parcours.numbers import plural
from parcours.project import Project, load_last_good_project, load_project
from parcours.warehouse.run_lock import run_lock
from pipelines.commands.paths import shown
from pipelines.commands.run import BY


def forget_person(options: argparse.Namespace) -> int:
    """Forget a person, then build and publish everything without them; prints what was deleted."""

    if not (options.email or options.customer_id):
        print("Whom to forget? Give --email or --customer-id.", file=sys.stderr)
        return 2
    # A wrong journey.yaml keeps nobody: it only stops what is built afterwards.
    project = load_last_good_project(options.journey, options.exports)
    with run_lock(project, BY):
        return _forget(project, options)


def _forget(project: Project, options: argparse.Namespace) -> int:
    from parcours.forget_people import build_without, forget_people
    from pipelines.history import leave_stored_history

    given = {"email": options.email, "customer": options.customer_id}
    requests = [(kind, value) for kind, value in given.items() if value]
    done = forget_people(project, requests, lambda traces: leave_stored_history(project, traces))
    names = {"email": "e-mail", "customer": "customer id"}
    for kind, _ in done.unknown:
        print(f"Nobody found with that {names[kind]}: nothing was changed for it. Check the spelling.", file=sys.stderr)
    if len(done.unknown) == len(requests):
        return 1
    count = done.identifier_count
    rows = ", ".join(f"{count:,} of {table}" for table, count in done.rows.items() if count) or "none were left"
    print(f"{count:,} {plural(count, 'identifier')} forgotten, everywhere; rows deleted: {rows}.")
    print("Building the tables without them.", flush=True)
    build_without(load_project(options.journey, options.exports))
    print(f"Report: {shown(project.report)}")
    return 1 if done.unknown else 0
