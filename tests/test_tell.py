"""Who is told what, by e-mail and webhook, from servers on this machine: once for each trouble, and never lost."""

from __future__ import annotations

import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mail_servers import ChatTool, MailServer, smtp_server, webhook_server
from night_shop import night_shop

from parcours.nights.close import record_run
from parcours.nights.record import Message, RunRecord, read_records
from parcours.nights.ways import NotDelivered, post_webhook, send_email
from parcours.project import Project
from parcours.settings.schema import Email, Webhook
from parcours.troubles import Trouble

MONDAY = datetime(2026, 3, 9, 1, tzinfo=UTC)
CUT = Trouble("cut", "The exports can't be loaded", "orders.csv.gz: the file ends too early", "Export it again.")
BUSY = Trouble("busy", "The warehouse is open elsewhere", "process 12", "Close it.")
MESSAGE = Message("digest", "Shop: report", "All went well.\n", "<p>All went well.</p>")


def mailing(folder: Path, port: int, more: str = "") -> Project:
    """The night shop, which sends e-mails to a port of this machine."""
    to = "to: [ana@shop.example, ben@shop.example], from: parcours@shop.example"
    email = f"{{{to}, host: 127.0.0.1, port: {port}, security: none}}"
    return night_shop(folder / "shop", f"nights:\n  email: {email}\n{more}")


def night(shop: Project, number: int, *troubles: Trouble, by: str = "night") -> RunRecord:
    started = MONDAY + timedelta(days=number)
    return record_run(
        shop,
        by,  # type: ignore[arg-type]
        started,
        ended=started,
        troubles=troubles,
        finished=not troubles,
        say=lambda text: None,
    )


def subjects(server: MailServer) -> list[str]:
    return [str(mail["Subject"]) for mail in server.mails]


def test_the_digest_is_sent_as_text_and_html_to_everybody(tmp_path: Path) -> None:
    with smtp_server() as server:
        night(mailing(tmp_path, server.port), 0)
    (mail,) = server.mails
    assert mail["Subject"] == "Night shop: report" and mail["To"] == "ana@shop.example, ben@shop.example"
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text and "The night of 9" in text.get_content()
    assert html and "<h1" in html.get_content() and "The night of 9" in html.get_content()


def test_a_trouble_is_told_once_again_after_a_week_and_once_when_it_is_over(tmp_path: Path) -> None:
    with smtp_server() as server:
        shop = mailing(tmp_path, server.port)
        for number in range(9):
            night(shop, number, CUT)
        night(shop, 9)
        night(shop, 10)
    assert subjects(server) == [
        "Night shop: alarm: The exports can't be loaded",
        "Night shop: reminder: The exports can't be loaded",
        "Night shop: over: The exports can't be loaded",
        "Night shop: report",
        "Night shop: report",
    ]
    assert len({str(mail["References"]) for mail in server.mails[:3]}) == 1, "one thread"
    body = server.mails[0].get_body(("plain",))
    assert (
        body
        and "orders.csv.gz: the file ends too early" in body.get_content()
        and "→ Export it again." in body.get_content()
    )


def test_each_trouble_is_a_message_of_its_own(tmp_path: Path) -> None:
    with smtp_server() as server:
        shop = mailing(tmp_path, server.port)
        night(shop, 0, CUT)
        night(shop, 1, CUT, BUSY)
    assert subjects(server) == [f"Night shop: alarm: {one.title}" for one in (CUT, BUSY)]


def test_a_run_by_hand_sends_alarms_and_no_digest(tmp_path: Path) -> None:
    with smtp_server() as server:
        shop = mailing(tmp_path, server.port)
        night(shop, 0, by="command line")
        night(shop, 1, CUT, by="UI")
    assert subjects(server) == [f"Night shop: alarm: {CUT.title}"]


def test_which_digests_are_sent_is_a_setting(tmp_path: Path) -> None:
    with smtp_server() as server:
        shop = mailing(tmp_path, server.port, "  digests: [alarm]\n")
        night(shop, 0)
        night(shop, 1, CUT)
        night(shop, 2, CUT)
    assert subjects(server) == [f"Night shop: alarm: {CUT.title}"] * 3, "the alarm, then the digest of each alarm"


def test_a_mail_server_that_fails_fails_no_run_and_is_tried_again(tmp_path: Path) -> None:
    with smtp_server() as server:
        shop = mailing(tmp_path, server.port)
        server.refuses = True
        first = night(shop, 0, CUT)
        assert first.undelivered[0].message.kind == "alarm" and "not today" in first.undelivered[0].why
        assert "Not delivered yet" in (shop.output / "reports" / "digest.txt").read_text()
        server.refuses = False
        second = night(shop, 1, CUT)
    assert subjects(server) == [f"Night shop: alarm: {CUT.title}"], "late, and once"
    assert second.undelivered == read_records(shop)[-1].undelivered == ()


def test_a_server_that_is_not_there_is_told_and_tried_again(tmp_path: Path) -> None:
    with smtp_server() as server:
        pass
    shop = mailing(tmp_path, server.port)
    assert "refused" in night(shop, 0).undelivered[0].why.lower()


def test_a_webhook_gets_json_whose_text_calls_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = night_shop(tmp_path / "shop", "nights:\n  webhook: {url_variable: CHAT_HOOK}\n")
    with webhook_server() as chat:
        monkeypatch.setenv("CHAT_HOOK", chat.url)
        night(shop, 0, Trouble("x", "A file", "<!channel> @here.csv", ""))
    (post,) = chat.posts
    assert post["text"].startswith("Night shop: alarm: A file\n")
    assert "<!channel>" not in post["text"] and "@here" not in post["text"] and "here.csv" in post["text"]


@pytest.mark.parametrize("case", ["unset", "refused", "not there", "no address"])
def test_a_webhook_that_fails_is_told_without_its_secret_address(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    with webhook_server() as chat:
        chat.answers = 403
        if case == "refused":
            monkeypatch.setenv("CHAT_HOOK", chat.url)
            with pytest.raises(NotDelivered, match="answered 403") as failure:
                post_webhook(Webhook(url_variable="CHAT_HOOK"), MESSAGE)
            assert "secret-part" not in str(failure.value)
    if case == "refused":
        return
    if case != "unset":
        monkeypatch.setenv("CHAT_HOOK", chat.url if case == "not there" else "file:///secret-part")
    with pytest.raises(NotDelivered, match="CHAT_HOOK") as failure:
        post_webhook(Webhook(url_variable="CHAT_HOOK"), MESSAGE)
    assert "secret-part" not in str(failure.value)


def test_starttls_encrypts_and_the_password_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run(
        [*command.split(), "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with smtp_server(tls) as server:
        settings = Email.model_validate(
            {
                "to": "ana@shop.example",
                "from": "parcours@shop.example",
                "host": "localhost",
                "port": server.port,
                "user": "parcours",
                "password_variable": "MAIL_PASSWORD",
            }
        )
        with pytest.raises(NotDelivered, match="certificate"):
            send_email(settings, MESSAGE)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        with pytest.raises(NotDelivered, match="MAIL_PASSWORD is not set"):
            send_email(settings, MESSAGE)
        monkeypatch.setenv("MAIL_PASSWORD", "open sesame")
        send_email(settings, MESSAGE)
    assert server.encrypted == [True] and len(server.logins) == 1


def test_a_server_without_starttls_gets_nothing_where_it_is_wanted() -> None:
    with smtp_server() as server:
        settings = {"to": "ana@shop.example", "from": "p@shop.example", "host": "127.0.0.1", "port": server.port}
        with pytest.raises(NotDelivered, match="STARTTLS"):
            send_email(Email.model_validate(settings), MESSAGE)
    assert not server.mails


def test_nobody_named_is_nobody_told(tmp_path: Path) -> None:
    shop = night_shop(tmp_path / "shop")
    record = night(shop, 0, CUT)
    assert record.troubles[0].told is None and record.undelivered == ()


def test_a_chat_tool_and_e_mail_fail_each_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chat: ChatTool
    with smtp_server() as server, webhook_server() as chat:
        monkeypatch.setenv("CHAT_HOOK", chat.url)
        shop = mailing(tmp_path, server.port, "  webhook: {url_variable: CHAT_HOOK}\n")
        chat.answers = 500
        first = night(shop, 0, CUT)
        chat.answers = 200
        night(shop, 1, CUT)
    assert [one.way for one in first.undelivered] == ["webhook"]
    assert len(server.mails) == 1 and len(chat.posts) == 2, "the refused one, and the same again"
