"""Why a run stopped is said in the shop's language on its pages, whatever it was; names and quotations stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from night_shop import JOURNEY, night_shop
from report_shop import plain

from parcours.loading.accounting import IngestError
from parcours.nights.close import UNSAID, record_run
from parcours.nights.late import late_trouble
from parcours.nights.record import RunRecord
from parcours.nights.trouble_words import in_words
from parcours.numbers import Numbers
from parcours.project import load_project
from parcours.report.page import LAST_RUN, last_run_of
from parcours.tables.gate import NotPublished
from parcours.troubles import FAULT, KNOWN, Trouble, error_trouble, trouble_of
from parcours.warehouse.connection import UnusableKey, WarehouseBusy
from parcours.words import speaking
from pipelines.run_records import DIED, STOPPED

FRENCH = Numbers("fr", "EUR")


def said(trouble: Trouble) -> list[str]:
    with speaking("fr"):
        return [plain(line.strip()) for line in in_words(trouble, FRENCH).lines()]


@pytest.mark.parametrize("kind", list(KNOWN))
def test_every_title_and_advice_has_its_words(kind: str) -> None:
    title, to_do = KNOWN[kind]
    french = said(Trouble(kind, title, "orders.csv", to_do))
    assert french[0] != title and french[1] == "orders.csv"
    assert not to_do or french[2] != f"→ {to_do}"


@pytest.mark.parametrize(
    "trouble",
    [
        UNSAID,
        DIED,
        STOPPED,
        error_trouble("OSError", "No space left on device"),
        trouble_of(
            IngestError("/x: no such folder. Make it and put the exports there, or correct exports.folder in y.")
        ),
        trouble_of(
            IngestError(
                "/x: is empty; expected *.csv, a.json. "
                "Put the exports there, or correct exports.folder in /y.yaml and the paths of exports.files."
            )
        ),
        trouble_of(WarehouseBusy("/w is open in another process (PID 7). Wait for that run to end, then run again.")),
        trouble_of(
            UnusableKey(
                "PARCOURS_KEY, or else the file .parcours-key, is not 64 hexadecimal digits. Use the key with which "
                "the earlier files were loaded; a first one is made by `openssl rand -hex 32`."
            )
        ),
        trouble_of(NotPublished([f"metrics.t{n} is not built: materialize everything." for n in range(12)])),
    ],
    ids=lambda trouble: trouble.id.partition(" ")[0],
)
def test_what_happens_to_shops_is_said_whole(trouble: Trouble) -> None:
    before = [plain(line.strip()) for line in trouble.lines()]
    quoted = {"No space left on device"}
    assert not set(before) & set(said(trouble)) - quoted


def test_a_failed_check_says_its_rows_with_counts_as_the_language_writes_them() -> None:
    reason = (
        "1,300 of 4,000 rows are rejected, over exports.refuse_above (0.2): currency is unknown (1,200, the first in "
        "line 2); country is missing (100, the first in line 1,009). Correct the format in journey.yaml, or the file"
    )
    title = "Refused files: 1,204 (raw.loads, no_file_is_refused)"
    to_do = "Correct or replace the file. The next run tries it again."
    trouble = Trouble("x", title, f"a.csv: {reason}\norder_id 7\n… and 1,202 more", to_do)
    assert [line.replace("\u202f", " ") for line in said(trouble)] == [
        "Fichiers refusés : 1 204 (raw.loads, no_file_is_refused)",
        "a.csv: 1 300 lignes sur 4 000 sont rejetées, au-delà d’exports.refuse_above (0.2) : devise inconnue "
        "(1 200, la première à la ligne 2) ; country manque (100, la première à la ligne 1 009). Corrigez le format "
        "dans journey.yaml, ou le fichier",
        "order_id 7",
        "… et 1 202 de plus",
        "→ Corrigez ou remplacez le fichier. La prochaine exécution le réessaie.",
    ]


@pytest.mark.parametrize("text", ["{count}", "{0.__class__}", "%(x)s", "{", "}", "x: {table}"])
def test_braces_of_an_export_are_no_part_of_a_message(text: str) -> None:
    assert said(Trouble("x", text, f"{text}: {text}", text)) == [text, f"{text}: {text}", f"→ {text}"]
    assert said(error_trouble("IngestError", f"{text}: no such folder"))[1] == f"{text} : ce dossier n’existe pas."


def test_quotations_of_a_database_stay_as_they_are() -> None:
    error = duckdb.OutOfMemoryException("Out of Memory Error: failed to pin block of size 256.0 KiB")
    french = said(trouble_of(error))
    assert french[0] == "La mémoire a manqué" and french[1].startswith("Out of Memory Error: failed to pin block")
    assert said(error_trouble("KeyError", "'x'"))[2] == "→ " + said(Trouble("x", "y", "", FAULT))[1].removeprefix("→ ")


def test_the_head_of_a_french_page_says_it_in_french_and_the_record_in_english(tmp_path: Path) -> None:
    shop = night_shop(tmp_path)
    spoken = JOURNEY.replace("currency: EUR", "currency: EUR, language: fr")
    shop.journey_file.write_text(spoken, encoding="utf-8")
    shop = load_project(shop.journey_file, output=tmp_path)
    shop.report.parent.mkdir(parents=True)
    shop.report.write_text("".join(LAST_RUN), encoding="utf-8")
    now = datetime.now(UTC)
    record = record_run(shop, "night", now, troubles=[trouble_of(IngestError("/x: no such folder"))])
    head = plain(last_run_of(shop.report.read_text(encoding="utf-8")))
    assert "<strong>Les exports ne peuvent être chargés</strong><br>/x : ce dossier n’existe pas." in head
    assert "Corrigez le fichier cité" in head and "exports can't" not in head
    assert record.troubles[0].title == "The exports can't be loaded"


def test_a_late_night_is_said_with_days_of_every_language(tmp_path: Path) -> None:
    shop = night_shop(tmp_path)
    last = datetime(2026, 3, 9, 3, tzinfo=UTC)
    trouble = late_trouble(shop, [RunRecord("x", "night", last, last, "report")], last + timedelta(days=2, hours=2))
    assert trouble
    assert said(trouble)[:2] == [
        "L’exécution de la nuit n’a pas eu lieu",
        "Elle était attendue le 2026-03-11 02:00, à l’heure de la boutique ; "
        "la dernière exécution s’est terminée le 2026-03-09 04:00.",
    ]
