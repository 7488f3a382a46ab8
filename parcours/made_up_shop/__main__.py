"""The command: `python -m parcours.made_up_shop --out DIR`."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path

from parcours.made_up_shop import write_exports
from parcours.made_up_shop.faults import ALL_FAULTS, NO_FAULTS

parser = ArgumentParser(
    "made_up_shop", description="Write the exports of an invented shop, and truth.json beside them."
)
parser.add_argument("--people", type=int, default=6000)
parser.add_argument("--days", type=int, default=90)
parser.add_argument("--seed", type=int, default=7)
parser.add_argument("--start", type=date.fromisoformat, default=date(2026, 7, 1), help="first shop day")
parser.add_argument(
    "--faults",
    action="store_const",
    const=ALL_FAULTS,
    default=NO_FAULTS,
    help="also plant tracking faults, refunds and a scraper; truth.json lists them",
)
parser.add_argument("--out", type=Path, required=True, help="folder to write to; exports in it are replaced")

if __name__ == "__main__":
    chosen = parser.parse_args()
    truth = write_exports(**vars(chosen))
    counts = f"{truth['events']['distinct']} events, {truth['orders']['orders']} orders"
    print(f"{chosen.out}: {counts}, see truth.json")
