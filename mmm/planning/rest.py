"""The rest of a plan that has begun: what is left of its money over what is left of its horizon.

What was spent is spent: it is the history of the problem, with what it still carries over, and the limits of channels
and groups hold what it left of them. The plan to beat is the plan itself as it goes on: its own money for the periods
ahead, at the scale of what is left. Relative limits stay factors on what the plan's own reference plan spends over the
whole horizon: were they factors on the plan, one that went as far as it may could go as far again, on the same errors
of the same estimates. Going on is within them in any case.
"""

from dataclasses import dataclass, replace

import numpy as np

from mmm.arrays import Floats
from mmm.data.calendar import Frequency
from mmm.errors import PlanError
from mmm.inference.fit import Fit
from mmm.inference.preview import refuse_preview
from mmm.planning.planner import decide, with_changes
from mmm.planning.prepare import Prepared, prepare
from mmm.planning.result import Plan
from mmm.planning.settings import DEFAULT_BOUNDS, ChannelLimits, GroupLimits, PlanSettings
from mmm.planning.statements import TODAY
from mmm.planning.worth import UnitWorth


@dataclass(frozen=True)
class Rest:
    """What is left: ``planned[h, g, c]`` is the plan's own money for the periods ahead, ``spent[c]`` what was spent in
    the ``elapsed`` periods before, ``today[c]`` what the reference plan spends in all periods, ``money`` what may be
    spent from now on.
    """

    channels: tuple[str, ...]
    planned: Floats
    spent: Floats
    today: Floats
    elapsed: int
    money: float
    frequency: Frequency

    @property
    def going_on(self) -> Floats:
        """The plan's own money ahead [h, g, c], at the scale of what is left."""
        total = float(self.planned.sum())
        return self.planned * (self.money / total if total > 0 else 0.0)


def rest_settings(settings: PlanSettings, rest: Rest, budget: float) -> PlanSettings:
    """The settings for what is left: horizon, budget, and what was spent taken off limits."""
    spent = dict(zip(rest.channels, rest.spent, strict=True))
    horizon = len(rest.planned)

    def left(amount: float | None, *names: str) -> float | None:
        return None if amount is None else max(0.0, amount - sum(float(spent.get(name, 0.0)) for name in names))

    ranges = _ranges(settings, rest)
    channels = {}
    for name in (*rest.channels, *(name for name in settings.channels if name not in spent)):
        limits = settings.channels.get(name, ChannelLimits())
        least, most = left(limits.minimum, name), left(limits.maximum, name)
        if name in ranges and not limits.fixed:
            # An amount that is stated beyond the relative limit of the other side leaves that open, as in any plan.
            low, high = ranges[name]
            stated = least, most
            least = low if least is None and (most is None or low <= most) else least
            most = high if most is None and (stated[0] is None or high >= stated[0]) else most
        changed = {"minimum": least, "maximum": most, "relative": None}
        changed["zero_or_at_least"] = left(limits.zero_or_at_least, name) or None
        channels[name] = limits.model_copy(update=changed)
    groups = {
        name: group.model_copy(
            update={"minimum": left(group.minimum, *group.channels), "maximum": left(group.maximum, *group.channels)}
        )
        for name, group in settings.groups.items()
    }

    def ahead(value: float | tuple[float, ...]) -> float | tuple[float, ...]:
        return value[-horizon:] if isinstance(value, tuple) else value

    return with_changes(
        settings,
        {
            "horizon": f"{horizon} {rest.frequency.unit}s",
            "total_budget": budget,
            "reference": "last",
            "channels": {name: _given(limits) for name, limits in channels.items()},
            "groups": {name: _given(group) for name, group in groups.items()},
            "cost_factor": {name: ahead(factor) for name, factor in settings.cost_factor.items()},
            "demand_factor": ahead(settings.demand_factor),
            "scenarios": (),
        },
    )


def _ranges(settings: PlanSettings, rest: Rest) -> dict[str, tuple[float, float]]:
    """By channel the least and most money ahead that its relative limits leave; going on is always within them."""
    found = {}
    ahead = rest.going_on.sum(axis=(0, 1))
    widest = settings.bounds
    if widest is None:
        # As in any plan the default ones hold the reference mix at the size of the budget.
        size = float(rest.spent.sum() + rest.money) / max(float(rest.today.sum()), 1e-300)
        widest = (DEFAULT_BOUNDS[0] * min(1.0, size), DEFAULT_BOUNDS[1] * max(1.0, size))
    for name, today, spent, going in zip(rest.channels, rest.today, rest.spent, ahead, strict=True):
        low, high = settings.channels.get(name, ChannelLimits()).relative or widest
        low = max(low, settings.min_retained or 0.0)
        high = high if settings.max_increase is None else min(high, 1.0 + settings.max_increase)
        found[name] = (
            float(np.clip(low * today - spent, 0.0, going)),
            float(max(high * today - spent, going)),
        )
    return found


def _given(section: ChannelLimits | GroupLimits) -> dict[str, object]:
    return section.model_dump(exclude_none=True)


def plan_rest(fit: Fit, settings: PlanSettings, rest: Rest, worth: UnitWorth | None = None) -> Plan:
    """The best plan for what is left, on a fit whose data end where it begins; its reference is the plan going on.

    ``settings`` are those of :func:`rest_settings`. Raises PlanError where no plan satisfies the constraints, or the
    plan has nothing left to decide.
    """
    return replace(decide(pose_rest(fit, settings, rest, worth), settings), fit_key=fit.key)


def pose_rest(fit: Fit, settings: PlanSettings, rest: Rest, worth: UnitWorth | None = None) -> Prepared:
    """The problem that :func:`plan_rest` decides. Raises PlanError where nothing is left to decide."""
    refuse_preview(fit)
    if not rest.planned.sum() > 0 or not rest.money > 0:
        raise PlanError("Nothing is left of the plan's money for the periods ahead, so that there is nothing to move.")
    prepared = prepare(fit, settings, worth)
    problem = prepared.problem
    if problem.channels != rest.channels:
        raise PlanError(f"The fit has the channels {', '.join(problem.channels)}; the plan {', '.join(rest.channels)}.")
    reference = rest.going_on
    totals = reference.sum(axis=(0, 1))
    pattern = np.where(totals > 0, reference / np.where(totals > 0, totals, 1.0), problem.pattern)
    notes = tuple(note for note in problem.notes if note.kind not in (*TODAY, "idle", "one_period"))
    return replace(prepared, problem=replace(problem, reference=reference, pattern=pattern, notes=notes))
