"""Orders against purchase events, and the days on which something was down."""

from __future__ import annotations

from collections.abc import Sequence

from parcours.report.figures import Row
from parcours.report.numbers import Numbers, listed
from parcours.report.quality.chart import DayBar, DayBars, day_bars_chart, day_bars_legend
from parcours.report.quality.figures import QualityFigures, Reconciled
from parcours.report.quality.section import Checked, Mark, many, not_quite, verb
from parcours.report.section import Section, Table
from parcours.report.wording import Sentence

SOURCES = ("metrics.reconciliation", "metrics.outage_days")
OUTAGE_SOURCES = ("metrics.outage_days",)
SHOWN_OUTAGES = 3
UNKNOWN = "unknown"
"""What metrics.reconciliation says where neither the order nor the event names a channel or a method."""


def orders_section(figures: QualityFigures, numbers: Numbers) -> Checked:
    """Orders without a purchase event by day, and both ways by channel and payment method."""
    everything = _everything(figures)
    name = "Orders and events"
    if everything is None or not everything.order_count:
        empty = "Orders and click-stream share no day: there is nothing to compare."
        return Checked(Section("orders", name, "Orders and purchase events: not compared", "", SOURCES, empty=empty))
    if not _has_events(everything):
        empty = "No event is a purchase event: the orders have nothing to be compared with."
        section = Section("orders", name, "Orders and purchase events: not compared", "", SOURCES, empty=empty)
        text = "Give the rule of that event in journey.yaml the action purchase: orders are then compared with it."
        return Checked(section, (Sentence("Say which event is the purchase.", text),))
    title = orders_title(everything, numbers)
    subtitle = (
        "Purchase event: its rule in journey.yaml has the action purchase. Compared from the first order and event to "
        "the earlier cut-off. The orders export is what counts: an order without an event is in every figure of "
        "orders, but its visit looks like one without a purchase."
    )
    days = [
        DayBar(row.on, row.orders_without_event_count, row.order_count)
        for row in figures.reconciliation
        if row.split_by == "day" and row.on is not None
    ]
    bars = DayBars(days, "without a purchase event", "orders")
    charts = (
        [day_bars_chart("orders-days", f"{title}. {subtitle}", bars, figures.outages, numbers)]
        if everything.orders_without_event_count and days
        else []
    )
    section = Section(
        "orders",
        name,
        title,
        subtitle,
        SOURCES,
        charts=charts,
        legend=day_bars_legend(bars, figures.outages) if charts else [],
        shown=[
            _split(figures, "channel", "By channel", "Channel", numbers),
            _split(figures, "payment_method", "By payment method", "Payment method", numbers),
        ],
        notes=[
            note for note in (_outage_share(figures, everything, numbers), _differences(everything, numbers)) if note
        ],
        tables=[_by_day(figures, numbers)],
    )
    holds = "" if everything.orders_without_event_count else "every order has a purchase event"
    return Checked(section, _fixes(figures, everything, numbers), holds)


def orders_mark(figures: QualityFigures, numbers: Numbers) -> Mark:
    """The share of orders with a purchase event."""
    everything, name = _everything(figures), "Orders with a purchase event"
    if everything is None or not everything.order_count or not _has_events(everything):
        return Mark(name, empty="No orders, or no purchase events, to compare.")
    found = everything.order_count - everything.orders_without_event_count
    counted = f"{numbers.count(found)} of {many(everything.order_count, 'order', numbers)}"
    return Mark(name, not_quite(found / everything.order_count, numbers), counted)


def orders_title(everything: Reconciled, numbers: Numbers) -> str:
    """How many orders and events lack the other."""
    missing, lonely = everything.orders_without_event_count, everything.events_without_order_count
    orders = many(everything.order_count, "order", numbers)
    title = (
        f"{numbers.count(missing)} of {orders} {verb(missing, 'has', 'have')} no purchase event"
        if missing
        else f"All {orders} have a purchase event"
    )
    if lonely:
        title += f"; {many(lonely, 'purchase event', numbers)} {verb(lonely, 'names', 'name')} no known order"
    return title


def outages_section(figures: QualityFigures, numbers: Numbers) -> Checked:
    """Each outage day in words."""
    name, shop = "Outage days", figures.shop
    if not (shop.events_until and shop.orders_until):
        empty = "Outage days show where orders and visits disagree: both exports are needed to see them."
        return Checked(Section("outages", name, "Outage days: not looked for", "", OUTAGE_SOURCES, empty=empty))
    subtitle = (
        "Tracking: fewer than a tenth of a usual day's touchpoints while orders go on; such a day is left out of "
        "rates. Payment: fewer than half of the checkouts that should order do; it stays in rates. Neither is in "
        "before/after."
    )
    if not figures.outages:
        title = "No outage day: events and orders went on every day"
        return Checked(Section("outages", name, title, subtitle, OUTAGE_SOURCES), (), "no outage day was found")
    title = f"{many(len(figures.outages), 'outage day', numbers)}: {_some_days(figures.outages, numbers)}"
    section = Section(
        "outages",
        name,
        title,
        subtitle,
        OUTAGE_SOURCES,
        notes=[_outage_words(row, numbers) for row in figures.outages],
    )
    tracking = [row for row in figures.outages if row.outage == "tracking"]
    if not tracking:
        return Checked(section)
    text = (
        f"Events stopped on {_some_days(tracking, numbers, kind=False)} while "
        f"{many(sum(row.order_count for row in tracking), 'order', numbers)} came in: load the missing files if "
        "there are any."
    )
    return Checked(section, (Sentence("Look for the lost events.", text),))


def _everything(figures: QualityFigures) -> Reconciled | None:
    return next((row for row in figures.reconciliation if row.split_by == "all"), None)


def _has_events(row: Reconciled) -> bool:
    return bool(row.matched_order_count or row.events_without_order_count)


def _fixes(figures: QualityFigures, everything: Reconciled, numbers: Numbers) -> tuple[Sentence, ...]:
    fixes = []
    missing, lonely = everything.orders_without_event_count, everything.events_without_order_count
    if missing:
        on_outages = _without_event_on_outages(figures)
        text = f"{numbers.count(missing)} of {many(everything.order_count, 'order', numbers)} have none"
        if on_outages:
            text += f", {numbers.count(on_outages)} of them on tracking outage days"
        fixes.append(Sentence("Send a purchase event with every order.", f"{text}{_worst(figures, numbers)}."))
    if lonely:
        text = (
            f"{many(lonely, 'purchase event', numbers)} {verb(lonely, 'names', 'name')} no order of the orders export."
        )
        fixes.append(Sentence("Find the orders behind the lone events.", text))
    if everything.duplicate_event_count:
        text = f"{many(everything.duplicate_event_count, 'more event', numbers)} for orders that had one already."
        fixes.append(Sentence("Send the purchase event once.", text))
    if everything.amount_difference_count:
        count = everything.amount_difference_count
        text = f"{many(count, 'order', numbers)} {verb(count, 'has', 'have')} another amount in the event."
        fixes.append(Sentence("Make the amounts agree.", text))
    return tuple(fixes)


def _worst(figures: QualityFigures, numbers: Numbers) -> str:
    """The channel or payment method that loses at least twice the share of all, if it is no small cell."""
    everything = _everything(figures)
    assert everything is not None
    usual = everything.orders_without_event_count / everything.order_count
    large = [
        (row.orders_without_event_count / row.order_count, row)
        for row in figures.reconciliation
        if row.split_by in ("channel", "payment_method")
        and row.name not in (None, UNKNOWN)
        and row.order_count >= figures.shop.small_cell
    ]
    share, row = max(large, key=lambda item: (item[0], item[1].order_count), default=(0.0, everything))
    if share < 2 * usual:
        return ""
    return f"; the share is highest at {row.name}, {numbers.share(share)} of {many(row.order_count, 'order', numbers)}"


def _without_event_on_outages(figures: QualityFigures) -> int:
    down = {row.on for row in figures.outages if row.outage == "tracking"}
    return sum(
        row.orders_without_event_count for row in figures.reconciliation if row.split_by == "day" and row.on in down
    )


def _outage_share(figures: QualityFigures, everything: Reconciled, numbers: Numbers) -> str:
    down = sum(row.outage == "tracking" for row in figures.outages)
    if not everything.orders_without_event_count:
        return ""
    if not down:
        return "No day was a tracking outage: the orders without an event are spread over ordinary days."
    found = _without_event_on_outages(figures)
    days = many(down, "day", numbers)
    return (
        f"{numbers.count(found)} of the {many(everything.orders_without_event_count, 'order', numbers)} without a "
        f"purchase event fall on the {days} of tracking outage."
    )


def _differences(everything: Reconciled, numbers: Numbers) -> str:
    duplicates, different = everything.duplicate_event_count, everything.amount_difference_count
    repeats = (
        f"{many(duplicates, 'purchase event', numbers)} {verb(duplicates, 'repeats', 'repeat')} an order's event; "
    )
    text = repeats if duplicates else "No purchase event repeats that of its order; "
    if not different:
        return text + "no amount differs between event and order."
    total = numbers.money(everything.amount_difference, 2, sign=True)
    return (
        text + f"{many(different, 'order', numbers)} {verb(different, 'has', 'have')} another amount in the event, "
        f"{total} in sum (event − order)."
    )


COUNTS = ("Orders", "Without event", "Share without", "Events without order", "Repeated events", "Amount differs")


def _counts(row: Reconciled, numbers: Numbers) -> list[str]:
    return [
        numbers.count(row.order_count),
        numbers.count(row.orders_without_event_count),
        numbers.share(row.orders_without_event_count / row.order_count if row.order_count else None),
        numbers.count(row.events_without_order_count),
        numbers.count(row.duplicate_event_count),
        numbers.count(row.amount_difference_count),
    ]


def _split(figures: QualityFigures, split_by: str, caption: str, first: str, numbers: Numbers) -> Table:
    found = [row for row in figures.reconciliation if row.split_by == split_by]
    rows = [[row.name if row.name not in (None, UNKNOWN) else "not known", *_counts(row, numbers)] for row in found]
    small = frozenset(place for place, row in enumerate(found) if row.order_count < figures.shop.small_cell)
    return Table(caption, (first, *COUNTS), rows, small)


def _by_day(figures: QualityFigures, numbers: Numbers) -> Table:
    rows = [[numbers.day(row.on), *_counts(row, numbers)] for row in figures.reconciliation if row.split_by == "day"]
    return Table("By shop day", ("Day", *COUNTS), rows)


def _some_days(outages: Sequence[Row], numbers: Numbers, *, kind: bool = True) -> str:
    shown = [numbers.day(row.on) + (f" ({row.outage})" if kind else "") for row in outages[:SHOWN_OUTAGES]]
    rest = len(outages) - len(shown)
    return listed([*shown, f"{numbers.count(rest)} more"]) if rest else listed(shown)


def _outage_words(row: Row, numbers: Numbers) -> str:
    """A day in a sentence: what went on, and what did not."""
    if row.outage == "tracking":
        return (
            f"{numbers.day(row.on)}, tracking: {many(row.order_count, 'order', numbers)} came in, but only "
            f"{many(row.touchpoint_count, 'touchpoint', numbers)} on the site were recorded."
        )
    return (
        f"{numbers.day(row.on)}, {row.outage}: {numbers.count(row.ordered_count)} of "
        f"{many(row.checkout_count, 'session', numbers)} with a checkout ordered; at the rate of the days around it "
        f"{numbers.decimal(row.expected_order_count)} would have. {numbers.count(row.failed_count)} met an error."
    )
