"""A page of the report opened in Chromium: what it complained about, what it asked for, and what stands where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DRAWN = (
    "() => [...document.querySelectorAll('[data-chart]')].every("
    "box => box.querySelector('.main-svg') || !box.clientWidth)"
)
"""Every chart is, that is not behind a click."""

OVERLAPS = """root => [...root.querySelectorAll('[data-chart]')].flatMap(box => {
    const outer = box.getBoundingClientRect();
    const lines = [...box.querySelectorAll('svg text')].flatMap(text => {
        const parts = [...text.querySelectorAll('tspan.line')];
        return (parts.length ? parts : [text]).map(part => ({text, box: part.getBoundingClientRect()}));
    }).filter(line => line.box.width && line.text.textContent.trim());
    const out = lines.filter(line => line.box.left < outer.left - 1 || line.box.right > outer.right + 1);
    const over = lines.filter((one, place) => lines.slice(place + 1).some(other => one.text !== other.text
        && Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left) > 1.5
        && Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top) > 3));
    return [...out, ...over].map(line => [box.dataset.chart, line.text.textContent]);
})"""
"""Words of charts that stand on others, or outside of their chart; of charts that are drawn, within an element."""

WORDS_ON_WORDS = """() => {
    const lines = [];
    const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || parent.closest('svg, .unseen, noscript, [aria-hidden=true]')
            || !parent.checkVisibility()) continue;  // what a closed fold holds has a place, too
        const range = document.createRange();
        range.selectNodeContents(walker.currentNode);
        for (const {left, right, top, bottom} of range.getClientRects()) {
            const line = {node: walker.currentNode, left, right, top, bottom};
            for (let box = parent; box !== document.body; box = box.parentElement) {
                if (getComputedStyle(box).overflowX === 'visible') continue;
                const edge = box.getBoundingClientRect();
                line.left = Math.max(line.left, edge.left);
                line.right = Math.min(line.right, edge.right);
            }
            if (line.right - line.left > 1) lines.push(line);
        }
    }
    lines.sort((one, other) => one.top - other.top);
    const width = document.documentElement.clientWidth, found = [];
    lines.forEach((one, place) => {
        if (one.left < -1 || one.right > width + 1) found.push([one.node.data.slice(0, 60), 'outside']);
        for (let next = place + 1; next < lines.length && lines[next].top < one.bottom - 3; next += 1) {
            const other = lines[next];
            if (one.node !== other.node && Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1.5
                && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 3) {
                found.push([one.node.data.slice(0, 60), other.node.data.slice(0, 60)]);
            }
        }
    });
    return found;
}"""
"""Words outside of charts that stand on others or outside of the page; what an element cuts off does not count."""


@dataclass
class Opened:
    """A page with all it complained about and asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def asked_for_others(self, report: Path) -> list[str]:
        """What it asked for besides its own file; its empty icon is part of it."""
        return [url for url in self.requests if url != report.as_uri() and not url.startswith("data:")]

    def unfold(self, within: str = "main") -> None:
        """Click on every fold that is to be seen there, until each is open."""
        folds = self.page.locator(f"{within} details:not([open]) > summary:visible")
        while folds.count():
            folds.first.click()
        self.page.wait_for_function(DRAWN)


@contextmanager
def opened(browser: Browser, report: Path, width: int, **window: Any) -> Iterator[Opened]:
    """The report in a window of a width, after its charts are drawn."""
    it = Opened(browser.new_page(viewport={"width": width, "height": 900}, **window))
    try:
        it.page.on("console", lambda message: it.complaints.append(f"{message.type}: {message.text}"))
        it.page.on("pageerror", lambda error: it.complaints.append(str(error)))
        it.page.on("dialog", lambda dialog: (it.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        it.page.on("request", lambda request: it.requests.append(request.url))
        it.page.goto(report.as_uri())
        it.page.wait_for_function(DRAWN)
        yield it
    finally:
        it.page.close()
