"""What the Dagster UI shows of figures: a picture, numbers and rows, in which text from an export stays text."""

from __future__ import annotations

import base64
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from assets.charts.shown import BARS_SHOWN, charts, drawn, shown
from parcours.report.figures import Row, rows

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert(1)</script>|[x](javascript:alert(1))<img src=x onerror=alert(1)>\n# $x$ \u202e"


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [name for name, *_ in connection.execute(f"describe {table}").fetchall()]


def picture(markdown: str) -> ElementTree.Element:
    return ElementTree.fromstring(base64.b64decode(markdown.split("base64,")[1].rstrip(")")))


@pytest.fixture
def sample(published_sample: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(published_sample), read_only=True)


def test_each_chart_is_of_a_table_and_each_bar_a_number_that_the_ui_plots(sample: duckdb.DuckDBPyConnection) -> None:
    drawn_charts = 0
    for name, chart in charts().items():
        found = rows(sample, chart.query, Row)
        metadata = shown(sample, f"metrics.{name}", columns_of(sample, f"metrics.{name}"))
        assert ("chart" in metadata) == bool(found), name
        numbers = [value for value in metadata.values() if isinstance(value, float)]
        valued = [row for row in found[:BARS_SHOWN] if row.value is not None]
        assert len(numbers) == len(valued), name
        scale = 100 if chart.unit == "share" else 1
        assert numbers == pytest.approx([round(float(row.value) * scale, 4) for row in valued]), name
        if found:
            drawn_charts += 1
            texts = [text.text for text in picture(metadata["chart"].value).iter(f"{SVG}text")]
            assert "{" not in str(texts[0]) and len(texts) > 2 * min(len(found), BARS_SHOWN), name
    assert drawn_charts > 15


def test_the_title_and_the_numbers_are_those_of_the_page(sample: duckdb.DuckDBPyConnection) -> None:
    metadata = shown(sample, "metrics.stage_drop_off", columns_of(sample, "metrics.stage_drop_off"))
    [(stage, rate)] = sample.execute(
        "select stage_label, drop_off_rate from metrics.stage_drop_off where not is_small "
        "order by drop_off_rate desc nulls last limit 1"
    ).fetchall()
    title = next(picture(metadata["chart"].value).iter(f"{SVG}text")).text
    assert title and title.startswith(f"{stage} loses {100 * rate:.1f}")
    assert metadata[f"{stage} (%)"] == pytest.approx(100 * rate, abs=1e-4)
    assert "chart" in drawn(sample, "metrics.journey_map")


def test_rows_of_persons_are_not_copied_into_the_history(sample: duckdb.DuckDBPyConnection) -> None:
    """Who is forgotten is forgotten in the tables: Dagster's history would keep them."""
    tables = sample.execute("select table_name from duckdb_tables() where schema_name = 'metrics'").fetchall()
    people = {person for (person,) in sample.execute("select person_id from journeys.people").fetchall()}
    shown_rows = 0
    for (name,) in tables:
        columns = columns_of(sample, f"metrics.{name}")
        metadata = shown(sample, f"metrics.{name}", columns)
        text = str(metadata)
        assert "person_id" not in columns or "first rows" not in metadata
        shown_rows += "first rows" in metadata
        assert not [person for person in people if person in text], name
    assert shown_rows > 50


def test_text_of_an_export_is_neither_markup_nor_markdown(published_sample: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy.duckdb"
    path.write_bytes(published_sample.read_bytes())
    with duckdb.connect(str(path)) as connection:
        connection.execute("update metrics.stage_drop_off set stage_label = $said", {"said": HOSTILE})
        connection.execute("update metrics.journey_map set stage_label = $said", {"said": HOSTILE})
        for table in ("metrics.stage_drop_off", "metrics.journey_map"):
            metadata = shown(connection, table, columns_of(connection, table))
            image = picture(metadata["chart"].value)
            assert {element.tag for element in image.iter()} <= {
                f"{SVG}{tag}" for tag in ("svg", "rect", "text", "path")
            }
            alternative, markdown = metadata["chart"].value.split("](data:")[0], metadata["first rows"].value
            for written in (alternative.removeprefix("!["), markdown):
                plain = written.replace("\\\\", "")
                for mark in "<>[]$":
                    assert plain.count(mark) == plain.count(f"\\{mark}"), written
                assert "\u202e" not in written
            lines = markdown.splitlines()
            assert len({line.replace("\\|", "").count("|") for line in lines}) == 1, lines


def test_a_shop_without_rows_shows_neither_chart_nor_error(tmp_path: Path) -> None:
    from empty_pages import copy_empty

    path = copy_empty(tmp_path / "empty.duckdb", ())
    with duckdb.connect(str(path)) as connection:
        connection.execute("insert into settings.shop (language, currency) values ('fr', 'EUR')")
        for name in charts():
            metadata = shown(connection, f"metrics.{name}", columns_of(connection, f"metrics.{name}"))
            assert "chart" not in metadata, name


def test_a_map_of_which_nothing_is_over_says_so(published_sample: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy.duckdb"
    path.write_bytes(published_sample.read_bytes())
    with duckdb.connect(str(path)) as connection:
        connection.execute("update metrics.journey_map set drop_off_rate = null, open_count = reached_count")
        connection.execute("update metrics.journey_map set dropped_count = null")
        image = picture(drawn(connection, "metrics.journey_map")["chart"].value)
    assert next(image.iter(f"{SVG}text")).text == "No rate yet: nothing is over"
