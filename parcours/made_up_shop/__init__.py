"""The exports of an invented shop, with the truth beside them.

    python -m parcours.made_up_shop --people 6000 --days 90 --seed 7 --out DIR [--start 2026-07-01] [--faults]

Here: a simulation of customers (numpy), the files that such a shop would export (Segment events, Shopify orders,
HubSpot contacts, survey answers; DuckDB writes the text), and `truth.json`, which says what was planted: how many
journeys reach which stage, which change did what, how many lines are doubled, late or malformed.
Not here: reading any of this (the loaders) and what should come out of it (the models and their tests).

How the simulation works. A person's journey is laid out first as if it went all the way to a purchase: sessions,
events, instants. Then each stage is decided by its probability *at the instant of that stage* (a change of the shop
or a payment outage counts from its own midnight, whenever the journey began), and the events beyond the furthest
stage are dropped. Buyers may come back for up to two renewals. Nothing after the period's end is written, and the
truth counts only what was written. Equal arguments give equal bytes.
All instants are milliseconds since 1970 in UTC; days are shop days.

What is planted stands in `plan`, what it is worded in in `vocabulary`. `simulation` makes `journeys` and their
`aftermath` in a `period`; `exports` writes them by its `queries`, with `malformed` lines; `truth` counts. Exports are
sound but for those lines, unless `faults` are asked for: `planting` puts them in. `incidents` are what broke and nobody
logged: for tests of what finds them, in a shop in which else nothing happens.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parcours.made_up_shop.faults import NO_FAULTS, Faults

if TYPE_CHECKING:
    from parcours.made_up_shop.incidents import Incident

FILES = ("events/*.jsonl.gz", "orders/orders_export_*.csv", "crm/*.csv", "truth.json")


def write_exports(
    out: Path,
    *,
    people: int,
    days: int,
    seed: int,
    start: date = date(2026, 7, 1),
    faults: Faults = NO_FAULTS,
    incidents: Sequence[Incident] | None = None,
) -> dict[str, Any]:
    """Writes all files below `out` and returns the truth, which is also written as truth.json.

    With `incidents`, or an empty list of them, nothing else happens in the shop: no change and no outage of the plan.

    The files of an earlier run are removed first: a shorter period must not leave days of a longer one.

    Raises:
        ValueError: the shop is too small for as many faults.
    """
    import duckdb
    import numpy as np

    from parcours.made_up_shop.exports import load, write_crm, write_events, write_orders
    from parcours.made_up_shop.incidents import Calm
    from parcours.made_up_shop.period import Period
    from parcours.made_up_shop.planting import plant_faults
    from parcours.made_up_shop.simulation import simulate
    from parcours.made_up_shop.truth import whole_truth

    period = Period.of(start, days)
    calm = None if incidents is None else Calm(np.random.default_rng([seed, 4]), incidents)
    made = simulate(np.random.default_rng(seed), period, people, calm=calm)
    planted = plant_faults(seed, period, made, faults)
    for pattern in FILES:
        (out / pattern).parent.mkdir(parents=True, exist_ok=True)
        for path in list(out.glob(pattern)):
            path.unlink()
    with duckdb.connect(config={"threads": 1}) as connection:
        load(connection, seed, period, made)
        lines, malformed = write_events(connection, out, seed, period, made["events"], planted)
        malformed |= write_orders(connection, out, period) | write_crm(connection, out)
        arguments = {"people": people, "days": days, "seed": seed, "start": start.isoformat()}
        truth = whole_truth(connection, arguments, period, made, lines, malformed, planted)
    if incidents is not None:
        del truth["changes"], truth["outage"]
        truth["incidents"] = [incident.truth(period) for incident in incidents]
    text = json.dumps(truth, indent=2, ensure_ascii=False) + "\n"
    (out / "truth.json").write_text(text, encoding="utf-8")
    return truth
