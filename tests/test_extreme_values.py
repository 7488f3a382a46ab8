"""No value stops a run: each that can be written, in each field of each format, is loaded or rejected with its reason.

The files are made by `extreme_values.py`; of an own source's columns, here. A run that publishes has built every table,
and no check that is an error has failed.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import extreme_values
import pytest
import yaml
from browser import chromium
from canonical_shops import File, canonical_project
from extreme_values import NUMBERS, SOUND, SOUND_ROWS, TEXTS, TIMES
from format_shops import reasons, shop_reading
from opened_page import opened
from shops import load, query

from parcours.loading.accounting import Load
from parcours.loading.said import load_line
from parcours.project import ROOT, Project, load_project
from parcours.report.write import write_quality, write_report
from parcours.run import build_warehouse
from parcours.warehouse.canonical import KINDS, Kind

AT = "2026-07-01 10:00:00"
EVENTS = {
    "product added": ("cart", "add_to_cart"),
    "checkout started": ("checkout", "checkout"),
    "order confirmation": ("purchase", "purchase"),
}
NAMES = {
    "product added": ["Product Added", "add_to_cart", "cart", "product added"],
    "checkout started": ["Checkout Abandoned", "Checkout Completed"],
    "order confirmation": ["ecommerceOrder", "product view"],
}


def published(project: Project) -> list[Load]:
    """Load, build, check, publish, write both pages."""
    loads = build_warehouse(project)
    write_report(project.published, project.report)
    write_quality(project.published, project.quality_report)
    return loads


def canonical_rows(kind: Kind) -> tuple[dict[str, Any], ...]:
    """A sound row with all columns for each column and value, which stands there in its place."""
    texts = {"currency": "EUR", "email_hash": "0" * 64, "event_name": "add", "part": None, "delivery": None}
    texts |= {"state": "paid", "sales_channel": "web"}
    sound: dict[str, Any] = {"boolean": "true", "timestamp": AT, "date": AT[:10], "bigint": "1", "double": "1"}
    rows: list[dict[str, Any]] = []
    for column in kind.columns:
        for value in TEXTS if column.type == "text" else (*NUMBERS, *TIMES):
            row = {c.name: texts.get(c.name, f"{c.name} {len(rows)}") for c in kind.columns if c.type == "text"}
            row |= {c.name: [] if c.fields else sound.get(c.type, "5") for c in kind.columns if c.type != "text"}
            row |= {"scale_high": "5"} if kind.name == "feedback" else {}
            rows.append(row | {column.name: value})
    return tuple(rows)


@pytest.mark.fuzz
def test_any_value_in_any_column_of_an_own_source_is_loaded_or_rejected(tmp_path: Path) -> None:
    project = canonical_project(tmp_path)
    exports = project.settings.exports.model_copy(update={"refuse_above": 1.0})
    project = replace(project, settings=project.settings.model_copy(update={"exports": exports}))
    for kind in KINDS.values():
        File(kind.name, 1, canonical_rows(kind)).write(project.exports_folder)
    loads = {found.kind: found for found in published(project)}
    assert {found.status for found in loads.values()} == {"loaded"} and {*loads} == {*KINDS}
    for found in loads.values():
        assert found.rows_loaded > 100 and found.rows_rejected > 20, found
    assert query(project, "select count(*) from raw.events where not isfinite(quantity) or price > 1e12") == [(0,)]
    # What should be a hash is not quoted.
    hashes = "select count(*) > 100 from raw.rejected_rows where reason = 'email_hash is no pseudonym'"
    assert query(project, hashes) == [(True,)]


def test_a_cart_of_ten_billion_is_loaded_and_one_of_ten_trillion_rejected(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "matomo_visits")
    visits: list[Any] = [*itertools.islice(extreme_values.rows("matomo_visits"), 3)]
    for visit, revenue in zip(visits, ("10000000000", "1e13", "-inf"), strict=True):
        visit["actionDetails"][0] |= {"type": "ecommerceAbandonedCart", "revenue": revenue}
    (project.exports_folder / "v.json").write_text(json.dumps(visits), encoding="utf-8")
    (found,) = load(project)
    assert (found.rows_loaded, found.rows_rejected) == (1, 2)
    assert reasons(project) == [
        (2, "value is no amount up to 1,000,000,000,000: 10000000000000.0000"),
        (3, "revenue is not an amount: -inf"),
    ]


def dong(number: int, price: object) -> str:
    properties = {"product_id": "LAP-16", "price": price, "quantity": 1, "currency": "VND"}
    call = {"messageId": f"m{number}", "type": "track", "event": "Product Added", "anonymousId": f"a{number}"}
    return json.dumps(call | {"timestamp": "2026-07-01T03:00:00Z", "properties": properties}) + "\n"


def test_a_price_of_many_dong_is_no_mistake_and_one_beyond_the_shops_limit_rejects_its_row_alone(
    tmp_path: Path,
) -> None:
    text = dong(1, 129_990_000) + dong(2, 8_000) + dong(3, 999_999_999_999)
    project = shop_reading(tmp_path, "segment")
    (project.exports_folder / "e.jsonl").write_text(text, encoding="utf-8")
    (found,) = load(project)
    assert (found.rows_loaded, found.rows_rejected) == (3, 0)
    exports = project.settings.exports.model_copy(update={"largest_amount": 500_000_000, "largest_number": 100})
    (found,) = load(replace(project, settings=project.settings.model_copy(update={"exports": exports})))
    assert (found.status, found.rows_loaded, found.rows_rejected) == ("loaded", 2, 1)
    assert reasons(project) == [(3, "price is no amount up to 500,000,000: 999999999999.0000")]


def test_a_file_each_of_whose_rows_is_rejected_is_not_loaded_and_the_others_are(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "segment", path="*.jsonl")
    (project.exports_folder / "good.jsonl").write_text(dong(1, 5) + dong(2, "five"), encoding="utf-8")
    (project.exports_folder / "bad.jsonl").write_text(dong(3, "a lot") + dong(4, "more"), encoding="utf-8")
    bad, good = load(project)
    assert (bad.status, bad.rows_read, bad.rows_rejected) == ("rejected", 2, 2)
    why = "each of its rows is rejected: properties.price is not an amount (2, the first in line 1)"
    assert bad.reason == why and load_line(bad).endswith(f"0 loaded, 0 duplicate, 2 rejected; {why}")
    assert (good.status, good.rows_loaded, good.reason) == ("loaded", 1, None)
    assert load(project) == []  # nor is it tried each night
    assert len(reasons(project)) == 3


@pytest.mark.parametrize("name", sorted(SOUND))
def test_the_sound_row_of_a_format_has_every_field_that_it_reads(name: str) -> None:
    assert extreme_values.unread(name) == set()


def test_every_format_has_a_sound_row() -> None:
    assert {*SOUND} == {path.stem for path in (ROOT / "sql" / "sources").glob("*.sql")}


def every_format(folder: Path) -> Project:
    """A shop with an export of each format."""
    (folder / "exports").mkdir()
    (folder / ".parcours-key").write_text("1" * 64, encoding="utf-8")
    rules = [
        {"touchpoint": name, "event": NAMES[name], "stage": stage, "action": action}
        for name, (stage, action) in EVENTS.items()
    ]
    rules += [
        {"touchpoint": "order placed", "source": "orders", "event": "order placed", "stage": "purchase"},
        {"touchpoint": "survey", "source": "feedback", "stage": "support"},
        {"touchpoint": "ticket", "source": "tickets", "event": "ticket opened", "stage": "support"},
        {"touchpoint": "deal", "source": "deals", "event": ["deal won", "deal lost"], "stage": "purchase"},
    ]
    stages = ("discovery", "cart", "checkout", "purchase", "support")
    exports = [{"name": name, "path": f"{name}.*", "format": name} for name in SOUND]
    journey = {
        "shop": {"name": "Ends", "time_zone": "Asia/Ho_Chi_Minh", "currency": "EUR", "language": "en"},
        "exports": {"folder": "exports", "refuse_above": 1.0, "files": exports},
        "stages": [{"id": stage, "label": stage.title(), "required": stage != "support"} for stage in stages],
        "touchpoints": rules,
        "funnels": [{"id": "buy", "name": "Buy", "steps": [{"touchpoint": name} for name in EVENTS]}],
        "changes": [{"id": "c", "label": "Change", "date": "2026-07-10", "stage": "cart"}],
    }
    (folder / "journey.yaml").write_text(yaml.safe_dump(journey), encoding="utf-8")
    for name in SOUND:
        ending, content = extreme_values.content(name)
        (folder / "exports" / f"{name}.{ending}").write_bytes(content)
    return load_project(folder / "journey.yaml", folder / "exports", folder)


@pytest.mark.fuzz
def test_any_value_in_any_field_of_any_format_is_loaded_or_rejected_and_the_pages_open(tmp_path: Path) -> None:
    project = every_format(tmp_path)
    for found in published(project):
        assert found.status == "loaded" and found.rows_loaded > SOUND_ROWS, found
        assert found.rows_read == found.rows_loaded + found.rows_duplicate + found.rows_rejected, found
    with chromium() as browser:
        for page in (project.report, project.quality_report):
            with opened(browser, page, 390) as it:
                assert it.complaints == []
                assert it.page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.fuzz
@pytest.mark.parametrize("name", sorted(SOUND))
def test_a_shop_of_one_format_has_its_pages_whatever_its_fields_hold(tmp_path: Path, name: str) -> None:
    project = shop_reading(tmp_path, name, refuse_above=1.0)
    ending, content = extreme_values.content(name)
    (project.exports_folder / f"x.{ending}").write_bytes(content)
    (found,) = published(project)
    assert found.status == "loaded" and found.rows_loaded > SOUND_ROWS, found
