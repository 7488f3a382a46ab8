"""A table is built anew when what decides its rows is another, and not for a word in a comment."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from given import project, settings

from parcours.engine import fingerprint
from parcours.engine.fingerprint import ENGINE
from parcours.project import ROOT
from parcours.tables.catalogue import PYTHON_TABLES, all_tables

IDENTITY_MODULES = ["parcours.people.evidence", "parcours.people.identities", "parcours.people.history"]
OTHER_WORDS = '''"""Another docstring."""  # and a comment


'''


def versions() -> dict[str, str]:
    """The version of every table."""
    return {table.name: table.version for _, table in all_tables(project(settings()))}


def changed_by(monkeypatch: pytest.MonkeyPatch, module: str, change: Callable[[str], str]) -> set[str]:
    """The tables that have another version when a module's text is another."""
    before, read = versions(), fingerprint.source_of
    monkeypatch.setattr(fingerprint, "source_of", lambda name: change(read(name)) if name == module else read(name))
    after = versions()
    return {name for name, version in before.items() if after[name] != version}


@pytest.mark.parametrize("module", ENGINE)
def test_a_mended_engine_builds_every_table_anew(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    assert changed_by(monkeypatch, module, lambda text: text + "\nMENDED = True\n") == set(versions())


@pytest.mark.parametrize("module", [*ENGINE, *IDENTITY_MODULES, "parcours.tables.drop_off_ranking"])
def test_words_and_layout_build_nothing(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    def reworded(text: str) -> str:
        body = re.sub(r'^( +)"""(?=\w)', r'\1"""Otherwise said. ', text, flags=re.MULTILINE)
        body = body.replace("\n\n\n", "\n\n\n\n# Said otherwise.\n")
        return OTHER_WORDS + body.split('"""', 2)[2]

    assert changed_by(monkeypatch, module, reworded) == set()


@pytest.mark.parametrize(
    ("module", "tables"),
    [
        (
            "parcours.people.evidence",
            {
                "journeys.device_spells",
                "journeys.identities",
                "journeys.identity_evidence",
                "journeys.identity_history",
            },
        ),
        (
            "parcours.people.identities",
            {"journeys.device_spells", "journeys.identities", "journeys.identity_history"},
        ),
        ("parcours.people.device_spells", {"journeys.device_spells"}),
        ("parcours.people.history", {"journeys.identity_history"}),
        ("parcours.tables.drop_off_ranking", {"metrics.drop_off_ranking"}),
        ("parcours.tables.incidents", {"metrics.found_incidents", "metrics.incident_notices"}),
        ("parcours.inference.scan", {"metrics.found_incidents", "metrics.incident_notices"}),
        (
            "parcours.inference.movements",
            {"metrics.change_impact", "metrics.movements", "metrics.movement_segments"},
        ),
        ("parcours.tables.expectations", set()),
    ],
)
def test_other_code_of_a_table_builds_what_it_writes_anew(
    monkeypatch: pytest.MonkeyPatch, module: str, tables: set[str]
) -> None:
    assert changed_by(monkeypatch, module, lambda text: text + "\nOTHER = 1\n") == tables


def test_every_module_that_writes_a_table_is_found() -> None:
    assert {table.write.__module__ for table in PYTHON_TABLES} <= {
        *IDENTITY_MODULES,
        "parcours.tables.change_impact",
        "parcours.tables.drop_off_ranking",
        "parcours.tables.incidents",
        "parcours.tables.movements",
        "parcours.tables.retention_expected",
        "parcours.tables.satisfaction_drivers",
    }


def test_the_engine_names_no_table() -> None:
    names = {table.name for _, table in all_tables(project(settings()))}
    for path in (ROOT / "parcours" / "engine").glob("*.py"):
        code = fingerprint.what_decides(path.read_text(encoding="utf-8"))
        assert not [name for name in names if name in code], path.name
