"""What plans brought, beside what was promised: the ledger of settled plans, and the track record that it is."""

import datetime as dt
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import sqlalchemy as sa

from mmm.arrays import Floats
from mmm.errors import RegisterError
from mmm.register.acts import TRANSITIONS, Person, move, refusal
from mmm.register.audit import SETTLED, Act
from mmm.register.database import Register
from mmm.register.queries import find
from mmm.register.record import Content, Part, Promise
from mmm.register.tables import settlements
from mmm.sealed import digest, seal, unseal

ENOUGH = 3
"""Settled plans from which on promises are scaled."""
_PRIOR_SD = 0.5
"""Spread, before any plan is settled, of the share of a promise that is kept; its mean is 1."""


class Spread(Part):
    """A mean with its equal-tailed 90% interval."""

    mean: float
    lower: float
    upper: float

    @classmethod
    def of(cls, draws: Floats) -> "Spread":
        """From draws [n]."""
        lower, upper = np.quantile(draws, [0.05, 0.95])
        return cls(mean=float(np.mean(draws)), lower=float(lower), upper=float(upper))


class Settlement(Part):
    """What a plan brought over its reference plan, estimated when its horizon was over, and why it is not what was
    promised: ``promise.mean + spending + prices + learned.mean`` is ``settled.mean``, up to rounding."""

    version: Literal[1] = 1
    plan: str
    analysis: str
    title: str
    first: dt.date
    last: dt.date
    currency: str
    outcome_unit: str
    promise: Promise
    """As it was told."""
    unscaled: float
    """Its mean before it was scaled by the track record of that time."""
    settled: Promise
    """The gain of the money really spent, by the refreshed fit; plan and reference plan on the same draws."""
    spending: Spread
    """Of the difference: money was spent otherwise than planned."""
    prices: Spread
    """Media cost other than the plan reckoned with."""
    learned: Spread
    """The effects are believed to be other than when the plan was made."""
    planned: float
    spent: float
    reference: float
    """Money of the reference plan."""
    expected: Spread
    """Outcome that the plan's own model expected of the money as planned."""
    deviation: Spread
    """What spending otherwise changed of it, by that model."""
    surprise: Spread
    """What actually came on top: the market, and all else that the model did not know."""
    outcome: float
    """What was seen: ``expected + deviation + surprise``, in means."""
    chain: tuple[str, ...] = ()
    """Plans that this one corrected, the first one first."""
    fit: str
    data: str

    @property
    def held(self) -> bool:
        """Whether the promise held: the gain is not below the lower end of the interval that was told."""
        return self.settled.mean >= self.promise.lower


class Record(Part):
    """The track record of all settled plans whose promises count the same."""

    what: Literal["outcome", "profit"]
    unit: str
    plans: int
    held: int
    """Promises whose interval's lower end was reached."""
    promised: float
    """Mean promise."""
    over: Spread
    """Mean of promise less gain; the gains of several plans count as independent."""
    won: Spread
    """Sum of the gains."""
    kept: Spread
    """Share of a promise that is kept, as :func:`kept_share` has it."""

    @property
    def factor(self) -> float:
        """What the next promise is multiplied by: 1 until there are enough settled plans, and never more than 1."""
        return min(1.0, max(0.0, self.kept.mean)) if self.plans >= ENOUGH else 1.0


def kept_share(promised: Floats, settled: Floats, variance: Floats) -> tuple[float, float]:
    """Mean and standard deviation of the share k of a promise that is kept.

    Gains are taken for k x promise plus a normal error whose variance is that of the promise's draws and of the gain's
    together; before any plan is settled k is normal about 1 with standard deviation 0.5. Then k is normal with
    precision ``4 + sum promise^2 / variance`` (Bayesian linear regression through the origin; Gelman et al., Bayesian
    Data Analysis, 3rd ed., section 14.8). One plan moves it little, and only as far as promise and gain were certain.
    """
    prior = 1.0 / _PRIOR_SD**2
    precision = prior + float((promised**2 / variance).sum())
    return (prior + float((promised * settled / variance).sum())) / precision, math.sqrt(1.0 / precision)


def counted(found: Sequence[Settlement]) -> list[Settlement]:
    """Those that a track record counts: of plans that correct one another, the last.

    Its promise and its gain are of the whole horizon, so that an earlier one would count the same weeks twice.
    """
    last: dict[tuple[str, str], Settlement] = {}
    for one in sorted(found, key=lambda one: (len(one.chain), number_of(one.plan))):
        last[one.analysis, one.chain[0] if one.chain else one.plan] = one
    return [one for one in found if one in last.values()]


def number_of(plan: str) -> int:
    """The number at the end of a plan's id; ids in the order of letters would put demo-10 before demo-2."""
    return int(plan.rpartition("-")[2])


def record_of(found: Sequence[Settlement], what: str, unit: str) -> Record | None:
    """The record of the plans that count whose promise is of that kind; None where there is none."""
    same = [one for one in counted(found) if one.promise.what == what and one.promise.unit == unit]
    if not same:
        return None
    told = np.array([one.promise.mean for one in same])
    raw = np.array([one.unscaled for one in same])
    gains = [np.array(one.settled.draws) for one in same]
    n = min(map(len, gains))
    rng = np.random.default_rng(1)
    # Draws of different plans belong to different fits: shuffled, so that they count as independent.
    drawn = np.column_stack([rng.permutation(draws)[:n] for draws in gains])
    variance = np.array([np.var(one.promise.draws) + np.var(one.settled.draws) for one in same])
    tiny = 1e-12 * max(1.0, float(np.abs(raw).max()) ** 2)
    mean, sd = kept_share(raw, np.array([one.settled.mean for one in same]), np.maximum(variance, tiny))
    return Record(
        what=same[0].promise.what,
        unit=unit,
        plans=len(same),
        held=sum(one.held for one in same),
        promised=float(told.mean()),
        over=Spread.of((told - drawn).mean(axis=1)),
        won=Spread.of(drawn.sum(axis=1)),
        kept=Spread(mean=mean, lower=mean - 1.6449 * sd, upper=mean + 1.6449 * sd),
    )


def records_of(found: Sequence[Settlement]) -> tuple[Record, ...]:
    """A record for each kind of promise that there is."""
    kinds = sorted({(one.promise.what, one.promise.unit) for one in found})
    return tuple(record for what, unit in kinds if (record := record_of(found, what, unit)) is not None)


def as_told(content: Content, records: Sequence[Record]) -> Content:
    """The plan with its promise multiplied by what earlier promises of its kind kept."""
    promise = content.promise
    same = [one for one in records if (one.what, one.unit) == (promise.what, promise.unit)]
    if not same or same[0].factor == 1.0:
        return content
    return content.model_copy(update={"promise": scaled(promise, same[0].factor), "kept": same[0].factor})


def scaled(promise: Promise, factor: float) -> Promise:
    """A promise as it is told: every draw multiplied by what is kept of promises."""
    return promise.model_copy(
        update={
            "mean": factor * promise.mean,
            "lower": factor * promise.lower,
            "upper": factor * promise.upper,
            "draws": tuple(factor * draw for draw in promise.draws),
        }
    )


def settle(register: Register, settlement: Settlement, person: Person) -> None:
    """Keep what a plan brought, in one transaction with its log entry. Raises RegisterError where it is not active."""
    document = settlement.model_dump(mode="json")
    mark = digest(document)
    needed, then = TRANSITIONS["settle"]
    with register.writing() as connection:
        entry = find(connection, settlement.plan)
        if entry.state != needed:
            raise RegisterError(refusal(entry, "settle", needed))
        connection.execute(
            sa.insert(settlements).values(
                plan=entry.id, analysis=entry.content.analysis, content=seal(document), digest=mark
            )
        )
        note = f"{person.note} ({SETTLED}{mark})".strip()
        move(connection, entry, Act(person.name, "settle", entry.id, entry.digest, needed, then, note))


def ledger(connection: sa.Connection, analysis: str | None = None) -> list[Settlement]:
    """What settled plans of an analysis (of all) brought, the earliest horizon first. Raises RegisterError."""
    query = sa.select(settlements)
    if analysis is not None:
        query = query.where(settlements.c.analysis == analysis)
    found = []
    for row in connection.execute(query).mappings():
        try:
            document = unseal(row["content"])
            if digest(document) != row["digest"]:
                raise ValueError("it is not what was written")
            found.append(Settlement.model_validate(document))
        except ValueError as error:
            raise RegisterError(
                f"What plan {row['plan']} brought cannot be read ({str(error).splitlines()[0]}). `mmm plans verify` "
                "says what was changed."
            ) from error
    return sorted(found, key=lambda one: (one.first, one.analysis, number_of(one.plan)))
