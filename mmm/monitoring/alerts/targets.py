"""Where messages go: file, terminal, Slack-compatible and signed webhooks, e-mail. No problem names an address."""

import hashlib
import hmac
import json
import os
import smtplib
import ssl
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from mmm.files import Wanted, read_text
from mmm.monitoring.alerts.outbox import Send, Undelivered
from mmm.monitoring.alerts.settings import (
    AlertSettings,
    FileTarget,
    MailTarget,
    SlackTarget,
    Target,
    TerminalTarget,
    WebhookTarget,
)

_SECONDS = 10.0
_LOCAL = ("localhost", "127.0.0.1", "::1")
_FILE = Wanted("The file of alerts", 100_000_000)
Message = dict[str, Any]


def sender(settings: AlertSettings, base: Path, say: Callable[[str], None]) -> Send:
    """A function that sends to the targets of the settings; ``base`` is the folder of the settings file."""

    def send(name: str, number: str, message: Message) -> None:
        target = settings.targets.get(name)
        if target is None:
            raise Undelivered(f"there is no target '{name}' in the settings any more")
        _send(target, number, message, base, say)

    return send


def _send(target: Target, number: str, message: Message, base: Path, say: Callable[[str], None]) -> None:
    if isinstance(target, FileTarget):
        _append(base / target.path, number, message)
    elif isinstance(target, TerminalTarget):
        say(text_of(message))
    elif isinstance(target, SlackTarget):
        _post(target.address, {"text": _slack(text_of(message))}, {"Idempotency-Key": number}, None)
    elif isinstance(target, WebhookTarget):
        _post(target.address, {"id": number, **message}, {"Idempotency-Key": number}, target.secret)
    else:
        _mail(target, number, message)


def text_of(message: Message) -> str:
    """An alert in words."""
    return (
        f"[{message['severity']}] {message['title']}, plan {message['plan']}: {message['sentence']} {message['advice']}"
    )


def _slack(text: str) -> str:
    """The three characters that Slack reads as markup of links and mentions, as its documentation says."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _variable(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise Undelivered(f"the environment variable {name} is not set")
    return value


def _append(path: Path, number: str, message: Message) -> None:
    try:
        if path.exists() and f'"id": "{number}"' in read_text(path, _FILE):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"id": number, **message}, ensure_ascii=False) + "\n"
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line.encode("utf-8"))  # one write: lines of several processes do not mix
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise Undelivered(f"the file cannot be written ({error.strerror})") from None


def _post(variable: str, body: Message, headers: dict[str, str], secret: str | None) -> None:
    content = json.dumps(body, ensure_ascii=False).encode("utf-8")
    headers = {"Content-Type": "application/json", **headers}
    if secret is not None:
        headers["X-MMM-Signature"] = signature(content, _variable(secret), int(time.time()))
    try:
        answer = httpx.post(_variable(variable), content=content, headers=headers, timeout=_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise Undelivered(f"the webhook of {variable} cannot be reached ({type(error).__name__})") from None
    if not answer.is_success:
        raise Undelivered(f"the webhook of {variable} answered {answer.status_code}")


def signature(content: bytes, secret: str, at: int) -> str:
    """Header of a signed message: its time, and HMAC-SHA256 over time and body: an old one cannot be sent again."""
    mark = hmac.new(secret.encode("utf-8"), f"{at}.".encode() + content, hashlib.sha256).hexdigest()
    return f"t={at},v1={mark}"


def _mail(target: MailTarget, number: str, message: Message) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = target.sender, ", ".join(target.to)
    mail["Message-ID"] = f"<{number}@mmm-workbench>"
    subject = f"[{message['severity']}] {message['title']}: {message['kind'].replace('_', ' ')} {message['channel']}"
    mail["Subject"] = " ".join("".join(c if c.isprintable() else " " for c in subject).split())[:200]
    mail.set_content(text_of(message) + "\n")
    address = urlsplit(_variable(target.address))
    try:
        with _server(address.scheme, address.hostname or "", address.port) as server:
            if address.username:
                server.login(unquote(address.username), unquote(address.password or ""))
            server.send_message(mail)
    except Undelivered:
        raise
    except (smtplib.SMTPException, OSError, ValueError) as error:
        code = getattr(error, "smtp_code", None)
        said = type(error).__name__ + (f" {code}" if code else "")
        raise Undelivered(f"the mail server of {target.address} did not take it ({said})") from None


def _server(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=_SECONDS, context=context)
    if scheme != "smtp":
        raise Undelivered("the mail server's address begins with neither smtps:// nor smtp://")
    server = smtplib.SMTP(host, port or 587, timeout=_SECONDS)
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
    elif host not in _LOCAL:
        server.close()
        raise Undelivered("the mail server offers no TLS, and nothing is sent without")
    return server
