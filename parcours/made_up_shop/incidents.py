"""Things that broke in the shop and that nobody logged: who they concern, on which days, and what comes of it.

Here: cutting journeys where an incident stops them. Nothing else of the simulation changes: the same seed with other
incidents is the same shop but for whom these concern. Not here: when a shop is calm (`simulation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from parcours.made_up_shop import plan
from parcours.made_up_shop.columns import Array, Columns, highest, rows
from parcours.made_up_shop.period import Period


@dataclass(frozen=True)
class Incident:
    """A stage that some of the visits no longer get to.

    Attributes:
        stage: which (0 to 4); its events do not happen, and the journey ends there.
        first_day, last_day: of the period, from 0; both broken from midnight to midnight.
        share: of the journeys that come to it, how many it stops.
        device: whose visits it concerns, as plan.DEVICE_SHARES are numbered; None: any device's.
        campaign: the campaign by which these visits came, as in vocabulary.CAMPAIGNS; None: however they came.
        is_payment: those who are stopped meet a payment that fails.
    """

    stage: int
    first_day: int
    last_day: int
    share: float
    device: int | None = None
    campaign: int | None = None
    is_payment: bool = False

    def truth(self, period: Period) -> dict[str, Any]:
        """What truth.json says of it."""
        days = {"first_on": period.date_of(self.first_day), "last_on": period.date_of(self.last_day)}
        return asdict(self) | {"stage": plan.STAGES[self.stage]} | days


@dataclass(frozen=True)
class Calm:
    """A shop in which nothing of the plan happens, but for these incidents; `rng` is theirs."""

    rng: np.random.Generator
    incidents: Sequence[Incident] = ()


def stopped(
    rng: np.random.Generator,
    period: Period,
    journeys: Columns,
    events: Columns,
    campaign: Array,
    incidents: Sequence[Incident],
) -> Columns:
    """The events that are left of these; `stage` and `payment_failed` of the journeys follow.

    Args:
        rng: of the incidents alone.
        period: the shop's days.
        journeys, events: of `simulate_journeys`; events in the order of time within a journey.
        campaign: of each session, by its number in `events`; -1: none.
        incidents: what broke.
    """
    for incident in incidents:
        stage, day = np.array(plan.STAGE_OF_KIND)[events["kind"]], period.day_of(events["t"])
        is_met = (stage >= incident.stage) & (incident.first_day <= day) & (day <= incident.last_day)
        if incident.device is not None:
            is_met &= device_of(journeys, events) == incident.device
        if incident.campaign is not None:
            is_met &= campaign[events["session"]] == incident.campaign
        is_met &= (rng.random(len(journeys["stage"])) < incident.share)[events["journey"]]
        met, first = np.unique(events["journey"][is_met], return_index=True)
        ends = np.full(len(journeys["stage"]), np.iinfo(np.int64).max)
        np.minimum.at(ends, events["journey"][is_met], events["t"][is_met])
        if incident.is_payment:
            events["kind"][np.flatnonzero(is_met)[first]] = plan.FAILED
            journeys["payment_failed"][met] = True
            ends[met] += 1
        events = rows(events, events["t"] < ends[events["journey"]])
        reached = highest(
            np.array(plan.STAGE_OF_KIND)[events["kind"]], events["journey"], len(journeys["stage"]), otherwise=0
        )
        journeys["stage"] = np.where(ends < np.iinfo(np.int64).max, reached, journeys["stage"])
    return events


def device_of(journeys: Columns, events: Columns) -> Array:
    """The device of each event: the journey's, the person's other one, or the store's tablet."""
    of_journey = journeys["device"][events["journey"]]
    other = np.where(of_journey == 1, 0, 1)
    device: Array = np.choose(events["device_no"], [of_journey, other, np.full(len(other), 2)])
    return device
