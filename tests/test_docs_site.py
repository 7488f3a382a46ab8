"""The docs' site has every page, once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from parcours.project import ROOT


def pages(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        for name in entry.values():
            if isinstance(name, str):
                yield name
            else:
                yield from pages(name)


def test_every_page_of_the_docs_is_in_the_contents_once() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    docs = ROOT / "docs"
    listed = sorted(pages(site["nav"]))
    # The pages of a folder are linked from its README.
    folders = [folder.relative_to(docs) / "README.md" for folder in docs.iterdir() if folder.is_dir()]
    assert listed == sorted([*(page.name for page in docs.glob("*.md")), *map(str, folders)])
