"""The catalogue of figures: all that is to be known of a KPI besides its attempts.

A figure is an entry of `KPIS` and its attempts in `sql/metrics/kpi_attempts.sql`: sums by day and week, halves,
what is said of changes and its place on the page follow from `settings.kpis`. Attempts without an entry stop a run
(`sql/checks/kpis_are_in_the_catalogue.sql`). Not here: what a headline figure's card says
(`report/journey/headlines.yaml`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from parcours.words import say, speaking

if TYPE_CHECKING:
    from parcours.settings.schema import Funnel, JourneySettings, Measures

DAY = 86_400
"""Seconds."""
STEP_CONVERSION = "step_conversion"
STAGE_PASSAGE = "stage_passage"


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """A figure: attempts that convert / attempts whose horizon is over.

    Label and denominator may name a measure of journey.yaml in braces, those of step conversions their steps, those of
    stage passages their stage.
    """

    kpi: str
    label: str
    unit: Literal["share", "currency"]
    better: Literal["higher", "lower"]
    denominator: str
    horizon_days: Callable[[Measures], float]
    attempts_table: str
    is_headline: bool
    name_in_sentence: str


KPIS = (
    Kpi(
        kpi="conversion",
        label="Conversion",
        unit="share",
        better="higher",
        denominator="sessions",
        horizon_days=lambda measures: measures.attribution_hours / 24,
        attempts_table="journeys.sessions",
        is_headline=True,
        name_in_sentence="conversion",
    ),
    Kpi(
        kpi="cart_abandonment",
        label="Cart abandonment",
        unit="share",
        better="lower",
        denominator="carts",
        horizon_days=lambda measures: measures.cart_horizon_days,
        attempts_table="journeys.carts",
        is_headline=True,
        name_in_sentence="cart abandonment",
    ),
    Kpi(
        kpi="checkout_abandonment",
        label="Checkout abandonment",
        unit="share",
        better="lower",
        denominator="carts that reached checkout",
        horizon_days=lambda measures: measures.cart_horizon_days,
        attempts_table="journeys.carts",
        is_headline=False,
        name_in_sentence="checkout abandonment",
    ),
    Kpi(
        kpi=STEP_CONVERSION,
        label="{from_step} → {to_step}",
        unit="share",
        better="higher",
        denominator="at {from_step}",
        horizon_days=lambda measures: 0,  # each funnel has its own window
        attempts_table="metrics.funnel_attempts",
        is_headline=False,
        name_in_sentence="{from_step} → {to_step}",
    ),
    Kpi(
        kpi=STAGE_PASSAGE,
        label="Past {stage}, {stage_days:g} days",
        unit="share",
        better="higher",
        denominator="journeys at {stage}",
        horizon_days=lambda measures: measures.stage_days,
        attempts_table="metrics.stage_passages",
        is_headline=False,
        name_in_sentence="the share past {stage}",
    ),
    Kpi(
        kpi="net_order_value",
        label="Net order value",
        unit="currency",
        better="higher",
        denominator="orders",
        horizon_days=lambda measures: 0,
        attempts_table="journeys.order_sessions",
        is_headline=False,
        name_in_sentence="net order value",
    ),
    Kpi(
        kpi="retention",
        label="Retention, {retention_days} days",
        unit="share",
        better="higher",
        denominator="customers",
        horizon_days=lambda measures: measures.retention_days,
        attempts_table="journeys.order_sessions",
        is_headline=True,
        name_in_sentence="retention",
    ),
    Kpi(
        kpi="satisfaction",
        label="Satisfaction (CSAT)",
        unit="share",
        better="higher",
        denominator="answers",
        horizon_days=lambda measures: 0,
        attempts_table="journeys.survey_answers",
        is_headline=True,
        name_in_sentence="satisfaction",
    ),
)
"""In the order in which a change lists them."""
LEADS = Kpi(
    kpi="lead_conversion",
    label="Leads won, {lead_days} days",
    unit="share",
    better="higher",
    denominator="leads",
    horizon_days=lambda measures: measures.lead_days,
    attempts_table="metrics.leads",
    is_headline=True,
    name_in_sentence="lead conversion",
)
"""Of shops that have deals: the last of the catalogue."""
OF_DEALS = {"deal opened", "deal won", "deal lost"}
HEADLINES = tuple(kpi.kpi for kpi in (*KPIS, LEADS) if kpi.is_headline)


def is_of_deals(events: Sequence[str], source: str | None) -> bool:
    """Whether a touchpoint rule with these conditions is about deals."""
    return source == "deals" or bool(OF_DEALS & {*events})


def step_name(funnel: str, number: int) -> str:
    """The figure of a funnel's step; of its second one the number is 2."""
    return f"{STEP_CONVERSION}:{funnel}:{number}"


def passage_name(stage: str) -> str:
    """The figure of a required stage of the map."""
    return f"{STAGE_PASSAGE}:{stage}"


def kpi_rows(settings: JourneySettings) -> list[Sequence[Any]]:
    """The catalogue of a shop, as rows of `settings.kpis`, in its language: its measures, funnels, stages filled in."""
    with speaking(settings.shop.language):
        entries = list(_of_shop(settings))
    return [
        (
            kpi.kpi,
            position,
            kpi.label,
            kpi.name_in_sentence,
            kpi.unit,
            kpi.better == "higher",
            kpi.denominator,
            round(kpi.horizon_days(settings.measures) * DAY if funnel is None else funnel.window_seconds or 0, 6),
            kpi.attempts_table,
            kpi.is_headline,
            funnel.id if funnel else None,
            step,
            stage,
        )
        for position, (kpi, funnel, step, stage) in enumerate(entries, 1)
    ]


def _of_shop(settings: JourneySettings) -> Iterator[tuple[Kpi, Funnel | None, int | None, str | None]]:
    """The entries with their texts filled in, each with its funnel and step, or its stage, if it has one: that of steps
    once per step that can be gone on to, that of stages once per required stage but the last."""
    measures = settings.measures.model_dump()
    has_deals = any(is_of_deals(rule.event, rule.source) for rule in settings.touchpoints)
    for kpi in (*KPIS, LEADS) if has_deals else KPIS:
        if kpi.kpi == STEP_CONVERSION:
            for funnel in sorted(settings.funnels, key=lambda funnel: funnel.id):
                for number, (from_step, to_step) in enumerate(pairwise(settings.step_labels(funnel)), 2):
                    yield (
                        _named(kpi, step_name(funnel.id, number), from_step=from_step, to_step=to_step),
                        funnel,
                        number,
                        None,
                    )
        elif kpi.kpi == STAGE_PASSAGE:
            for stage in [stage for stage in settings.stages if stage.required][:-1]:
                yield _named(kpi, passage_name(stage.id), **measures, stage=stage.label), None, None, stage.id
        else:
            yield _named(kpi, kpi.kpi, **measures), None, None, None


def _named(kpi: Kpi, name: str, **texts: Any) -> Kpi:
    """The entry with its name, and with these texts in its own."""
    return replace(
        kpi,
        kpi=name,
        label=say(kpi.label, **texts),
        name_in_sentence=say(kpi.name_in_sentence, **texts),
        denominator=say(kpi.denominator, **texts),
    )
