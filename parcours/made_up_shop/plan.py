"""What is planted: the stages and their rates, the changes of the shop, the outage, the rarer accidents.

Only constants; `journeys`, `aftermath` and `exports` draw from them, and `truth` reports them.
"""

from typing import NamedTuple

STAGES = ("discovery", "consideration", "cart", "checkout", "purchase")
# What a session may hold, in the order in which it happens, and the stage that the journey must reach for it.
# "" stands for a page call, "Product List Viewed" also for "Products Searched".
KINDS = (
    ("", 0), ("Product List Viewed", 0), ("Product Viewed", 1), ("Help Page Viewed", 0),
    ("Product Added", 2), ("Product Removed", 2), ("Cart Viewed", 2),
    ("Checkout Started", 3), ("Checkout Step Completed", 3), ("Payment Info Entered", 3), ("Payment Failed", 3),
    ("Order Completed", 4),
)  # fmt: skip
PAGE, LIST, VIEW, HELP, ADDED, REMOVED, CART, CHECKOUT, STEP, PAYMENT, FAILED, ORDER = range(len(KINDS))
EVENT_NAMES, STAGE_OF_KIND = zip(*KINDS, strict=True)

# Chance of each next stage: consideration, cart, checkout, purchase.
FIRST_PURCHASE_RATES = (0.65, 0.45, 0.62, 0.30)
RENEWAL_RATES = (0.90, 0.72, 0.80, 0.45)
DEVICE_SHARES = (0.55, 0.38, 0.07)  # mobile, desktop, tablet
DEVICE_PURCHASE_FACTORS = (0.94, 1.08, 1.0)
OUTAGE_AT, OUTAGE_FACTOR = 0.62, 0.10  # share of the period at which the day comes; of the purchase rate
OUTAGE_TRIED = 0.8  # share of that day's checkouts that try to pay, and meet an error


class Change(NamedTuple):
    """A change of the shop, from a midnight on."""

    name: str
    at: float  # the share of the period at which it comes
    stage: int  # the one that is entered more or less often
    factor: float  # of the rate at which that stage is entered


CHANGES = PHOTOS, GUEST_CHECKOUT, SHIPPING_FEE = (
    Change("product-photos", 0.25, 1, 1.0),
    Change("guest-checkout", 0.50, 4, 1.45),
    Change("shipping-fee", 0.75, 3, 0.42 / 0.62),
)
SCORE_SHARES = (  # of the scores 1 to 5
    (0.03, 0.05, 0.11, 0.31, 0.50),  # a parcel in time
    (0.30, 0.32, 0.22, 0.10, 0.06),  # a late one
    (0.16, 0.22, 0.28, 0.24, 0.10),  # checkout
    (0.12, 0.16, 0.22, 0.30, 0.20),  # support
)
LATE_EVENT_SHARE, DUPLICATE_SHARE, LATE_DELIVERY_SHARE = 0.005, 0.01, 0.12
TABLET_ID, TABLET_CUSTOMERS = "tablet-store-1", 40
UNPLANNED = 9  # the number of a session beyond the four that a journey may plan
