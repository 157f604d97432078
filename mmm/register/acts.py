"""What is done to plans: save, submit, approve, reject, activate. Each act is one transaction with its log entry."""

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from mmm.errors import RegisterError, SettingsError
from mmm.register.audit import Act, append
from mmm.register.database import Register
from mmm.register.queries import Entry, active_plan, find
from mmm.register.record import Content
from mmm.register.rules import broken, may_approve
from mmm.register.tables import plans
from mmm.sealed import digest, seal

TRANSITIONS = {
    "submit": ("draft", "submitted"),
    "approve": ("submitted", "approved"),
    "reject": ("submitted", "rejected"),
    "activate": ("approved", "active"),
    "settle": ("active", "settled"),
}
"""What each act needs the plan to be, and makes it."""
_DONE = {state: action for action, (_, state) in TRANSITIONS.items()}
_LONGEST_NAME, _LONGEST_NOTE = 200, 10_000


@dataclass(frozen=True)
class Person:
    """Who acts, and what they say to it."""

    name: str
    note: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > _LONGEST_NAME or not self.name.isprintable():
            raise SettingsError("--by: give a name of at most 200 printable characters.")
        if len(self.note) > _LONGEST_NOTE:
            raise SettingsError(f"--note: at most {_LONGEST_NOTE:,} characters; got {len(self.note):,}.")


def save(register: Register, content: Content, person: Person) -> str:
    """Keep a plan as a draft, and return its id: the analysis and a number. Raises RegisterError."""
    document = content.model_dump(mode="json")
    text, mark = seal(document), digest(document)
    with register.writing() as connection:
        query = sa.select(sa.func.max(plans.c.number)).where(plans.c.analysis == content.analysis)
        number = (connection.execute(query).scalar() or 0) + 1
        plan = f"{content.analysis}-{number}"
        connection.execute(
            sa.insert(plans).values(
                id=plan,
                analysis=content.analysis,
                number=number,
                state="draft",
                saved_at=datetime.now(UTC).isoformat(timespec="microseconds"),
                saved_by=person.name,
                content=text,
                digest=mark,
            )
        )
        append(connection, Act(person.name, "save", plan, mark, "", "draft", person.note))
    return plan


def act(register: Register, action: str, plan: str, person: Person) -> tuple[Entry, ...]:
    """Bring a plan to its next state; the plan as it is then, and one that it took the place of.

    Activating a plan supersedes the analysis' active one. Raises RegisterError where the plan is in another state, its
    rules do not allow it, or somebody else was first.
    """
    needed, then = TRANSITIONS[action]
    with register.writing() as connection:
        entry = find(connection, plan)
        if entry.state != needed:
            raise RegisterError(refusal(entry, action, needed))
        if action == "approve":
            _require_allowed(entry, person.name)
        replaced = active_plan(connection, entry.content.analysis) if action == "activate" else None
        if replaced is not None:
            move(connection, replaced, Act(person.name, "supersede", replaced.id, replaced.digest, "active",
                                            "superseded", supersede_note(plan)))  # fmt: skip
        move(connection, entry, Act(person.name, action, plan, entry.digest, needed, then, person.note))
        changed = (plan,) if replaced is None else (plan, replaced.id)
        return tuple(find(connection, one) for one in changed)


def supersede_note(plan: str) -> str:
    """What the log says of a plan that another takes the place of."""
    return f"{plan} takes its place"


def move(connection: sa.Connection, entry: Entry, done: Act) -> None:
    """Write a plan's new state and the log's entry of it."""
    connection.execute(sa.update(plans).where(plans.c.id == entry.id).values(state=done.after))
    append(connection, done)


def refusal(entry: Entry, action: str, needed: str) -> str:
    """Why an act is not done to a plan in this state."""
    step = entry.history[-1]
    already = f"Plan {entry.id} is {entry.state} already" if TRANSITIONS[action][1] == entry.state else (
        f"Plan {entry.id} is {entry.state}"
    )  # fmt: skip
    who = f" (by {step.by} on {step.moment})"
    return f"{already}{who}; to {action} it, it must be {needed}. Nothing was done."


def _require_allowed(entry: Entry, by: str) -> None:
    involved = {step.by for step in entry.history if step.action in ("save", "submit")}
    problems = may_approve(entry.content, by, involved) + broken(entry.content)
    if problems:
        lines = "\n".join(f"  - {problem}." for problem in problems)
        raise RegisterError(f"Plan {entry.id} cannot be approved:\n{lines}")
