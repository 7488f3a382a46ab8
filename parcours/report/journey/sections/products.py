"""Products: how many of those who see one put it into a cart, of the products that most people see."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.section import Column, Section, table
from parcours.words import later, say, say_number

PLACE = 42
COLUMNS: tuple[Column, ...] = (
    (later("Product"), "label", Numbers.text),
    (later("Saw it"), "viewed_matured_count", Numbers.count),
    (later("Put it into a cart"), "view_to_cart_rate", Numbers.share),
    (later("95\u00a0% interval"), "view_to_cart_low view_to_cart_high", Numbers.interval),
    (later("Ordered it"), "view_to_order_rate", Numbers.share),
    (later("Cart to order"), "cart_to_order_rate", Numbers.share),
    (later("Left in carts"), "left_value", Numbers.money),
    (later("Pieces ordered"), "piece_count", Numbers.count),
    (later("Net revenue"), "net_revenue", Numbers.money),
    (later("Returned"), "return_rate", Numbers.share),
    (later("Late"), "late_rate", Numbers.share),
    (later("Satisfied"), "csat", Numbers.share),
    (later("Answers"), "answer_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where enough people saw any product; none elsewhere."""
    if not figures.products:
        return []
    shown = [_dot(row, numbers) for row in figures.products]
    panel = DotPanel(shown, say("of those who saw it, put it into a cart, 95\u00a0% interval"))
    rest = figures.products[0].product_count - len(figures.products)
    more = say_number(
        "{count} more product that enough people saw is in metrics.products.",
        "{count} more products that enough people saw are in metrics.products.",
        rest,
        count=numbers.count(rest),
    )
    return [
        Section(
            "products",
            say("Products"),
            _title(figures.products, numbers),
            say(
                "Of people who saw a product's page and whose days to a cart are over, those who put it into a cart "
                "afterwards. The products that most people saw, of those that enough did; between many products some "
                "differences are chance. Orders, returns, lateness and satisfaction of each are in the table."
            ),
            ("metrics.products",),
            charts=[chart("products", partial(dots, [panel], numbers))],
            notes=[more] if rest > 0 else [],
            tables=[table(say("Products that most people saw"), COLUMNS, figures.products, numbers)],
        )
    ]


def _title(products: list[Row], numbers: Numbers) -> str:
    """From the product that least often goes into a cart to the one that most often does."""
    if len(products) == 1:
        one = products[0]
        return say(
            "{product}: {share} of those who see it put it into a cart",
            product=one.label,
            share=numbers.share(one.view_to_cart_rate, 0),
        )
    least, most = (pick(products, key=lambda row: row.view_to_cart_rate) for pick in (min, max))
    return say(
        "Of those who see a product, from {least} ({least_product}) to {most} ({most_product}) put it into a cart",
        least=numbers.share(least.view_to_cart_rate),
        least_product=least.label,
        most=numbers.share(most.view_to_cart_rate),
        most_product=most.label,
    )


def _dot(row: Row, numbers: Numbers) -> Dot:
    detail = say(
        "{added} of {seen} who saw it",
        added=numbers.count(row.added_after_view_count),
        seen=numbers.count(row.viewed_matured_count),
    )
    share = numbers.share(row.view_to_cart_rate)
    low, high = row.view_to_cart_low, row.view_to_cart_high
    return Dot(row.label, detail, row.view_to_cart_rate, low, high, "plain", share)
