"""The UI's webserver shows the shop's pages, and listens to its own pages alone."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from starlette.datastructures import Headers

from parcours.project import ROOT
from pipelines.webserver import FromThisMachine


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The webserver alone, without code locations, over a folder with a page and a secret beside it; its port."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "reports").mkdir()
    (folder / "reports" / "journey.html").write_text("<h1>The journey</h1>")
    (folder / ".parcours-key").write_text("secret")
    (folder / "reports" / "key").symlink_to(folder / ".parcours-key")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = int(free.getsockname()[1])
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PARCOURS_REPORTS": str(folder / "reports"),
        "DAGSTER_HOME": str(folder),
    }
    command = [sys.executable, "-m", "pipelines.webserver", "--empty-workspace", "--host", "127.0.0.1"]
    server = subprocess.Popen([*command, "--port", str(found)], cwd=folder, env=environment)
    try:
        for _ in range(300):
            try:
                ask(found, "/server_info")
                break
            except OSError:
                time.sleep(0.2)
        yield found
    finally:
        server.terminate()
        server.wait(timeout=30)


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str, Headers]:
    """Status, text and headers of an answer; the path goes out as it stands."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace"), Headers(dict(answer.getheaders()))


def test_a_page_is_served_as_a_document_of_no_origin(port: int) -> None:
    status, text, headers = ask(port, "/reports/journey.html")
    assert (status, text) == (200, "<h1>The journey</h1>") and headers["content-type"].startswith("text/html")
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox") and "allow-same-origin" not in policy
    assert "content-disposition" not in headers and headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/reports/../.parcours-key",
        "/reports/%2e%2e/.parcours-key",
        "/reports/..%2f.parcours-key",
        "/reports//..//.parcours-key",
        "/reports/%2e%2e%5c.parcours-key",
        "/reports/key",
        "/reports/",
        "/reports/missing.html",
    ],
)
def test_nothing_else_is_served(port: int, path: str) -> None:
    status, text, _ = ask(port, path)
    assert status == 404 and "secret" not in text


def test_nothing_can_be_written(port: int) -> None:
    assert ask(port, "/reports/journey.html", "PUT")[0] == ask(port, "/reports/journey.html", "DELETE")[0] == 405


@pytest.mark.parametrize("path", ["/reports/journey.html", "/server_info"])
def test_a_name_or_a_page_of_another_site_gets_nothing(port: int, path: str) -> None:
    here = f"127.0.0.1:{port}"
    assert ask(port, path)[0] == ask(port, path, Host=f"localhost:{port}")[0] == 200
    assert ask(port, path, Host=here, Origin=f"http://{here}")[0] == 200
    for headers in (
        {"Host": f"evil.example:{port}"},
        {"Host": f"127.0.0.1.evil.example:{port}"},
        {"Host": here, "Origin": "https://evil.example"},
        {"Host": here, "Origin": f"http://127.0.0.1:{port + 1}"},
        {"Host": here, "Origin": "null"},
        {"Host": here, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Host": here, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ):
        status, text, _ = ask(port, path, **headers)
        assert status == 403 and "journey" not in text, headers
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert ask(port, path, Host=here, **link)[0] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_no_address_alone_starts_a_run(port: int, method: str) -> None:
    # As the image of another site's page would ask: Dagster takes a mutation from the address.
    for path in (
        "/graphql?query=mutation{wipeAssets(assetPartitionRanges:[]){__typename}}",
        "/graphql/?query={version}",
    ):
        assert ask(port, path, method)[0] == 403
    assert ask(port, "/graphql", Accept="text/html")[0] == 200


def test_the_uis_own_questions_are_answered(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}"}
    connection.request("POST", "/graphql?op=Version", '{"query": "{version}"}', headers)
    answer = connection.getresponse()
    assert answer.status == 200 and b'"version"' in answer.read()


def test_a_web_socket_of_another_site_is_closed() -> None:
    sent = []

    async def send(message: object) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1:3000"), (b"origin", b"https://evil.example")]
    asyncio.run(FromThisMachine(None)({"type": "websocket", "headers": headers}, None, send))  # type: ignore[arg-type]
    assert sent == [{"type": "websocket.close", "code": 1008}]
