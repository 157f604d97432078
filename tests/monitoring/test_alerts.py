"""Alerts: told once, again when it worsens, over real servers on loopback; lost in no crash."""

import datetime as dt
import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import postgres
import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from alert_cases import NOW, state

from mmm.errors import RegisterError
from mmm.monitoring.alerts.outbox import (
    ATTEMPTS,
    Undelivered,
    acknowledge,
    deliver,
    listing,
    raise_alerts,
)
from mmm.monitoring.alerts.settings import AlertSettings, QuietHours
from mmm.monitoring.alerts.targets import sender
from mmm.register.database import Register, open_register
from mmm.register.settings import RegisterSettings
from mmm.register.tables import outbox

MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return open_register(RegisterSettings(), tmp_path)


def settings(**changes: Any) -> AlertSettings:
    return AlertSettings.model_validate({"targets": {"desk": {"kind": "file", "path": "alerts.jsonl"}}, **changes})


def said(_: str) -> None:
    """Where nobody listens."""


@dataclass
class Kept:
    """A target that keeps what it is sent, and is down while ``down``."""

    sent: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    down: frozenset[str] = frozenset()

    def __call__(self, target: str, number: str, message: dict[str, Any]) -> None:
        if target in self.down:
            raise Undelivered("it is down")
        self.sent.append((target, number, message))

    @property
    def sentences(self) -> list[str]:
        return [message["sentence"] for _, _, message in self.sent]


# When


def test_an_alert_is_told_once_and_again_when_it_is_worse_or_old(register: Register) -> None:
    kept, wanted = Kept(), settings()

    def look(now: dt.datetime, *points: tuple[str, str, float]) -> int:
        told = raise_alerts(register, state(*points), wanted, now)
        deliver(register, kept, now)
        return told

    assert look(NOW, ("pace", "look", 0.1)) == 1
    assert look(NOW + MINUTE, ("pace", "look", 0.14)) == 0
    assert look(NOW + 2 * MINUTE, ("pace", "look", 0.16)) == 1  # half as large again
    assert look(NOW + 3 * MINUTE, ("pace", "act", 0.16)) == 1  # more severe
    assert look(NOW + 6 * DAY, ("pace", "act", 0.16)) == 0
    assert look(NOW + 8 * DAY, ("pace", "act", 0.16)) == 1  # long ago
    assert look(NOW + 9 * DAY) == 0  # over
    assert listing(register) == []
    assert look(NOW + 10 * DAY, ("pace", "look", 0.1)) == 1  # and here again
    assert look(NOW + 11 * DAY, ("pace", "look", 0.1), ("data", "note", 1.0)) == 0  # notes are not told
    assert len(kept.sent) == 5
    assert len({number for _, number, _ in kept.sent}) == 5


def test_who_takes_care_is_not_told_again_until_it_worsens(register: Register) -> None:
    kept, wanted = Kept(), settings()
    raise_alerts(register, state(("pace", "look", 0.1)), wanted, NOW)
    deliver(register, kept, NOW)
    assert acknowledge(register, 1, "Anna")["sentence"] == "pace of 0.1"
    with pytest.raises(RegisterError, match="Alert 1 is acked already by Anna"):
        acknowledge(register, 1, "Ben")
    with pytest.raises(RegisterError, match="There is no alert 7"):
        acknowledge(register, 7, "Ben")
    assert raise_alerts(register, state(("pace", "look", 0.1)), wanted, NOW + 30 * DAY) == 0
    assert raise_alerts(register, state(("pace", "look", 0.2)), wanted, NOW + 31 * DAY) == 1
    assert listing(register)[0]["state"] == "open"


def test_rules_change_what_is_told(register: Register) -> None:
    rules = [
        {"kind": "channel_pace", "channel": "tv", "above": 0.5},
        {"kind": "channel_pace", "severity": "act", "advice": "Call them."},
        {"kind": "data", "severity": "look"},
    ]
    kept = Kept()
    found = state(("channel_pace", "look", 0.4, "tv"), ("channel_pace", "look", 0.4, "search"), ("data", "note", 1.0))
    raise_alerts(register, found, settings(rules=rules), NOW)
    deliver(register, kept, NOW)
    told = {(m["kind"], m["channel"]): (m["severity"], m["advice"]) for _, _, m in kept.sent}
    assert told == {("channel_pace", "search"): ("act", "Call them."), ("data", ""): ("look", "do something")}


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2025-03-03T19:30+00:00", "2025-03-04T06:00+00:00"),
        ("2025-03-04T05:59+00:00", "2025-03-04T06:00+00:00"),
        ("2025-03-04T06:00+00:00", None),
        ("2025-03-03T18:59+00:00", None),
        ("2025-07-03T18:30+00:00", "2025-07-04T05:00+00:00"),
    ],
)
def test_quiet_hours_by_the_clock_of_a_place(moment: str, end: str | None) -> None:
    quiet = QuietHours(start="20:00", end="07:00", timezone="Europe/Berlin")
    found = quiet.until(dt.datetime.fromisoformat(moment))
    assert found == (None if end is None else dt.datetime.fromisoformat(end))


def test_in_quiet_hours_only_what_is_to_be_acted_on_is_told(register: Register) -> None:
    kept, night = Kept(), dt.datetime(2025, 3, 3, 23, tzinfo=dt.UTC)
    wanted = settings(quiet={"start": "20:00", "end": "07:00"})
    raise_alerts(register, state(("pace", "look", 0.1), ("limit", "act", 5.0)), wanted, night)
    deliver(register, kept, night)
    assert kept.sentences == ["limit of 5.0"]
    deliver(register, kept, night + dt.timedelta(hours=8))
    assert kept.sentences == ["limit of 5.0", "pace of 0.1"]


# Whether


def test_a_target_that_is_down_is_tried_again_and_stops_no_other(register: Register) -> None:
    targets = {name: {"kind": "file", "path": f"{name}.jsonl"} for name in ("a", "b")}
    raise_alerts(register, state(("pace", "look", 0.1)), settings(targets=targets), NOW)
    kept = Kept(down=frozenset({"a"}))
    done = deliver(register, kept, NOW)
    assert (done.sent, done.failed) == (1, (("a", "it is down"),))
    assert deliver(register, kept, NOW + dt.timedelta(seconds=29)).failed == ()
    moment, waits = NOW, []
    for _ in range(ATTEMPTS - 1):
        with register.reading() as connection:
            due = connection.execute(sa.select(outbox.c.due_at).where(outbox.c.state == "waiting")).scalar_one()
        waits.append((dt.datetime.fromisoformat(due) - moment).total_seconds())
        moment = dt.datetime.fromisoformat(due)
        assert len(deliver(register, kept, moment).failed) == 1
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600]
    with register.reading() as connection:
        states = sorted(connection.execute(sa.select(outbox.c.state)).scalars())
    assert states == ["given_up", "sent"]


def test_what_one_process_sends_no_other_does(register: Register) -> None:
    raise_alerts(register, state(("pace", "look", 0.1)), settings(), NOW)
    kept = Kept()

    def slow(target: str, number: str, message: dict[str, Any]) -> None:
        assert deliver(register, kept, NOW + MINUTE).sent == 0
        kept(target, number, message)

    assert deliver(register, slow, NOW).sent == 1
    assert len(kept.sent) == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_after_any_statement_every_alert_is_told_exactly_once(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    variable = ""
    if kind == "postgresql":
        variable = "MMM_TEST_ALERTS"
        monkeypatch.setenv(variable, request.getfixturevalue("server").new_database())
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, here / "alert_cases.py", tmp_path, variable],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent / "register")])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["killed"] > 8
    assert found["lines"] == {f"{run}/{name}": 1 for run in range(found["killed"] + 1) for name in ("a", "b")}


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    with postgres.running() as found:
        yield found


# Whereto


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted; answers 500 below /broken."""

    seen: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((dict(self.headers), body))
        self.send_response(500 if self.path.startswith("/broken") else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Receiver.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{running.server_address[1]}"
        monkeypatch.setenv("MMM_HOOK", f"{address}/secret-token")
        monkeypatch.setenv("MMM_BROKEN", f"{address}/broken/secret-token")
        monkeypatch.setenv("MMM_NOBODY", "http://127.0.0.1:1/secret-token")
        monkeypatch.setenv("MMM_HOOK_SECRET", "shhh")
        yield address
        running.shutdown()


def post(
    register: Register, target: dict[str, Any], tmp_path: Path, channel: str = "tv"
) -> tuple[tuple[str, str], ...]:
    wanted = settings(targets={"it": target})
    raise_alerts(register, state(("pace", "act", 0.1, channel)), wanted, NOW)
    return deliver(register, sender(wanted, tmp_path, said), NOW).failed


def test_a_webhook_is_signed_and_knows_what_it_has_seen(register: Register, tmp_path: Path, hook: str) -> None:
    failed = post(register, {"kind": "webhook", "address": "MMM_HOOK", "secret": "MMM_HOOK_SECRET"}, tmp_path)
    assert failed == ()
    headers, body = Receiver.seen[0]
    at, mark = (part.partition("=")[2] for part in headers["X-MMM-Signature"].split(","))
    assert hmac.compare_digest(mark, hmac.new(b"shhh", f"{at}.".encode() + body, hashlib.sha256).hexdigest())
    message = json.loads(body)
    assert message["id"] == headers["Idempotency-Key"]
    assert (message["kind"], message["channel"], message["severity"]) == ("pace", "tv", "act")


def test_slack_takes_names_for_text(register: Register, tmp_path: Path, hook: str) -> None:
    assert post(register, {"kind": "slack", "address": "MMM_HOOK"}, tmp_path, "<!channel> & co") == ()
    text = json.loads(Receiver.seen[0][1])["text"]
    assert "pace of 0.1 &lt;!channel&gt; &amp; co" in text


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("MMM_BROKEN", "the webhook of MMM_BROKEN answered 500"),
        ("MMM_NOBODY", "the webhook of MMM_NOBODY cannot be reached (ConnectError)"),
        ("MMM_UNSET", "the environment variable MMM_UNSET is not set"),
    ],
)
def test_a_webhook_that_fails_is_said_without_its_address(
    register: Register, tmp_path: Path, hook: str, variable: str, words: str
) -> None:
    assert post(register, {"kind": "webhook", "address": variable}, tmp_path) == (("it", words),)
    assert b"secret-token" not in (tmp_path / "plans.db").read_bytes()


@dataclass
class Mailbox:
    """Takes every mail."""

    mails: list[Message] = field(default_factory=list)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        self.mails.append(message_from_bytes(envelope.content))
        return "250 taken"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    box = Mailbox()
    port = postgres.free_port()
    running = Controller(box, hostname="127.0.0.1", port=port)
    running.start()
    monkeypatch.setenv("MMM_SMTP", f"smtp://127.0.0.1:{port}")
    monkeypatch.setenv("MMM_SMTP_LOGIN", f"smtp://robert:p%40ss-w0rd@127.0.0.1:{port}")
    yield box
    running.stop()


def test_a_mail_arrives_and_names_make_no_headers(register: Register, tmp_path: Path, mailbox: Mailbox) -> None:
    target = {"kind": "email", "address": "MMM_SMTP", "sender": "mmm@example.com", "to": ["finance@example.com"]}
    assert post(register, target, tmp_path, "tv\r\nBcc: spy@example.com\r\n\r\nBuy ürgently") == ()
    mail = mailbox.mails[0]
    subject = str(make_header(decode_header(str(mail["Subject"]).replace("\n", ""))))
    assert subject == "[act] Demo: pace tv Bcc: spy@example.com Buy ürgently"
    assert mail["Bcc"] is None
    assert mail["Message-ID"].endswith("@mmm-workbench>")
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "pace of 0.1" in body.decode()


@pytest.mark.parametrize(
    ("variable", "words"),
    [("MMM_SMTP_LOGIN", "did not take it (SMTPNotSupportedError)"), ("MMM_SMTP_OFF", "neither smtps:// nor smtp://")],
)
def test_a_mail_that_fails_is_said_without_its_address(
    register: Register, tmp_path: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, variable: str, words: str
) -> None:
    monkeypatch.setenv("MMM_SMTP_OFF", "http://robert:p%40ss-w0rd@127.0.0.1")
    target = {"kind": "email", "address": variable, "sender": "mmm@example.com", "to": ["finance@example.com"]}
    ((_, problem),) = post(register, target, tmp_path)
    assert words in problem
    for secret in (b"robert", b"p%40ss", b"p@ss-w0rd"):
        assert secret not in problem.encode()
        assert secret not in (tmp_path / "plans.db").read_bytes()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quiet": {"timezone": "Mars/Base"}}, "'Mars/Base' is no time zone"),
        ({"targets": {"a": {"kind": "file", "path": "../x"}}}, "must not leave the folder"),
        ({"targets": {"a": {"kind": "slack", "address": "https://hooks.slack.com/x"}}}, "address"),
        ({"targets": {"a": {"kind": "email", "address": "A", "sender": "a@b", "to": ["x\n@y"]}}}, "to"),
    ],
)
def test_settings_of_alerts_are_checked(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        settings(**changes)
