"""The shop days that the exports cover, and the instants in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from parcours.made_up_shop.columns import Array

ZONE = "Europe/Paris"
SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000


@dataclass(frozen=True)
class Period:
    """The days that the exports cover; the midnights go on beyond the end, as parcels do."""

    start: date
    days: int
    midnights: Array

    @classmethod
    def of(cls, start: date, days: int) -> Period:
        dates = (start + timedelta(day) for day in range(days + 150))
        midnights = [datetime.combine(day, time(), ZoneInfo(ZONE)).timestamp() * SECOND for day in dates]
        return cls(start, days, np.array(midnights, dtype=np.int64))

    @property
    def ends(self) -> int:
        return int(self.midnights[self.days])

    @property
    def months(self) -> int:
        """In how many files the orders are exported."""
        return max(round(self.days / 30), 1)

    def day_of(self, t: Array) -> Array:
        return np.searchsorted(self.midnights, t, side="right") - 1

    def at(self, day: Array, hours: Array) -> Array:
        return self.midnights[day] + (hours * HOUR).astype(np.int64)

    def day_at(self, share: float) -> int:
        return int(share * self.days)

    def since(self, share: float, t: Array) -> Array:
        """Whether an instant lies after the midnight at which this share of the period is over."""
        after: Array = t >= self.midnights[self.day_at(share)]
        return after

    def date_of(self, day: int) -> str:
        return (self.start + timedelta(int(day))).isoformat()
