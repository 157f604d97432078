"""The audit log: one row an act, each holding the hash of the one before, so that no later change goes unseen."""

import getpass
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from mmm.register.tables import audit, head, plans, settlements
from mmm.sealed import digest, unseal

_HASHED = ("seq", "at", "by", "account", "action", "plan", "digest", "before", "after", "note", "previous")

SETTLED = "settlement "
"""What the note of a settling says before the hash of what is kept of it."""


class Head(NamedTuple):
    """The last entry of the log: its number and its hash; 0 and "" of an empty one."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Act:
    """What is written of an act; ``digest`` is the plan's."""

    by: str
    action: str
    plan: str
    digest: str
    before: str
    after: str
    note: str = ""


def head_of(connection: sa.Connection) -> Head:
    """The head as it is stored."""
    row = connection.execute(sa.select(head.c.seq, head.c.hash)).one()
    return Head(int(row.seq), str(row.hash))


def append(connection: sa.Connection, act: Act) -> Head:
    """Write an act at the end of the log, in a transaction that holds the head."""
    last = head_of(connection)
    row: dict[str, Any] = {
        "seq": last.seq + 1,
        "at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "by": act.by,
        "account": account(),
        "action": act.action,
        "plan": act.plan,
        "digest": act.digest,
        "before": act.before,
        "after": act.after,
        "note": act.note,
        "previous": last.hash,
    }
    row["hash"] = entry_hash(row)
    connection.execute(sa.insert(audit).values(**row))
    connection.execute(sa.update(head).values(seq=row["seq"], hash=row["hash"]))
    return Head(row["seq"], row["hash"])


def account() -> str:
    """The operating system's name of who runs this; names given with --by are told, this one is not."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def entry_hash(row: Mapping[str, Any]) -> str:
    """SHA-256 of an entry: all its columns, the hash before it among them."""
    return digest({name: row[name] for name in _HASHED})


def verify(connection: sa.Connection, heads: Iterable[tuple[str, Head]] = ()) -> list[str]:
    """What was changed behind the register's back, a sentence each; empty where nothing was.

    ``heads`` are heads that were told elsewhere (in the manifests of reports), each with its place. Found are: entries
    changed, removed, added or moved, a head that is not the last entry's, plans whose content or state is not what the
    log says, and plans added or removed.
    """
    rows = [dict(row) for row in connection.execute(sa.select(audit).order_by(audit.c.seq)).mappings()]
    problems = [*_chain(rows), *_heads(rows, head_of(connection), heads)]
    last = {row["plan"]: row for row in rows}
    found = {row["id"]: dict(row) for row in connection.execute(sa.select(plans)).mappings()}
    gone = sorted(set(last) - set(found))
    problems += [f"Plan {name} is in the log and no longer in the register." for name in gone]
    for name, row in found.items():
        problems += _plan(name, row, last.get(name))
    kept = {row["plan"]: dict(row) for row in connection.execute(sa.select(settlements)).mappings()}
    told = {row["plan"]: row["note"] for row in rows if row["action"] == "settle"}
    return [*problems, *_settled(kept, told)]


def _settled(kept: Mapping[str, Mapping[str, Any]], told: Mapping[str, str]) -> Iterable[str]:
    for name in sorted(set(kept) ^ set(told)):
        where = "the ledger and not in the log" if name in kept else "the log and no longer in the ledger"
        yield f"What plan {name} brought is in {where}."
    for name in sorted(set(kept) & set(told)):
        row = kept[name]
        if not (_same(row["content"], row["digest"]) and f"({SETTLED}{row['digest']})" in told[name]):
            yield f"What plan {name} brought was changed."


def _same(text: str, mark: str) -> bool:
    try:
        return digest(unseal(text)) == mark
    except (ValueError, json.JSONDecodeError):
        return False


def _chain(rows: list[dict[str, Any]]) -> Iterable[str]:
    previous, expected = "", 1
    for row in rows:
        if row["seq"] != expected:
            yield f"Between entries {expected - 1} and {row['seq']} of the log {row['seq'] - expected} are missing."
        elif row["previous"] != previous:
            yield f"Entry {row['seq']} of the log does not follow the one before it."
        if row["hash"] != entry_hash(row):
            yield f"Entry {row['seq']} of the log ({row['action']} {row['plan']}) was changed."
        previous, expected = row["hash"], row["seq"] + 1


def _heads(rows: list[dict[str, Any]], stored: Head, told: Iterable[tuple[str, Head]]) -> Iterable[str]:
    last = Head(rows[-1]["seq"], rows[-1]["hash"]) if rows else Head(0, "")
    if stored != last:
        yield f"The log ends at entry {last.seq}, but its head says {stored.seq}: entries at its end are missing."
    known = {row["seq"]: row["hash"] for row in rows} | {0: ""}
    for place, one in told:
        if one.seq not in known:
            yield f"{place} was made when the log had {one.seq} entries; it has {last.seq} now: some were removed."
        elif known[one.seq] != one.hash:
            yield f"{place} knows another entry {one.seq} of the log: it was rewritten since."


def _plan(name: str, row: Mapping[str, Any], entry: Mapping[str, Any] | None) -> Iterable[str]:
    if entry is None:
        yield f"Plan {name} is in the register without an entry in the log."
        return
    if row["state"] != entry["after"]:
        yield f"Plan {name} is {row['state']}, but the log says {entry['after']}."
    if not (_same(row["content"], row["digest"]) and row["digest"] == entry["digest"]):
        yield f"The content of plan {name} was changed."
