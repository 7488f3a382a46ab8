"""What other currencies are worth: the rates of journey.yaml and of the CSV that it names, as `raw.currency_rates`.

They are loaded as rows are, not as settings: a new day's rate touches the rows in that currency, and builds nothing
else anew. Not here: which rate holds when (`sql/staging/currency_rates.sql`), nor converting an amount.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb

from parcours.project import Project
from parcours.settings.currencies import CURRENCIES
from parcours.settings.schema import HIGHEST_RATE
from parcours.warehouse.connection import transaction
from parcours.warehouse.refresh_log import note_change
from parcours.warehouse.rows import insert_rows

COLUMNS = ("day", "currency", "rate")
SHOWN_PROBLEMS = 5

Rate = tuple[str, date | None, float]
"""A currency, the day from which its rate holds (None: from the beginning), and the rate."""


class RatesError(Exception):
    """The CSV of rates can't be used. The text names the file, its lines, what was found and what is expected."""


def write_currency_rates(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Replace `raw.currency_rates`, if the rates are others than those there.

    Raises:
        RatesError: the file is not there, or a line of it is wrong.
    """
    found = set(_rates(project))
    written = connection.execute("select currency, day, rate from raw.currency_rates").fetchall()
    if found == set(written):
        return
    with transaction(connection):
        connection.execute("delete from raw.currency_rates")
        insert_rows(connection, "raw.currency_rates", sorted(found, key=str))
        note_change(connection, "raw.currency_rates")


def _rates(project: Project) -> Iterator[Rate]:
    for currency, rate in project.settings.currencies.rates.items():
        yield currency, None, rate
    if project.rates_file:
        yield from _read(project.rates_file, project.settings.shop.currency)


def _read(path: Path, own: str) -> list[Rate]:
    """The rates of a CSV."""
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RatesError(f"{path}: {reason}. Put the rates there, or correct currencies.file.") from None
    header = [name.strip().lower() for name in rows[0]] if rows else []
    if not {*COLUMNS} <= {*header}:
        raise RatesError(f"{path}: found the header {','.join(header)!r}, expected the columns {', '.join(COLUMNS)}.")
    places = [header.index(name) for name in COLUMNS]
    rates: dict[tuple[str, date], float] = {}
    problems = []
    for line, row in enumerate(rows[1:], 2):
        if not any(row):
            continue
        try:
            currency, day, rate = _rate([row[place].strip() for place in places], own)
            if rates.setdefault((currency, day), rate) != rate:
                raise ValueError(f"a second rate of {currency} on {day}, expected one")
        except (ValueError, IndexError) as error:
            problems.append(f"line {line}: {error if isinstance(error, ValueError) else 'has too few columns'}")
    if problems:
        shown = "; ".join(problems[:SHOWN_PROBLEMS])
        more = f"; and {len(problems) - SHOWN_PROBLEMS} more" if len(problems) > SHOWN_PROBLEMS else ""
        raise RatesError(f"{path}: {shown}{more}.")
    return [(currency, day, rate) for (currency, day), rate in rates.items()]


def _rate(values: list[str], own: str) -> tuple[str, date, float]:
    """The currency, day and rate of a line."""
    given_day, currency, given_rate = values
    try:
        day = date.fromisoformat(given_day)
    except ValueError:
        raise ValueError(f"found the day {given_day!r}, expected one as 2026-07-14") from None
    if currency not in CURRENCIES or currency == own:
        raise ValueError(f"found the currency {currency!r}, expected an ISO 4217 code other than {own}")
    try:
        rate = float(given_rate)
    except ValueError:
        rate = 0
    if not 0 < rate <= HIGHEST_RATE:
        raise ValueError(f"found the rate {given_rate!r}, expected a number over 0, as 0.0062")
    return currency, day, rate
