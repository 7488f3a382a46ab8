"""Dagster's UI with the shop's pages in it, for this machine alone.

A browser opens no `file://` link of a page that it has from a server, so the UI serves the folder of the reports
itself, below `/reports`. Dagster has no place for pages of one's own: its webserver's class is extended here, and
`dagster dev` is made to start this one. Not here: the daemon and the code server, which `dagster dev` starts as ever.

`python -m pipelines.webserver dev …` is `dagster dev …`; without `dev` it is `dagster-webserver …`.
"""

from __future__ import annotations

import os
import sys
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from dagster_shared.ipc import open_ipc_subprocess
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers, QueryParams
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

REPORTS_FOLDER = "PARCOURS_REPORTS"
"""The variable that names the folder of the pages; without it none are served."""

OURS = {"dagster_webserver": "pipelines.webserver"}
"""The module that is started, by the one that `dagster dev` names."""

LOOPBACK = {"127.0.0.1", "localhost", "::1"}

HEADERS = {
    # What a page of ours runs may not act as the UI, which starts and stops runs: it is of no origin.
    "Content-Security-Policy": "sandbox allow-scripts allow-popups allow-downloads",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Pages(StaticFiles):
    """The files of one folder, and of no other."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """A file, with what a browser must know of it."""
        response = super().file_response(*args, **kwargs)
        response.headers.update(HEADERS)
        return response


class FromThisMachine:
    """Refuses what another site makes a browser ask: by a name that points to this machine, or by a request of its."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan" or (_is_from_here(Headers(scope=scope)) and not _acts_by_address(scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            refusal = PlainTextResponse("Open the UI as http://127.0.0.1 on the machine it runs on.", status_code=403)
            await refusal(scope, receive, send)


def _is_from_here(headers: Headers) -> bool:
    host, origin = headers.get("host", ""), headers.get("origin")
    # An image or a script of another site asks without an origin; a link to a page of ours may stand anywhere.
    of_another_site = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    is_link = headers.get("sec-fetch-mode") == "navigate"
    return (
        urlsplit(f"//{host}").hostname in LOOPBACK
        and (origin is None or urlsplit(origin).netloc == host)
        and (is_link or not of_another_site)
    )


def _acts_by_address(scope: Scope) -> bool:
    """Whether an address alone asks GraphQL, which starts runs: Dagster answers it, and its own pages never ask so."""
    return scope["path"].rstrip("/").endswith("/graphql") and "query" in QueryParams(scope["query_string"])


class ShopWebserver(DagsterWebserver[Any, Any]):
    """Dagster's webserver with the shop's pages."""

    def build_routes(self) -> list[BaseRoute]:
        """Ours before Dagster's, whose last one takes every path."""
        folder = os.environ.get(REPORTS_FOLDER)
        pages = [Mount("/reports", Pages(directory=folder, check_dir=False))] if folder else []
        return [*pages, *super().build_routes()]  # type: ignore[no-untyped-call]

    def build_middleware(self) -> list[Middleware]:
        """Ours before Dagster's."""
        return [Middleware(FromThisMachine), *super().build_middleware()]


def serve() -> None:
    """`dagster-webserver` with the pages."""
    with patch("dagster_webserver.app.DagsterWebserver", ShopWebserver):
        from dagster_webserver import cli

        cli.cli(auto_envvar_prefix="DAGSTER_WEBSERVER")


def develop() -> None:
    """`dagster dev` with the webserver above in place of Dagster's."""
    from dagster._cli.dev import dev_command

    def start(command: list[str], **options: Any) -> Any:
        return open_ipc_subprocess([OURS.get(word, word) for word in command], **options)

    with patch("dagster._cli.dev.open_ipc_subprocess", start):
        dev_command(args=sys.argv[2:])


if __name__ == "__main__":
    develop() if sys.argv[1:2] == ["dev"] else serve()
