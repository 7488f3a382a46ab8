"""Shopify's rows: values that can't be read reject their row, and an order is loaded whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from format_shops import built, reasons, shop_reading
from shops import load

from parcours.project import Project

PLACED = "2026-07-02 10:00:00 +0200"
SOUND = {
    "Name": "#1",
    "Financial Status": "paid",
    "Paid at": PLACED,
    "Fulfilled at": PLACED,
    "Currency": "EUR",
    "Subtotal": "30.00",
    "Shipping": "4.90",
    "Taxes": "5.82",
    "Duties": "1.00",
    "Total": "35.90",
    "Discount Amount": "2.00",
    "Created at": PLACED,
    "Lineitem quantity": "2",
    "Lineitem name": "Cup",
    "Lineitem price": "16.00",
    "Cancelled at": "2026-07-03 10:00:00 +0200",
    "Refunded Amount": "35.90",
    "Note Attributes": f"delivered_at: {PLACED}; promised_on: 2026-07-05; refunded_at: {PLACED}; returned_at: {PLACED}",
}
LINE = {"Name": "#1", "Created at": PLACED, "Lineitem quantity": "1", "Lineitem name": "Pen", "Lineitem price": "1.00"}
LINES = "select order_id, row_key, product_name from raw.order_rows order by line"


def loaded(folder: Path, *lines: dict[str, str]) -> Project:
    header = list(SOUND)
    text = "\n".join([",".join(header), *(",".join(f'"{line.get(name, "")}"' for name in header) for line in lines)])
    project = shop_reading(folder, "shopify_orders", refuse_above=1)
    (project.exports_folder / "o.csv").write_text(text + "\n", encoding="utf-8")
    load(project)
    return project


def test_text_in_any_typed_cell_rejects_the_row_and_names_the_column(tmp_path: Path) -> None:
    typed = [name for name in SOUND if name.endswith(" at") or name in ("Subtotal", "Shipping", "Taxes", "Duties")]
    typed += ["Total", "Discount Amount", "Lineitem quantity", "Lineitem price", "Refunded Amount"]
    broken = [SOUND | {"Name": f"#{n}", name: "soon"} for n, name in enumerate(typed)]
    days = [SOUND | {"Name": f"#{n}", name: "2026-07-02"} for n, name in enumerate(("Paid at", "Cancelled at"), 50)]
    unclear = [SOUND | {"Name": "#60", "Total": "1,350"}, SOUND | {"Name": "#61", "Cancelled at": "7/3/2026 9:00"}]
    noted = SOUND | {"Name": "#70", "Note Attributes": "delivered_at: 2026-13-02 10:00:00 +0200"}
    project = loaded(tmp_path, *broken, *days, *unclear, noted, SOUND | {"Name": "#99"})
    found = [reason for _, reason in reasons(project)]
    assert [reason.partition(" is ")[0] for reason in found[: len(typed)]] == typed
    assert all(reason.endswith(": soon") for reason in found[: len(typed)])
    assert found[len(typed) :] == [
        "Paid at is a day without a time: 2026-07-02",
        "Cancelled at is a day without a time: 2026-07-02",
        "Cancelled at has no known order of day and month (say `dates` of its export in journey.yaml): 7/3/2026 9:00",
        "delivered_at of Note Attributes is not a time: 2026-13-02 10:00:00 +0200",
    ]
    # The file's other amounts say which mark is the decimal one.
    assert built(project, LINES) == [("#60", "line 1", "Cup"), ("#99", "line 1", "Cup")]


@pytest.mark.parametrize(("total", "refunded", "net"), [("1,350.00", "1,350.00", 0.0), ("1350", "1,000.00", 350.0)])
def test_amounts_with_thousands_apart_are_read(tmp_path: Path, total: str, refunded: str, net: float) -> None:
    amounts = {"Subtotal": total, "Total": total, "Shipping": "0.00", "Taxes": "0.00", "Duties": "", "Cancelled at": ""}
    project = loaded(tmp_path, SOUND | amounts | {"Refunded Amount": refunded, "Lineitem price": "675.00"})
    assert reasons(project) == []
    found = built(project, "select cast(net_revenue as double) from staging.orders", ["staging.orders"])
    assert found == [(net,)]


def test_a_row_without_a_name_is_a_line_of_the_order_above_it(tmp_path: Path) -> None:
    bare = {name: value for name, value in LINE.items() if name.startswith("Lineitem")}
    second = SOUND | {"Name": "#2"}
    project = loaded(tmp_path, SOUND, bare, bare, second, {"Created at": PLACED} | bare, bare)
    assert reasons(project) == [(6, "Name is empty")]  # it tells a time, so it is an order's first row
    assert built(project, LINES) == [
        ("#1", "line 1", "Cup"),
        ("#1", "line 2", "Pen"),
        ("#1", "line 3", "Pen"),
        ("#2", "line 1", "Cup"),
        ("#2", "line 2", "Pen"),
    ]


def test_lines_below_a_row_that_could_not_be_read_are_not_of_the_order_before_it(tmp_path: Path) -> None:
    bare = {name: value for name, value in LINE.items() if name.startswith("Lineitem")}
    project = loaded(tmp_path, SOUND)
    path = project.exports_folder / "o.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    below = ",".join(f'"{bare.get(name, "")}"' for name in SOUND)
    path.write_text("\n".join([*lines, "#2,too few", below]) + "\n", encoding="utf-8")
    load(project)
    assert built(project, LINES) == [("#1", "line 1", "Cup")]
    assert reasons(project)[-1] == (4, "Name is empty, and the row above it could not be read")


def test_an_order_whose_first_row_is_rejected_or_elsewhere_is_not_loaded_in_part(tmp_path: Path) -> None:
    broken = SOUND | {"Total": "soon"}
    project = loaded(tmp_path, broken, LINE, SOUND | {"Name": "#2"}, LINE | {"Name": "#3"})
    assert reasons(project) == [
        (2, "Total is not an amount: soon"),
        (3, "the first row of its order is rejected: Total is not an amount: soon"),
        (5, "the first row of its order, with status and amounts, is not above it"),
    ]
    assert built(project, LINES) == [("#2", "line 1", "Cup")]


def test_an_order_that_a_file_has_twice_has_its_lines_once(tmp_path: Path) -> None:
    project = loaded(tmp_path, SOUND, LINE, SOUND | {"Name": "#2"}, SOUND, LINE, LINE)
    [counts] = built(project, "select rows_read, rows_loaded, rows_duplicate, rows_rejected from raw.loads")
    assert counts == (6, 4, 2, 0)
    assert [row for row in built(project, LINES) if row[0] == "#1"] == [
        ("#1", "line 1", "Cup"),
        ("#1", "line 2", "Pen"),
        ("#1", "line 3", "Pen"),
    ]


def test_a_tip_is_no_product_and_tax_is_told_by_the_sum(tmp_path: Path) -> None:
    untouched = {"Cancelled at": "", "Refunded Amount": "0.00", "Note Attributes": "", "Duties": ""}
    tip = {
        "Name": "#1",
        "Created at": PLACED,
        "Lineitem quantity": "1",
        "Lineitem name": "Tip",
        "Lineitem price": "3.00",
    }
    within = SOUND | untouched | {"Total": "37.90"}
    on_top = SOUND | untouched | {"Name": "#2", "Total": "40.72"}
    header = [*SOUND, "Lineitem requires shipping"]
    project = shop_reading(tmp_path, "shopify_orders")
    rows = [within, tip | {"Lineitem requires shipping": "false"}, on_top]
    text = "\n".join([",".join(header), *(",".join(f'"{row.get(name, "")}"' for name in header) for row in rows)])
    (project.exports_folder / "o.csv").write_text(text, encoding="utf-8")
    load(project)
    orders = "select order_id, line_count, cast(net_revenue as double), mismatch from staging.orders order by 1"
    assert built(project, orders, ["staging.orders", "staging.order_lines"]) == [
        ("#1", 1, 25.0, None),  # 30.00 less its share of the 5.82 within 34.90
        ("#2", 1, 30.0, None),
    ]
    assert built(project, "select count(*) from staging.order_lines where product_name = 'Tip'") == [(0,)]
