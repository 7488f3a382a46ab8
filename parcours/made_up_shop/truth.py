"""truth.json: what the files hold, counted from the simulation and not from the files.

`tests/test_made_up_shop.py` counts the files themselves and compares.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection

from parcours.made_up_shop import plan, queries
from parcours.made_up_shop.columns import Array, Tables, highest
from parcours.made_up_shop.period import DAY, ZONE, Period
from parcours.made_up_shop.planting import PlantedFaults

Figures = dict[str, Any]


def whole_truth(
    connection: DuckDBPyConnection,
    arguments: Figures,
    period: Period,
    made: Tables,
    lines: Figures,
    malformed: Figures,
    faults: PlantedFaults,
) -> Figures:
    """All that truth.json says; the figures of orders and surveys are those of the tables behind the files."""
    distinct_events = len(made["events"]["t"]) + len(faults.scraper_lines)
    on_tablet = distinct(made["events"]["person"][made["events"]["device_no"] == 2])
    outage_on = period.date_of(period.day_at(plan.OUTAGE_AT))
    names = ["Home, Campaign landing", "Product List Viewed, Products Searched", *plan.EVENT_NAMES[2:]]
    stages = [plan.STAGES[stage] for stage in plan.STAGE_OF_KIND]
    personal = found(connection, queries.PERSONAL_DATA)
    return {
        "arguments": arguments,
        "time_zone": ZONE,
        "currency": "EUR",
        "ends_before": datetime.fromtimestamp(period.ends / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "people": arguments["people"],
        "stage_of_event": dict(zip(names, stages, strict=True)),
        "events": {"distinct": distinct_events, "lines": distinct_events + lines["duplicate_lines"], **lines},
        "journeys": journeys_truth(period, made),
        "changes": changes_truth(period, made),
        "planned_rates": {
            "first_purchase": by_step(plan.FIRST_PURCHASE_RATES),
            "renewal": by_step(plan.RENEWAL_RATES),
        },
        "outage": {"date": outage_on, "purchase_factor": plan.OUTAGE_FACTOR},
        "orders": found(connection, queries.ORDER_FIGURES, ends=period.ends)[0],
        "surveys": {row.pop("survey"): row for row in found(connection, queries.SURVEY_FIGURES)},
        "contacts": len(made["contacts"]["person"]),
        "shared_device": {"anonymous_id": plan.TABLET_ID, "customers": on_tablet},
        "malformed": malformed,
        "personal_data": {name: [row[name] for row in personal] for name in ("emails", "phones", "names")},
        **({"faults": faults.truth} if faults.truth else {}),
    }


def found(connection: DuckDBPyConnection, query: str, **values: Any) -> list[Figures]:
    rows = connection.execute(query, values)
    names = [name for name, *_ in rows.description]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def by_step(rates: Iterable[float | None]) -> Figures:
    return dict(zip(plan.STAGES[1:], rates, strict=True))


def distinct(values: Array) -> int:
    return len(np.unique(values))


def reached_stages(made: Tables) -> Array:
    """Per journey, the furthest stage of its events that were written; -1 for a journey without any."""
    stage = np.array(plan.STAGE_OF_KIND)[made["events"]["kind"]]
    return highest(stage, made["events"]["journey"], len(made["journeys"]["person"]), otherwise=-1)


def chain(reached: Array) -> Figures:
    """How many of these journeys reach each stage, and which share of one stage the next."""
    counts = [int((reached >= stage).sum()) for stage in range(len(plan.STAGES))]
    rates = [round(after / before, 4) if before else None for before, after in pairwise(counts)]
    return {
        "reached": dict(zip(plan.STAGES, counts, strict=True)),
        "step_rate": by_step(rates),
    }


def journeys_truth(period: Period, made: Tables) -> Figures:
    """How far the journeys came, by what was written of them before the end."""
    journeys, events, reached = made["journeys"], made["events"], reached_stages(made)
    written, renewal, in_cart = reached >= 0, journeys["nth_purchase"] > 0, reached >= 2
    is_old = journeys["starts"] < period.ends - 45 * DAY
    planned, on_tablet = events["session_no"] != plan.UNPLANNED, events["device_no"] == 2
    emptied = (events["kind"] == plan.REMOVED) & journeys["emptied"][events["journey"]]
    return {
        "note": "counts what was written before the end; stages by stage_of_event, the furthest one counts",
        "all": chain(reached),
        "first_purchase": chain(reached[~renewal]),
        "renewal": chain(reached[renewal]),
        "begun_45_days_before_the_end": chain(reached[is_old]),
        "cut_by_the_end": int((written & (reached < journeys["stage"])).sum()),
        "highest_drop_off": {"from": "checkout", "to": "purchase"},
        "sessions_planned": int(journeys["planned_sessions"][written].sum()),
        "sessions_written": distinct(events["session"][planned]),
        "tablet_sessions": distinct(events["session"][on_tablet]),
        "late_parcel_help_sessions": distinct(events["session"][~planned & ~on_tablet]),
        "on_two_devices": int((journeys["two_devices"] & written).sum()),
        "carts": int(in_cart.sum()),
        "carts_with_cart_id": int((in_cart & journeys["has_cart_id"]).sum()),
        "carts_emptied": distinct(events["journey"][emptied]),
        "payment_failed": distinct(events["journey"][events["kind"] == plan.FAILED]),
    }


def changes_truth(period: Period, made: Tables) -> list[Figures]:
    """Date, stage, sign and true effect of each change.

    `entered` and `converted` are of all decisions before the end, on each side, without the outage day.
    `effect_points` is the design (first journeys), `effect_points_mean` the mean over the journeys touched.
    """
    journeys, reached = made["journeys"], reached_stages(made)
    decided_at = {1: journeys["starts"], 3: journeys["cart_at"], 4: journeys["checkout_at"]}
    gains = journeys["rates"] - journeys["rates_without"]
    changes = []
    for name, share, stage, factor in plan.CHANGES:
        at, (left, entered) = decided_at[stage], plan.STAGES[stage - 1 : stage + 1]
        in_outage = period.day_of(at) == period.day_at(plan.OUTAGE_AT)
        decided = (reached >= stage - 1) & (at < period.ends) & ~in_outage
        after = decided & period.since(share, at)
        sign = (factor > 1) - (factor < 1)
        mean_gain = float(gains[after, stage - 1].mean()) if after.any() else 0.0
        sides = {
            side: {"entered": int(which.sum()), "converted": int((which & (reached >= stage)).sum())}
            for side, which in (("before", decided & ~after), ("after", after))
        }
        changes.append(
            {
                "id": name,
                "date": period.date_of(period.day_at(share)),
                "stage": left,
                "kpi": f"step conversion {left} -> {entered}",
                "sign": sign,
                "verdict": ("no evidence", "improved", "worsened")[sign],
                "effect_points": round(100 * plan.FIRST_PURCHASE_RATES[stage - 1] * (factor - 1), 2),
                "effect_points_mean": round(100 * mean_gain, 2),
                **sides,
            }
        )
    return changes
