"""Cart abandonment beside the other ways to count it, and recovery."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers, capital, plural
from parcours.report.drawing import chart
from parcours.report.figures import Figures, first
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.journey.headlines import HEADLINES
from parcours.report.section import COUNTED, INTERVAL, Column, Section, table

PLACE = 40
WAYS: tuple[Column, ...] = (
    ("Figure", "way", lambda _, way: capital(way)),
    ("Value", "value", Numbers.share),
    INTERVAL,
    *COUNTED,
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section; the headline first. None of a shop of deals alone."""
    ways, section = figures.cart_ways, partial(Section, "carts", "Carts", sources=("metrics.cart_abandonment",))
    if figures.shop.has_deals_alone:
        return []
    headline = first(ways, way="cart abandonment")
    if headline is None or not headline.denominator:
        return [section("Cart abandonment: not measured", "", empty=HEADLINES["cart_abandonment"].missing)]
    title = _title(figures, numbers)
    subtitle = (
        f"Share of carts (or of what the name says), with Wilson 95\u00a0% intervals; horizon "
        f"{numbers.days(figures.shop.cart_horizon_days)} from the cart's opening. "
        f"{numbers.count(headline.open_count)} {plural(headline.open_count, 'cart is', 'carts are')} still open "
        "and in no rate."
    )
    shown, notes = [], []
    for way in [way for way in ways if way.denominator]:
        name, meaning = _name_and_meaning(way.way)
        detail = f"{numbers.count(way.numerator)} of {numbers.count(way.denominator)}"
        detail += f" · 95\u00a0% {numbers.interval(way.low, way.high)}"
        is_small = way.denominator < figures.shop.small_cell
        tone = "quiet" if is_small else "plain" if way is headline else "beside"
        shown.append(Dot(capital(name), detail, way.value, way.low, way.high, tone, numbers.share(way.value)))
        if meaning:
            notes.append(f"{capital(name)}: {meaning}.")
    counts = [way for way in ways if way.denominator is None and way.numerator]
    notes += [f"{capital(way.way)}: {numbers.count(way.numerator)} carts." for way in counts]
    panels = [DotPanel(shown, "share, 95\u00a0% interval")]
    return [
        section(
            title,
            subtitle,
            charts=[chart("cart-ways", partial(dots, panels, numbers))],
            notes=notes,
            tables=[table("Ways to count", WAYS, ways, numbers)],
        )
    ]


def _title(figures: Figures, numbers: Numbers) -> str:
    """The headline of abandonment, and what is left of it after the checkout began."""
    ways = {way.way: way for way in figures.cart_ways}
    carts, checkout = ways["cart abandonment"], ways.get("checkout abandonment")
    horizon = numbers.days(figures.shop.cart_horizon_days)
    text = f"{numbers.share(carts.value, 0)} of carts get no order within {horizon}"
    if checkout and checkout.value:
        text += f", {numbers.share(checkout.value, 0)} once checkout has begun"
    return text


def _name_and_meaning(way: str) -> tuple[str, str]:
    """A way to count as a label and what it means: recovery (ordered within …)."""
    name, _, meaning = way.removesuffix(")").partition(" (") if way.endswith(")") else (way, "", "")
    return (way, "") if "/" in way else (name, meaning)
