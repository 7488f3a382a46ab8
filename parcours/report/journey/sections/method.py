"""The last section: what was loaded, until when, and what the definitions are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from parcours.numbers import Numbers
from parcours.report.figures import Figures, Row, first
from parcours.report.journey.cautions import cautions
from parcours.report.section import Column, Section, Table, table
from parcours.words import later, say, say_number, told

PLACE = 80
SOURCES = {
    "events": later("Click-stream"),
    "orders": later("Orders"),
    "feedback": later("Surveys"),
    "invitations": later("Invitations"),
    "tickets": later("Support tickets"),
    "deals": later("Deals"),
    "contacts": later("Leads"),
}


def _source(_: Numbers, source: str | None) -> str:
    """A source of touchpoints; null: all of them."""
    return say("All") if source is None else say(SOURCES[source])


def _export(_: Numbers, export: str | None, form: str, status: str) -> str:
    """An export with its format, and why its files were refused; null: all of them."""
    if export is None:
        return say("All")
    return f"{export} ({form})" if status == "loaded" else f"{export} ({form}), {told(status)}"


LOADED: tuple[Column, ...] = (
    (later("Export"), "export format status", _export),
    (later("Files"), "file_count", Numbers.count),
    (later("Rows read"), "rows_read", Numbers.count),
    (later("Loaded"), "rows_loaded", Numbers.count),
    (later("Duplicate"), "rows_duplicate", Numbers.count),
    (later("Rejected"), "rows_rejected", Numbers.count),
    (later("Rejected share"), "rejected_share", Numbers.share),
    (later("Reaches until"), "covers_until", Numbers.instant),
)
COVERAGE: tuple[Column, ...] = (
    (later("Source"), "source", _source),
    (later("Touchpoints"), "touchpoint_count", Numbers.count),
    (later("With a stage"), "staged_count", Numbers.count),
    (later("Share"), "staged_share", Numbers.share),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """Rows read and what became of them, cut-offs, coverage, and the knobs of the definitions."""
    everything = first(figures.exports, export=None)
    sources = ("raw.loads", "metrics.cut_off", "metrics.stage_coverage")
    section = partial(Section, "method", say("How measured"), sources=sources, comments=figures.table_comments)
    if everything is None or not everything.file_count:
        return [section(say("How this was measured: nothing is loaded yet"), "", empty=say("No files."))]
    return [
        section(
            _title(everything, numbers),
            say(
                "Per export: rows read = loaded + duplicate + rejected. A source is known from its first day to its "
                "data cut-off, the latest instant its exports reach, never the clock; times are {time_zone}.",
                time_zone=figures.shop.time_zone,
            ),
            notes=[*cautions(figures, numbers), *_definitions(figures, numbers)],
            shown=[
                table(say("What was loaded"), LOADED, figures.exports, numbers),
                _cut_offs(figures, numbers),
                table(say("Stage coverage"), COVERAGE, figures.coverage, numbers),
            ],
        )
    ]


def _title(everything: Row, numbers: Numbers) -> str:
    """How many rows were read, and whether it is known what became of each."""
    read = everything.rows_read
    if everything.adds_up:
        return say_number(
            "How this was measured: {count} row read, every one accounted for",
            "How this was measured: {count} rows read, every one accounted for",
            read,
            count=numbers.count(read),
        )
    return say_number(
        "How this was measured: {count} row read, which does not add up",
        "How this was measured: {count} rows read, which do not add up",
        read,
        count=numbers.count(read),
    )


def _cut_offs(figures: Figures, numbers: Numbers) -> Table:
    known = {row.source: row for row in figures.sources}
    always = [source for source in ("events", "orders", "feedback") if source not in known]
    by_events = figures.shop.has_orders_by_events
    rows = [
        [
            say("Orders (by purchase events)")
            if by_events and row.source == "orders"
            else _source(numbers, row.source),
            _known(row.known_from, numbers),
            _known(row.known_until, numbers),
        ]
        for row in known.values()
    ]
    rows += [[_source(numbers, source), say("no export"), say("no export")] for source in always]
    return Table(say("What each source tells of"), (say("Source"), say("Known from"), say("Known until")), rows)


def _known(at: datetime | None, numbers: Numbers) -> str:
    return numbers.instant(at) if at else say("not said")


def _definitions(figures: Figures, numbers: Numbers) -> list[str]:
    shop = figures.shop
    return [
        *_orders(figures, numbers),
        say(
            "Every attempt is converted, dropped or open. Open: its window has not ended at the data cut-off. Open "
            "attempts are in no rate, neither numerator nor denominator. Nor are uncovered ones: they began before "
            "what would show their outcome is known."
        ),
        _sessions(shop, numbers),
        *_revenue(shop),
        say(
            "Intervals of shares are Wilson's, 95\u00a0%. Stages tie when the bootstrap over persons can't order them "
            "at that level."
        ),
        say(
            "Small cells: under n = {small_cell} counts are shown, the rate is greyed and not ranked.",
            small_cell=shop.small_cell,
        ),
    ]


def _revenue(shop: Row) -> list[str]:
    """What revenue at stake is, where orders give it a value."""
    if shop.sells_by_deals:
        return []
    return [
        say(
            "Revenue at stake: units lost × share that gets from the next stage to the end × average net order value, "
            "in {currency}, net of discounts and refunds, without shipping and tax.",
            currency=shop.currency,
        )
    ]


def _orders(figures: Figures, numbers: Numbers) -> Iterator[str]:
    """Which orders are in no figure, or in some alone."""
    if figures.shop.has_orders_by_events:
        yield say(
            "No export of orders is loaded: orders are the purchase events of the click-stream, one for each order's "
            "id. What was ordered elsewhere is not seen, nor what no event says of a return; an order's value is the "
            "event's."
        )
    if figures.order_states:
        counts = [f"{told(row.state)} {numbers.count(row.order_count)}" for row in figures.order_states]
        yield say("Orders of the exports that are in no figure: {counts}.", counts=", ".join(counts))
    if figures.other_channels:
        counts = [f"{told(row.sales_channel)} {numbers.count(row.order_count)}" for row in figures.other_channels]
        yield say(
            "Orders that were not placed on the web: {counts}. They close no session and no cart.",
            counts=", ".join(counts),
        )
    if figures.currencies:
        amounts = [
            say(
                "{kind} {count} in {currency}",
                kind=told(row.kind),
                count=numbers.count(row.left_out_count),
                currency=row.currency,
            )
            for row in figures.currencies
        ]
        yield say(
            "Amounts that are not known in {currency} ({amounts}), in no sum and no average: journey.yaml says no rate "
            "(currencies).",
            currency=figures.shop.currency,
            amounts=", ".join(amounts),
        )


def _sessions(shop: Row, numbers: Numbers) -> str:
    limits = {
        "minutes": numbers.decimal(shop.session_timeout_minutes, 0),
        "days": numbers.days(shop.inactivity_days),
    }
    if shop.cuts_sessions_by_tracker:
        return say(
            "A session is what the tracker's own session id says; where an event has none, it ends after "
            "{minutes}\u00a0min without a touchpoint; a journey after {days}, or with the purchase and what follows "
            "it.",
            **limits,
        )
    return say(
        "A session ends after {minutes}\u00a0min without a touchpoint; a journey after {days}, or with the purchase "
        "and what follows it.",
        **limits,
    )
