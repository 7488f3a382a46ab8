"""Formats of reviews, surveys, e-mails and checkouts that other services export: what each fixture's rows become."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from format_shops import built, hashed, reasons, shop_reading, shop_with
from shops import load

from parcours.project import Project


def loaded(folder: Path, fixture: str, *counts: int) -> Project:
    """A shop in Paris that loaded a fixture; its rows read, loaded, duplicate and rejected are as given."""
    project = shop_with(folder, fixture)
    (found,) = load(project)
    assert found.status == "loaded", found.reason
    assert (found.rows_read, found.rows_loaded, found.rows_duplicate, found.rows_rejected) == counts
    return project


def answers(project: Project) -> list[tuple[object, ...]]:
    return built(
        project,
        "select answer_id, survey, strftime(answered_at, '%d %H:%M:%S'), score, scale_low, scale_high, satisfied_from, "
        "order_id, comment from raw.feedback order by 1",
    )


def test_trustpilot_reviews_are_answers_of_one_to_five_stars(tmp_path: Path) -> None:
    project = loaded(tmp_path, "trustpilot_reviews.csv", 6, 2, 1, 3)
    assert answers(project) == [
        ("r1", "Trustpilot", "02 09:30:00", 5, 1, 5, 4, "1001", "Good tea: Arrived whole, write me at [e-mail]"),
        ("r2", "Trustpilot", "03 10:00:00", 2, 1, 5, 4, None, "Slow: Two weeks"),
    ]
    assert built(project, "select email_hash from raw.feedback order by answer_id") == [
        (hashed(project, "ana@example.com"),),
        (None,),
    ]
    assert [line for line, _ in reasons(project)] == [4, 5, 6]
    assert reasons(project)[1][1] == "Review Created (UTC) is not a time: soon"


def test_google_reviews_are_nobodys_and_their_stars_are_words(tmp_path: Path) -> None:
    project = loaded(tmp_path, "google_reviews.json", 5, 3, 0, 2)
    assert answers(project) == [
        ("g1", "Google", "02 09:30:00", 5, 1, 5, 4, None, "Kind people"),
        ("g2", "Google", "03 08:00:00", 2, 1, 5, 4, None, None),
        ("g3", "Google", "04 08:00:00", 3, 1, 5, 4, None, "Closed"),
    ]
    assert built(project, "select count(*) from raw.feedback where coalesce(customer_id, email_hash) is not null") == [
        (0,)
    ]
    assert reasons(project)[0][1] == "starRating is not given"
    assert "SIX" in reasons(project)[1][1]


def test_a_questionpro_score_is_the_column_that_the_export_names(tmp_path: Path) -> None:
    columns = {"Score 1-5": "How easy was it to order?", "Comment": "What would you change?"}
    project = shop_with(tmp_path, "questionpro_responses.csv", columns=columns)
    (found,) = load(project)
    assert (found.rows_read, found.rows_loaded, found.rows_rejected) == (6, 3, 3), found.reason
    assert answers(project) == [
        ("501", "QuestionPro", "02 17:00:00", 5, 1, 5, 4, None, "Nothing"),
        ("502", "QuestionPro", "03 17:30:15", 2, 1, 5, 4, None, "The forms"),
        ("503", "QuestionPro", None, None, 1, 5, 4, None, None),
    ]
    assert built(project, "select strftime(asked_at, '%m-%d %H:%M') from raw.feedback where answer_id = '503'") == [
        ("01-15 17:00",)
    ], "in winter, Pacific time is eight hours behind"
    assert [line for line, _ in reasons(project)] == [5, 6, 7]


def test_a_hotjar_score_is_the_column_that_the_export_names(tmp_path: Path) -> None:
    columns = {"Score 0-10": "How likely are you to recommend us?", "Comment": "Why?"}
    project = shop_with(tmp_path, "hotjar_responses.csv", columns=columns)
    (found,) = load(project)
    assert (found.rows_read, found.rows_loaded, found.rows_rejected) == (4, 3, 1), found.reason
    assert answers(project) == [
        ("1", "Hotjar survey", "02 09:30:00", 9, 0, 10, 8, None, "Kind people"),
        ("2", "Hotjar survey", "02 10:30:00", 0, 0, 10, 8, None, None),
        ("3", "Hotjar survey", None, None, 0, 10, 8, None, None),
    ]
    assert reasons(project)[0][0] == 5


def test_without_a_score_column_every_response_says_what_to_declare(tmp_path: Path) -> None:
    project = shop_with(tmp_path, "questionpro_responses.csv")
    load(project)
    assert {reason for _, reason in reasons(project)} == {
        'no column is the score: say columns of this export in journey.yaml, as "Score 1-5": <the question>'
    }


def test_sendpulse_events_are_the_brands_and_open_no_session(tmp_path: Path) -> None:
    project = loaded(tmp_path, "sendpulse_events.json", 7, 4, 1, 2)
    ana, ben = hashed(project, "ana@example.com"), hashed(project, "ben@example.com")
    assert built(
        project,
        "select event_name, strftime(occurred_at, '%m-%d %H:%M'), email_hash, campaign_name, device, is_person_caused "
        "from raw.events order by occurred_at, event_name",
    ) == [
        ("email delivered", "07-01 10:00", ana, "77", None, False),
        ("email open", "07-01 11:00", ana, "77", "mobile", False),
        ("email redirect", "07-01 11:01", ana, "77", None, False),
        ("email spam", "07-01 11:03", ben, "77", None, False),
    ]
    assert [reason for _, reason in reasons(project)] == [
        "timestamp is not seconds since 1970: yesterday",
        "email is empty",
    ]


def test_a_sendpulse_contact_is_its_e_mail(tmp_path: Path) -> None:
    project = loaded(tmp_path, "sendpulse_contacts.json", 3, 2, 0, 1)
    ana, ben = hashed(project, "ana@example.com"), hashed(project, "ben@example.com")
    assert built(
        project, "select contact_id, email_hash, marketing_status from raw.contacts order by marketing_status"
    ) == [(ana, ana, "Active"), (ben, ben, "Unsubscribed")]


def test_a_checkout_of_graphql_is_that_of_the_csv(tmp_path: Path) -> None:
    project = loaded(tmp_path, "shopify_abandoned_checkouts.json", 4, 2, 0, 2)
    assert built(
        project,
        "select event_id, event_name, strftime(occurred_at, '%H:%M'), customer_id, email_hash, cast(value as double), "
        "currency, strftime(source_updated_at, '%H:%M') from raw.events order by 1",
    ) == [
        (
            "checkout 9001",
            "Checkout Abandoned",
            "09:30",
            "41",
            hashed(project, "ana@example.com"),
            42.5,
            "EUR",
            "09:31",
        ),
        ("checkout 9002", "Checkout Completed", "08:00", None, hashed(project, "ben@example.com"), 10, "EUR", "12:00"),
    ]
    assert built(
        project,
        "select event_id, product_id, product_name, quantity, cast(price as double) from staging.event_items "
        "order by product_id",
        ["staging.event_items"],
    ) == [("checkout 9001", "72", "Tea", 1, 6.5), ("checkout 9001", "CUP-1", "Cup", 3, 12.0)]
    assert [line for line, _ in reasons(project)] == [3, 4]
    assert "ten" in reasons(project)[1][1]


def test_items_that_a_bulk_query_writes_as_lines_are_their_checkouts(tmp_path: Path) -> None:
    """Most lines are items, and none of them is rejected but the one whose checkout is not in the file."""
    project = shop_reading(tmp_path, "shopify_abandoned_checkouts")
    money = {"shopMoney": {"amount": "30.0", "currencyCode": "EUR"}}
    lines: list[dict[str, object]] = []
    for number in range(1, 9):
        checkout = f"gid://shopify/AbandonedCheckout/{number}"
        customer = {"id": f"gid://shopify/Customer/{number}"}
        created = {"createdAt": "2026-07-01T10:00:00Z", "updatedAt": "2026-07-01T10:00:00Z", "customer": customer}
        lines.append({"id": checkout, **created, "totalPriceSet": money})
        price = {"shopMoney": {"amount": "15.0"}}
        for sku in ("tea", "pot"):
            lines.append(
                {"title": sku, "quantity": 1, "sku": sku, "originalUnitPriceSet": price, "__parentId": checkout}
            )
    lines.append({"title": "Cup", "quantity": 1, "__parentId": "gid://shopify/AbandonedCheckout/99"})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (project.exports_folder / "bulk.jsonl").write_text(text, encoding="utf-8")
    (found,) = load(project)
    assert (found.status, found.rows_loaded, found.rows_duplicate, found.rows_rejected) == ("loaded", 8, 16, 1)
    assert reasons(project) == [(25, "__parentId names no checkout of the file")]
    items = built(
        project,
        "select product_id, count(*), cast(sum(price) as double) from staging.event_items group by 1 order by 1",
        ["staging.event_items"],
    )
    assert items == [("pot", 8, 120.0), ("tea", 8, 120.0)]


@pytest.mark.parametrize(
    "fixture",
    [
        "trustpilot_reviews.csv",
        "google_reviews.json",
        "questionpro_responses.csv",
        "hotjar_responses.csv",
        "sendpulse_events.json",
        "sendpulse_contacts.json",
        "shopify_abandoned_checkouts.json",
    ],
)
def test_no_plain_address_name_or_link_is_kept(tmp_path: Path, fixture: str) -> None:
    project = shop_with(tmp_path, fixture, columns={"Score 1-5": "How easy was it to order?"})
    load(project)
    for table in ("events", "contacts", "feedback", "rejected_rows"):
        kept = f"from raw.{table} as t where regexp_matches(lower(cast(t as text)), '@example|ben example|secret')"
        assert built(project, kept) == [], table


def test_woocommerce_downloads_its_orders_without_persons_shipping_and_tax(tmp_path: Path) -> None:
    project = loaded(tmp_path, "woocommerce_analytics_orders.csv", 7, 4, 0, 3)
    assert built(
        project,
        "select order_id, row_key, strftime(ordered_at, '%d %H:%M'), status, cast(subtotal as double), "
        "cast(refund_amount as double), coalesce(customer_id, email_hash) from raw.order_rows order by 1, 2",
    ) == [
        ("1001", "order", "02 08:00", "completed", 150, None, None),
        ("1001", "refund 2026-07-05 09:00:00", None, None, None, -50, None),
        ("1002", "order", "03 09:30", "processing", 50, None, None),
        ("1003", "order", "06 07:00", "failed", 20, None, None),
    ]
    assert [(line, reason.partition(":")[0]) for line, reason in reasons(project)] == [
        (6, "Date is not a time"),
        (7, "Net Sales is not an amount"),
        (8, "Order # is empty"),
    ]


def test_woocommerce_labels_of_a_french_shop_are_said_in_journey_yaml(tmp_path: Path) -> None:
    columns = {"Order #": "Commande n°", "Status": "État", "Net Sales": "Ventes nettes"}
    project = shop_reading(tmp_path, "woocommerce_analytics_orders", columns=columns)
    (project.exports_folder / "orders.csv").write_text(
        'Date,"Commande n°",État,Client,Produit(s),"Ventes nettes",Attribution\n'
        '2026-07-02,"#1001",Terminée,Ana Example,"Thé vert x 1",150.00,Direct\n',
        encoding="utf-8",
    )
    (found,) = load(project)
    assert (found.rows_loaded, found.rows_rejected) == (1, 0), found.reason
    assert built(project, "select order_id, strftime(ordered_at, '%d %H:%M') from raw.order_rows") == [
        ("1001", "01 22:00")
    ]
