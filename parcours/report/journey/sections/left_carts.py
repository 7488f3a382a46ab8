"""Carts that were left: which ones by segment, and which came back, when, and what was in them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from parcours.numbers import Numbers, capital
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row, first
from parcours.report.journey.compared import UNKNOWN, Compared
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.section import INTERVAL, Column, Section, View, table
from parcours.words import later, say, say_number, told

PLACE = 41
SPLITS = (
    "device",
    "new or returning",
    "payment method",
    "shipping",
    "channel",
    "campaign",
    "country",
    "persona",
    "level",
)
"""In the order of the switch."""
OF_THE_SHOP = ("payment method", "campaign", "country", "persona")
"""Splits of which the values are names of the shop's own, but for these."""
NOT_NAMED = ("unknown", "none", "unassigned")
SHOWN, LISTED = 8, 40
"""Values of a split that are drawn, those of most carts, and in its table."""


def _name(split_by: str, name: str) -> str:
    """A value in a sentence; a name of the shop's own as it is."""
    return name if _is_own(split_by, name) else told(name)


def _label(split_by: str, name: str) -> str:
    """A value as a label."""
    return name if _is_own(split_by, name) else capital(told(name))


def _is_own(split_by: str, name: str) -> bool:
    return split_by in OF_THE_SHOP and name not in NOT_NAMED


COUNTED: tuple[Column, ...] = (
    (later("Abandoned"), "numerator", Numbers.count),
    (later("Carts"), "denominator", Numbers.count),
    (later("Still open"), "open_count", Numbers.count),
    (later("Value left"), "lost_value", Numbers.money),
    (later("Of unknown value"), "unvalued_count", Numbers.count),
)
BY_SEGMENT: tuple[Column, ...] = (
    (later("Carts"), "split_by name", lambda _, split_by, name: _label(split_by, name)),
    (later("Abandonment"), "value", Numbers.share),
    INTERVAL,
    *COUNTED,
)
CAME_BACK: tuple[Column, ...] = (
    (later("Ordered"), "name", lambda _, name: capital(told(name))),
    (later("Share"), "value", Numbers.share),
    INTERVAL,
    (later("Carts"), "cart_count", Numbers.count),
    (later("With those before"), "cart_count_so_far", Numbers.count),
    (later("Value"), "cart_value", Numbers.money),
    (later("Of unknown value"), "unvalued_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """Carts by segment where anything tells them apart, and those that came back where any was abandoned."""
    if figures.shop.sells_by_deals:
        return []
    return [*_by_segment(figures, numbers), *_came_back(figures, numbers)]


def _by_segment(figures: Figures, numbers: Numbers) -> list[Section]:
    by_split = {split_by: [*rows] for split_by, rows in groupby(figures.cart_splits, key=lambda row: row.split_by)}
    splits = {
        split_by: by_split[split_by] for split_by in SPLITS if len(Compared(by_split.get(split_by, ())).ranked) > 1
    }
    if not splits:
        return []
    # Carts of one level are abandoned by what a level is: nobody orders without a checkout.
    told_apart = [split_by for split_by in splits if split_by != "level" and Compared(splits[split_by]).is_apart]
    most = max(told_apart, key=lambda split_by: Compared(splits[split_by]).spread, default=None)
    title = (
        say("No segment of carts is certain to be abandoned more often than another")
        if most is None
        else say("Carts differ most by {split}: {ends}", split=told(most), ends=_ends(Compared(splits[most]), numbers))
    )
    subtitle = say(
        "Of the carts of each segment whose {horizon} from their opening are over, those without an order by then, "
        "with Wilson 95\u00a0% intervals; the segment is that of the session in which the cart was opened. "
        "Grey: fewer than {small} carts. Differences between many segments are partly chance.",
        horizon=numbers.days(figures.shop.cart_horizon_days),
        small=numbers.count(figures.shop.small_cell),
    )
    in_order = sorted(splits, key=lambda split_by: split_by != most)
    return [
        Section(
            "cart-segments",
            say("Carts by segment"),
            title,
            subtitle,
            ("metrics.cart_abandonment_splits", "metrics.cart_attempts"),
            views=[_view(number, split_by, splits[split_by], numbers) for number, split_by in enumerate(in_order, 1)],
        )
    ]


def _ends(compared: Compared, numbers: Numbers) -> str:
    low, high = compared.ends(lambda row: _name(row.split_by, row.name), numbers)
    return say("from {low} to {high} get no order", low=low, high=high)


def _view(number: int, split_by: str, rows: Sequence[Row], numbers: Numbers) -> View:
    compared = Compared(rows)
    title = compared.title(told(split_by), _ends(compared, numbers))
    shown = []
    for row in rows[:SHOWN]:
        detail = say(
            "{numerator} of {denominator} carts · {value} left",
            numerator=numbers.count(row.numerator),
            denominator=numbers.count(row.denominator),
            value=numbers.short_money(row.lost_value),
        )
        tone = "quiet" if row.is_small else "beside" if row.name == UNKNOWN else "plain"
        name = _label(split_by, row.name)
        shown.append(Dot(name, detail, row.value, row.low, row.high, tone, numbers.share(row.value)))
    rest = len(rows) - len(shown)
    return View(
        capital(told(split_by)),
        title,
        chart(
            f"cart-segments-{number}",
            partial(dots, [DotPanel(shown, say("carts without an order, 95\u00a0% interval"))], numbers),
            description=say("{title}. Figures in the table.", title=title),
        ),
        table(say("Carts by {split}", split=told(split_by)), BY_SEGMENT, rows[:LISTED], numbers),
        say_number(
            "{count} more of fewer carts is in metrics.cart_abandonment_splits.",
            "{count} more of fewer carts are in metrics.cart_abandonment_splits.",
            rest,
            count=numbers.count(rest),
        )
        if rest
        else "",
    )


def _came_back(figures: Figures, numbers: Numbers) -> list[Section]:
    rows = figures.cart_recovery
    if not rows:
        return []
    by_delay, by_channel = ([row for row in rows if row.split_by == split_by] for split_by in ("delay", "channel"))
    came_back = [row for row in by_delay if row.name != "not recovered"]
    some = rows[0]
    subtitle = say_number(
        "Of the {count} cart that was abandoned (silent for {silence}) within {horizon} of its opening, and whose "
        "{horizon} are over: ordered by then after all, by the time from when it was left until its order; Wilson "
        "95\u00a0% intervals. {open} more may still come back and are in no share.",
        "Of the {count} carts that were abandoned (silent for {silence}) within {horizon} of their opening, and whose "
        "{horizon} are over: ordered by then after all, by the time from when they were left until their order; Wilson "
        "95\u00a0% intervals. {open} more may still come back and are in no share.",
        some.abandoned_count,
        count=numbers.count(some.abandoned_count),
        silence=numbers.days(some.silence_days),
        horizon=numbers.days(figures.shop.cart_horizon_days),
        open=numbers.count(some.open_count),
    )
    panel = DotPanel(
        [_dot(row, numbers) for row in came_back], say("of the abandoned carts, ordered, 95\u00a0% interval")
    )
    return [
        Section(
            "cart-recovery",
            say("Carts that come back"),
            _recovery_title(rows, came_back, numbers),
            subtitle,
            ("metrics.cart_recovery", "metrics.cart_attempts"),
            charts=[chart("cart-recovery", partial(dots, [panel], numbers))] if came_back else [],
            notes=_notes(rows, by_channel, numbers),
            tables=[
                table(say("By the time since they were left"), CAME_BACK, by_delay, numbers),
                table(say("By the channel that brought the order"), CAME_BACK, by_channel, numbers),
            ],
        )
    ]


def _dot(row: Row, numbers: Numbers) -> Dot:
    detail = say(
        "{count} of {all} carts · {so_far} until then",
        count=numbers.count(row.cart_count),
        all=numbers.count(row.abandoned_count),
        so_far=numbers.count(row.cart_count_so_far),
    )
    tone = "quiet" if row.is_small else "plain"
    return Dot(capital(told(row.name)), detail, row.value, row.low, row.high, tone, numbers.share(row.value))


def _recovery_title(rows: Sequence[Row], came_back: Sequence[Row], numbers: Numbers) -> str:
    """How many came back, and by when half of them had."""
    recovered = first(rows, split_by="outcome", name="recovered")
    if recovered is None:
        return say_number(
            "The {count} cart that was abandoned did not come back",
            "None of {count} abandoned carts came back",
            rows[0].abandoned_count,
            count=numbers.count(rows[0].abandoned_count),
        )
    if recovered.is_small:
        return say(
            "{count} of {all} abandoned carts came back: too few for a rate",
            count=numbers.count(recovered.cart_count),
            all=numbers.count(recovered.abandoned_count),
        )
    share = numbers.share(recovered.value)
    half = next(row for row in came_back if 2 * row.cart_count_so_far >= recovered.cart_count)
    value = numbers.money(recovered.cart_value)
    if half.up_to_hours is None:
        return say("{share} of abandoned carts are ordered after all ({value})", share=share, value=value)
    return say(
        "{share} of abandoned carts are ordered after all ({value}), half of these within {time} of being left",
        share=share,
        value=value,
        time=numbers.days(half.up_to_hours / 24),
    )


def _notes(rows: Sequence[Row], by_channel: Sequence[Row], numbers: Numbers) -> list[str]:
    """What was in the carts that came back and in the others, and what brought most of them."""
    recovered, lost = (first(rows, split_by="outcome", name=name) for name in ("recovered", "not recovered"))
    notes = []
    if recovered and recovered.cart_value is not None and lost and lost.cart_value is not None:
        notes.append(
            say(
                "In the carts that came back were {recovered}, in the others {lost}, as far as prices are known.",
                recovered=numbers.money(recovered.cart_value),
                lost=numbers.money(lost.cart_value),
            )
        )
    channels = [row for row in by_channel if row.name not in ("not recovered", "unknown")]
    if channels and recovered:
        notes.append(
            say(
                "Most of these orders came by the channel “{channel}”: {count} of {all}.",
                channel=told(channels[0].name),
                count=numbers.count(channels[0].cart_count),
                all=numbers.count(recovered.cart_count),
            )
        )
    return notes
