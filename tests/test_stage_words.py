"""What journey.yaml believes of a stage, what the figures say of it, and what customers wrote there."""

from __future__ import annotations

from pathlib import Path

import duckdb
from given import answer, event, rows, settings, warehouse

from parcours.project import ROOT
from parcours.settings.schema import JourneySettings

POINT = (
    "insert into metrics.pain_points (signal, stage, person_count, compared_count, compared_rate, comparable_rate, "
    "difference, difference_low, difference_high, is_told) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
POINTS = [
    ("payment_failure", "checkout", 40, 40, 0.8, 0.3, 0.5, 0.3, 0.7, True),
    ("back_step", "checkout", 90, 80, 0.2, 0.4, -0.2, -0.3, -0.1, True),
    ("error", "checkout", 9, 9, 0.5, 0.4, 0.1, -0.2, 0.4, False),
    ("support_contact", "checkout", 12, 0, None, None, None, None, None, False),
    ("payment_failure", "cart", 50, 50, 0.9, 0.1, 0.8, 0.7, 0.9, True),  # of another stage
]


def word(kind: str, text: str, **more: str) -> dict[str, str]:
    return {"stage": "checkout", "kind": kind, "text": text, **more}


def shop() -> JourneySettings:
    signals = ("payment_failure", "back_step", "error", "support_contact", "rage_repeat")
    return settings(
        words=[
            word("motivation", "Be done quickly"),
            *(word("obstacle", f"it is {signal}", signal=signal) for signal in signals),
        ]
    )


def test_what_the_figures_say_of_an_obstacle() -> None:
    connection = warehouse(build=["metrics.pain_points"], shop=shop())
    connection.executemany(POINT, POINTS)
    sql = Path(ROOT, "sql/metrics/stage_words.sql").read_text(encoding="utf-8")
    found = connection.execute(
        f"select kind, signal, person_count, difference, evidence from ({sql}) order by position"
    ).fetchall()
    assert found == [
        ("motivation", None, None, None, None),
        ("obstacle", "payment_failure", 40, 0.5, "supported"),
        ("obstacle", "back_step", 90, -0.2, "contradicted"),
        ("obstacle", "error", 9, 0.1, "too little to tell"),
        ("obstacle", "support_contact", 12, None, "too little to tell"),
        ("obstacle", "rage_repeat", 0, None, "contradicted"),  # nobody met it
    ]


def commented(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return rows(connection, "select comment, is_satisfied, newest from metrics.stage_verbatims order by all")


def test_the_newest_comments_of_the_satisfied_and_of_the_others() -> None:
    said = [("good", 5), ("bad", 1)]
    connection = warehouse(
        events=[event("ann", 0.0, "product")],
        feedback=[
            answer(f"{word} {number}", 1000.0 + number, score, customer_id="ann", comment=f"{word} {number}")
            for word, score in said
            for number in range(5)
        ]
        + [answer("silent", 2000.0, 5, customer_id="ann", comment=" "), answer("none", 2001.0, 5, customer_id="ann")],
        build=["metrics.stage_verbatims"],
        shop=settings(),
    )
    assert commented(connection) == sorted(
        (f"{word} {number}", word == "good", 5 - number) for word, _ in said for number in (2, 3, 4)
    )
