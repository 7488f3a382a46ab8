"""The Dagster UI as an analyst uses it: press "Materialize all", see tables with descriptions, rows and checks."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium
from playwright.sync_api import expect

from parcours.project import ROOT

pytestmark = pytest.mark.browser
MINUTE = 60_000


@pytest.fixture
def ui(tmp_path: Path) -> Iterator[str]:
    """`parcours ui` over a temporary copy of the sample's first days; its address."""
    exports = tmp_path / "exports"
    for folder in ("orders", "crm", "events"):
        (exports / folder).mkdir(parents=True)
        for path in sorted((ROOT / "data" / "sample" / folder).glob("*"))[:10]:
            shutil.copy(path, exports / folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PARCOURS_JOURNEY": str(ROOT / "journey.yaml"),
        "PARCOURS_EXPORTS": str(exports),
        "PARCOURS_OUTPUT": str(tmp_path),
    }
    log = (tmp_path / "dagster.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "ui", "--port", str(port)],
        cwd=tmp_path,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, tmp_path / "dagster.log")
        yield address
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
        log.close()


def _wait_for(address: str, log: Path) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/server_info", timeout=2)
            return
        except OSError:
            time.sleep(1)
    pytest.fail(f"the UI did not start:\n{log.read_text()[-3000:]}")


def test_materialize_all_in_the_browser(ui: str, tmp_path: Path) -> None:
    pictures = Path(os.environ.get("PARCOURS_SCREENSHOTS", tmp_path))
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{ui}/asset-groups")
        page.get_by_role("button", name="Materialize all").click(timeout=MINUTE)
        expect(page.get_by_text("Launched run").first).to_be_visible(timeout=MINUTE)
        page.goto(f"{ui}/runs")
        expect(page.get_by_text("Success").first).to_be_visible(timeout=3 * MINUTE)
        page.screenshot(path=pictures / "ui-runs.png")

        page.goto(f"{ui}/assets/journeys/sessions")
        expect(page.get_by_text("One row per session").first).to_be_visible(timeout=MINUTE)
        expect(page.get_by_text("Row count").first).to_be_visible(timeout=MINUTE)
        expect(page.get_by_text("UTC instant of the first touchpoint").first).to_be_visible(timeout=MINUTE)
        page.screenshot(path=pictures / "ui-table.png")

        page.goto(f"{ui}/assets/staging/orders?view=checks")
        expect(page.get_by_text("key_is_unique").first).to_be_visible(timeout=MINUTE)
        expect(page.get_by_text("expectations").first).to_be_visible(timeout=MINUTE)
        page.screenshot(path=pictures / "ui-checks.png")

        # A table of figures shows its chart, and its figures as numbers that are plotted over runs.
        page.goto(f"{ui}/assets/metrics/kpis")
        row = page.locator("tr", has=page.locator("td", has_text=re.compile("^chart$")))
        row.get_by_text(re.compile("show markdown", re.IGNORECASE)).click(timeout=MINUTE)
        picture = page.locator("img[src^='data:image/svg+xml;base64,']").first
        expect(picture).to_be_visible(timeout=MINUTE)
        assert picture.evaluate("image => image.naturalWidth") == 860
        assert str(picture.get_attribute("alt")).startswith("Conversion: ")
        page.screenshot(path=pictures / "ui-chart.png")
        page.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Plots").click()
        expect(page.get_by_text("Conversion (%)").first).to_be_visible(timeout=MINUTE)
        page.screenshot(path=pictures / "ui-plots.png")

        # A page's link opens it: a browser follows no file:// link of a page that it has from a server.
        page.goto(f"{ui}/assets/reports/journey")
        with page.expect_popup(timeout=MINUTE) as opened:
            page.get_by_role("link", name="/reports/journey.html").first.click(timeout=MINUTE)
        report = opened.value
        expect(report.locator("h1")).to_be_visible(timeout=MINUTE)
        expect(report.locator(".js-plotly-plot, .plotly").first).to_be_visible(timeout=MINUTE)
        report.screenshot(path=pictures / "ui-report.png")
        report.get_by_role("link", name="Can these figures be trusted?").click()
        expect(report).to_have_url(re.compile(f"^{ui}/reports/quality.html"))
        expect(report.locator("h1")).to_be_visible(timeout=MINUTE)
        # What runs in a report may not act as the UI.
        asked = "fetch('/server_info').then(() => 'answered', () => 'refused')"
        assert report.evaluate("window.origin") == "null" and report.evaluate(asked) == "refused"

        page.goto(f"{ui}/asset-groups")
        page.wait_for_timeout(3000)
        page.screenshot(path=pictures / "ui-graph.png")
    assert (tmp_path / "reports" / "journey.html").exists()
    assert (tmp_path / "published.duckdb").exists()
