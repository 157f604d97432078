"""What changed between two reports of one analysis, and why the recommendation moved: rules on their results."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mmm.reporting.content.results import Allocation, Channel, Interval, Results

Direction = Literal["more", "less", "same"]
Reason = Literal["new", "pause", "again", "return", "spend", "limits", "budget", "close"]

_NOTICEABLE = 0.005
"""Share of today's total below which a channel's change is rounding, as on page one."""
_SHIFT = 0.02
"""Change in a channel's share of the plan that counts as another recommendation."""
_OTHER_SPEND = 0.1
_OTHER_LIMIT = 0.01
_AT_LIMIT = 0.001
_SETTINGS = ("data", "model", "experiments", "plan", "sampler", "gate")
# Where files are and how results look says nothing about the numbers.
_BESIDE = (
    *("data.source", "sampler.store", "plan.curve_points", "plan.budget_step", "plan.scenarios", "plan.time_limit"),
    # What was read from these stands in the results themselves.
    *("experiments.tests", "experiments.source", "experiments.csv"),
)


@dataclass(frozen=True)
class Setting:
    """A setting that differs: its dotted key, and both values (None where the key is absent)."""

    key: str
    then: Any
    now: Any

    @property
    def section(self) -> str:
        return self.key.partition(".")[0]


@dataclass(frozen=True)
class Estimated:
    """A channel's estimates then and now; None where the channel was not in the model."""

    channel: str
    then: Channel | None
    now: Channel | None

    @property
    def moved(self) -> bool:
        """Whether the return is now seen outside what was plausible then."""
        if self.then is None or self.now is None:
            return True
        return outside(self.now.average_return, self.then.average_return)


@dataclass(frozen=True)
class Advised:
    """A channel's place in the plan then and now, and why it moved; ``reason`` is None where it did not.

    ``spend_then`` is the money of today's plan then, over as many days as the plan of now has.
    """

    channel: str
    then: Allocation | None
    now: Allocation
    share_then: float
    share_now: float
    direction_then: Direction
    direction_now: Direction
    reason: Reason | None
    spend_then: float


@dataclass(frozen=True)
class Changes:
    """All differences between an earlier report and this one.

    ``added`` counts periods of data at the end, negative where there are fewer. ``comparable`` says whether money,
    outcome and periods are the same, so that numbers may stand beside each other.
    """

    then: Results
    now: Results
    comparable: bool
    added: int
    corrected: bool
    """Whether the panel differs although its first and last period are the same."""
    retold: tuple[str, ...]
    """Experiments in both that say something else now; where age widens their errors, errors do not count."""
    settings: tuple[Setting, ...]
    estimates: tuple[Estimated, ...]
    advice: tuple[Advised, ...]

    @property
    def moved(self) -> tuple[Advised, ...]:
        """Channels whose recommendation is another one, the largest shift first."""
        found = [a for a in self.advice if a.reason is not None]
        return tuple(sorted(found, key=lambda a: -abs(a.share_now - a.share_then)))

    @property
    def same_fit(self) -> bool:
        return self.then.fit.key == self.now.fit.key


def changes_between(then: Results, now: Results) -> Changes:
    """Compare two results of one analysis, the earlier one first."""
    days = 7 if now.data.period == "week" else 1
    same_unit = then.data.period == now.data.period
    added = (now.data.last - then.data.last).days // days if same_unit else 0
    same_range = (then.data.first, then.data.last) == (now.data.first, now.data.last)
    comparable = same_unit and then.units == now.units
    before = {c.channel: c for c in then.channels}
    after = {c.channel: c for c in now.channels}
    return Changes(
        then=then,
        now=now,
        comparable=comparable,
        added=added,
        corrected=same_range and then.data.fingerprint != now.data.fingerprint,
        retold=tuple(_retold(then, now)),
        settings=tuple(differing(then.settings, now.settings)),
        estimates=tuple(Estimated(name, before.get(name), after.get(name)) for name in {**after, **before}),
        advice=tuple(_advice(then, now, comparable)),
    )


def _retold(then: Results, now: Results) -> Iterator[str]:
    widened = any(of.settings.get("experiments", {}).get("widen_per_year") for of in (then, now))
    beside = {"error"} if widened else set()
    before, after = ({e.name: e.model_dump(exclude=beside) for e in of.data.experiments} for of in (then, now))
    yield from (name for name, says in after.items() if before.get(name, says) != says)


def differing(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Setting]:
    """Settings that bear on the numbers and differ, by dotted key."""
    for section in _SETTINGS:
        before, after = (dict(_flat(settings.get(section, {}), section)) for settings in (then, now))
        for key in {**before, **after}:
            if before.get(key) != after.get(key) and not key.startswith(_BESIDE):
                yield Setting(key, before.get(key), after.get(key))


def _flat(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _flat(item, f"{key}.{name}")
    else:
        yield key, value


def outside(now: Interval, then: Interval) -> bool:
    """Whether an estimate is now seen outside the interval that it had."""
    if now.mean is None or then.lower is None or then.upper is None:
        return False
    return not then.lower <= now.mean <= then.upper


def _advice(then: Results, now: Results, comparable: bool) -> Iterator[Advised]:
    before = {a.channel: a for a in then.allocation}
    new_budget = _relative(_budget(then) / _days(then), _budget(now) / _days(now)) > _OTHER_LIMIT
    for line in now.allocation:
        old = before.get(line.channel)
        shares = (_share(old, then), _share(line, now))
        directions = (_direction(old, then), _direction(line, now))
        other = abs(shares[1] - shares[0]) > _SHIFT or directions[0] != directions[1]
        spent = 0.0 if old is None else old.spend_today * _days(now) / _days(then)
        reason = _reason(old, line, spent, new_budget, comparable) if other else None
        yield Advised(line.channel, old, line, *shares, *directions, reason, spent)


def _reason(then: Allocation | None, now: Allocation, spent: float, new_budget: bool, comparable: bool) -> Reason:
    """The first of the rules that holds: the evidence before what the evidence was applied to."""
    if then is None:
        return "new"
    rules: tuple[tuple[Reason, bool], ...] = (
        ("pause", then.spend_today > 0 == now.spend_today),
        ("again", now.spend_today > 0 == then.spend_today),
        # What may not move has no evidence behind it.
        ("limits", bool(now.held) and now.held != then.held),
        ("return", comparable and outside(now.next_today, then.next_today)),
        ("spend", comparable and _relative(spent, now.spend_today) > _OTHER_SPEND),
        ("limits", _limited(then) != _limited(now)),
        ("budget", new_budget),
    )
    return next((reason for reason, holds in rules if holds), "close")


def _share(line: Allocation | None, of: Results) -> float:
    return 0.0 if line is None or not of.decision.spend_plan else line.spend_plan / of.decision.spend_plan


def _direction(line: Allocation | None, of: Results) -> Direction:
    if line is None or abs(line.change) < _NOTICEABLE * max(of.decision.spend_today, 1e-9):
        return "same"
    return "more" if line.change > 0 else "less"


def _limited(line: Allocation) -> str:
    """The limit that a channel stops at, relative to its spend today; empty where it is free."""
    slack = _AT_LIMIT * max(line.spend_plan, 1.0)
    for name, limit in (("most", line.allowed_to), ("least", line.allowed_from)):
        if limit is not None and abs(line.spend_plan - limit) <= slack:
            return f"{name} {limit / line.spend_today:.2f}" if line.spend_today else name
    return ""


def _days(of: Results) -> int:
    """Days of the plan."""
    return of.decision.periods * (7 if of.data.period == "week" else 1)


def _budget(of: Results) -> float:
    return of.decision.spend_plan + of.decision.unspent


def _relative(then: float, now: float) -> float:
    return abs(now - then) / max(abs(then), 1e-9)
