"""The faults that the exports of a shop may have, and how many of each.

Here: only the numbers, so that naming them loads no heavy library. Not here: which orders and days they fall on, and
what is changed (`planting`), nor broken lines, which every made-up export holds (`malformed`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Faults:
    """How many of each fault; none of them unless said.

    Attributes:
        missing_purchase_events: orders whose purchase event is in no file.
        duplicate_purchase_events: orders whose purchase event comes twice, under two messageIds: a page that was
            loaded again. What is delivered twice under one messageId is no fault: every made-up export holds it.
        refunds: orders refunded in full beyond those that the simulation refunds. Where an export restates orders of
            the one before, these come first: paid in the first file, refunded in the second.
        tracking_outage_days: consecutive shop days without any event, while orders go on.
        scraper_events: product pages that one browser sees on one day, several a second.
    """

    missing_purchase_events: int = 0
    duplicate_purchase_events: int = 0
    refunds: int = 0
    tracking_outage_days: int = 0
    scraper_events: int = 0


NO_FAULTS = Faults()
ALL_FAULTS = Faults(
    missing_purchase_events=12,
    duplicate_purchase_events=9,
    refunds=5,
    tracking_outage_days=2,
    scraper_events=5000,
)
"""Some of each; a shop of 3,000 people and 60 days is large enough for them."""
