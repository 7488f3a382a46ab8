"""`parcours forget`: a person deleted from all that is stored, then everything built without them."""

from __future__ import annotations

import argparse
import sys

from parcours.project import load_project
from parcours.report.numbers import plural
from parcours.warehouse.run_lock import run_lock
from pipelines.commands.run import BY, Manner, run


def forget_person(options: argparse.Namespace) -> int:
    """Forget a person, then build and publish everything without them; prints what was deleted."""
    from parcours.people.forget import forget

    if not (options.email or options.customer_id):
        print("Whom to forget? Give --email or --customer-id.", file=sys.stderr)
        return 2
    project = load_project(options.journey, options.exports)
    with run_lock(project, BY):
        done = forget(project, email=options.email, customer_id=options.customer_id)
        rows = ", ".join(f"{count:,} of {table}" for table, count in done.rows.items() if count)
        if not rows:
            whom = " or ".join(filter(None, (options.email and "e-mail", options.customer_id and "customer id")))
            print(f"Nobody here has that {whom}: no stored row was deleted. Check the spelling.", file=sys.stderr)
            print("It is remembered: rows that come with it later will not be loaded.", file=sys.stderr)
            return 1
        count = done.identifier_count
        print(f"{count:,} {plural(count, 'identifier')} forgotten; rows deleted: {rows}.")
        print("Building the tables without them.")
        return run(options.journey, options.exports, Manner())
