"""`parcours formats`: what the files of a folder would be read as."""

from __future__ import annotations

import sys
from pathlib import Path


def formats(folder: Path, journey_file: Path) -> int:
    """Print what each file of a folder would be read as, why, and what a run would do with it; loads nothing."""
    from parcours.loading.formats import describe_guess, guess_folder, shop_of

    if not folder.is_dir():
        print(f"{folder}: no such folder. Name the folder that holds the exports.", file=sys.stderr)
        return 2
    for found in guess_folder(folder, shop_of(journey_file)):
        print(describe_guess(found, folder), flush=True)
    return 0
