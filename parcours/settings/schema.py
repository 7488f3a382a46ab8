"""The schema of journey.yaml: what an analyst may write, and the defaults.

Not here: reading the file and what is wrong with it (`file.py`), its rows as tables (`settings_tables.py`),
nor what a figure means (`sql/`).
"""

from __future__ import annotations

import codecs
import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from parcours.settings.currencies import CURRENCIES
from parcours.settings.funnel_rules import (
    Between,
    Chain,
    Order,
    Rule,
    Ties,
    WindowFrom,
    chain_of,
    rules_of,
    whole_window,
)
from parcours.settings.kpis import HEADLINES
from parcours.words import ENGLISH, LANGUAGES

Unit = Literal["person", "session", "journey", "cart", "order"]
TouchpointSource = Literal["events", "orders", "feedback", "invitations", "tickets", "deals", "contacts"]
Signal = Literal["payment_failure", "error", "rage_repeat", "repeated_search", "back_step", "support_contact"]
"""Of journeys.friction_signals."""
Action = Literal["view", "search", "add_to_cart", "remove_from_cart", "checkout", "key_event", "purchase", "error"]
PERSON_ATTRIBUTES = (
    "country",
    "city",
    "lifecycle_stage",
    "lead_status",
    "lead_source",
    "marketing_status",
    "is_contact",
)
"""What is known of a person without `attributes:`, from the CRM."""

SEGMENTING = ("device", "persona", "channel", "country")
"""What a change may name its part of the attempts by, besides `attributes:`."""
NO_PERSONA = "unassigned"
"""Of whom no persona fits."""

LARGEST_NUMBER = 10**9
"""Of any setting: what is larger is a typing error, and no SQL type holds every one."""

NAME = r"^[a-z0-9][a-z0-9_-]*$"
Identifier = Annotated[str, Field(pattern=NAME, max_length=60)]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _headline(kpi: str) -> str:
    if kpi not in HEADLINES:
        raise ValueError(f"expected one of {', '.join(HEADLINES)}")
    return kpi


def _language(name: str) -> str:
    if name not in LANGUAGES:
        raise ValueError(f"expected one of {', '.join(LANGUAGES)}")
    return name


def _encoding(name: str) -> str:
    try:
        "".encode(name)
        found = codecs.lookup(name)
    except LookupError:
        found = None
    if found is None or not found.incrementaldecoder or found.name in NO_ENCODINGS:
        raise ValueError("expected the name of an encoding, as windows-1250, windows-1251, shift_jis or big5")
    return found.name


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("expected an ISO 4217 code, as JPY")
    return code


def _host(host: str) -> str:
    plain = host.strip().lower().removeprefix("www.")
    if not re.fullmatch(r"[\w-]+([.][\w-]+)+", plain):
        raise ValueError("expected a host, as lemonde.fr, without https:// and path")
    return plain


def _inside(pattern: str) -> str:
    parts = pattern.split("/")
    if not pattern.strip() or pattern.startswith(("/", "~")) or ".." in parts or ":" in parts[0]:
        raise ValueError("expected a path under the exports folder, as events/*.jsonl.gz")
    if any("**" in part and part != "**" for part in parts):
        raise ValueError("expected ** to stand alone between slashes, as events/**/*.csv")
    return pattern


EARLIEST, LATEST = date(1990, 1, 1), date(2199, 12, 31)
"""Of the days of changes and the calendar: what lies beyond is a typing error, and leaves no room to count from it."""
Names = Annotated[list[str], BeforeValidator(_as_list)]
Segmenting = Annotated[str, Field(max_length=60)]
LoggedDay = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
NO_ENCODINGS = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7")
"""What Python counts among the encodings of texts, and no file is saved in."""
HIGHEST_RATE = 10**7
"""Of the shop's currency for one of another: a euro is a million rials."""
Window = Annotated[
    Annotated[float, Field(gt=0)] | None,
    BeforeValidator(lambda days: None if days == "none" else days),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"enum": ["none"]}]}),
]
Language = Annotated[str, AfterValidator(_language), Field(json_schema_extra={"enum": list(LANGUAGES)})]
Host = Annotated[str, AfterValidator(_host)]
CurrencyCode = Annotated[str, AfterValidator(_currency)]
Encoding = Annotated[str, AfterValidator(_encoding)]
Rate = Annotated[float, Field(gt=0, le=HIGHEST_RATE)]
Headline = Annotated[str, AfterValidator(_headline), Field(json_schema_extra={"enum": list(HEADLINES)})]


class Section(BaseModel):
    """A part of journey.yaml. Unknown keys are refused, so that a typing error is not a silent default."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _countable(cls, value: object, info: ValidationInfo) -> object:
        largest = MOST_MONEY if info.field_name == "largest_amount" else LARGEST_NUMBER
        if isinstance(value, (int, float)) and not abs(value) <= largest:  # NaN too
            raise ValueError(f"expected a number of at most {largest:,}")
        return value


MOST_MONEY, MOST_PIECES = 1_000_000_000_000, 1_000_000
"""The greatest amount, in any currency, and the greatest number of pieces or points of a scale. So bounded, a hundred
million rows stay within the decimals of 38 digits that the models add them up in."""


class Shop(Section):
    """Whose journey it is."""

    name: str = Field(min_length=1, description="Shown in the report's title.")
    time_zone: str = Field(description="IANA name, as Europe/Paris. Days in reports are days there.")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code of all amounts.")
    language: Language = Field(ENGLISH, description="Language of the pages: their words, dates and numbers.")
    opened_on: date = Field(date(2000, 1, 1), description="Rows with an earlier instant are rejected.")


class Currencies(Section):
    """What amounts in other currencies than the shop's are worth. Those without a rate are in no sum, and counted."""

    rates: dict[CurrencyCode, Rate] = Field(
        {}, description="Of the shop's currency for one of theirs, on all days, as `{JPY: 0.0062}`."
    )
    file: str | None = Field(
        None,
        min_length=1,
        description="A CSV, relative to this file, with columns `day`, `currency`, `rate`: a rate holds from its shop "
        "day until the currency's next one. Before its first day that of `rates` holds.",
    )


class ExportFile(Section):
    """Files of one export: where they are and how they are read."""

    name: Identifier = Field(description="Name of the export, as shown in raw.loads.")
    path: Annotated[str, AfterValidator(_inside)] = Field(
        description="Path pattern under the exports folder, as events/*.jsonl.gz."
    )
    format: str = Field(
        description="A format of docs/own-exports.md (segment, ga4_bigquery, shopify_orders, …), or the name of "
        "a sources/<format>.sql beside this file."
    )
    columns: dict[str, str] = Field(
        {},
        description="For CSV in other words: the format's name of a column, and this export's label for it, as "
        "`Record ID: ID de fiche`.",
    )
    decimal: Literal[".", ","] | None = Field(
        None,
        description="The decimal mark of its amounts. Left out: what its amounts say (`12,50`, `1.350,00`). A row "
        "whose amount may be two (`1,350`) is rejected where neither tells.",
    )
    encoding: Encoding | None = Field(
        None,
        description="What its CSV files are saved in, as windows-1250, windows-1251 or shift_jis: their bytes "
        "don't tell. Left out: UTF-8, UTF-16 or Windows-1252, by what is in a file.",
    )
    dates: Literal["day first", "month first"] | None = Field(
        None,
        description="Of dates whose year is last (`7/3/2026`), as a spreadsheet writes them, what is first. Left out: "
        "rows with such a date are rejected.",
    )
    namespace: Identifier | None = Field(
        None,
        description="Whose ids it holds. Exports of one source have the same, so that rows they share count once; a "
        "second shop, tracker or help desk another, so that both may have a #1001. Where exports of orders declare it, "
        "customer ids are theirs too, and an export that names their orders or customers declares the same. Left out: "
        "what the format says, else the export's name.",
    )
    known_from: date | None = Field(
        None,
        description="The first shop day of which it has everything. Left out: the day of its first row. What lies "
        "before is not known: no attempt that began then has an outcome.",
    )
    consent: Literal["exempt"] | None = Field(
        None,
        description="exempt: a click-stream that measures without consent. Its ids are not kept: it counts in "
        "metrics.exempt_visits and metrics.exempt_pages alone, and is nobody's visit.",
    )
    keep_months: int | None = Field(
        None,
        ge=1,
        le=1200,
        description="Rows older than so many months are deleted by each run, with a record in raw.purges, and are not "
        "loaded again. Left out: all rows are kept.",
    )


class Exports(Section):
    """What to load."""

    folder: str = Field(description="Folder of the exports, relative to this file.")
    files: list[ExportFile] = Field(min_length=1)
    refuse_above: float = Field(
        0.5, gt=0, le=1, description="A file of 20 rows or more with a larger share of rejected rows is refused whole."
    )
    largest_amount: int = Field(
        MOST_MONEY,
        gt=0,
        le=MOST_MONEY,
        description="Rows with a greater amount, of either sign, are rejected. The default has room for any currency.",
    )
    largest_number: int = Field(
        MOST_PIECES, gt=0, le=MOST_PIECES, description="Rows with a greater number of pieces or points are rejected."
    )


class Attribute(Section):
    """A column or property of an export, under a name by which rules, personas and funnels may ask for it."""

    id: Identifier
    from_: str = Field(
        alias="from",
        min_length=1,
        max_length=200,
        description="The column's label; of JSON the path, as properties.plan; of GA4 event_params.<key>.",
    )
    scope: Literal["event", "session", "person", "order"] = Field(
        "event",
        description="event: of the event alone; session: the first that an event of the session has; person: the last "
        "that was known of the person by then, from events or contacts; order: of the order.",
    )
    type: Literal["text", "number", "boolean", "date"] = Field(
        "text", description="A row whose text is none of this type is rejected."
    )
    at_most: int = Field(
        50,
        ge=1,
        le=1000,
        description="Of more values than this the rarer ones are grouped as `other` in tables by value.",
    )
    exports: Names = Field([], description="Names of the exports that have it; empty: all that may.")


class Stage(Section):
    """One stage of the journey map, in order."""

    id: Identifier
    label: str
    required: bool = Field(True, description="Optional stages have a reach of their own and never gate.")
    to_be: float | None = Field(
        None, ge=0, le=1, description="Target: the share of journeys that should go on from this stage."
    )


class Condition(Section):
    """A predicate over an attribute. Compares as text."""

    attribute: str = Field(description="An id of `attributes:`; of a person also country, city, lifecycle_stage, …")
    is_: Names = Field(alias="is", min_length=1)


class TouchpointRule(Section):
    """The first rule that matches gives a touchpoint its name and its stage."""

    touchpoint: str
    stage: Identifier | None = None
    event: Names = Field([], description="Event names; empty means any.")
    url: str | None = Field(None, description="SQL like pattern on the URL's path, as /products/%.")
    source: TouchpointSource | None = None
    where: list[Condition] = Field([], description="Attributes of scope event that must all be as given.")
    action: Action | None = Field(
        None,
        description="What it does to a cart, or how sessions count it. `purchase`: it says that an order was placed, "
        "and is reconciled with the orders export; where none is loaded, it is the order. `search`: a view of what was "
        "searched for. `error`: in a stage of the checkout, a payment that failed.",
    )
    opens_session: bool = Field(
        True,
        description="false: events of this rule (pings, server events) are as if no person had caused them: they open "
        "and extend no session, and are in none. A rule with `where` decides nothing of this.",
    )


class Sessions(Section):
    """How touchpoints are cut into sessions."""

    cut_by: Literal["timeout", "tracker"] = Field(
        "timeout",
        description="`timeout`: by the gap between touchpoints. `tracker`: by the tracker's own session ids, as GA4's "
        "ga_session_id; events without one by the gap.",
    )
    timeout_minutes: float = Field(30, ge=0, description="A strictly greater gap starts a new session.")
    maximum_hours: float = Field(24, gt=0)
    cut_at_midnight: bool = Field(False, description="Also start a new session at midnight of the shop.")
    cut_at_campaign_change: bool = Field(
        False, description="Also start one where a touchpoint comes with another campaign than the last one before it."
    )
    runaway_touchpoints: int = Field(
        1000, ge=1, description="A session with more touchpoints is put in quarantine: counted, but in no figure."
    )
    engaged_seconds: float = Field(10, ge=0, le=86400, description="A session that lasts longer is engaged.")
    engaged_views: int = Field(2, ge=1, le=100, description="A session with so many views is engaged, however short.")


class Step(Section):
    """A step of a funnel: any of the touchpoints, or of the stages, where the columns are as given."""

    label: str | None = None
    touchpoint: Names = []
    stage: Names = []
    device: str | None = None
    channel: str | None = None
    where: list[Condition] = Field([], description="Attributes that must all be as given, of whatever scope.")
    any: bool = Field(False, description="Any touchpoint at all is the step.")
    within_minutes: float | None = Field(None, ge=0, description="The most time since the step before.")
    at_least_minutes: float = Field(0, ge=0, description="The least time since the step before.")
    without: Names = Field([], description="Touchpoints that may not come between the step before and this one.")

    @property
    def between(self) -> Between:
        """What it asks of what lies between the step before and it."""
        within = None if self.within_minutes is None else round(self.within_minutes * 60, 6)
        return Between(within, round(self.at_least_minutes * 60, 6), bool(self.without))


class Funnel(Section):
    """Steps within a window: in order, as each other's next touchpoint, or in any order."""

    id: Identifier
    name: str
    unit: Unit = "person"
    window_days: Window = Field(
        7,
        description="The last step comes at most so many days of 24 hours after the first; less than one too, as 0.02. "
        "`none`: whenever, and what came of an entry may change for ever.",
    )
    window_from: WindowFrom = Field(
        "first", description="What the window counts from: the first step, or each prior one."
    )
    order: Order = Field(
        "sequential",
        description="sequential: in order, others may come between; strict: each the very next touchpoint; any: in any "
        "order, and step k is reached with the k-th different one.",
    )
    ties: Ties = Field(
        "advance", description="Touchpoints of one instant may be two steps (advance), or may not (forbidden)."
    )
    steps: list[Step] = Field(min_length=1, max_length=20)

    @property
    def rules(self) -> list[Rule]:
        """What may lie before each step."""
        window = None if self.window_days is None else round(self.window_days * 86400, 6)
        return rules_of([step.between for step in self.steps], window, self.window_from, self.order, self.ties)

    @property
    def window_seconds(self) -> float | None:
        """After so long from the entry no step can come; None: one can for ever."""
        return whole_window(self.rules)

    @property
    def chain(self) -> Chain:
        """The select of `sql/funnels` that finds its attempts."""
        return chain_of([step.between for step in self.steps], self.rules, self.order)


OF_ORDERS = "orders"
"""The id of the retention that every shop has: customers who order again."""


class Retention(Section):
    """Who comes back: cohorts by a period of the shop's time, beside those of customers who order again."""

    id: Identifier
    label: str
    entry: Names = Field([], description="Touchpoints that put a person in a cohort; empty means any.")
    comeback: Names = Field([], description="Touchpoints that count as coming back; empty means any.")
    period: Literal["hour", "day", "week", "month"] = "week"
    cohort: Literal["first", "every"] = Field(
        "first", description="first: a person is in the cohort of the first entry; every: in each with an entry."
    )
    week_starts_on: Literal["monday", "saturday", "sunday"] = Field(
        "monday", description="The day on which its weeks begin, where `period` is week."
    )
    at_least: int = Field(
        1, ge=1, le=1000, description="Who came back less often in a period or interval is not back in it."
    )

    @field_validator("id")
    @classmethod
    def _is_not_of_orders(cls, value: str) -> str:
        if value == OF_ORDERS:
            raise ValueError(f"expected another id: '{OF_ORDERS}' is the retention of customers, which every shop has")
        return value


class Persona(Section):
    """A named group of people: all conditions hold. The first persona that fits is the person's."""

    id: Identifier
    label: str
    where: list[Condition] = Field(min_length=1)


class Survey(Section):
    """What a survey asks for."""

    survey: Names = Field(min_length=1, description="Its name in the exports, or several.")
    kind: Literal["csat", "nps", "ces"] | None = Field(
        None,
        description="csat: how satisfied; nps: how likely to recommend, on 0–10; ces: how much effort. Left out: by "
        "its scale. 0–10 of which 9 and 10 count as satisfied is nps, 1–7 is ces, any other csat.",
    )
    best: Literal["highest", "lowest"] = Field(
        "highest", description="Which end of the scale is good: lowest where it asks how hard something was."
    )


class Change(Section):
    """Something that the shop changed on a day, or that happened then."""

    id: Identifier
    label: str
    date: LoggedDay
    until: LoggedDay | None = Field(None, description="An incident's last day. Without it the change holds on.")
    stage: Identifier | None = Field(None, description="The stage that it concerns: its figures are shown first.")
    what: str = ""
    moves: Names = Field(
        [],
        description="The figure that it was meant to move, as conversion, step_conversion:<funnel>:<step> or "
        "stage_passage:<stage>: that one is judged with half of the allowance for error.",
    )
    segment: dict[Segmenting, Names] = Field(
        {},
        description="The part of the attempts that it concerned: values of device, persona, channel, country, or of an "
        "id of `attributes:`.",
    )

    @field_validator("until")
    @classmethod
    def _not_before_it_began(cls, until: LoggedDay | None, info: ValidationInfo) -> LoggedDay | None:
        if until and info.data.get("date") and until < info.data["date"]:
            raise ValueError(f"expected {info.data['date']} or later: it can't end before it begins")
        return until


class StageWord(Section):
    """What the shop believes that customers want, ask or stumble over in a stage: a line of the journey map."""

    stage: Identifier
    kind: Literal["motivation", "question", "obstacle"]
    text: str = Field(min_length=1, max_length=200)
    persona: Identifier | None = Field(None, description="Whose it is. Without it: everybody's.")
    signal: Signal | None = Field(
        None,
        description="The friction that would show it: the map then says whether those who met it there dropped more.",
    )


class Opportunity(Section):
    """An idea to make a stage better: a line of the journey map, and what became of it."""

    id: Identifier
    stage: Identifier
    text: str = Field(min_length=1, max_length=200)
    state: Literal["idea", "doing", "done"] = "idea"
    change: Identifier | None = Field(
        None, description="The change of `changes:` that it became: the map says its effect."
    )


class Span(Section):
    """Shop days, the first and the last included."""

    from_: LoggedDay = Field(alias="from")
    until: LoggedDay

    @field_validator("until")
    @classmethod
    def _not_before_it_began(cls, until: date, info: ValidationInfo) -> date:
        if info.data.get("from_") and until < info.data["from_"]:
            raise ValueError(f"expected {info.data['from_']} or later: it can't end before it begins")
        return until


class CalendarEntry(Section):
    """Days on which a shop sells as it usually doesn't, whatever it changes: holidays, sales."""

    name: str
    days: list[LoggedDay] = []
    spans: list[Span] = []


class Comparison(Section):
    """How the time after a change is compared with the time before it."""

    guard_days: int = Field(1, ge=0, le=60, description="Days around the date of a change that are left out.")


class Friction(Section):
    """When what people did is a sign that something went wrong for them."""

    rage_seconds: float = Field(
        10, gt=0, le=3600, description="Three times the same within it is a rage repeat; exactly so long is within."
    )
    support_contact_hours: float = Field(
        24,
        gt=0,
        le=720,
        description="Asking for help within it is held against the touchpoint before; a session is matured after it.",
    )


class Outages(Section):
    """When a day is one on which something was down: marked, and left out of comparisons."""

    tracking_touchpoint_share: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="Tracking: down only with fewer touchpoints than this share of the median day's.",
    )
    tracking_order_share: float = Field(
        0.5, gt=0, le=1, description="Tracking: down only with at least this share of the median day's orders."
    )
    payment_checkouts: int = Field(
        5, ge=1, le=1000, description="Payment: judged on days with at least so many sessions with a checkout."
    )
    payment_order_share: float = Field(
        0.5, gt=0, le=1, description="Payment: down only if fewer ordered than this share of the expected number."
    )
    payment_deviations: float = Field(
        3.5,
        gt=0,
        le=10,
        description="Payment: down if more standard deviations are missing, or too many met an error.",
    )
    payment_error_share: float = Field(
        1 / 3,
        gt=0,
        le=1,
        description="Payment: this share of sessions with a checkout is too many with an error.",
    )
    neighbouring_days: int = Field(
        14, ge=1, le=60, description="Payment: expected is what the rate of so many days before and after gives."
    )


BracketDay = Annotated[int, Field(ge=0, le=3650)]


class Measures(Section):
    """The knobs of the definitions; each default is the definition's."""

    cart_horizon_days: float = Field(7, gt=0, description="H: an order within it makes a cart converted.")
    cart_silence_hours: float = Field(
        24, gt=0, le=8760, description="T: a cart with something in it, untouched for so long, is abandoned."
    )
    cart_action_hours: float = Field(
        1, gt=0, le=8760, description="T of lists for action: a cart left for so long is due for a reminder."
    )
    retention_days: int = Field(90, ge=1, description="A second order within it makes a customer retained.")
    retention_brackets: list[tuple[BracketDay, BracketDay]] = Field(
        [(0, 29), (30, 89), (90, 179), (180, 364)],
        min_length=1,
        max_length=24,
        description="Brackets of days since the start in which coming back is counted: first and last day, both "
        "included; day 0 is the first 24 hours.",
    )
    inactivity_days: float = Field(30, gt=0, description="A journey silent for longer has ended.")
    lead_days: int = Field(90, ge=1, description="A deal won within it makes a lead converted.")
    stage_days: float = Field(14, gt=0, description="A later required stage within it makes a journey past a stage.")
    attribution_hours: float = Field(24, gt=0, description="An order belongs to the last session within it.")
    survey_lag_days: float = Field(7, gt=0)
    identity_link_limit: int = Field(
        10,
        ge=1,
        description="An identifier that meets more customers than this links nothing. A device makes no one of two "
        "accounts in any case.",
    )
    small_cell: int = Field(30, ge=1, description="Below it counts are shown and rates are not ranked.")

    @field_validator("retention_brackets")
    @classmethod
    def _begins_before_it_ends(cls, value: list[tuple[int, int]]) -> list[tuple[int, int]]:
        for first, last in value:
            if first > last:
                raise ValueError(f"expected [first day, last day], found [{first}, {last}]")
        return value


OrderState = Literal[
    "placed", "paid", "pending", "cancelled", "partly_refunded", "refunded", "returned",
    "failed", "expired", "draft", "trash", "test",
]  # fmt: skip


class Press(Section):
    """Something that was said of the shop by others, and the sites on which it is read."""

    on: date = Field(description="The shop day on which it appeared.")
    label: str = Field(min_length=1, description="As pages call it.")
    hosts: Annotated[list[Host], BeforeValidator(_as_list), Field(min_length=1)] = Field(
        description="Hosts that link to the shop since, as `lemonde.fr`: with all below them."
    )
    days: int = Field(30, ge=1, le=4000, description="So many shop days long, visits from there are due to it.")


class Outside(Section):
    """What leads people to the shop that neither they nor the shop began."""

    review_sites: list[Host] = Field(
        [], description="Hosts beside those that are known (Trustpilot, Google reviews, Yelp…)."
    )
    press: list[Press] = []


SalesChannel = Literal["web", "till", "phone", "marketplace", "draft", "subscription", "other"]


def _plain_status(status: str) -> str:
    """As `plain_status` of sql/functions writes it."""
    return re.sub(r"[ _]+", "-", status.strip().lower())


class Orders(Section):
    """What of the orders export is an order."""

    states: dict[str, OrderState] = Field(
        {},
        description="What a status of the export means, as `awaiting-payment: pending`; it wins over what the format "
        "makes of it. Capitals do not matter; spaces, underscores and hyphens are one. `failed`, `expired`, `draft`, "
        "`trash` and `test` were never an order.",
    )
    pending: bool | None = Field(
        None,
        description="true: what waits for payment is an order; false: not until it is paid. Left out: as the format "
        "means it. Shopify's pending is one (bank transfer, cash on delivery); WooCommerce's pending payment is not: "
        "nobody has begun to pay.",
    )

    channels: dict[str, SalesChannel] = Field(
        {},
        description="Where an order was placed, by what the export says of it, as `instagram: marketplace`; it wins "
        "over what the format makes of it, and is read like `states`.",
    )
    web_channels: list[SalesChannel] = Field(
        ["web"],
        description="Channels whose orders count as placed on the web: sessions, carts and the comparison with "
        "purchase events are about these, and about orders whose export does not say.",
    )

    @field_validator("states", "channels")
    @classmethod
    def _plain(cls, meanings: dict[str, str]) -> dict[str, str]:
        plain = {_plain_status(text): meaning for text, meaning in meanings.items()}
        if len(plain) < len(meanings):
            raise ValueError("a text stands twice: capitals do not matter; spaces, underscores and hyphens are one")
        return plain


class PathStage(Section):
    """What the intended path says of a stage, and for how long."""

    stage: Identifier
    rule: Literal["required", "optional", "forbidden"] | None = Field(
        None,
        description="required: a journey that gets further should touch it, and not come back to it; optional: it may; "
        "forbidden: it should not be entered at all. Left out: as `required` of the stage says.",
    )
    max_hours: float | None = Field(None, gt=0, description="All visits of a journey together should not last longer.")
    max_days: float | None = Field(None, gt=0, description="The same in days of 24 hours.")


class PathLimit(Section):
    """How long a journey should take at most from one place to another: stages, or touchpoints (order states …)."""

    from_: str = Field(alias="from", description="A stage or a touchpoint; its first instant in the journey counts.")
    to: str = Field(description="A stage or a touchpoint; its first instant in the journey counts.")
    max_hours: float | None = Field(None, gt=0, description="More than this is late.")
    max_days: float | None = Field(None, gt=0, description="The same in days of 24 hours.")


class IdealPath(Section):
    """The path that the shop intends; each journey is held against it."""

    stages: list[PathStage] = Field([], description="Stages that are not listed are as `required` says, without limit.")
    limits: list[PathLimit] = []
    order: list[Names] = Field(
        [],
        description="Touchpoints that should follow each other, as order states do; a list in it is one of them, as "
        "[order delivered, late delivery].",
    )


class Screening(Section):
    """Who is no customer: bots and staff."""

    staff_emails: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]] = Field(
        [], description="E-mail addresses of staff; the warehouse keeps their pseudonyms only."
    )
    staff_customer_ids: Names = Field(
        [],
        description="The shop's customer ids of staff, as in the exports; of several shops as `<namespace>:<id>`.",
    )
    staff_devices: Names = Field([], description="Anonymous ids of the staff's browsers, as in the exports.")
    bot_events_per_hour: int = Field(
        600, ge=1, description="A person with more events within any 60 minutes is a bot: one every six seconds."
    )
    leave_out: bool = Field(True, description="false: bots and staff are found and reported, and stay in every figure.")


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError("expected the name of an environment variable, as PARCOURS_SMTP_PASSWORD, not the secret")
    return name


Variable = Annotated[str, AfterValidator(_variable)]
Address = Annotated[str, Field(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]


class Email(Section):
    """The mail server that sends the digest and the alarms."""

    to: Annotated[list[Address], BeforeValidator(_as_list), Field(min_length=1)] = Field(
        description="Who is told: an address or a list."
    )
    from_: Address = Field(alias="from", description="The sender's address.")
    host: str = Field("localhost", min_length=1, description="The mail server.")
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`tls`: from the first byte on (port 465); `none`: for a server on this machine."
    )
    user: str | None = Field(None, description="Left out: the server asks for none.")
    password_variable: Variable | None = Field(
        None, description="Environment variable that holds the password; the password itself stands in no file."
    )


class Webhook(Section):
    """Where a chat tool takes messages: JSON with a field `text`."""

    url_variable: Variable = Field(
        description="Environment variable that holds the address, which for most tools is a secret."
    )


class Nights(Section):
    """The unattended run, and who hears of it."""

    hour: int = Field(2, ge=0, le=23, description="The nightly run starts at this hour of the shop's day.")
    late_after_hours: float = Field(3, gt=0, le=23, description="No run so long after that hour is an alarm.")
    remind_after_days: float = Field(7, gt=0, description="A trouble that is still open is told again after this.")
    reports_kept: int = Field(
        30, ge=0, le=3650, description="Dated copies of the report, of some 5 MB each; reports/index.html lists them."
    )
    digests: list[Literal["report", "nothing new", "alarm"]] = Field(
        ["report", "nothing new"],
        description="Nights whose digest is sent. Each trouble is told once by itself, whatever is listed here.",
    )
    owners: list[Annotated[str, Field(pattern=r"^(team:\w+|[^@\s,<>]+@[^@\s,<>]+\.[^@\s,<>]+)$")]] = Field(
        [], description="Who owns the tables in the Dagster UI: e-mail addresses, or `team:analytics`."
    )
    tags: dict[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,63}$")],
        Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,63}$")],
    ] = Field({}, description="Tags of the tables in the Dagster UI, as `team: shop`.")
    email: Email | None = Field(None, description="Left out: no e-mail is sent.")
    webhook: Webhook | None = Field(None, description="Left out: no chat tool is told.")


class EngineSettings(Section):
    """Where the tables are computed."""

    kind: Literal["duckdb", "spark"] = Field(
        "duckdb", description="duckdb: on this machine. spark: on a cluster ([scale](scale.md))."
    )
    master: Annotated[str, Field(pattern=r"^(local\[\d+\]|spark://\S+|yarn|k8s://\S+)$")] = Field(
        "local[2]",
        description="Of Spark: `spark://host:7077`, `yarn`, `k8s://…`; `local[2]` is two cores of this machine.",
    )
    storage: Annotated[str, Field(pattern=r"^(s3|gs)://[^@\s]+$|^[^:\s][^:]*$")] | None = Field(
        None,
        description="Of Spark: where its Parquet files lie: a folder, under one path for the driver and all workers; "
        "or an object store, `s3://bucket/folder` or `gs://…`, behind it pyarrow's options, as `?region=eu-west-1`. "
        "Credentials are in the environment, or the machine has them. Left out: `cluster/` beside the warehouse.",
    )
    buckets: int = Field(
        8, ge=1, le=100_000, description="Of Spark: into how many parts people are divided, each a task of a step."
    )
    memory: Annotated[str, Field(pattern=r"^\d+(MB|GB)$")] = Field(
        "1200MB", description="Of Spark: what a task's DuckDB may use before it writes to the disk."
    )
    options: dict[str, str] = Field(
        {}, description="Of Spark: its own options, as `spark.executor.memory: 4g`, quoted where they are numbers."
    )


class JourneySettings(Section):
    """journey.yaml: everything that an analyst edits."""

    shop: Shop
    exports: Exports
    currencies: Currencies = Currencies()  # type: ignore[call-arg]
    stages: list[Stage] = Field(min_length=2)
    touchpoints: list[TouchpointRule] = Field(min_length=1)
    sessions: Sessions = Sessions()  # type: ignore[call-arg]
    funnels: list[Funnel] = Field(min_length=1)
    retentions: list[Retention] = []
    attributes: list[Attribute] = []
    personas: list[Persona] = []
    surveys: list[Survey] = []
    changes: list[Change] = []
    words: list[StageWord] = []
    opportunities: list[Opportunity] = []
    calendar: list[CalendarEntry] = []
    targets: dict[Headline, float] = {}
    comparison: Comparison = Comparison()  # type: ignore[call-arg]
    measures: Measures = Measures()  # type: ignore[call-arg]
    friction: Friction = Friction()  # type: ignore[call-arg]
    outages: Outages = Outages()  # type: ignore[call-arg]
    orders: Orders = Orders()  # type: ignore[call-arg]
    outside: Outside = Outside()  # type: ignore[call-arg]
    path: IdealPath = IdealPath()  # type: ignore[call-arg]
    screening: Screening = Screening()  # type: ignore[call-arg]
    nights: Nights = Nights()  # type: ignore[call-arg]
    engine: EngineSettings = EngineSettings()  # type: ignore[call-arg]

    def step_labels(self, funnel: Funnel) -> list[str]:
        """What a funnel's steps are called: as written, else by their touchpoints and stages."""
        stages = {stage.id: stage.label for stage in self.stages}
        if funnel.order == "any":
            return [f"any {number} of {len(funnel.steps)}" for number in range(1, len(funnel.steps) + 1)]
        return [
            step.label or ", ".join([*step.touchpoint, *(stages[i] for i in step.stage)]) or "anything"
            for step in funnel.steps
        ]


def json_schema() -> dict[str, Any]:
    """The JSON Schema of journey.yaml, with which editors complete and check it."""
    schema = JourneySettings.model_json_schema()
    schema["title"] = "Parcours journey.yaml"
    return schema
