"""The dry run: what each file of a folder would be read as, and why, before anything is loaded."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from format_shops import shop_reading
from shops import first_days, load

from parcours.loading.formats import Guess, describe_guess, guess_folder, shop_of
from parcours.project import ROOT

FIXTURES = Path(__file__).parent / "fixtures"


def guesses(folder: Path) -> dict[str, Guess]:
    found = guess_folder(folder, shop_of(ROOT / "journey.yaml"))
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
        ("matomo_visits.json", "matomo_visits"),
        ("matomo_visits.xml", "matomo_visits"),
        ("snowplow_enriched.tsv", "snowplow_enriched"),
    ],
)
def test_each_fixture_is_recognised(tmp_path: Path, name: str, format_name: str) -> None:
    shutil.copy(FIXTURES / name, tmp_path / "export_1.bin")
    (tmp_path / "export_2.gz").write_bytes(gzip.compress((FIXTURES / name).read_bytes()))
    assert {name: guess.format for name, guess in guesses(tmp_path).items()} == {
        "export_1.bin": format_name,
        "export_2.gz": format_name,
    }


def test_a_document_is_recognised_by_its_records_wherever_their_list_is(tmp_path: Path) -> None:
    visits = json.loads((FIXTURES / "matomo_visits.json").read_text(encoding="utf-8"))
    (tmp_path / "a.json").write_text(json.dumps({"total": 2, "sites": [{"id": 1}], "visits": visits}))
    (tmp_path / "b.json").write_text(json.dumps(visits[0], indent=2))
    (tmp_path / "c.json").write_text('{"result": "error"}')
    (tmp_path / "d.json").write_text("[]")
    (tmp_path / "e.json").write_text('[{"uuid": 1, "event": "x", "distinct_id": "d", "properties": {}}]')
    (tmp_path / "f.xml").write_text('<!DOCTYPE x [<!ENTITY a "b">]><result>&a;</result>')
    (tmp_path / "g.xml").write_text("<result><row><idVisit>1</idVisit></row></result>")
    assert {name: (guess.look.kind, guess.format, guess.why) for name, guess in guesses(tmp_path).items()} == {
        "a.json": ("json", "matomo_visits", "has idVisit, actionDetails"),
        "b.json": ("json", "matomo_visits", "has idVisit, actionDetails"),
        "c.json": ("jsonl", None, "no format of ours: write a sources/<format>.sql (docs/own-exports.md)"),
        "d.json": ("json", None, "no format of ours: write a sources/<format>.sql (docs/own-exports.md)"),
        "e.json": ("json", "posthog_events", "has uuid, event, distinct_id, properties"),
        "f.xml": (
            "no table",
            None,
            "declares a document type or entities, which no export needs; export it again as plain XML",
        ),
        "g.xml": ("xml", None, "nearest is matomo_visits, but actionDetails is missing"),
    }


def test_tab_separated_lines_are_recognised_by_how_many_fields_they_have(tmp_path: Path) -> None:
    lines = (FIXTURES / "snowplow_enriched.tsv").read_bytes().splitlines(keepends=True)
    (tmp_path / "a.csv").write_bytes(b"".join(lines[:3]) + b"cut\toff\n")
    (tmp_path / "b.tsv").write_bytes(b"x\ty\n1\t2\n")
    found = guesses(tmp_path)
    assert (found["a.csv"].format, found["a.csv"].why) == ("snowplow_enriched", "has 131 tab-separated fields")
    assert describe_guess(found["a.csv"], tmp_path).startswith("a.csv: tsv, 131 fields → snowplow_enriched")
    assert found["b.tsv"].format is None and found["b.tsv"].why.startswith("no format of ours has as many columns")


def test_parquet_and_json_lines_of_one_format_are_both_recognised(tmp_path: Path) -> None:
    both = [source for source in shop_of(ROOT / "journey.yaml").sources if {"jsonl", "parquet"} <= set(source.reads)]
    assert "ga4_bigquery" in {source.format for source in both}
    for source in both:
        columns = ", ".join(f"'x' as \"{name}\"" for name in source.needs)
        duckdb.execute(f"copy (select {columns}) to '{tmp_path / source.format}.bin' (format parquet)")
    assert {name: (guess.look.kind, guess.format) for name, guess in guesses(tmp_path).items()} == {
        f"{source.format}.bin": ("parquet", source.format) for source in both
    }


def test_the_sample_is_recognised_as_journey_yaml_reads_it(tmp_path: Path) -> None:
    found = guesses(first_days(tmp_path, 6).exports_folder)
    assert {guess.format for name, guess in found.items() if name.startswith("events/")} == {"segment"}
    assert {guess.format for name, guess in found.items() if name.startswith("orders/")} == {"shopify_orders"}
    assert found["crm/contacts.csv"].format == "hubspot_contacts"
    assert found["crm/survey_answers.csv"].format == "survey_answers"


def test_what_is_no_export_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Name,Lineitem name,Lineitem price\n")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n")
    (tmp_path / "c.csv").write_text("")
    (tmp_path / "d.jsonl.gz").write_bytes(b"\x1f\x8bbroken")
    duckdb.execute(f"copy (select 1 as x) to '{tmp_path / 'e.parquet'}' (format parquet)")
    found = guesses(tmp_path)
    assert {name: guess.format for name, guess in found.items()} == dict.fromkeys(found)
    missing = "nearest is shopify_orders, but Created at, Lineitem quantity is missing"
    assert found["a.csv"].why == f"{missing}, or named otherwise (say so under columns:)"
    assert "write a sources/<format>.sql" in found["b.csv"].why and "write a sources" in found["e.parquet"].why
    assert found["c.csv"].why == "is empty; export it again"
    assert found["d.jsonl.gz"].why.startswith("is a damaged gzip file")


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


def test_labels_that_journey_yaml_maps_are_recognised(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    shutil.copy(FIXTURES / "hubspot_contacts_french.csv", tmp_path / "exports" / "contacts.csv")
    mapped = "hubspot_contacts, columns: {Record ID: ID de fiche, Email: E-mail, Create Date: Date de création}}"
    journey = tmp_path / "journey.yaml"
    text = (ROOT / "journey.yaml").read_text(encoding="utf-8").replace("hubspot_contacts}", mapped)
    journey.write_text(text, encoding="utf-8")
    (found,) = guess_folder(tmp_path / "exports", shop_of(journey))
    assert found.format == "hubspot_contacts"
    journey.write_text("shop: nothing", encoding="utf-8")
    assert shop_of(journey).exports == {}


@pytest.mark.fuzz
@pytest.mark.parametrize("is_rewritten", [False, True])
def test_what_is_said_of_a_file_is_what_a_run_does_with_it(tmp_path: Path, is_rewritten: bool) -> None:
    """Each fixture, as it is, and as spreadsheets, warehouses and broken downloads leave it."""
    for path in FIXTURES.glob("*.*"):
        content, name = path.read_bytes(), path.name
        (tmp_path / name).write_bytes(content)
        if not is_rewritten:
            continue
        (tmp_path / f"half.{name}.gz").write_bytes(gzip.compress(content)[:-20])
        if path.suffix == ".csv":
            text = content.decode("utf-8-sig")
            (tmp_path / f"wide.{name}").write_bytes(text.encode("utf-16"))
            (tmp_path / f"headless.{name}").write_text(text.split("\n", 1)[1])
            (tmp_path / f"open.{name}").write_text(text + '"')
        elif path.suffix == ".jsonl":
            lines = [line for line in content.decode().splitlines() if line.startswith("{") and line.endswith("}")]
            (tmp_path / f"list.{name}").write_text(f"[{','.join(lines[:3])}]")
            (tmp_path / f"page.{name}").write_text(f'{{"rows": [{",".join(lines[:3])}], "next_page": null}}')
            (tmp_path / f"pretty.{name}").write_text(json.dumps(json.loads(lines[0]), indent=2))
            (tmp_path / f"one.{name}").write_text(lines[0] + "\n")
        elif path.suffix == ".json":
            (tmp_path / f"cut.{name}").write_bytes(content[:-30])
    said: dict[str, list[Guess]] = {}
    for found in guesses(tmp_path).values():
        if found.format:
            said.setdefault(found.format, []).append(found)
        else:
            assert found.then == "left out"
    for format_name, files in said.items():
        project = shop_reading(tmp_path / f"shop of {format_name}", format_name)
        for found in files:
            shutil.copy(found.look.path, project.exports_folder)
        loads = {one.path: one for one in load(project)}
        for found in files:
            one = loads[found.look.path.name]
            rows = f"{one.rows_read:,} row{'' if one.rows_read == 1 else 's'}, {one.rows_rejected:,} rejected"
            then = f"refused: {one.reason}" if one.status == "refused" else rows
            if one.status != "refused" and one.dialect:
                then = f"{one.dialect}; {then}"
            assert found.then.split(": ")[0] == then.split(": ")[0], (found.look.path.name, one)
    assert "shopify_orders" in said and sum(map(len, said.values())) > (60 if is_rewritten else 20)
