"""The two ways a message goes out: by e-mail and to a chat tool's webhook.

Secrets come from the environment; journey.yaml holds the variables' names only.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from hashlib import sha256

from parcours.nights.record import Message, Ways
from parcours.project import Project
from parcours.settings.schema import Email, Webhook

TIMEOUT = 20
"""Seconds that a server may take to answer: a night does not hang on a mail server."""

Way = Callable[[Message], None]
"""Hands a message over, or raises NotDelivered."""


class NotDelivered(Exception):
    """A message could not be handed over; the text says why, and holds no secret."""


def ways_of(project: Project) -> dict[Ways, Way]:
    """The ways that journey.yaml names."""
    nights = project.settings.nights
    ways: dict[Ways, Way] = {}
    if email := nights.email:
        ways["e-mail"] = lambda message: send_email(email, message)
    if webhook := nights.webhook:
        ways["webhook"] = lambda message: post_webhook(webhook, message)
    return ways


def send_email(settings: Email, message: Message) -> None:
    """Send a message as plain text and HTML; what belongs to one trouble lies in one thread.

    Raises:
        NotDelivered: the server can't be reached, or refuses.
    """
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.subject.split())
    mail["From"], mail["To"], mail["Date"] = settings.from_, ", ".join(settings.to), formatdate()
    mail["Message-ID"] = make_msgid(domain=settings.from_.rsplit("@", 1)[1])
    mail["Auto-Submitted"] = "auto-generated"
    if message.trouble:
        thread = sha256(message.trouble.encode()).hexdigest()[:24]
        mail["References"] = f"<{thread}@{settings.from_.rsplit('@', 1)[1]}>"
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    try:
        client = smtplib.SMTP_SSL if settings.security == "tls" else smtplib.SMTP
        with client(settings.host, settings.port, timeout=TIMEOUT) as server:
            if settings.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if settings.user:
                server.login(settings.user, _secret(settings.password_variable))
            refused = server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise NotDelivered(f"{settings.host}:{settings.port}: {error}") from None
    if refused:
        raise NotDelivered(f"{settings.host}:{settings.port} refused {', '.join(refused)}")


def post_webhook(settings: Webhook, message: Message) -> None:
    """Post a message as JSON with a field `text`, which chat tools show.

    Raises:
        NotDelivered: the address can't be reached, or does not take it. Its text does not hold the address.
    """
    url = _secret(settings.url_variable)
    if not url.startswith(("http://", "https://")):
        raise NotDelivered(f"{settings.url_variable} holds no address that begins with https://")
    # Chat tools read <…> and @… as links and calls for people; texts of exports may hold both.
    text = message.text.translate({ord("<"): "‹", ord(">"): "›", ord("@"): "@\u200b"})
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT):
            pass
    except urllib.error.HTTPError as error:
        raise NotDelivered(f"the address in {settings.url_variable} answered {error.code} {error.reason}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise NotDelivered(f"the address in {settings.url_variable}: {type(reason).__name__}") from None


def _secret(variable: str | None) -> str:
    if variable is None:
        raise NotDelivered("nights.email has a user and no password_variable")
    if not (value := os.environ.get(variable)):
        raise NotDelivered(f"the environment variable {variable} is not set")
    return value
