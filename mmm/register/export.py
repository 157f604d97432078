"""An approved plan for whoever carries it out: a flat table, JSON with a schema, and a calendar of the changes."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from icalendar import Calendar, Event
from pydantic import BaseModel, ConfigDict, Field

from mmm.digits import amount
from mmm.errors import RegisterError
from mmm.files import write_whole
from mmm.register.platforms import platform_file, platform_table
from mmm.register.queries import Entry
from mmm.register.record import Content
from mmm.register.settings import HandoverSettings
from mmm.tables import csv_text

APPROVED = ("approved", "active", "settled")
"""States of a plan that may be carried out, or was."""
_NOTICEABLE = 0.01
"""Share by which a channel's money has to change from one period to the next to be an event."""


class Exported(BaseModel):
    """``plan.json``: a plan with its state."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    schema_version: Literal[1] = Field(1, description="Version of this format; another number is another format.")
    plan: str
    state: str
    draft: bool
    """True where the plan was not approved: it is not to be carried out."""
    approved_by: str | None
    approved_at: str | None
    digest: str
    """Hash of the content, as the register's log has it."""
    content: Content


def exported_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of plan.json."""
    schema = Exported.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "A plan of the register"}


def export_plan(
    entry: Entry, folder: Path, *, draft: bool = False, handover: HandoverSettings | None = None
) -> list[Path]:
    """Write budget.csv, plan.json, changes.ics and the tables of platforms into ``folder``, each whole or not at all.

    Raises RegisterError for a plan that was not approved, unless ``draft`` asks for it: every file then says so, in its
    name too. Raises OSError where the folder cannot be written to.
    """
    approved = entry.state in APPROVED
    if not approved and not draft:
        raise RegisterError(
            f"Plan {entry.id} is {entry.state}, and only approved plans are exported. Have it approved, or export it "
            "with --draft: every file then says that it is not to be carried out."
        )
    mark = "" if approved else f"DRAFT, not approved ({entry.state})"
    step = entry.last("approve")
    document = Exported(
        plan=entry.id,
        state=entry.state,
        draft=not approved,
        approved_by=None if step is None else step.by,
        approved_at=None if step is None else step.at,
        digest=entry.digest,
        content=entry.content,
    )
    prefix = "" if approved else "DRAFT-"
    platforms = {} if handover is None else handover.platforms
    tables = {
        f"{prefix}budget-{name}.{wish.format}": platform_file(platform_table(entry, wish, mark), wish)
        for name, wish in platforms.items()
    }
    return [
        write_whole(folder / f"{prefix}budget.csv", csv_text(flat(entry, mark or entry.state))),
        write_whole(folder / f"{prefix}plan.json", document.model_dump_json(indent=1) + "\n"),
        write_whole(folder / f"{prefix}changes.ics", calendar(entry, mark)),
        *(write_whole(folder / name, content) for name, content in tables.items()),
    ]


def flat(entry: Entry, status: str) -> pd.DataFrame:
    """One row a period, geo and channel: its first and last day, the money, the plan and its state."""
    content = entry.content
    index = pd.MultiIndex.from_product(
        [content.dates, content.geos, content.channels], names=["first_day", "geo", "channel"]
    )
    table = pd.DataFrame({"spend": np.round(content.money.ravel(), 2)}, index=index).reset_index()
    last = [day + dt.timedelta(days=content.days - 1) for day in table["first_day"]]
    table.insert(1, "last_day", [f"{day}" for day in last])
    table["first_day"] = [f"{day}" for day in table["first_day"]]
    return table.assign(currency=content.currency, plan=entry.id, status=status)


def calendar(entry: Entry, mark: str) -> bytes:
    """An iCalendar file (RFC 5545): an all-day event for each channel in each period in which its money changes.

    The first period is compared with today's plan.
    """
    content = entry.content
    made = Calendar()
    made.add("prodid", "-//mmm-workbench//plans//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", " ".join(part for part in (mark, content.title, entry.id) if part))
    stamp = dt.datetime.fromisoformat(entry.history[-1].at) if entry.history else dt.datetime.now(dt.UTC)
    money = np.concatenate([content.today.sum(axis=1)[:1], content.money.sum(axis=1)])
    for row, day in enumerate(content.dates):
        for c, name in enumerate(content.channels):
            before, now = float(money[row, c]), float(money[row + 1, c])
            if abs(now - before) <= _NOTICEABLE * max(before, now):
                continue
            event = Event()
            words = f"{name}: {amount(before)} to {amount(now)} {content.currency} a {content.period}"
            event.add("summary", " ".join(part for part in (mark, words) if part))
            event.add("dtstart", day)
            event.add("dtend", day + dt.timedelta(days=1))
            event.add("dtstamp", stamp)
            event.add("uid", f"{hashlib.sha256(f'{entry.id} {day} {name}'.encode()).hexdigest()[:32]}@mmm-workbench")
            event.add("description", f"Plan {entry.id}, {entry.state}, content {entry.digest[:12]}.")
            made.add_component(event)
    return bytes(made.to_ical())
