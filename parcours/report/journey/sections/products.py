"""Products: how many of those who see one put it into a cart, of the products that most people see."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers, plural
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.section import Column, Section, table

PLACE = 42
COLUMNS: tuple[Column, ...] = (
    ("Product", "label", Numbers.text),
    ("Saw it", "viewed_matured_count", Numbers.count),
    ("Put it into a cart", "view_to_cart_rate", Numbers.share),
    ("95\u00a0% interval", "view_to_cart_low view_to_cart_high", Numbers.interval),
    ("Ordered it", "view_to_order_rate", Numbers.share),
    ("Cart to order", "cart_to_order_rate", Numbers.share),
    ("Left in carts", "left_value", Numbers.money),
    ("Pieces ordered", "piece_count", Numbers.count),
    ("Net revenue", "net_revenue", Numbers.money),
    ("Returned", "return_rate", Numbers.share),
    ("Late", "late_rate", Numbers.share),
    ("Satisfied", "csat", Numbers.share),
    ("Answers", "answer_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where enough people saw any product; none elsewhere."""
    if not figures.products:
        return []
    shown = [_dot(row, numbers) for row in figures.products]
    panel = DotPanel(shown, "of those who saw it, put it into a cart, 95\u00a0% interval")
    rest = figures.products[0].product_count - len(figures.products)
    more = f"{numbers.count(rest)} more {plural(rest, 'product')} that enough people saw are in metrics.products."
    return [
        Section(
            "products",
            "Products",
            _title(figures.products, numbers),
            "Of people who saw a product's page and whose days to a cart are over, those who put it into a cart "
            "afterwards. The products that most people saw, of those that enough did; between many products some "
            "differences are chance. Orders, returns, lateness and satisfaction of each are in the table.",
            ("metrics.products",),
            charts=[chart("products", partial(dots, [panel], numbers))],
            notes=[more] if rest > 0 else [],
            tables=[table("Products that most people saw", COLUMNS, figures.products, numbers)],
        )
    ]


def _title(products: list[Row], numbers: Numbers) -> str:
    """From the product that least often goes into a cart to the one that most often does."""
    if len(products) == 1:
        one = products[0]
        return f"{one.label}: {numbers.share(one.view_to_cart_rate, 0)} of those who see it put it into a cart"
    least, most = (pick(products, key=lambda row: row.view_to_cart_rate) for pick in (min, max))
    return (
        f"Of those who see a product, from {numbers.share(least.view_to_cart_rate)} ({least.label}) to "
        f"{numbers.share(most.view_to_cart_rate)} ({most.label}) put it into a cart"
    )


def _dot(row: Row, numbers: Numbers) -> Dot:
    added, seen = numbers.count(row.added_after_view_count), numbers.count(row.viewed_matured_count)
    detail = f"{added} of {seen} who saw it"
    share = numbers.share(row.view_to_cart_rate)
    low, high = row.view_to_cart_low, row.view_to_cart_high
    return Dot(row.label, detail, row.view_to_cart_rate, low, high, "plain", share)
