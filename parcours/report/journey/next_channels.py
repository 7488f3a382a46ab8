"""By which channel customers come back: after a session by each channel, that of the next one of the journey."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from parcours.numbers import Numbers, capital
from parcours.report.drawing import INK, LINE, ON_DARK, ON_LIGHT, PALE, chart, safe
from parcours.report.figures import Row
from parcours.report.journey.strips_chart import Strip, strips
from parcours.report.journey.variants_chart import DARK_FROM, SCALE, colours_of
from parcours.report.section import Column, View, table
from parcours.words import later, say, say_number, told

NAMED, LISTED = 6, 40
"""Channels with a colour of their own, those that follow most often; and rows of the table."""
ARROW = " → "
SAME, OTHERS = "the same", "others"
COLUMNS: tuple[Column, ...] = (
    (later("Session by"), "channel", lambda _, channel: told(channel)),
    (later("The next one by"), "next_channel", lambda _, channel: told(channel)),
    (later("Times"), "next_count", Numbers.count),
    (later("Of all next sessions"), "followed_count", Numbers.count),
    (later("Journeys"), "followed_journey_count", Numbers.count),
    (later("Share"), "next_share", Numbers.share),
    (later("95\u00a0% interval"), "next_low next_high", Numbers.interval),
    (later("A third one came"), "third_count", Numbers.count),
    (later("By the first channel"), "back_count", Numbers.count),
    (later("Share back"), "back_share", Numbers.share),
    (later("Its 95\u00a0% interval"), "back_low back_high", Numbers.interval),
)


def channels_view(rows: Sequence[Row], numbers: Numbers) -> View | None:
    """A strip per channel; none where too few people came on by another channel."""
    large = [row for row in rows if not row.is_small]
    if all(row.is_same for row in large):
        return None
    counts: dict[str, int] = {}
    for row in large:
        if not row.is_same:
            counts[row.next_channel] = counts.get(row.next_channel, 0) + row.next_count
    named = sorted(counts, key=lambda channel: (-counts[channel], channel))[:NAMED]
    places = colours_of(named)
    colours = {
        SAME: (PALE, INK),
        **{one: (SCALE[place], ON_DARK if place >= DARK_FROM else ON_LIGHT) for one, place in places.items()},
        OTHERS: (LINE, INK),
    }
    names = {SAME: say("the same channel again"), **{one: told(one) for one in named}, OTHERS: say("another channel")}
    drawn = [_strip([*of], named, numbers) for _, of in groupby(large, key=lambda row: row.channel)]
    used = {part for strip in drawn for part in strip.parts}
    title = _title(large, numbers)
    rest = say_number(
        "{count} more row is in metrics.next_channels.",
        "{count} more rows are in metrics.next_channels.",
        len(rows) - LISTED,
        count=numbers.count(len(rows) - LISTED),
    )
    about = say(
        "Of the sessions that another one of their journey follows, by which channel that one comes; a strip is "
        "100\u00a0%. A session's channel is that of its first touchpoint; the states of an order and what the shop "
        "does are none. Intervals count sessions as many as their journeys are worth. Channels after which fewer "
        "people than a small cell came again are in the table alone."
    )
    return View(
        say("Channels"),
        title,
        chart(
            "back-and-forth-channel",
            partial(strips, drawn, colours, say("of the next sessions"), numbers),
            description=say("{title}. Figures in the table.", title=title),
        ),
        table(say("By which channel the next session comes"), COLUMNS, rows[:LISTED], numbers),
        f"{about} {rest}" if len(rows) > LISTED else about,
        [(colours[part][0], name) for part, name in names.items() if part in used],
    )


def _title(rows: Sequence[Row], numbers: Numbers) -> str:
    """The two channels gone back between most often; where nobody's way back is known, what most stay with."""
    back = [row for row in rows if row.back_count]
    if back:
        most = max(back, key=lambda row: row.back_count)
        return say(
            "{path}: of those who come by {a}, then {b}, then again, {share} come by {a} ({interval})",
            path=capital(ARROW.join((told(most.channel), told(most.next_channel), told(most.channel)))),
            a=told(most.channel),
            b=told(most.next_channel),
            share=numbers.share(most.back_share, 0),
            interval=numbers.interval(most.back_low, most.back_high),
        )
    most = max((row for row in rows if not row.is_same), key=lambda row: row.next_count)
    return say(
        "After {a}, {share} of the next sessions come by {b} ({interval})",
        a=told(most.channel),
        b=told(most.next_channel),
        share=numbers.share(most.next_share, 0),
        interval=numbers.interval(most.next_low, most.next_high),
    )


def _strip(rows: Sequence[Row], named: Sequence[str], numbers: Numbers) -> Strip:
    """After one channel; those without a colour of their own are one part."""
    parts: dict[str, tuple[float, str]] = {}
    for row in rows:
        part = SAME if row.is_same else row.next_channel if row.next_channel in named else OTHERS
        share, text = parts.get(part, (0.0, ""))
        line = say(
            "then {channel}: {count} of {sessions}, {share} ({interval})",
            channel=safe(told(row.next_channel)),
            count=numbers.count(row.next_count),
            sessions=numbers.count(row.followed_count),
            share=numbers.share(row.next_share),
            interval=numbers.interval(row.next_low, row.next_high),
        )
        parts[part] = (share + row.next_share, f"{text}<br>{line}" if text else line)
    followed = rows[0].followed_count
    detail = say_number("{count} next session", "{count} next sessions", followed, count=numbers.count(followed))
    return Strip(told(rows[0].channel), detail, parts)
