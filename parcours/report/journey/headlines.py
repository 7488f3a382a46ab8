"""The words of the headline figures: `headlines.yaml`.

Names, units and directions are the catalogue's (`parcours/settings/kpis.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import TypeAdapter

from parcours.numbers import NBSP, Numbers
from parcours.report.figures import Row
from parcours.words import say


@dataclass(frozen=True)
class Headline:
    """What the page says of a headline figure.

    Attributes:
        counted: its numerator and its denominator.
        definition: numerator / denominator, in words.
        missing: why there is no figure, where there is none.
        by_day: what is counted of a day, for figures that may be drawn by day.
    """

    counted: str
    definition: str
    missing: str
    by_day: str = ""


HEADLINES = TypeAdapter(dict[str, Headline]).validate_python(
    yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
)


def name_of(kpi: Row) -> str:
    """A figure as it is called, and what its orders are where no export has them."""
    return say("{figure}, by purchase events", figure=kpi.label) if kpi.is_by_purchase_events else str(kpi.label)


def name_within(kpi: Row) -> str:
    """The same inside of a sentence that goes on."""
    return say("{figure}, by purchase events,", figure=kpi.label) if kpi.is_by_purchase_events else str(kpi.label)


def filled_in(text: str, kpi: Row, shop: Row, numbers: Numbers) -> str:
    """A text with the figure's counts and the measures in place of the braces."""
    return say(
        text,
        numerator=numbers.count(kpi.numerator),
        denominator=numbers.count(kpi.denominator),
        hours=f"{numbers.count(shop.attribution_hours)}{NBSP}h",
        cart_days=numbers.days(shop.cart_horizon_days),
        retention_days=shop.retention_days,
        lead_days=shop.lead_days,
    )
