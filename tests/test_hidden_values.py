"""What texts of exports hide before they are stored: e-mails, numbers, links; and what is said of a headerless file."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from format_shops import hashed, reasons, shop_reading
from given import KEY, rows, settings
from shops import load, query

from parcours.loading.readers.masking import masked, masked_freely, path_only
from parcours.loading.settings_tables import write_settings
from parcours.warehouse.connection import make_pseudonym, prepare
from parcours.warehouse.personal_values import ID_MAY_BE_PERSONAL, MAY_BE_PERSONAL, hidden_id

ADDRESSES = (
    "ann@example.com",
    "ANN@EXAMPLE.COM",
    "zoé@example.fr",
    "zoe\u0301@example.fr",
    "hélène.é@exämple.fr",
    "ann@例え.jp",
    '"ann lee"@example.com',
    "ann (at) example.com",
    "ann[at]example.com",
    "ann @ example.com",
    "ann&co@example.com",
    "o'neil@example.com",
    "ann@localhost",
    "ann%40example.com",
    "ann＠example.com",
    "mailto:ann@example.com?cc=bob@example.com",
    "http://ann:secret@shop.example/",
    "https://shop.example/?email=ann@example.com#frag",
    "www.shop.example/?email=ann&token=ann",
    "HTTPS://SHOP.EXAMPLE/?T=ann",
    "/reset?email=ann",
    "https://shop.example/u/ann@example.com/",
)
PHONES = (
    "+33 6 12 34 56 78",
    "+33612345678",
    "+33.6.12.34.56.78",
    "+33-6-12-34-56-78",
    "+33/6/12/34/56/78",
    "+33 (0)6 12 34 56 78",
    "+33\u00a06\u00a012\u00a034\u00a056\u00a078",
    "+33\u202f6\u202f12\u202f34\u202f56\u202f78",
    "＋33 6 12 34 56 78",
    "tel:+33612345678",
    "0033 6 12 34 56 78",
    "0033612345678",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "06-12-34-56-78",
    "0612345678",
    "079 123 45 67",
    "0478/12.34.56",
    "030/901820",
    "0171-1234567",
    "+49 30 901820",
    "612 34 56 78",
    "(555) 123-4567",
    "555-123-4567",
    "+1 (555) 123-4567",
)
ACCOUNTS = (
    "FR76 3000 6000 0112 3456 7890 189",
    "GB29NWBK60161331926819",
    "DE89 3704 0044 0532 0130 00",
    "4111 1111 1111 1111",
    "4111111111111111",
    "3782 822463 10005",
    "192.168.1.20",
    "2001:db8::1",
)
HARMLESS = (
    "2026-07-01 10:00:00.123456",
    "ordered_at is not a timestamp: 01/02/2026 10:00",
    "01.02.2026 10:15",
    "2026-07-12 2026-07-13",
    "20260701T101500Z",
    "order 1234567890, then #1001",
    "SKU 978-3-16-148410-0, 4006381333931",
    "1234567.89 EUR at 0.99, 2 @ 3.50",
    "iPhone 12 128 GB, v1.2.3",
    "12 of 61 rows are rejected, over exports.refuse_above (0.5): a is missing (2, the first in line 8)",
)


def hide(texts: Sequence[str], expression: str) -> list[str]:
    """What becomes of each text."""
    with duckdb.connect() as connection:
        make_pseudonym(connection, KEY)
        select = f"select {expression} from (select unnest($texts) as v, unnest(range(len($texts))) as n) order by n"
        return [text for (text,) in connection.execute(select, {"texts": [*texts]}).fetchall()]


def test_addresses_numbers_and_links_are_hidden_in_a_text_in_each_way_they_are_written() -> None:
    for values, left in (
        (ADDRESSES, ("ann", "secret", "zo", "l\u00e8ne", "neil")),
        ((*PHONES, *ACCOUNTS), "0123456789"),
    ):
        texts = [f"call {value} now" for value in values]
        for text, hidden in zip(texts, hide(texts, masked("v")), strict=True):
            assert not [part for part in left if part in hidden.lower()], (text, hidden)
            assert hidden.startswith("call ") and hidden.endswith(" now"), (text, hidden)


def test_dates_amounts_orders_and_products_stay_in_a_text() -> None:
    assert hide(HARMLESS, masked("v")) == [*HARMLESS]


def test_of_what_somebody_wrote_every_long_number_is_hidden() -> None:
    assert hide(["my order 1234567 of 5551234567, 3 pieces"], masked_freely("v")) == [
        "my order [number] of [number], 3 pieces"
    ]


def test_an_id_is_a_pseudonym_where_it_is_an_address_or_a_number_of_somebody_and_stays_else() -> None:
    personal = [
        *ADDRESSES[:17],
        *(phone for phone in PHONES if phone[0] in "+＋(" or phone.startswith(("00", "tel:", "06"))),
    ]
    personal = [value for value in personal if value != "ann @ example.com"] + [*ACCOUNTS, "site 1/+33612345678"]
    for value, hidden in zip(personal, hide(personal, hidden_id("v", of_person=True)), strict=True):
        assert len(hidden) == 64, value
    kept = ["c-000881", "#1001", "0012345678", "12345678901", "4111111111111112", "123-4567890-1234567", "GA1.2.61.177"]
    kept += ["5f0c2c1e-0612-4567-8901-0e02b2c3d479", "9780306406157", "#1001; #1002"]
    assert hide(kept, hidden_id("v", of_person=True)) == kept
    assert hide(["0306406157"], hidden_id("v", of_person=False)) == ["0306406157"], "a book, as a product"
    assert hide(["Ann@Example.com"], hidden_id("v", of_person=True)) == hide(["x"], "pseudonym('ann@example.com')")


def test_what_is_hidden_is_found_by_the_cheap_look() -> None:
    texts = [*ADDRESSES, *PHONES, *ACCOUNTS]
    found = hide(texts, f"cast({masked_freely('v')} = v or regexp_matches(v, '{MAY_BE_PERSONAL}') as text)")
    assert [text for text, seen in zip(texts, found, strict=True) if seen != "true"] == []
    of_id = f"{hidden_id('v', of_person=True)} = v or regexp_matches(v, '{ID_MAY_BE_PERSONAL}')"
    found = hide(texts, f"cast({of_id} as text)")
    assert [text for text, seen in zip(texts, found, strict=True) if seen != "true"] == []


def test_a_path_is_a_path() -> None:
    paths = {
        "/reset?email=ann@example.com": "/reset",
        "/a;jsessionid=0A1B/b": "/a",
        "/a#token=1": "/a",
        "https://ann:secret@shop.example/a/b?c=d": "/a/b",
        "/what%3Femail=ann": "/what",
        "/a/b-c_d/12": "/a/b-c_d/12",
        "/tag/%23sale": "/tag/%23sale",
    }
    assert hide([*paths], path_only("v")) == [*paths.values()]


def call(number: int, **more: object) -> str:
    time = "2026-07-01T10:00:00Z"
    return json.dumps({"messageId": f"m{number}", "type": "track", "event": "Seen", "timestamp": time} | more) + "\n"


def test_a_page_keeps_its_path_alone_whichever_tool_saw_it(tmp_path: Path) -> None:
    seen = ["/reset?email=ann@example.com", "/u/ann@example.com/orders", "https://ann:secret@shop.example/basket#x"]
    project = shop_reading(tmp_path, "segment")
    lines = [call(n, anonymousId="a", context={"page": {"path": path}}) for n, path in enumerate(seen)]
    lines.append(
        call(9, anonymousId="a", context={"page": {"path": "/", "referrer": "https://ann:pw@mail.example/ann"}})
    )
    (project.exports_folder / "e.jsonl").write_text("".join(lines))
    load(project)
    assert query(project, "select url_path, referrer_host from raw.events order by line") == [
        ("/reset", None),
        ("/u/[e-mail]/orders", None),
        ("/basket", None),
        ("/", "mail.example"),
    ]


def test_a_customer_whose_id_is_an_address_is_the_one_of_that_address(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "segment")
    failed = {"error": "no SMS to +33612345678", "order_id": "ann@example.com"}
    (project.exports_folder / "e.jsonl").write_text(
        call(1, anonymousId="a", userId="Ann@example.com", event="Mail to ann@example.com")
        + call(2, anonymousId="b", userId="c-1", properties=failed)
    )
    load(project)
    ann = hashed(project, "ann@example.com")
    assert query(
        project, "select customer_id, email_hash, event_name, error, order_id from raw.events order by line"
    ) == [
        (ann, ann, "Mail to [e-mail]", None, None),
        ("c-1", None, "Seen", "no SMS to [phone]", ann),
    ]


HEADERLESS = {
    "hubspot_contacts": [
        "7001",
        "Ann",
        "Lee",
        "ann.lee@example.com",
        "+33 6 12 34 56 78",
        "Genève",
        "2025-02-16 10:04",
    ],
    "survey_answers": ["r1", "Ann Lee", "1-5", "2026-07-01T20:24:51+02:00", "4", "ann.lee@example.com"],
    "shopify_orders": ["#1001", "ann.lee@example.com", "Ann Lee", "Rue du Lac 1", "Genève", "0612345678"],
    "zendesk_tickets": ["Ann Lee", "ann.lee@example.com", "+33 6 12 34 56 78"],
}


@pytest.mark.parametrize("format_name", HEADERLESS)
def test_a_refusal_shows_no_value_of_a_file_without_a_header(tmp_path: Path, format_name: str) -> None:
    project = shop_reading(tmp_path, format_name)
    with (project.exports_folder / "list").open("w", newline="") as file:
        csv.writer(file).writerows([HEADERLESS[format_name]] * 30)
    [refused] = load(project)
    assert refused.status == "refused" and refused.reason
    for value in ("Ann", "Lee", "ann.lee", "example.com", "12 34", "0612345678", "Genève", "Rue"):
        assert value not in refused.reason, refused.reason


def test_a_refusal_shows_the_columns_that_a_format_knows(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "survey_answers")
    (project.exports_folder / "s.csv").write_text("Survey,Score,Ann Lee\nx,4,y\n")
    [refused] = load(project)
    assert refused.reason and "its columns: Survey, Score and 1 more" in refused.reason


def test_a_reason_hides_the_value_that_it_quotes(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "segment")
    wrong = ["ann@example.com", "+33 6 12 34 56 78", "31/12/2026 10:00"]
    (project.exports_folder / "e.jsonl").write_text(
        "".join(call(n, anonymousId="a", timestamp=t) for n, t in enumerate(wrong))
    )
    load(project)
    assert [reason.split(": ")[1] for _, reason in reasons(project)] == ["[e-mail]", "[phone]", "31/12/2026 10:00"]


def test_the_text_of_a_rejected_line_is_of_what_its_format_reads(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "segment")
    (project.exports_folder / "e.jsonl").write_text(
        call(1, traits={"nom": "Ann Lee"}, properties={"product_id": "p-1"})  # of nobody
        + '{"messageId": "m2", "firstName": "Ann \\"A\\" Lee\n'
        + "Ann,Lee,ann@example.com\n"
    )
    load(project)
    texts = [text for (text,) in query(project, "select text from raw.rejected_rows order by line")]
    assert '"product_id":"p-1"' in texts[0] and "null" not in texts[0] and "m2" in texts[1] and texts[2] == ""
    assert not [text for text in texts if "Ann" in text or "Lee" in text]


def test_keys_that_are_addresses_are_no_names_of_columns(tmp_path: Path) -> None:
    project = shop_reading(tmp_path, "segment")
    (project.exports_folder / "e.jsonl").write_text(
        call(1, anonymousId="a", properties={"ann@example.com": 1})
        + call(2, anonymousId="a", properties={"bob@x.example": 1})
    )
    load(project)
    names = query(project, "select name, row_count from raw.observed_names where contains(name, '[')")
    assert names == [("[e-mail]", 2)]


def test_staff_are_found_by_an_id_that_is_an_address() -> None:

    connection = duckdb.connect()
    prepare(connection, KEY)
    write_settings(connection, settings(screening={"staff_customer_ids": ["Ann@example.com", "c-1"]}))
    ann = rows(connection, "select pseudonym('ann@example.com')")[0][0]
    assert sorted(rows(connection, "from settings.staff")) == sorted([(f"customer:{ann}",), ("customer:c-1",)])
