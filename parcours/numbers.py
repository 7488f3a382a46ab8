"""Numbers, dates and durations in the shop's language, as text, by Babel.

Shares, points and durations are written as the field reads them (3.47 %, +1.61 pt, 29 h), with marks of the language.
Not here: other words (`words.py`), nor any figure's arithmetic: that is SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, get_currency_symbol, get_decimal_symbol, get_group_symbol

from parcours.words import listed, say, say_number

NBSP, NARROW_NBSP, MINUS = "\u00a0", "\u202f", "\u2212"
NOTHING = "–"
SHOWN_AT_MOST = 3
"""Names in a sentence; the rest is counted."""
DURATIONS = ((60, 1, "s"), (3600, 60, "min"), (172_800, 3600, "h"))
"""Below the first number of seconds, divide by the second, in the third's unit; longer ones are in days."""


@dataclass(frozen=True)
class Numbers:
    """How this shop writes numbers: its language (en, fr) and currency (ISO 4217)."""

    language: str
    currency: str

    @property
    def separators(self) -> str:
        """Decimal mark and thousands separator, as Plotly's layout wants them."""
        return get_decimal_symbol(self.language) + get_group_symbol(self.language)

    def text(self, value: str | None) -> str:
        """Words as they are."""
        return NOTHING if value is None else value

    def count(self, value: float | None) -> str:
        """A whole number: 12,345."""
        return self.decimal(value, 0)

    def decimal(self, value: float | None, digits: int = 1) -> str:
        """A number with a fixed count of digits after the mark."""
        return NOTHING if value is None else (MINUS if round(value, digits) < 0 else "") + self._size(value, digits)

    def share(self, value: float | None, digits: int | None = None) -> str:
        """A share 0–1 as 64.2 %; two digits under 10 %, none for exactly nothing or everything."""
        if value is None:
            return NOTHING
        return f"{self.decimal(value * 100, _digits(value) if digits is None else digits)}{NBSP}%"

    def target(self, value: float) -> str:
        """A share that was set, with no more digits than it needs: 5 %, 2.5 %."""
        return self.share(value, 0 if round(value * 100, 6) == int(round(value * 100, 6)) else 1)

    def interval(self, low: float | None, high: float | None) -> str:
        """Both ends of an interval of shares: 60.6–67.7 %."""
        if low is None or high is None:
            return NOTHING
        digits = _digits(high)
        return f"{self.decimal(max(low, 0.0) * 100, digits)}–{self.decimal(high * 100, digits)}{NBSP}%"

    def change_of_share(self, before: float | None, after: float | None) -> str:
        """Two shares with one unit: 3.19 → 4.79 %."""
        if before is None or after is None:
            return NOTHING
        digits = _digits(max(before, after))
        return f"{self.decimal(before * 100, digits)} → {self.decimal(after * 100, digits)}{NBSP}%"

    def points(self, value: float | None) -> str:
        """A difference of shares in points, with its sign: +1.61 pt."""
        return NOTHING if value is None else f"{self._signed(value * 100, _digits(value))}{NBSP}pt"

    def signed(self, value: float, digits: int) -> str:
        """A number with its sign, but a plain zero: +10, 0, −10."""
        return self._size(0, 0) if value == 0 else self._signed(value, digits)

    def relative(self, value: float | None) -> str:
        """A relative change with its sign: +50 %."""
        return NOTHING if value is None else f"{self._signed(value * 100, 0)}{NBSP}%"

    def money(self, value: float | None, digits: int = 0, *, sign: bool = False) -> str:
        """An amount in the shop's currency: €1,234."""
        if value is None:
            return NOTHING
        return (MINUS if value < 0 else "+" if sign else "") + self._with_currency(self._size(value, digits))

    def short_money(self, value: float | None) -> str:
        """An amount as one reads it on a chart: €32.2k."""
        if value is None:
            return NOTHING
        for limit, scale, suffix in ((999_500, 1_000_000, "M"), (1000, 1000, "k")):
            if abs(value) >= limit:
                scaled = value / scale
                written = self.decimal(scaled, 0 if abs(scaled) >= 100 else 1)
                return self._with_currency(written, suffix)
        return self._with_currency(self.count(value))

    def value(self, value: float | None, unit: str) -> str:
        """A figure in its unit: a share, or an amount of currency."""
        return self.money(value, 2) if unit == "currency" else self.share(value)

    def difference(self, value: float | None, unit: str) -> str:
        """A difference of figures: points, or an amount of currency with its sign."""
        return self.money(value, 2, sign=True) if unit == "currency" else self.points(value)

    def differences(self, low: float | None, high: float | None, unit: str) -> str:
        """Both ends of an interval of differences."""
        return say("{low} to {high}", low=self.difference(low, unit), high=self.difference(high, unit))

    def size(self, value: float | None, unit: str) -> str:
        """A difference without its sign."""
        return self.difference(value, unit).removeprefix("+")

    def duration(self, seconds: float | None) -> str:
        """Elapsed time in its natural unit: 38 s, 4 min, 29 h, 4.4 days."""
        if seconds is None:
            return NOTHING
        if seconds < 1:
            return f"<{NBSP}1{NBSP}s"
        for limit, divisor, unit in DURATIONS:
            if seconds < limit and round(seconds / divisor) < limit / divisor:
                return f"{self.count(seconds / divisor)}{NBSP}{unit}"
        days = seconds / 86_400
        written = self.decimal(days, 0 if days >= 10 or f"{days:.1f}".endswith(".0") else 1)
        return say("{days}\u00a0days", days=written)

    def days(self, days: float) -> str:
        """A number of days as it was set: 7 days, 1.5 days; under a day in hours, minutes or seconds: 12 h, 90 min."""
        if 0 < days < 1:
            seconds = round(days * 86_400)
            size, unit = next((size, unit) for size, unit in ((3600, "h"), (60, "min"), (1, "s")) if not seconds % size)
            return f"{self.count(seconds // size)}{NBSP}{unit}"
        written = self.decimal(days, 0 if days == int(days) else 1)
        return say_number("{days} day", "{days} days", days, days=written)

    def month_of_days(self, interval: int) -> str:
        """An interval of 30 days by its number from 0: 30–60."""
        return f"{self.count(interval * 30)}–{self.count(interval * 30 + 30)}"

    def day(self, on: date | None, *, year: bool = True) -> str:
        """A shop day: 15 August 2026."""
        return NOTHING if on is None else self._date(on, "d MMMM y" if year else "d MMMM")

    def short_day(self, on: date, *, year: bool = False) -> str:
        """A shop day on a chart: 15 Aug."""
        return self._date(on, "d MMM y" if year else "d MMM")

    def month(self, on: date) -> str:
        """A month: Aug 2026."""
        return self._date(on, "MMM y")

    def period(self, start: date, end: date) -> str:
        """Two shop days, with the year once where it is the same: 1 July – 28 September 2026."""
        return f"{self.day(start, year=start.year != end.year)} – {self.day(end)}"

    def short_period(self, start: date, end: date) -> str:
        """Two shop days on a card: 1 Jul–13 Aug; with years only where they differ."""
        years = start.year != end.year
        return f"{self.short_day(start, year=years)} – {self.short_day(end, year=years)}"

    def instant(self, at: datetime | None) -> str:
        """A moment in shop time, to the minute."""
        return NOTHING if at is None else f"{self.day(at.date())}, {at:%H:%M}"

    def _date(self, on: date, pattern: str) -> str:
        return format_date(on, pattern.replace(" ", NBSP), locale=self.language)

    def _size(self, value: float, digits: int) -> str:
        """Without its sign. A Decimal is the very number; Babel's own would round what repr shows of it."""
        return format_decimal(Decimal(abs(value)), f"#,##0.{'0' * digits}".rstrip("."), locale=self.language)

    def _signed(self, value: float, digits: int) -> str:
        rounded = round(value, digits)
        return ("±" if rounded == 0 else "+" if rounded > 0 else MINUS) + self._size(value, digits)

    def _with_currency(self, text: str, thousands: str = "") -> str:
        """An amount with its sign where the language has it: €32.2k, or 32,2 k€ behind it."""
        sign = get_currency_symbol(self.currency, self.language)
        if "¤" in Locale.parse(self.language).currency_formats["standard"].suffix[0]:
            return f"{text}{NBSP}{thousands}{sign}"
        return sign + (NBSP if len(sign) > 2 else "") + text + thousands


def some(names: Sequence[str]) -> str:
    """The first names in a sentence, and how many more there are."""
    rest = len(names) - SHOWN_AT_MOST
    return listed([*names[:SHOWN_AT_MOST], say("{count} more", count=rest)] if rest > 0 else names)


def capital(text: str) -> str:
    """Text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def plural(count: float, one: str, other: str = "") -> str:
    """An English noun (or a verb, with its other form) as it goes with a count: for what a command prints."""
    return one if count == 1 else other or f"{one}s"


def _digits(value: float) -> int:
    """Of a share in percent, or of a difference of shares."""
    if value in (0, 1):
        return 0
    return 2 if 0 < abs(value) < 0.0995 else 1
