"""Numbers, dates and durations in the shop's language, as text.

Not here: words (`wording.py`), nor any figure's arithmetic: that is SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

NBSP, NARROW_NBSP, MINUS = "\u00a0", "\u202f", "\u2212"
NOTHING = "–"
CURRENCY_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "BRL": "R$", "JPY": "¥", "CAD": "CA$", "AUD": "A$"}
MONTHS = {
    "en": "January,February,March,April,May,June,July,August,September,October,November,December",
    "fr": "janvier,février,mars,avril,mai,juin,juillet,août,septembre,octobre,novembre,décembre",
}
SHORT_MONTHS = {
    "en": "Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec",
    "fr": "janv.,févr.,mars,avr.,mai,juin,juil.,août,sept.,oct.,nov.,déc.",
}
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
        return "," + NARROW_NBSP if self.language == "fr" else ".,"

    def count(self, value: float | None) -> str:
        """A whole number: 12,345."""
        return NOTHING if value is None else self._written(value, 0)

    def decimal(self, value: float | None, digits: int = 1) -> str:
        """A number with a fixed count of digits after the mark."""
        return NOTHING if value is None else self._written(value, digits)

    def share(self, value: float | None, digits: int | None = None) -> str:
        """A share 0–1 as 64.2 %; two digits under 10 %, none for exactly nothing or everything."""
        return NOTHING if value is None else self._written(value * 100, _digits(value, digits)) + NBSP + "%"

    def target(self, value: float) -> str:
        """A share that was set, with no more digits than it needs: 5 %, 2.5 %."""
        return self.share(value, 0 if round(value * 100, 6) == int(round(value * 100, 6)) else 1)

    def interval(self, low: float | None, high: float | None, digits: int | None = None) -> str:
        """Both ends of an interval of shares: 60.6–67.7 %."""
        if low is None or high is None:
            return NOTHING
        digits = _digits(high, digits)
        low = max(low, 0.0)
        return f"{self._written(low * 100, digits)}–{self._written(high * 100, digits)}{NBSP}%"

    def change_of_share(self, before: float | None, after: float | None) -> str:
        """Two shares with one unit: 3.19 → 4.79 %."""
        if before is None or after is None:
            return NOTHING
        digits = _digits(max(before, after), None)
        return f"{self._written(before * 100, digits)} → {self._written(after * 100, digits)}{NBSP}%"

    def points(self, value: float | None, digits: int | None = None) -> str:
        """A difference of shares in points, with its sign: +1.61 pt."""
        if value is None:
            return NOTHING
        return self._signed(value * 100, _digits(value, digits)) + NBSP + "pt"

    def signed(self, value: float, digits: int) -> str:
        """A number with its sign, but a plain zero: +10, 0, −10."""
        return self._written(0, 0) if value == 0 else self._signed(value, digits)

    def relative(self, value: float | None) -> str:
        """A relative change with its sign: +50 %."""
        return NOTHING if value is None else self._signed(value * 100, 0) + NBSP + "%"

    def money(self, value: float | None, digits: int = 0, *, sign: bool = False) -> str:
        """An amount in the shop's currency: €1,234."""
        if value is None:
            return NOTHING
        mark = (MINUS if value < 0 else "+") if sign else (MINUS if value < 0 else "")
        return mark + self._with_currency(self._written(abs(value), digits))

    def short_money(self, value: float | None) -> str:
        """An amount as one reads it on a chart: €32.2k."""
        if value is None:
            return NOTHING
        for limit, suffix in ((999_500, "M"), (1000, "k")):
            if abs(value) >= limit:
                scaled = value / (1_000_000 if suffix == "M" else 1000)
                return self._with_currency(self._written(scaled, 0 if abs(scaled) >= 100 else 1) + suffix)
        return self._with_currency(self._written(value, 0))

    def duration(self, seconds: float | None) -> str:
        """Elapsed time in its natural unit: 38 s, 4 min, 29 h, 4.4 days."""
        if seconds is None:
            return NOTHING
        if seconds < 1:
            return f"<{NBSP}1{NBSP}s"
        for limit, divisor, unit in DURATIONS:
            if seconds < limit and round(seconds / divisor) < limit / divisor:
                return f"{self._written(seconds / divisor, 0)}{NBSP}{unit}"
        days = seconds / 86_400
        digits = 0 if days >= 10 or f"{days:.1f}".endswith(".0") else 1
        return f"{self._written(days, digits)}{NBSP}days"

    def days(self, days: float) -> str:
        """A number of days as it was set: 7 days, 0.5 days."""
        return f"{self._written(days, 0 if days == int(days) else 1)} day{'' if days == 1 else 's'}"

    def month_of_days(self, interval: int) -> str:
        """An interval of 30 days by its number from 0: 30–60."""
        return f"{self.count(interval * 30)}–{self.count(interval * 30 + 30)}"

    def day(self, on: date | None, *, year: bool = True) -> str:
        """A shop day: 15 August 2026."""
        if on is None:
            return NOTHING
        text = f"{on.day}{NBSP}{self._month(MONTHS, on)}"
        return f"{text}{NBSP}{on.year}" if year else text

    def short_day(self, on: date, *, year: bool = False) -> str:
        """A shop day on a chart: 15 Aug."""
        text = f"{on.day}{NBSP}{self._month(SHORT_MONTHS, on)}"
        return f"{text}{NBSP}{on.year}" if year else text

    def month(self, on: date) -> str:
        """A month: Aug 2026."""
        return f"{self._month(SHORT_MONTHS, on)}{NBSP}{on.year}"

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

    def _month(self, names: dict[str, str], on: date) -> str:
        return names.get(self.language, names["en"]).split(",")[on.month - 1]

    def _written(self, value: float, digits: int) -> str:
        text = f"{abs(value):,.{digits}f}"
        if self.language == "fr":
            text = text.replace(",", NARROW_NBSP).replace(".", ",")
        is_zero = float(f"{abs(value):.{digits}f}") == 0
        return text if value >= 0 or is_zero else MINUS + text

    def _signed(self, value: float, digits: int) -> str:
        text = self._written(value, digits)
        is_zero = float(f"{abs(value):.{digits}f}") == 0
        return ("±" if is_zero else "+" if value > 0 else "") + text

    def _with_currency(self, text: str) -> str:
        sign = CURRENCY_SIGNS.get(self.currency, self.currency)
        if self.language == "fr":
            return f"{text}{NBSP}{sign}"
        return sign + (NBSP if len(sign) > 2 else "") + text


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names in a sentence: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""


def _digits(value: float, asked: int | None) -> int:
    if asked is not None:
        return asked
    if value in (0, 1):
        return 0
    return 2 if 0 < abs(value) < 0.0995 else 1
