"""Cart abandonment beside the other ways to count it, and recovery."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers, capital
from parcours.report.drawing import chart
from parcours.report.figures import Figures, first
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.journey.headlines import HEADLINES
from parcours.report.section import COUNTED, INTERVAL, Column, Section, table
from parcours.words import later, say, say_number, told

PLACE = 40
WAYS: tuple[Column, ...] = (
    (later("Figure"), "way", lambda _, way: capital(told(way))),
    (later("Value"), "value", Numbers.share),
    INTERVAL,
    *COUNTED,
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section; the headline first. None of a shop that sells by deals."""
    ways, section = figures.cart_ways, partial(Section, "carts", say("Carts"), sources=("metrics.cart_abandonment",))
    if figures.shop.sells_by_deals:
        return []
    headline = first(ways, way="cart abandonment")
    if headline is None or not headline.denominator:
        return [section(say("Cart abandonment: not measured"), "", empty=say(HEADLINES["cart_abandonment"].missing))]
    title = _title(figures, numbers)
    subtitle = say_number(
        "Share of carts (or of what the name says), with Wilson 95\u00a0% intervals; horizon {horizon} from the cart's "
        "opening. {count} cart is still open and in no rate.",
        "Share of carts (or of what the name says), with Wilson 95\u00a0% intervals; horizon {horizon} from the cart's "
        "opening. {count} carts are still open and in no rate.",
        headline.open_count,
        horizon=numbers.days(figures.shop.cart_horizon_days),
        count=numbers.count(headline.open_count),
    )
    shown, notes = [], []
    for way in [way for way in ways if way.denominator]:
        name, meaning = _name_and_meaning(told(way.way))
        detail = say(
            "{numerator} of {denominator} · 95\u00a0% {interval}",
            numerator=numbers.count(way.numerator),
            denominator=numbers.count(way.denominator),
            interval=numbers.interval(way.low, way.high),
        )
        is_small = way.denominator < figures.shop.small_cell
        tone = "quiet" if is_small else "plain" if way is headline else "beside"
        shown.append(Dot(capital(name), detail, way.value, way.low, way.high, tone, numbers.share(way.value)))
        if meaning:
            notes.append(say("{name}: {meaning}.", name=capital(name), meaning=meaning))
    counts = [way for way in ways if way.denominator is None and way.numerator]
    notes += [
        say("{name}: {count} carts.", name=capital(told(way.way)), count=numbers.count(way.numerator)) for way in counts
    ]
    panels = [DotPanel(shown, say("share, 95\u00a0% interval"))]
    return [
        section(
            title,
            subtitle,
            charts=[chart("cart-ways", partial(dots, panels, numbers))],
            notes=notes,
            tables=[table(say("Ways to count"), WAYS, ways, numbers)],
        )
    ]


def _title(figures: Figures, numbers: Numbers) -> str:
    """The headline of abandonment, and what is left of it after the checkout began."""
    ways = {way.way: way for way in figures.cart_ways}
    carts, checkout = ways["cart abandonment"], ways.get("checkout abandonment")
    horizon = numbers.days(figures.shop.cart_horizon_days)
    share = numbers.share(carts.value, 0)
    if not checkout or not checkout.value:
        return say("{share} of carts get no order within {horizon}", share=share, horizon=horizon)
    return say(
        "{share} of carts get no order within {horizon}, {share_of_checkouts} once checkout has begun",
        share=share,
        horizon=horizon,
        share_of_checkouts=numbers.share(checkout.value, 0),
    )


def _name_and_meaning(way: str) -> tuple[str, str]:
    """A way to count as a label and what it means: recovery (ordered within …)."""
    name, _, meaning = way.removesuffix(")").partition(" (") if way.endswith(")") else (way, "", "")
    return (way, "") if "/" in way else (name, meaning)
