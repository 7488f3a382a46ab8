"""What orders are made of: parts that add up to totals and refunds, against a slow second count in plain Python.

The second count reads nothing of sql/: orders are made up from their parts, written as Shopify and an export plugin of
WooCommerce write them, and what is left of each part is worked out as a fraction, without rounding.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from format_shops import build, built, reasons, shop_reading
from given import at, order, rows, warehouse
from shops import load

from parcours.settings.schema import Currencies

CENT = Fraction(1, 100)
PLACED = "2026-07-01 10:00:00 +0200"
RATES = {"EUR": Decimal(1), "JPY": Decimal("0.0078125"), "USD": Decimal("0.875")}
"""What one of a currency is in the shop's; exact in binary too."""
CURRENCIES = ("EUR", "EUR", "JPY", "USD", "CHF")
"""Of orders; what CHF is in the shop's currency nobody says."""


@dataclass
class Sold:
    """An order in cents: its lines (pieces, price), what else the customer pays or gets off, and what went back."""

    number: int
    lines: list[tuple[int, int]]
    discount: int
    shipping: int
    tax: int
    holds_tax: bool
    others: dict[str, int] = field(default_factory=dict)
    refunds: dict[str, int] = field(default_factory=dict)
    refund: int = 0
    is_cancelled: bool = False
    currency: str = "EUR"

    @property
    def subtotal(self) -> int:
        return sum(pieces * price for pieces, price in self.lines) - self.discount

    @property
    def total(self) -> int:
        return self.subtotal + self.shipping + sum(self.others.values()) + (0 if self.holds_tax else self.tax)

    def parts(self) -> dict[str, Fraction]:
        """What the customer pays for each part, without tax: tax within is out of goods, discount, shipping."""
        held = Fraction(self.tax, self.subtotal + self.shipping) if self.holds_tax and self.tax else Fraction(0)
        taxed = {"goods": self.subtotal + self.discount, "discount": -self.discount, "shipping": self.shipping}
        found = {name: Fraction(amount) * (1 - held) for name, amount in taxed.items()}
        return found | {name: Fraction(amount) for name, amount in self.others.items()} | {"tax": Fraction(self.tax)}

    def left(self) -> dict[str, Fraction]:
        """What is left of each part: what is known to have gone back is off it, the rest off all others alike."""
        parts, told = self.parts(), self.refunds
        if self.is_cancelled:
            return dict.fromkeys(parts, Fraction(0))
        of_goods = {"goods": told["goods"], "discount": 0} if "goods" in told else {}
        known = {name: Fraction(amount) for name, amount in (told | of_goods).items()}
        rest = self.refund - sum(known.values())
        open_parts = sum(amount for name, amount in parts.items() if name not in known)
        share = rest / open_parts if rest else Fraction(0)
        return {name: amount - (known[name] if name in known else amount * share) for name, amount in parts.items()}

    def net_revenue(self) -> Fraction:
        left, parts = self.left(), self.parts()
        return left["goods"] + left["discount"] + (left["fees"] if parts.get("fees", 0) < 0 else 0)


def sold(number: int, dice: Random, *, woocommerce: bool) -> Sold:
    lines = [(dice.randint(1, 3), dice.choice([999, 1500, 123_456, 40])) for _ in range(dice.randint(1, 3))]
    worth = sum(pieces * price for pieces, price in lines)
    discount, shipping = dice.choice([0, 0, worth // 7, worth // 3]), dice.choice([0, 490, 1250])
    holds_tax, rate = not woocommerce and dice.random() < 0.5, dice.choice([0, 0, 0.055, 0.2])
    taxed = worth - discount + shipping
    tax = round(taxed * rate / (1 + rate)) if holds_tax else round(taxed * rate)
    others = {"fees": dice.choice([-300, 0, 250])} if woocommerce else {"tips": dice.choice([0, 0, 200])}
    others |= {} if woocommerce else {"duties": dice.choice([0, 0, 777])}
    made = Sold(
        number, lines, discount, shipping, tax, holds_tax, others, currency=CURRENCIES[number % len(CURRENCIES)]
    )
    kind = dice.choice(["none", "none", "some", "all", "parts", "cancelled"])
    if kind == "parts" and woocommerce:
        made.refunds = {"goods": made.subtotal // 2, "shipping": dice.choice([0, shipping]), "tax": tax // 2}
        made.refund = sum(made.refunds.values())
    elif kind != "none" and kind != "cancelled":
        made.refund = made.total if kind == "all" else dice.randint(1, made.total)
    made.is_cancelled = kind == "cancelled"
    return made


def euros(cents: int, dice: Random | None = None) -> str:
    """As an export writes it; some with thousands apart."""
    return f"{cents / 100:,.2f}" if dice and dice.random() < 0.5 else f"{cents / 100:.2f}"


def in_euros(cents: int, currency: str) -> Decimal:
    """An amount in the shop's currency: to a ten-thousandth, then to the cent."""
    value = (Decimal(cents) / 100 * RATES[currency]).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def written(records: list[dict[str, Any]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for record in records for name in record)))
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def shopify(made: list[Sold], dice: Random) -> str:
    records = []
    for one in made:
        lines = [
            {"Lineitem quantity": pieces, "Lineitem name": "Cup", "Lineitem price": euros(price, dice)}
            for pieces, price in one.lines
        ]
        if tip := one.others["tips"]:
            lines.append({"Lineitem quantity": 1, "Lineitem name": "Tip", "Lineitem price": euros(tip)})
            lines[-1]["Lineitem requires shipping"] = "false"
        head = {
            "Financial Status": "paid",
            "Currency": one.currency,
            "Subtotal": euros(one.subtotal, dice),
            "Shipping": euros(one.shipping),
            "Taxes": euros(one.tax),
            "Duties": euros(one.others["duties"]) if one.others["duties"] else "",
            "Total": euros(one.total, dice),
            "Discount Amount": euros(one.discount, dice),
            "Refunded Amount": euros(one.refund, dice),
            "Cancelled at": PLACED if one.is_cancelled else "",
        }
        for place, line in enumerate(lines):
            bare = place and dice.random() < 0.3  # a line below its order's, without the number
            known = {} if bare else {"Name": f"#{one.number}", "Created at": PLACED}
            records.append(known | (head if place == 0 else {}) | line)
    return written(records)


def woocommerce(made: list[Sold], dice: Random) -> str:
    return written(
        [
            {
                "Order Number": one.number,
                "Order Status": "Cancelled" if one.is_cancelled else "Completed",
                "Order Date": "2026-07-01 10:00",
                "Currency": one.currency,
                "Order Subtotal Amount": euros(one.subtotal + one.discount, dice),
                "Cart Discount Amount": euros(one.discount),
                "Order Shipping Amount": euros(one.shipping),
                "Order Total Fee": euros(one.others["fees"]),
                "Order Total Tax Amount": euros(one.tax),
                "Order Total Amount": euros(one.total, dice),
                "Order Refund Amount": euros(-one.refund),
                "Order Subtotal Amount Refunded": euros(one.refunds["goods"]) if one.refunds else "",
                "Order Shipping Amount Refunded": euros(one.refunds["shipping"]) if one.refunds else "",
                "Order Total Tax Amount Refunded": euros(one.refunds["tax"]) if one.refunds else "",
                "Quantity": pieces,
                "Item Cost": euros(price, dice),
                "Item Name": "Cup",
            }
            for one in made
            for pieces, price in one.lines
        ]
    )


@pytest.mark.parametrize("writer", [shopify, woocommerce])
def test_parts_add_up_to_totals_and_refunds_and_agree_with_the_slow_count(tmp_path: Path, writer: Any) -> None:
    dice = Random(20_260_701)
    made = [sold(number, dice, woocommerce=writer is woocommerce) for number in range(1, 301)]
    project = shop_reading(tmp_path, f"{writer.__name__}_orders")
    rates = {code: float(rate) for code, rate in RATES.items() if code != "EUR"}
    settings = project.settings.model_copy(update={"currencies": Currencies(rates=rates, file=None)})
    project = replace(project, settings=settings)
    (project.exports_folder / "o.csv").write_text(writer(made, dice), encoding="utf-8")
    load(project)
    assert reasons(project) == []
    build(project, "metrics.revenue_parts", "staging.orders", "metrics.currencies")
    amounts = "amount, refunded, net, amount_value, refunded_value, net_value"
    found = built(project, f"select ltrim(order_id, '#'), part, {amounts} from staging.order_parts")
    orders = built(project, "select ltrim(order_id, '#'), total, net_amount, net_revenue, mismatch from staging.orders")
    by_number = {number: rest for number, *rest in orders}
    assert len(by_number) == len(made)
    for one in made:
        parts = {part: amounts for number, part, *amounts in found if number == str(one.number)}
        total, net_amount, net_revenue, mismatch = by_number[str(one.number)]
        told = f"{one}: {parts}"
        assert mismatch is None and "unexplained" not in parts, told
        assert total == Decimal(one.total) / 100 == sum(amount for amount, *_ in parts.values()), told
        assert sum(refunded for _, refunded, *_ in parts.values()) == Decimal(one.refund) / 100, told
        for number, expected in enumerate((one.parts(), one.left())):
            for part, cents in expected.items():
                amount = Fraction(parts[part][2 * number]) if part in parts else Fraction(0)
                assert abs(amount - cents * CENT) <= 2 * CENT, f"{part} {float(cents)} {told}"
        assert abs(Fraction(net_amount) - one.net_revenue() * CENT) <= CENT, told
        values = [value for _, _, _, *value in parts.values()]
        if one.currency not in RATES:
            assert net_revenue == (0 if one.is_cancelled else None), told
            assert {value for value, _, _ in values} == {None}, told
            continue
        assert abs(Fraction(net_revenue) - one.net_revenue() * CENT * Fraction(RATES[one.currency])) <= 2 * CENT, told
        assert sum(value for value, _, _ in values) == in_euros(one.total, one.currency), told
        assert sum(refunded for _, refunded, _ in values) == in_euros(one.refund, one.currency), told
    known = [
        (one, in_euros(one.total, one.currency), in_euros(one.refund, one.currency))
        for one in made
        if one.currency in RATES
    ]
    assert 0 < len(known) < len(made)
    [sums] = built(project, "select sum(amount), sum(net) from metrics.revenue_parts")
    assert sums[0] == sum(total for _, total, _ in known)
    assert sums[1] == sum(0 if one.is_cancelled else total - refund for one, total, refund in known)
    [revenue] = built(project, "select sum(net_revenue) from staging.orders")
    net = "part in ('goods', 'discount') or part = 'fees' and amount < 0"
    assert built(project, f"select sum(net_value) from staging.order_parts where {net}") == [revenue]
    [counted] = built(project, "select currency, left_out_count from metrics.currencies where left_out_count > 0")
    assert counted == ("CHF", len(made) - len(known))


def test_what_no_part_explains_is_said_and_is_no_net_revenue() -> None:
    given = [
        order("#1", 0, value=100, shipping=10, tax=20, total=130, refunded=26),  # on top
        order("#2", 0, value=100, shipping=20, tax=20, total=120),  # within
        order("#3", 0, value=100, shipping=20, tax=20, total=131),  # neither
        order("#4", 0, value=100, total=103),  # a fee in no column
        order("#5", 0, value=100, total=100, tax=20, tax_included=False),  # the format says so; the total does not
        order("#6", 0, value=100, gift_cards=30, rounding="-0.02", total="69.98"),
        order("#7", 0, value=100, subtotal=None, quantity=None, unit_price=None, total=50),
        order("#8", 0, value=100, total=100, refunded=80, refunded_goods=50, refunded_tax=0),
        {"order_id": "#8", "row_key": "refund 1", "ordered_at": at(1), "refund_amount": -3},
        order("#9", 0, value=100, total=100),
        {"order_id": "#9", "row_key": "refund 1", "ordered_at": at(1), "refund_amount": -3},
        {"order_id": "#9", "row_key": "refund 2", "ordered_at": at(2), "refund_amount": -4},
        # Nothing is left of an order that was cancelled or refunded whole, whatever was in it.
        order("a1", 0, subtotal=None, quantity=None, unit_price=None, total=None, status="cancelled"),
        order("a2", 0, subtotal=None, quantity=None, unit_price=None, total=50, refunded=50),
    ]
    connection = warehouse(order_rows=given, build=["staging.orders"])
    found = "select order_id, cast(net_revenue as double), cast(unexplained as double), mismatch from staging.orders"
    assert rows(connection, f"{found} order by 1") == [
        ("#1", 80.0, 0.0, None),
        ("#2", 83.33, 0.0, None),
        ("#3", 100.0, -9.0, "the tax is neither within the amounts nor on top of them"),
        ("#4", 100.0, 3.0, "the total is more than its parts"),
        ("#5", 100.0, -20.0, "the total is less than its parts"),
        ("#6", 100.0, 0.0, None),
        ("#7", None, 50.0, "no line is known"),
        ("#8", 50.0, 0.0, "the refund is more than its parts"),
        ("#9", 93.0, 0.0, None),
        ("a1", 0.0, 0.0, "no line is known"),
        ("a2", 0.0, 50.0, "no line is known"),
    ]
    kept = "select part, cast(amount as double), cast(net as double) from staging.order_parts where order_id = '#6'"
    assert sorted(rows(connection, kept)) == [
        ("gift cards", -30.0, -30.0),
        ("goods", 100.0, 100.0),
        ("rounding", -0.02, -0.02),
    ]
