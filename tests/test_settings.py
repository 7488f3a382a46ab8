"""journey.yaml: one message with every problem in it; settings as tables; the JSON Schema."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from given import rows, settings, warehouse

from parcours.loading.settings_tables import SETTINGS_TABLES, write_settings
from parcours.project import ROOT, load_project
from parcours.reference import reference_pages
from parcours.settings.file import SettingsError, load_settings

GOOD = (ROOT / "journey.yaml").read_text(encoding="utf-8")
FORMATS = ["segment", "shopify_orders", "hubspot_contacts", "survey_answers"]


def problems(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    """The lines of the error that journey.yaml gives after these replacements."""
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file = tmp_path / "journey.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refusal:
        load_settings(file, FORMATS)
    return str(refusal.value).splitlines()


@pytest.mark.parametrize("path", [ROOT / "journey.yaml", *sorted((ROOT / "examples").glob("*/journey.yaml"))], ids=str)
def test_the_files_of_the_repository_are_right(path: Path) -> None:
    assert load_project(path).settings.stages


def test_every_problem_is_in_one_message_with_line_key_found_expected_and_nearest_name(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        ("currency: EUR", "currency: euro"),
        ("language: en", "langauge: en"),
        ("time_zone: Europe/Paris", "time_zone: Europe/Pariss"),
        ("format: shopify_orders", "format: shopify_order"),
        ("stage: cart, action: add_to_cart", "stage: crat, action: add_to_crat"),
        ("touchpoint: checkout started}", "touchpoint: checkout startd}"),
        ("window_days: 7", "window_days: 0"),
        ("date: 2026-08-15", "date: soon"),
        (
            "date: 2026-07-23",
            "date: 2026-07-23, until: 2026-07-01, moves: conversoin, segment: {devise: mobile, persona: fr}",
        ),
        ("moves: 'step_conversion:purchase:3'", "moves: [retention, step_conversion:purchase:9]"),
        ("targets:", "calendar:\n  - {name: Sales}\ntargets:"),
        ("  name: Made-up shop\n", ""),
    )
    assert found[0].endswith("16 problems. Nothing was run.")
    text = "\n".join(found[1:])
    for part in (
        "shop.name: missing; expected text: Shown in the report's title.",
        "line 5: shop.time_zone: found 'Europe/Pariss', expected an IANA time zone, as Europe/Paris. "
        "Did you mean Europe/Paris?",
        "line 6: shop.currency: found 'euro', expected text that matches ^[A-Z]{3}$.",
        "line 7: shop.langauge: unknown key. Did you mean language?",
        "exports.files[1].format: found 'shopify_order', which is no format here. Did you mean shopify_orders?",
        "touchpoints[1].stage: found 'crat', which is no stage here. Did you mean cart?",
        "touchpoints[1].action: found 'add_to_crat', expected one of view, search",
        "funnels[0].window_days: found 0; the value should be greater than 0.",
        "funnels[0].steps[2].touchpoint: found 'checkout startd', which is no touchpoint here. "
        "Did you mean checkout started?",
        "changes[0].until: found 2026-07-01, expected 2026-07-23 or later: it can't end before it begins.",
        "changes[0].moves: found 'conversoin', which is no figure here. Did you mean conversion?",
        "changes[0].segment.devise: found 'devise', which is no attribute here. Did you mean device?",
        "changes[0].segment.persona: found 'fr', which is no persona here.",
        "changes[1].date: found 'soon', expected a date, as 2026-07-14.",
        "changes[2].moves: found 'step_conversion:purchase:9', which is no figure here. Did you mean "
        "step_conversion:purchase:",
        "calendar[0]: has no day; expected days or spans.",
    ):
        assert part in text, text


@pytest.mark.parametrize(
    ("nights", "message"),
    [
        ("hour: 24", "nights.hour: found 24; the value should be less than or equal to 23."),
        ("email: {to: [], from: a@b.c}", "nights.email.to: found []; value should have at least 1 item"),
        ("email: {to: ana, from: a@b.c}", "nights.email.to[0]: found 'ana', expected text that matches"),
        ("email: {to: a@b.c}", "nights.email.from: missing; expected text: The sender's address."),
        ("email: {to: a@b.c, from: a@b.c, security: ssl}", "expected one of starttls, tls, none."),
        ("email: {to: a@b.c, from: a@b.c, password: x}", "nights.email.password: unknown key. Did you mean"),
        (
            "email: {to: a@b.c, from: a@b.c, user: a}",
            "nights.email: has a user and no password_variable; expected the name of the environment variable",
        ),
        (
            "webhook: {url_variable: 'https://chat.example/secret'}",
            "expected the name of an environment variable, as PARCOURS_SMTP_PASSWORD, not the secret.",
        ),
        ("owners: [ana]", "nights.owners[0]: found 'ana', expected text that matches"),
        ("digests: [alarms]", "nights.digests[0]: found 'alarms', expected one of report, nothing new, alarm. Did you"),
    ],
)
def test_what_is_wrong_with_the_nights_is_said_like_all_else(tmp_path: Path, nights: str, message: str) -> None:
    assert message in "\n".join(problems(tmp_path, ("shop:", f"nights: {{{nights}}}\nshop:")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("{id: cart, label", "{id: discovery, label"), "found 'discovery' a second time, expected a new id."),
        (("{label: Cart, touchpoint: product added}", "{label: Cart}"), "matches nothing; expected touchpoint, stage"),
        (
            ("satisfaction: 0.80", "satisfaction: 80"),
            "targets.satisfaction: found 80, expected a share between 0 and 1",
        ),
        (("conversion: 0.05", "conversoin: 0.05"), "targets.conversoin: "),
        (("event: Help Page Viewed, stage", "stage"), "has no condition; expected event, url or source."),
        (
            ("timeout_minutes: 30", "timeout_minutes: 50000"),
            "sessions.timeout_minutes: found 50000; expected at most measures.inactivity_days",
        ),
        (
            ("{stage: checkout, max_hours", "{stage: chekout, max_hours"),
            "path.stages[0].stage: found 'chekout', which is no stage here. Did you mean checkout?",
        ),
        (
            ("personas:\n", "surveys:\n  - {survey: Order satisfaction, kind: nps, best: lowest}\n\npersonas:\n"),
            "surveys[0].best: found lowest; expected highest: who recommends a shop scores 9 or 10.",
        ),
        (
            ("personas:\n", "surveys:\n  - {survey: [NPS, NPS], kind: nps}\n\npersonas:\n"),
            "surveys[0].survey: found 'NPS' a second time, expected a new survey.",
        ),
        (
            ("persona: neighbours", "persona: neighbour"),
            "words[2].persona: found 'neighbour', which is no persona here.",
        ),
        (("signal: back_step", "signal: stepping_back"), "words[6].signal: found 'stepping_back', expected"),
        (("change: shipping-fee", "change: fee"), "opportunities[1].change: found 'fee', which is no change here."),
        (("id: better-search", "id: pay-as-guest"), "opportunities[2].id: found 'pay-as-guest' a second time"),
        (("max_hours: 24", "max_hours: 0"), "path.stages[0].max_hours: found 0; the value should be greater than 0."),
        (("max_hours: 24", "rule: require"), "path.stages[0].rule: found 'require', expected one of required, opt"),
        (("max_hours: 24", "max_days: 1, max_hours: 24"), "path.stages[0]: has both max_hours and max_days"),
        (("max_hours: 24", "rule: forbidden, max_hours: 24"), "path.stages[0]: is forbidden and has a maximum"),
        (("{stage: checkout, max_hours: 24}", "{stage: checkout}"), "path.stages[0]: says nothing; expected rule"),
        (
            (
                "    - {stage: checkout, max_hours",
                "    - {stage: checkout, rule: optional}\n    - {stage: checkout, max_hours",
            ),
            "path.stages[1].stage: found 'checkout' a second time",
        ),
        (
            ("to: order shipped, max_days", "to: order shiped, max_days"),
            "path.limits[0].to: found 'order shiped', which is no stage or touchpoint here. Did you mean order sh",
        ),
        (("order shipped, max_days: 3}", "order shipped}"), "path.limits[0]: expected one of max_hours and max_days."),
        (("{from: order placed,", "{from: order shipped,"), "goes from 'order shipped' to itself; expected two pla"),
        (("late delivery]]", "late arrival]]"), "path.order[3]: found 'late arrival', which is no touchpoint here."),
        (("late delivery]]", "order placed]]"), "path.order[3]: found 'order placed' a second time, expected each"),
    ],
)
def test_what_the_schema_alone_cannot_see(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert message in "\n".join(problems(tmp_path, change))


def test_a_name_that_is_both_a_stage_and_a_touchpoint_is_refused_where_either_may_be_meant(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        ("touchpoint: order placed, source", "touchpoint: purchase, source"),
        ("touchpoint: [order confirmation, order placed]", "touchpoint: order confirmation"),
        ("{from: order placed,", "{from: purchase,"),
        ("order: [order placed,", "order: [purchase,"),
    )
    assert found[0].endswith("1 problem. Nothing was run.")
    assert "path.limits[0].from: found 'purchase', which is both a stage and a touchpoint; rename" in found[1]


def test_the_intended_path_as_tables_with_the_stages_that_it_does_not_name() -> None:
    path = {
        "stages": [{"stage": "cart", "max_days": 2}, {"stage": "support", "rule": "forbidden"}],
        "limits": [{"from": "cart", "to": "order placed", "max_hours": 1.5}],
        "order": ["add", ["purchased", "order placed"]],
    }
    connection = warehouse(shop=settings(path=path), build=["metrics.cut_off"])
    assert rows(connection, "select stage, rule, maximum_seconds from settings.path_stages") == [
        ("discovery", "required", None),
        ("consideration", "required", None),
        ("cart", "required", 2 * 86_400),
        ("checkout", "required", None),
        ("purchase", "required", None),
        ("support", "forbidden", None),
    ]
    assert rows(connection, "from settings.path_limits") == [(1, "stage", "cart", "touchpoint", "order placed", 5_400)]
    assert rows(connection, "select place_number, touchpoint from settings.path_order") == [
        (1, "add"),
        (2, "purchased"),
        (2, "order placed"),
    ]


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "journey.yaml").write_text("shop:\n  name: 'unclosed\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"journey.yaml, line \d: not valid YAML.*indentation and quotes"):
        load_settings(tmp_path / "journey.yaml")


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no such file\. Copy journey\.yaml from the repository"):
        load_settings(tmp_path / "journey.yaml")


def test_a_folder_and_what_is_no_text_are_named_for_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"is a folder\. Name the journey\.yaml in it"):
        load_settings(tmp_path)
    (tmp_path / "journey.yaml").write_bytes("shop:\n  name: Café\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"journey\.yaml, line 2: found the byte 0xe9.*Save the file as UTF-8"):
        load_settings(tmp_path / "journey.yaml")
    (tmp_path / "journey.yaml").write_bytes(b"\x00\x01\x02")
    with pytest.raises(SettingsError, match=r"line 1: found the character '.x00', which no text has"):
        load_settings(tmp_path / "journey.yaml")


def test_a_key_that_stands_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        ("  currency: EUR\n", "  currency: EUR\n  currency: USD\n"),
        ("touchpoint: product page}", "touchpoint: product page, label: Seen}"),
    )
    assert found[1:] == [
        "  line 8: shop.currency: stands in line 7 already; keep one of them.",
        "  line 69: funnels[0].steps[0].label: stands in line 69 already; keep one of them.",
    ]


ALIASES = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 12))]
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("2026-07-23", "2026-02-30", "changes[0].date: found '2026-02-30', expected a date, as 2026-07-14."),
        (
            "2026-07-23",
            "0001-01-01",
            "changes[0].date: found 0001-01-01; the value should be greater than or equal to 1990",
        ),
        ("2026-07-23", "2026-07-23T25:00:00", "changes[0].date: found '2026-07-23T25:00:00', expected a date"),
        ("timeout_minutes: 30", f"timeout_minutes: {'9' * 5000}", "expected a number of at most 1,000,000,000."),
        ("timeout_minutes: 30", "timeout_minutes: 1e300", "found 1e+300, expected a number of at most 1,000,000,000."),
        ("timeout_minutes: 30", "timeout_minutes: .inf", "sessions.timeout_minutes: found '.inf'; the value should be"),
        ("timeout_minutes: 30", "timeout_minutes: 1:30", "sessions.timeout_minutes: found '1:30'; the value should be"),
        ("targets:", f"x: {'[' * 5000}{']' * 5000}\ntargets:", "sections within sections, deeper than any setting"),
        ("targets:", f"x: {'{a: ' * 900}1{'}' * 900}\ntargets:", "sections within sections, deeper than any setting"),
        ("targets:", f"{ALIASES}\ntargets:", "its aliases (*name) repeat too much; write out what they stand for"),
        ("targets:", "targets: &all\n  x: *all", "its aliases (*name) repeat too much"),
        ("name: Made-up", "name: Made\0up", "line 5: found the character '\\x00', which no text has. Delete it."),
        ("name: Made-up shop", f"name: {'x' * 2_000_000}", "bytes, more than any journey.yaml. Name the right file."),
        ("events/*.jsonl.gz", "../*", "files[0].path: found '../*', expected a path under the exports folder"),
        ("events/*.jsonl.gz", "events/../../*", "found 'events/../../*', expected a path under the exports folder"),
        ("events/*.jsonl.gz", "/etc/*", "found '/etc/*', expected a path under the exports folder"),
        ("events/*.jsonl.gz", "", "found '', expected a path under the exports folder"),
        ("events/*.jsonl.gz", "events/**.gz", "expected ** to stand alone between slashes, as events/**/*.csv."),
        (
            "required: false",
            "required: maybe",
            "stages[6].required: found 'maybe'; the value should be a valid boolean",
        ),
    ],
)
def test_odd_values_end_in_one_message(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert expected in "\n".join(problems(tmp_path, (old, new)))


def test_text_in_utf_16_is_named_and_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "journey.yaml"
    file.write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(SettingsError, match=r"is text in UTF-16\. Save the file as UTF-8"):
        load_settings(file, FORMATS)
    file.write_bytes(GOOD.encode("utf-8-sig"))
    assert load_settings(file, FORMATS).shop.name == "Made-up shop"


def test_names_that_older_yaml_takes_for_truth_values_or_numbers_stay_names(tmp_path: Path) -> None:
    file = tmp_path / "journey.yaml"
    text = GOOD.replace("is: [France]", "is: [NO]").replace("required: false", "required: no")
    file.write_text(f"{text}\nscreening:\n  staff_customer_ids: [007, 1_000, 12:30]\n", encoding="utf-8")
    found = load_settings(file, FORMATS)
    assert found.personas[0].where[0].is_ == ["NO"]
    assert [stage.id for stage in found.stages if not stage.required] == ["evaluation", "support", "loyalty"]
    assert found.screening.staff_customer_ids == ["007", "1_000", "12:30"]


def test_settings_become_tables_with_their_values_as_data() -> None:
    hostile = "'); drop table settings.stages; --"
    shop = settings(changes=[{"id": "c", "label": hostile, "date": "2026-01-05", "segment": {"device": "mobile"}}])
    connection = duckdb.connect()
    connection.execute("create schema settings")
    counts = write_settings(connection, shop)
    assert set(counts) == {table.name for table in SETTINGS_TABLES}
    assert rows(connection, "select change_label from settings.changes") == [(hostile,)]
    assert rows(connection, "from settings.change_segments") == [("c", "device", "mobile")]
    assert rows(connection, "select stage, stage_position, is_required from settings.stages")[-1] == (
        "support",
        6,
        False,
    )


def test_the_committed_reference_pages_are_the_current_ones() -> None:
    """`make reference` writes them; editors complete journey.yaml with the JSON Schema."""
    for name, text in reference_pages().items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, f"{name}: run make reference"
