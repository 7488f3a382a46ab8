"""The dry run: what each file of a folder would be read as, and why, before anything is loaded."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.formats import Guess, guess_folder, shop_sources
from pipelines.project import ROOT

FIXTURES = Path(__file__).parent / "fixtures"
SAMPLE = ROOT / "data" / "sample"


def guesses(folder: Path) -> dict[str, Guess]:
    found = guess_folder(folder, shop_sources(ROOT / "journey.yaml"))
    return {str(guess.look.path.relative_to(folder)): guess for guess in found}


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("ga4_bigquery.jsonl", "ga4_bigquery"),
        ("posthog_events.jsonl", "posthog_events"),
        ("zendesk_ratings.jsonl", "zendesk_ratings"),
        ("rees46_events.csv", "rees46_events"),
        ("hubspot_feedback.csv", "hubspot_feedback"),
        ("woocommerce_orders.csv", "woocommerce_orders"),
        ("shopify_orders_79_columns.csv", "shopify_orders"),
    ],
)
def test_each_fixture_is_recognised(tmp_path: Path, name: str, format_name: str) -> None:
    shutil.copy(FIXTURES / name, tmp_path / "export_1.bin")
    assert guesses(tmp_path)["export_1.bin"].format == format_name


def test_the_sample_is_recognised_as_journey_yaml_reads_it() -> None:
    found = guesses(SAMPLE)
    assert {guess.format for name, guess in found.items() if name.startswith("events/")} == {"segment"}
    assert {guess.format for name, guess in found.items() if name.startswith("orders/")} == {"shopify_orders"}
    assert found["crm/contacts.csv"].format == "hubspot_contacts"
    assert found["crm/survey_answers.csv"].format == "survey_answers"


def test_what_is_no_export_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Name,Lineitem name,Lineitem price\n")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n")
    (tmp_path / "c.csv").write_text("")
    (tmp_path / "d.jsonl.gz").write_bytes(b"\x1f\x8bbroken")
    duckdb.sql("select 1 as x").write_parquet(str(tmp_path / "e.parquet"))
    found = guesses(tmp_path)
    assert {name: guess.format for name, guess in found.items()} == dict.fromkeys(found)
    assert found["a.csv"].why == "nearest is shopify_orders, but Created at, Lineitem quantity is missing"
    assert "write a sources/<format>.sql" in found["b.csv"].why and "write a sources" in found["e.parquet"].why
    assert (found["c.csv"].why, found["d.jsonl.gz"].why) == ("empty: left out", "unreadable: left out")


def test_the_command_prints_a_line_per_file_and_loads_nothing(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "rees46_events.csv", tmp_path)
    found = subprocess.run(
        [sys.executable, "-m", "pipelines", "formats", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.startswith("rees46_events.csv: csv, 9 columns → rees46_events (has event_time")
    assert [path.name for path in tmp_path.iterdir()] == ["rees46_events.csv"]
