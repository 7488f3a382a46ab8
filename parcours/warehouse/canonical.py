"""The shapes that every export is brought into: events, order rows, contacts, deals, tickets, feedback.

A source (`sql/sources/<format>.sql`) gives the columns of one shape, by these names; what it leaves out is
null. All times are UTC timestamps. `docs/canonical.md` is made from this module.
"""

from __future__ import annotations

from dataclasses import dataclass

IDENTIFYING = ("anonymous_id", "customer_id", "email_hash", "contact_id", "order_id")
"""Columns that name a person or an order: a value that names nobody is null in `raw.*`, but for a row's own key."""


@dataclass(frozen=True)
class Column:
    """A column of a shape."""

    name: str
    type: str
    about: str
    required: bool = False
    never_negative: bool = False


@dataclass(frozen=True)
class Kind:
    """A shape and its columns."""

    name: str
    about: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        """The column that says which rows are versions of one thing: the first one."""
        return self.columns[0].name

    def named(self, column: str, value: str) -> str:
        """SQL of a text as the column holds it: null, if it should name somebody and names nobody."""
        return f"somebody({value})" if column in IDENTIFYING and column != self.key else value


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "events",
            "One row per click-stream event.",
            (
                Column("event_id", "text", "the source's id of the event", True),
                Column("event_name", "text", "as the source names it", True),
                Column("occurred_at", "timestamp", "when it happened, corrected for the clock", True),
                Column("sequence", "bigint", "order of simultaneous events, where the source gives one"),
                Column("anonymous_id", "text", "the browser or device"),
                Column("customer_id", "text", "the shop's id of the customer, when logged in"),
                Column("email_hash", "text", "pseudonym(e-mail)"),
                Column("url_path", "text", "path of the page, without its query"),
                Column("referrer_host", "text", "host of the referring page"),
                Column("campaign_source", "text", "utm_source"),
                Column("campaign_medium", "text", "utm_medium"),
                Column("campaign_name", "text", "utm_campaign"),
                Column("device", "text", "desktop, mobile or tablet"),
                Column("product_id", "text", "product or SKU"),
                Column("quantity", "double", "pieces added or removed", never_negative=True),
                Column("price", "decimal(18,4)", "of one piece"),
                Column("value", "decimal(18,4)", "of the event, as an order's revenue"),
                Column("currency", "text", "ISO 4217"),
                Column("cart_id", "text", "the source's id of the cart"),
                Column("order_id", "text", "the order's id or number"),
                Column("error", "text", "what went wrong, for errors"),
                Column("is_person_caused", "boolean", "false: server or e-mail event; opens no session"),
                Column("is_bot", "boolean", "the source or the user agent says that no person did it"),
                Column("payment_method", "text", "chosen in the checkout"),
                Column("shipping", "decimal(18,4)", "shipping cost shown in the checkout"),
                Column("coupon", "text", "coupon or voucher code"),
                Column("source_updated_at", "timestamp", "the source's own time of the last change"),
                Column("part", "text", "what the source restates as a whole, as a day; null: rows stand by themselves"),
                Column("delivery", "text", "version of the part: the greatest text replaces the others"),
            ),
        ),
        Kind(
            "order_rows",
            "One row per row of an orders export: an order, a line or a payment of it.",
            (
                Column("order_id", "text", "the order", True),
                Column("row_key", "text", "the row within the order: order, line 1, payment 1", True),
                Column("order_reference", "text", "the order's other id, which events may use"),
                Column("customer_id", "text", "the shop's id of the customer"),
                Column("email_hash", "text", "pseudonym(e-mail)"),
                Column("ordered_at", "timestamp", "when it was placed"),
                Column("paid_at", "timestamp", "when it was paid or approved"),
                Column("shipped_at", "timestamp", "when it left"),
                Column("delivered_at", "timestamp", "when it arrived"),
                Column("promised_on", "date", "shop day until which delivery was promised"),
                Column("cancelled_at", "timestamp", "when it was cancelled"),
                Column("refunded_at", "timestamp", "when the last refund was made"),
                Column("returned_at", "timestamp", "when the goods came back"),
                Column("status", "text", "as the source says"),
                Column("currency", "text", "ISO 4217"),
                Column("subtotal", "decimal(18,4)", "lines after discounts, without shipping"),
                Column("discount", "decimal(18,4)", "on the order"),
                Column("shipping", "decimal(18,4)", ""),
                Column("tax", "decimal(18,4)", "within the total"),
                Column("total", "decimal(18,4)", "what the customer pays"),
                Column("refunded", "decimal(18,4)", "so far"),
                Column("sales_channel", "text", "store: sold at a till; else empty"),
                Column("payment_method", "text", ""),
                Column("paid_amount", "decimal(18,4)", "of a payment row"),
                Column("product_id", "text", "product or SKU of a line"),
                Column("product_name", "text", ""),
                Column("quantity", "double", "pieces of a line", never_negative=True),
                Column("unit_price", "decimal(18,4)", "of one piece"),
                Column("source_updated_at", "timestamp", "the source's own time of the last change"),
            ),
        ),
        Kind(
            "contacts",
            "One row per CRM contact.",
            (
                Column("contact_id", "text", "the CRM's id", True),
                Column("customer_id", "text", "the shop's id of the customer"),
                Column("email_hash", "text", "pseudonym(e-mail)"),
                Column("created_at", "timestamp", ""),
                Column("source_updated_at", "timestamp", "the CRM's own time of the last change"),
                Column("country", "text", ""),
                Column("city", "text", ""),
                Column("lifecycle_stage", "text", ""),
                Column("lead_status", "text", ""),
                Column("lead_source", "text", ""),
                Column("marketing_status", "text", ""),
            ),
        ),
        Kind(
            "deals",
            "One row per CRM deal or opportunity.",
            (
                Column("deal_id", "text", "the CRM's id", True),
                Column("contact_id", "text", "the CRM's id of the contact"),
                Column("customer_id", "text", "the shop's id of the customer"),
                Column("email_hash", "text", "pseudonym(e-mail)"),
                Column("created_at", "timestamp", "when the deal was opened"),
                Column("closed_at", "timestamp", "when it was won or lost; null: open"),
                Column("pipeline", "text", "as the CRM says"),
                Column("stage", "text", "as the CRM says"),
                Column("is_won", "boolean", "true: won; false: lost; null: open"),
                Column("amount", "decimal(18,4)", "of the deal"),
                Column("currency", "text", "ISO 4217"),
                Column("source_updated_at", "timestamp", "the CRM's own time of the last change"),
            ),
        ),
        Kind(
            "tickets",
            "One row per support ticket.",
            (
                Column("ticket_id", "text", "the help desk's id", True),
                Column("created_at", "timestamp", "when it was opened", True),
                Column("first_reply_at", "timestamp", "when somebody of the shop answered first"),
                Column("solved_at", "timestamp", "when it was solved or closed; null: open"),
                Column("status", "text", "as the help desk says"),
                Column("category", "text", "as the help desk says"),
                Column("priority", "text", "as the help desk says"),
                Column("channel", "text", "how it came in: e-mail, chat, web …"),
                Column("contact_id", "text", "the CRM's id of the contact"),
                Column("customer_id", "text", "the shop's id of the customer"),
                Column("email_hash", "text", "pseudonym(e-mail)"),
                Column("order_id", "text", "the order it is about"),
                Column("source_updated_at", "timestamp", "the help desk's own time of the last change"),
            ),
        ),
        Kind(
            "feedback",
            "One row per survey invitation or review, answered or not.",
            (
                Column("answer_id", "text", "the source's id", True),
                Column("survey", "text", "name of the survey", True),
                Column("asked_at", "timestamp", "when the person was asked"),
                Column("answered_at", "timestamp", "when the person answered; null: not yet"),
                Column("score", "double", "on the scale; null: not answered"),
                Column("scale_low", "double", "lowest score of the scale", True),
                Column("scale_high", "double", "highest score of the scale", True),
                Column("satisfied_from", "double", "lowest score that counts as satisfied", True),
                Column("customer_id", "text", "the shop's id of the customer"),
                Column("email_hash", "text", "pseudonym(e-mail)"),
                Column("order_id", "text", "the order it is about"),
                Column("comment", "text", "free text, e-mails and phone numbers masked"),
                Column("source_updated_at", "timestamp", "the source's own time of the last change"),
            ),
        ),
    )
}
