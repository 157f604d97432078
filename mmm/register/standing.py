"""What a report says of the register: how far its plan is, what became of earlier promises, and the log's head."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmm.errors import RegisterError
from mmm.register.audit import Head, head_of
from mmm.register.database import FILE, open_register
from mmm.register.ledger import Record, ledger, records_of
from mmm.register.queries import Entry, plan_on
from mmm.register.settings import RegisterSettings


@dataclass(frozen=True)
class Standing:
    """``register`` is its name without any place, ``plan`` the plan on the report's horizon, if there is one, and
    ``records`` the track records of the analysis."""

    register: str
    head: Head
    plan: Entry | None
    records: tuple[Record, ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """What a report tells of the register: an input of it, which the head of the log is not."""
        told = {name: value for name, value in self.to_manifest().items() if name not in ("seq", "hash")}
        return {**told, "records": [one.model_dump(mode="json") for one in self.records]}

    def to_manifest(self) -> dict[str, Any]:
        """For the manifest, which ``mmm plans verify`` compares with the log."""
        plan = self.plan
        found: dict[str, Any] = {"register": self.register, "seq": self.head.seq, "hash": self.head.hash}
        if plan is not None:
            approved = plan.last("approve")
            found |= {"plan": plan.id, "state": plan.state}
            if approved is not None:
                found |= {"approved_by": approved.by, "approved_at": approved.at}
        return found


def name_of(settings: RegisterSettings) -> str:
    """What a manifest calls the register: the variable that has its address, or the file's name."""
    return settings.address or FILE


def standing(settings: RegisterSettings, out: Path, analysis: str, first: dt.date) -> Standing | None:
    """How a plan whose horizon begins on ``first`` stands; None where nobody began a register.

    Raises RegisterError where there is one that cannot be read.
    """
    if settings.address is None and not (out / FILE).is_file():
        return None
    with open_register(settings, out, make=False).reading() as connection:
        records = records_of(ledger(connection, analysis))
        return Standing(name_of(settings), head_of(connection), plan_on(connection, analysis, first), records)


def standing_or_note(
    settings: RegisterSettings, out: Path, analysis: str, first: dt.date
) -> tuple[Standing | None, str]:
    """The same; where the register cannot be read, nothing and a sentence that says why."""
    try:
        return standing(settings, out, analysis, first), ""
    except RegisterError as error:
        return None, f"What the register says of this plan is not told: {error}"
