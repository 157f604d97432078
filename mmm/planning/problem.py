"""What a plan is decided on: posterior draws, the past, the reference plan, prices and the value of the outcome.

:class:`PlanProblem` holds arrays only, so that it can be built by hand as well as from a fit. Effects follow the one
definition of the workbench: spend in the window with the actual past before it and nothing after, minus the same
without the spend, summed to the end of the window plus the look-back.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats
from mmm.errors import PlanError
from mmm.model.response import ResponseDraws, totals
from mmm.planning.bills import Bill, paid
from mmm.planning.settings import Detail
from mmm.planning.statements import Part, Statement
from mmm.planning.worth import UnitWorth

_MOST_TIMES, _HALVINGS = 1e6, 80


@dataclass(frozen=True)
class PlanProblem:
    """Arrays over horizon periods h, geos g, channels c; T = look-back + horizon + look-back periods.

    - ``reference[h, g, c]``: money of the reference plan;
    - ``pattern[h, g, c]``: how a channel's money is split over periods and geos, summing to 1 by channel;
    - ``unit[h, g, c]``: media units that one unit of money buys;
    - ``history[lookback, g, c]``: media before the horizon;
    - ``weights[T, g]``: what one unit of outcome counts, in currency or in units of the outcome;
    - ``unit_value[g]``: currency per unit of outcome that is in the weights; None where they are in outcome units;
    - ``observed_peak[g, c]`` and ``observed_peak_total[c]``: largest spend ever observed in a period.
    """

    draws: ResponseDraws
    dates: pd.DatetimeIndex
    reference: Floats
    pattern: Floats
    unit: Floats
    history: Floats
    weights: Floats
    observed_peak: Floats
    observed_peak_total: Floats
    has_value: bool
    currency: str = "EUR"
    outcome_unit: str = "EUR"
    unit_value: Floats | None = None
    is_profit: bool = False
    """Whether the value in the weights is profit, so that no margin is needed."""
    notes: tuple[Statement, ...] = ()
    bills: tuple[Bill, ...] = ()
    """What vendors charge for channels' volumes, in place of media money at the price that ``unit`` says."""
    worth: UnitWorth | None = None
    """What units of the outcome are worth by channel, already in the draws; for problems made of other draws."""

    def __post_init__(self) -> None:
        if self.draws.negative:
            raise PlanError(f"No money is planned for what lowers the outcome: {', '.join(self.draws.negative)}.")
        h, (g, c) = len(self.dates), self.draws.media_scale.shape
        shapes = {
            "reference": (h, g, c),
            "pattern": (h, g, c),
            "unit": (h, g, c),
            "history": (self.draws.lookback, g, c),
            "weights": (2 * self.draws.lookback + h, g),
            "observed_peak": (g, c),
            "observed_peak_total": (c,),
        }
        for name, shape in shapes.items():
            found = getattr(self, name).shape
            if found != shape:
                raise PlanError(f"PlanProblem.{name} has shape {found}; the rule is {shape}.")

    @property
    def channels(self) -> tuple[str, ...]:
        return self.draws.channels

    @property
    def horizon(self) -> int:
        return len(self.dates)

    @property
    def begin(self) -> int:
        """Row of the first horizon period in arrays over T."""
        return self.draws.lookback

    @property
    def reference_totals(self) -> Floats:
        return self.reference.sum(axis=(0, 1))

    def paid(self, money: Floats) -> Floats:
        """What is paid for ``money[h, g, c]``: bills in place of media money where channels have them."""
        return paid(self.bills, money, self.unit)

    def spent(self, money: Floats) -> float:
        """All that is paid for ``money[h, g, c]``."""
        return float(self.paid(money).sum())

    def sized(self, money: Floats, total: float) -> Floats:
        """``money[h, g, c]`` times one factor, so that it costs ``total``; at most so much where bills jump past it."""
        if not self.bills:
            return money * (total / max(float(money.sum()), 1e-300))
        low, high = 0.0, 1.0
        while self.spent(money * high) < total and high < _MOST_TIMES:
            low, high = high, 2 * high
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.spent(money * middle) <= total else (low, middle)
        return money * low

    @property
    def base(self) -> Floats:
        """Media without any spend in the horizon, [T, g, c]: the actual past, then nothing."""
        after = np.zeros((self.horizon + self.draws.lookback, *self.history.shape[1:]))
        return np.concatenate([self.history, after])

    def over_time(self, money: Floats) -> Floats:
        """Media [T, g, c] that ``money[h, g, c]`` buys, without the past."""
        media = np.zeros((len(self.weights), *money.shape[1:]))
        media[self.begin : self.begin + self.horizon] = money * self.unit
        return media

    def effect_draws(self, money: Floats) -> Floats:
        """Effect [n, c] of ``money[h, g, c]`` by draw and channel, in currency or outcome units, summed over geos."""
        with_money = totals(self.draws, self.base + self.over_time(money), self.weights)
        return (with_money - self._without_money).sum(axis=1)

    @cached_property
    def _without_money(self) -> Floats:
        """Effect [n, g, c] of the past that still arrives."""
        return totals(self.draws, self.base, self.weights)

    def in_outcome_units(self) -> "PlanProblem":
        """The same problem with effects in units of the outcome instead of money."""
        return (
            self if self.unit_value is None else replace(self, weights=self.weights / self.unit_value, unit_value=None)
        )

    def with_draws(self, draws: ResponseDraws) -> "PlanProblem":
        return replace(self, draws=draws)

    def halves(self) -> tuple["PlanProblem", "PlanProblem"]:
        """Every other draw each: one half to optimise a risk on, the other to report it."""
        even = self.draws.subset(np.arange(0, self.draws.n, 2))
        odd = self.draws.subset(np.arange(1, self.draws.n, 2))
        return self.with_draws(even), self.with_draws(odd)


@dataclass(frozen=True)
class Space:
    """The numbers that are decided: money by channel [c], by channel and geo [g, c], or by channel and period [h, c].

    A plan is a flat vector; money that is not decided in detail is split as in the problem's ``pattern``.
    """

    detail: Detail
    problem: PlanProblem

    @property
    def shape(self) -> tuple[int, ...]:
        h, g, c = self.problem.reference.shape
        return {"channel": (c,), "geo": (g, c), "week": (h, c)}[self.detail]

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def channel_of(self) -> npt.NDArray[np.intp]:
        """Index of the channel of every number."""
        return np.broadcast_to(np.arange(self.shape[-1]), self.shape).ravel()

    @property
    def reference(self) -> Floats:
        return self.numbers(self.problem.reference)

    def numbers(self, money: Floats) -> Floats:
        """The plan that ``money[h, g, c]`` is, in the numbers that are decided."""
        axes: dict[Detail, tuple[int, ...]] = {"channel": (0, 1), "geo": (0,), "week": (1,)}
        return money.sum(axis=axes[self.detail]).ravel()

    @property
    def split(self) -> Floats:
        """Share [h, g, c] of each decided number that goes to a period and geo."""
        pattern = self.problem.pattern
        if self.detail == "channel":
            return pattern
        axis = 0 if self.detail == "geo" else 1
        whole = pattern.sum(axis=axis, keepdims=True)
        length = pattern.shape[axis]
        # A cell without a pattern of its own takes the channel's pattern over the other axis.
        other = pattern.sum(axis=1 - axis, keepdims=True)
        fallback = np.broadcast_to(np.where(other.sum(axis=axis) > 0, other, 1.0 / length), pattern.shape)
        return np.where(whole > 0, pattern / np.where(whole > 0, whole, 1.0), fallback)

    def money(self, x: Floats) -> Floats:
        """Money [h, g, c] of the plan ``x``."""
        numbers = x.reshape(self.shape)
        return (
            self.split
            * {
                "channel": lambda: numbers[None, None, :],
                "geo": lambda: numbers[None, :, :],
                "week": lambda: numbers[:, None, :],
            }[self.detail]()
        )

    def totals(self, x: Floats) -> Floats:
        """Money [c] by channel of the plan ``x``."""
        return x.reshape(-1, self.shape[-1]).sum(axis=0)

    def part(self, index: int) -> Part:
        """Whose money one decided number is."""
        channel, row = self.problem.channels[index % self.shape[-1]], index // self.shape[-1]
        return Part(
            channel,
            geo=self.problem.draws.geos[row] if self.detail == "geo" else None,
            date=self.problem.dates[row] if self.detail == "week" else None,
        )
