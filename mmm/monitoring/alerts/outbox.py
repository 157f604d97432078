"""From points to alerts, and from alerts to what is still to be told: all of it in the register's database.

An alert is raised in the same transaction as the rows of the outbox that tell it: after a crash either both are there
or neither. A row that is being sent is first put off by some minutes (its claim); once sent it is marked so. A process
that is killed between sending and marking leaves a row that is sent once more after the claim, under the same id: mail
has it as Message-ID, webhooks as Idempotency-Key, and the file target does not write an id twice. So nothing is lost,
and a receiver can tell what it has seen.
"""

import datetime as dt
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mmm.data.calendar import Frequency, parse_periods
from mmm.errors import RegisterError
from mmm.monitoring.alerts.settings import AlertRule, AlertSettings
from mmm.monitoring.state import Point, State
from mmm.register.database import Register
from mmm.register.tables import alerts, outbox

ORDER = {"act": 0, "look": 1, "note": 2}
ATTEMPTS = 12
"""Tries after which a message is given up: about two days."""
_FIRST_WAIT, _LONGEST_WAIT, _CLAIM = 30.0, 6 * 3600.0, 300.0
Send = Callable[[str, str, dict[str, Any]], None]
"""Sends (target, id, message); raises :class:`Undelivered`."""


class Undelivered(Exception):
    """A message that did not reach its target; the text names no address."""


@dataclass(frozen=True)
class Told:
    """What one round of deliveries did."""

    sent: int
    failed: tuple[tuple[str, str], ...]
    """(target, why) of each message that is tried again, or was given up."""


def chosen(state: State, settings: AlertSettings) -> list[Point]:
    """The points that are told, with the severity and the advice of the rules."""
    found = []
    for point in state.points:
        rule = next((rule for rule in settings.rules if _fits(rule, point)), None)
        if rule is not None:
            if point.size < rule.above:
                continue
            changes = {"severity": rule.severity or point.severity, "advice": rule.advice or point.advice}
            point = point.model_copy(update=changes)  # noqa: PLW2901
        if ORDER[point.severity] <= ORDER[settings.least]:
            found.append(point)
    return found


def _fits(rule: AlertRule, point: Point) -> bool:
    return rule.kind == point.kind and rule.channel in (None, point.channel)


def raise_alerts(register: Register, state: State, settings: AlertSettings, now: dt.datetime) -> int:
    """Bring the alerts of a plan up to its state; how many are told. What is no longer off is closed."""
    points = {(point.kind, point.channel): point for point in chosen(state, settings)}
    told = 0
    with register.writing() as connection:
        query = sa.select(alerts).where(alerts.c.plan == state.plan, alerts.c.state != "closed")
        known = {(row["kind"], row["channel"]): dict(row) for row in connection.execute(query).mappings()}
        for key, row in known.items():
            if key not in points:
                connection.execute(sa.update(alerts).where(alerts.c.id == row["id"]).values(state="closed"))
        for key, point in points.items():
            earlier = known.get(key)
            if earlier is None:
                number = _new(connection, state.plan, point, now)
            elif _again(earlier, point, settings, now):
                number = int(earlier["id"])
                values = {**_told_values(point, now), "state": "open"}
                connection.execute(sa.update(alerts).where(alerts.c.id == number).values(**values))
            else:
                continue
            _post(connection, number, state, point, settings, now)
            told += 1
    return told


def _told_values(point: Point, now: dt.datetime) -> dict[str, Any]:
    return {
        "severity": point.severity,
        "size": point.size,
        "sentence": point.sentence,
        "advice": point.advice,
        "told_at": _text(now),
    }


def _new(connection: sa.Connection, plan: str, point: Point, now: dt.datetime) -> int:
    number = int(connection.execute(sa.select(sa.func.max(alerts.c.id))).scalar() or 0) + 1
    fixed = {"id": number, "plan": plan, "kind": point.kind, "channel": point.channel, "state": "open"}
    values = {**fixed, **_told_values(point, now), "raised_at": _text(now), "acked_by": ""}
    connection.execute(sa.insert(alerts).values(**values))
    return number


def _again(row: dict[str, Any], point: Point, settings: AlertSettings, now: dt.datetime) -> bool:
    """Whether an alert that was told is told again: it is worse, or it was long ago and nobody acknowledged it."""
    if ORDER[point.severity] < ORDER[row["severity"]] or point.size >= settings.worse * row["size"] > 0:
        return True
    wait = dt.timedelta(days=parse_periods(settings.again, Frequency("day")))
    return row["state"] != "acked" and now - dt.datetime.fromisoformat(row["told_at"]) >= wait


def _post(
    connection: sa.Connection, number: int, state: State, point: Point, settings: AlertSettings, now: dt.datetime
) -> None:
    quiet = settings.quiet.until(now) if settings.quiet is not None and point.severity != "act" else None
    message = {
        "alert": number,
        "analysis": state.analysis,
        "title": state.title,
        "plan": state.plan,
        "made": _text(now),
        **point.model_dump(mode="json"),
    }
    for target in settings.targets:
        connection.execute(
            sa.insert(outbox).values(
                id=uuid.uuid4().hex,
                alert=number,
                target=target,
                state="waiting",
                attempts=0,
                due_at=_text(quiet or now),
                done_at="",
                problem="",
                body=json.dumps(message, ensure_ascii=False),
            )
        )


def deliver(register: Register, send: Send, now: dt.datetime) -> Told:
    """Send all that is due. A target that is down is tried again later, and stops no other."""
    sent, failed = 0, []
    with register.reading() as connection:
        query = sa.select(outbox.c.id).where(outbox.c.state == "waiting", outbox.c.due_at <= _text(now))
        due = list(connection.execute(query.order_by(outbox.c.due_at, outbox.c.id)).scalars())
    for name in due:
        row = _claim(register, name, now)
        if row is None:
            continue
        try:
            send(row["target"], name, json.loads(row["body"]))
        except Undelivered as problem:
            _failed(register, row, str(problem), now)
            failed.append((str(row["target"]), str(problem)))
        else:
            _mark(register, name, state="sent", done_at=_text(now), problem="")
            sent += 1
    return Told(sent, tuple(failed))


def _claim(register: Register, name: str, now: dt.datetime) -> dict[str, Any] | None:
    """The row, put off for others for some minutes; None where another process has it."""
    with register.writing() as connection:
        query = sa.select(outbox).where(outbox.c.id == name, outbox.c.state == "waiting", outbox.c.due_at <= _text(now))
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        later = _text(now + dt.timedelta(seconds=_CLAIM))
        attempts = int(row["attempts"]) + 1
        connection.execute(sa.update(outbox).where(outbox.c.id == name).values(due_at=later, attempts=attempts))
        return {**row, "attempts": attempts}


def _failed(register: Register, row: dict[str, Any], problem: str, now: dt.datetime) -> None:
    if row["attempts"] >= ATTEMPTS:
        _mark(register, row["id"], state="given_up", done_at=_text(now), problem=problem)
        return
    wait = min(_FIRST_WAIT * 2.0 ** (row["attempts"] - 1), _LONGEST_WAIT)
    _mark(register, row["id"], due_at=_text(now + dt.timedelta(seconds=wait)), problem=problem)


def _mark(register: Register, name: str, **values: str) -> None:
    with register.writing() as connection:
        connection.execute(sa.update(outbox).where(outbox.c.id == name).values(**values))


def acknowledge(register: Register, number: int, by: str) -> dict[str, Any]:
    """Say that somebody takes care of an alert: it is told again only when it worsens. Raises RegisterError."""
    with register.writing() as connection:
        row = connection.execute(sa.select(alerts).where(alerts.c.id == number)).mappings().one_or_none()
        if row is None:
            raise RegisterError(f"There is no alert {number}. `mmm alerts list` shows those that are open.")
        if row["state"] != "open":
            by_whom = f" by {row['acked_by']}" if row["state"] == "acked" else ""
            raise RegisterError(f"Alert {number} is {row['state']} already{by_whom}. Nothing was done.")
        connection.execute(sa.update(alerts).where(alerts.c.id == number).values(state="acked", acked_by=by))
        # What was not yet told of it need not be told any more.
        waiting = (outbox.c.alert == number, outbox.c.state == "waiting")
        connection.execute(sa.update(outbox).where(*waiting).values(state="given_up", problem=f"acknowledged by {by}"))
        return dict(row)


def listing(register: Register) -> list[dict[str, Any]]:
    """Alerts that are not closed, with how many messages of each wait, the newest first."""
    with register.reading() as connection:
        waiting = sa.select(outbox.c.alert, sa.func.count().label("waiting")).where(outbox.c.state == "waiting")
        counts = waiting.group_by(outbox.c.alert).subquery()
        query = sa.select(alerts, counts.c.waiting).outerjoin(counts, counts.c.alert == alerts.c.id)
        rows = connection.execute(query.where(alerts.c.state != "closed").order_by(alerts.c.id.desc())).mappings()
        return [{**row, "waiting": row["waiting"] or 0} for row in rows]


def _text(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")
