"""Looking into the register."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from mmm.errors import RegisterError
from mmm.register.record import Content
from mmm.register.tables import audit, plans
from mmm.sealed import digest, unseal

_MOST_NAMED = 8
STATES = ("active", "settled", "superseded", "approved", "submitted", "draft", "rejected")
"""The states of plans, the furthest on its way first."""


@dataclass(frozen=True)
class Step:
    """One entry of the audit log."""

    seq: int
    at: str
    by: str
    account: str
    action: str
    before: str
    after: str
    note: str

    @property
    def moment(self) -> str:
        """When, to the minute, UTC."""
        return f"{self.at[:16].replace('T', ' ')} UTC"


@dataclass(frozen=True)
class Entry:
    """A plan in the register, with its history."""

    id: str
    state: str
    saved_by: str
    content: Content
    digest: str
    history: tuple[Step, ...]

    def last(self, action: str) -> Step | None:
        """The last time that this was done to the plan."""
        return next((step for step in reversed(self.history) if step.action == action), None)

    @property
    def words(self) -> str:
        """The state, and who brought it about when."""
        step = self.history[-1]
        approved = self.last("approve")
        text = f"{self.state}, by {step.by} on {step.moment}"
        if approved is not None and approved is not step:
            text += f"; approved by {approved.by} on {approved.moment}"
        return text


@dataclass(frozen=True)
class Row:
    """A plan in a list."""

    id: str
    analysis: str
    state: str
    saved_by: str
    saved_at: str
    content: Content


def find(connection: sa.Connection, plan: str) -> Entry:
    """The plan of that id. Raises RegisterError where there is none, or its content was changed."""
    row = connection.execute(sa.select(plans).where(plans.c.id == plan)).mappings().one_or_none()
    if row is None:
        newest = sa.select(plans.c.id).order_by(plans.c.saved_at.desc()).limit(_MOST_NAMED + 1)
        known = list(connection.execute(newest).scalars())
        names = ", ".join(known[:_MOST_NAMED]) + (" and others" if len(known) > _MOST_NAMED else "")
        raise RegisterError(f"There is no plan '{plan}' in the register. It holds {names or 'none'}.")
    steps = connection.execute(sa.select(audit).where(audit.c.plan == plan).order_by(audit.c.seq)).mappings()
    history = tuple(Step(**{name: step[name] for name in Step.__dataclass_fields__}) for step in steps)
    return Entry(row["id"], row["state"], row["saved_by"], _content(row), row["digest"], history)


@dataclass(frozen=True)
class Search:
    """Which plans to list: of an analysis, in a state (None: any), at most so many, the newest first."""

    analysis: str | None = None
    state: str | None = None
    most: int = 50


@dataclass(frozen=True)
class Listing:
    """The plans found; ``more`` are there beyond ``Search.most``. Only those listed were read."""

    rows: list[Row]
    more: int


def listed(connection: sa.Connection, search: Search) -> Listing:
    """The plans that a search finds. Raises RegisterError where one of them cannot be read."""
    wanted: sa.ColumnElement[bool] = sa.true()
    if search.analysis is not None:
        wanted = sa.and_(wanted, plans.c.analysis == search.analysis)
    if search.state is not None:
        wanted = sa.and_(wanted, plans.c.state == search.state)
    query = sa.select(plans).where(wanted).order_by(plans.c.saved_at.desc(), plans.c.number.desc())
    rows = [
        Row(row["id"], row["analysis"], row["state"], row["saved_by"], row["saved_at"], _content(row))
        for row in connection.execute(query.limit(search.most)).mappings()
    ]
    there = connection.execute(sa.select(sa.func.count()).select_from(plans).where(wanted)).scalar_one()
    return Listing(rows, there - len(rows))


def active_plan(connection: sa.Connection, analysis: str) -> Entry | None:
    """The active plan of an analysis."""
    query = sa.select(plans.c.id).where(plans.c.analysis == analysis, plans.c.state == "active")
    found = connection.execute(query).scalars().first()
    return None if found is None else find(connection, found)


def plan_on(connection: sa.Connection, analysis: str, first: dt.date) -> Entry | None:
    """The plan furthest on its way whose horizon begins on that day: what a report on it says of its state."""
    # Only plans whose text holds that day are read; whether it is their first one is seen in what they say.
    query = (
        sa.select(plans)
        .where(plans.c.analysis == analysis, plans.c.content.contains(f'"{first}"', autoescape=True))
        .order_by(sa.case({state: place for place, state in enumerate(STATES)}, value=plans.c.state))
        .order_by(plans.c.saved_at.desc(), plans.c.number.desc())
    )
    for row in connection.execute(query).mappings():
        if _content(row).dates[0] == first:
            return find(connection, row["id"])
    return None


def _content(row: Any) -> Content:
    try:
        document = unseal(row["content"])
        if digest(document) != row["digest"]:
            raise ValueError("it is not what was written")
        return Content.model_validate(document)
    except (ValueError, ValidationError) as error:
        raise RegisterError(
            f"Plan {row['id']} cannot be read ({str(error).splitlines()[0]}). `mmm plans verify` says what was changed."
        ) from error
