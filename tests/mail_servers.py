"""Small servers on this machine that take e-mails and webhooks, for tests of what is sent."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


@dataclass
class MailServer:
    """What an SMTP server got. `refuses` answers every mail with an error; `logins` holds what was sent to log in."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    refuses: bool = False
    encrypted: list[bool] = field(default_factory=list)


@contextmanager
def smtp_server(tls: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    """An SMTP server; with a context it offers STARTTLS."""
    got = MailServer()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            file: Any = self.request.makefile("rwb", buffering=0)
            encrypted = False

            def say(text: str) -> None:
                file.write(f"{text}\r\n".encode())

            say("220 test")
            while line := file.readline().decode().strip():
                match line.split()[0].upper():
                    case "EHLO":
                        offers = ["AUTH PLAIN", *(["STARTTLS"] if tls and not encrypted else [])]
                        for offer in ["test", *offers[:-1]]:
                            say(f"250-{offer}")
                        say(f"250 {offers[-1]}")
                    case "STARTTLS":
                        say("220 go ahead")
                        assert tls
                        file = tls.wrap_socket(self.request, server_side=True).makefile("rwb", buffering=0)
                        encrypted = True
                    case "AUTH":
                        got.logins.append(line)
                        say("235 ok")
                    case "MAIL" if got.refuses:
                        say("550 not today")
                    case "DATA":
                        say("354 go on")
                        lines = []
                        while (text := file.readline()) != b".\r\n":
                            lines.append(text.removeprefix(b".") if text.startswith(b"..") else text)
                        mail = message_from_bytes(b"".join(lines), policy=policy.default)
                        assert isinstance(mail, EmailMessage)
                        got.mails.append(mail)
                        got.encrypted.append(encrypted)
                        say("250 ok")
                    case "QUIT":
                        say("221 bye")
                        return
                    case _:
                        say("250 ok")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        got.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield got
        finally:
            server.shutdown()


@dataclass
class ChatTool:
    """What a webhook got, and how it answers."""

    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    answers: int = 200


@contextmanager
def webhook_server() -> Iterator[ChatTool]:
    """A chat tool's webhook."""
    got = ChatTool()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            got.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(got.answers)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        got.url = f"http://127.0.0.1:{server.server_address[1]}/hook/secret-part"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield got
        finally:
            server.shutdown()
