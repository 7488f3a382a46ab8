"""What journey.yaml believes of a stage, what the figures say of it, and what customers wrote there."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from given import answer, event, rows, settings, warehouse
from report_shop import ENGLISH, figures_of, sections_of, write_published

from parcours.project import ROOT
from parcours.report.journey.summary import summary
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


def stage_rows(folder: Path, inserted: str) -> dict[str, list[list[str]]]:
    """The rows under the map, by their names, of the hand-made page with some more rows in its tables."""
    published = write_published(folder / "published.duckdb")
    with duckdb.connect(str(published)) as connection:
        connection.execute(inserted)
    table = sections_of(published)["journey"].stage_table
    assert table is not None
    return {name: [list(cell) for cell in cells] for name, cells in table.rows.items()}


def test_the_map_says_what_is_believed_and_what_the_figures_say_of_it(tmp_path: Path) -> None:
    rows_of_the_map = stage_rows(
        tmp_path,
        """
        insert into metrics.stage_words (
            position, stage, kind, said, signal, person_count, compared_rate, comparable_rate, evidence
        ) values
            (1, 'cart', 'motivation', 'Be done quickly', null, null, null, null, null),
            (2, 'checkout', 'obstacle', 'The payment fails', 'payment_failure', 40, 0.8, 0.3, 'supported'),
            (3, 'checkout', 'obstacle', 'It is confusing', 'back_step', 90, 0.2, 0.4, 'contradicted'),
            (4, 'checkout', 'obstacle', 'It is broken', 'error', 9, null, null, 'too little to tell'),
            (5, 'checkout', 'obstacle', 'Nothing happens', 'rage_repeat', 0, null, null, 'contradicted');
        insert into metrics.stage_verbatims (answer_id, stage, answered_at, score_of_10, is_satisfied, comment, newest)
        values
            ('a', 'checkout', '2026-07-01', 2.5, false, 'Too <b>slow</b>', 1),
            ('b', 'checkout', '2026-07-01', 0, false, 'Old', 2);
        insert into settings.opportunities (opportunity_id, position, stage, idea, state, change_id) values
            ('a', 1, 'checkout', 'Order as a guest', 'done', 'guest'), ('b', 2, 'cart', 'Show the fee', 'idea', null);
        """,
    )
    assert rows_of_the_map["What they want"] == [["Be done quickly"], [], [], []]
    assert rows_of_the_map["What holds them up"][1] == [
        "The payment fails – so it is: 80\u00a0% of those who met it left, 30\u00a0% of others",
        "It is confusing – not so: 20\u00a0% of those who met it left, 40\u00a0% of others",
        "It is broken – too little to tell: 9 met it",
        "Nothing happens – not so: nobody met it",
    ]
    assert rows_of_the_map["What they write"][1] == ["“Too <b>slow</b>” (2 of 10)"]
    [done] = rows_of_the_map["Ideas"][1]
    assert done.startswith("Order as a guest – done, since 3\u00a0Jul, ")
    assert rows_of_the_map["Ideas"][0] == ["Show the fee – idea"]
    assert "What they ask" not in rows_of_the_map


def test_a_map_without_words_has_no_lane_for_them(tmp_path: Path) -> None:
    assert not {"What they want", "What they write", "Ideas"} & {*stage_rows(tmp_path, "select 1")}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            "'2026-06-01', 1000, 600, 0.6, 0.5",
            "Worse since the week of 1\u00a0June\u00a02026: 60.0\u00a0%, against 50.0\u00a0% in the week before.",
        ),
        (
            "'2026-06-01', 1000, 300, 0.3, 0.5",
            "Better since the week of 1\u00a0June\u00a02026: 30.0\u00a0%, against 50.0\u00a0% in the week before.",
        ),
        (
            "'2026-05-04', 1000, 600, 0.6, null",
            "All along: no week since 4\u00a0May\u00a02026, the first that can be compared",
        ),
    ],
)
def test_the_first_screen_says_since_when(tmp_path: Path, row: str, said: str) -> None:
    published = write_published(tmp_path / "published.duckdb")
    with duckdb.connect(str(published)) as connection:
        connection.execute(
            "insert into metrics.stage_drop_off_since (stage, from_on, until_on, since_on, matured_count, "
            "dropped_count, drop_off_rate, other_rate) "
            f"select stage, '2026-05-04', '2026-07-05', {row} from settings.stages"
        )
    [since_when] = [one.text for one in summary(figures_of(published), ENGLISH) if one.lead == "Since when"]
    assert since_when.startswith(said)
