"""The last section: what was loaded, until when, and what the definitions are."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from parcours.numbers import NBSP, Numbers, capital, plural
from parcours.report.figures import Figures, first
from parcours.report.section import Column, Section, Table, table

PLACE = 80
SOURCES = {
    "events": "click-stream",
    "orders": "orders",
    "feedback": "surveys",
    "tickets": "support tickets",
    "deals": "deals",
    "contacts": "leads",
}


def _source(_: Numbers, source: str | None) -> str:
    """A source of touchpoints; null: all of them."""
    return "All" if source is None else capital(SOURCES.get(source, source))


def _export(_: Numbers, export: str | None, form: str, status: str) -> str:
    """An export with its format, and why its files were refused; null: all of them."""
    return "All" if export is None else f"{export} ({form}){'' if status == 'loaded' else f', {status}'}"


LOADED: tuple[Column, ...] = (
    ("Export", "export format status", _export),
    ("Files", "file_count", Numbers.count),
    ("Rows read", "rows_read", Numbers.count),
    ("Loaded", "rows_loaded", Numbers.count),
    ("Duplicate", "rows_duplicate", Numbers.count),
    ("Rejected", "rows_rejected", Numbers.count),
    ("Rejected share", "rejected_share", Numbers.share),
    ("Reaches until", "covers_until", Numbers.instant),
)
COVERAGE: tuple[Column, ...] = (
    ("Source", "source", _source),
    ("Touchpoints", "touchpoint_count", Numbers.count),
    ("With a stage", "staged_count", Numbers.count),
    ("Share", "staged_share", Numbers.share),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """Rows read and what became of them, cut-offs, coverage, and the knobs of the definitions."""
    everything = first(figures.exports, export=None)
    sources = ("raw.loads", "metrics.cut_off", "metrics.stage_coverage")
    section = partial(Section, "method", "How measured", sources=sources, comments=figures.table_comments)
    if everything is None or not everything.file_count:
        return [section("How this was measured: nothing is loaded yet", "", empty="No files.")]
    read = everything.rows_read
    title = f"How this was measured: {numbers.count(read)} {plural(read, 'row')} read, "
    title += "every one accounted for" if everything.adds_up else "which do not add up"
    return [
        section(
            title,
            "Per export: rows read = loaded + duplicate + rejected. A source is known from its first day to its data "
            f"cut-off, the latest instant its exports reach, never the clock; times are {figures.shop.time_zone}.",
            notes=_definitions(figures, numbers),
            shown=[
                table("What was loaded", LOADED, figures.exports, numbers),
                _cut_offs(figures, numbers),
                table("Stage coverage", COVERAGE, figures.coverage, numbers),
            ],
        )
    ]


def _cut_offs(figures: Figures, numbers: Numbers) -> Table:
    known = {row.source: row for row in figures.sources}
    always = [source for source in ("events", "orders", "feedback") if source not in known]
    by_events = " (by purchase events)" if figures.shop.has_orders_by_events else ""
    rows = [
        [
            _source(numbers, row.source) + (by_events if row.source == "orders" else ""),
            _known(row.known_from, numbers),
            _known(row.known_until, numbers),
        ]
        for row in known.values()
    ]
    rows += [[_source(numbers, source), "no export", "no export"] for source in always]
    return Table("What each source tells of", ("Source", "Known from", "Known until"), rows)


def _known(at: datetime | None, numbers: Numbers) -> str:
    return numbers.instant(at) if at else "not said"


def _definitions(figures: Figures, numbers: Numbers) -> list[str]:
    shop = figures.shop
    left_out = ", ".join(f"{row.state} {numbers.count(row.order_count)}" for row in figures.order_states)
    by_events = (
        "No export of orders is loaded: orders are the purchase events of the click-stream, one for each order's id. "
        "What was ordered elsewhere is not seen, nor what no event says of a return; an order's value is the event's."
    )
    by_tracker = "is what the tracker's own session id says; where an event has none, it "
    elsewhere = ", ".join(f"{row.sales_channel} {numbers.count(row.order_count)}" for row in figures.other_channels)
    unknown = _unknown_amounts(figures, numbers)
    return [
        *([by_events] if shop.has_orders_by_events else []),
        *([f"Orders of the exports that are in no figure: {left_out}."] if left_out else []),
        *(
            [f"Orders that were not placed on the web: {elsewhere}. They close no session and no cart."]
            if elsewhere
            else []
        ),
        *([f"{unknown}, in no sum and no average: journey.yaml says no rate (currencies)."] if unknown else []),
        "Every attempt is converted, dropped or open. Open: its window has not ended at the data cut-off. Open "
        "attempts are in no rate, neither numerator nor denominator. Nor are uncovered ones: they began before what "
        "would show their outcome is known.",
        f"A session {by_tracker if shop.cuts_sessions_by_tracker else ''}ends after "
        f"{numbers.decimal(shop.session_timeout_minutes, 0)}{NBSP}min without a touchpoint; a "
        f"journey after {numbers.days(shop.inactivity_days)}, or with the purchase and what follows it.",
        "Revenue at stake: units lost × share that gets from the next stage to the end × average net order value, in "
        f"{shop.currency}, net of discounts and refunds, without shipping and tax.",
        "Intervals of shares are Wilson's, 95\u00a0%. Stages tie when the bootstrap over persons can't order them at "
        "that level.",
        f"Small cells: under n = {shop.small_cell} counts are shown, the rate is greyed and not ranked.",
    ]


def _unknown_amounts(figures: Figures, numbers: Numbers) -> str:
    """Of which orders, events and deals the amounts are in a currency without a rate; empty: of none."""
    shown = ", ".join(f"{row.kind} {numbers.count(row.left_out_count)} in {row.currency}" for row in figures.currencies)
    return f"Amounts that are not known in {figures.shop.currency} ({shown})" if shown else ""
