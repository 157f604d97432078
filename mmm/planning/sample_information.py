"""What a test is worth to this decision: the expected value of sample information, before it is run.

E over the test's readouts of max over plans of E[utility | readout], minus max over plans of E[utility]. Draws of the
posterior are both the truths that readouts are simulated from and, weighted by the readout's likelihood, what would be
believed after it; the plans are those that are best for one or another belief about a channel's curve. No model is
fitted again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri, softmax

from mmm.arrays import Floats
from mmm.model.response import ResponseDraws
from mmm.planning.information import DRAWS, CurveTable, conditional_means, plans_for, tabulate
from mmm.planning.result import Plan

_BELIEFS = 20
_TRACE = 1e-9
_CERTAINTIES = (0.3, 0.6, 1.0)
"""How far a belief moves from the mean of all draws to one draw's curve."""


class Brought(NamedTuple):
    """What recommended tests truly brought to plans, as a share of what they were said to be worth: mean over
    ``companies`` simulated ones, with its 90% interval."""

    companies: int
    share: float
    lower: float
    upper: float


BROUGHT = Brought(companies=20, share=0.51, lower=-0.10, upper=1.12)
"""Of tests chosen by this module: docs/studies/information.md; a test holds it."""


@dataclass(frozen=True)
class Readout:
    """A test that could be run: what its ``k`` cells would measure by draw, [n, k], and its price in the plan's money.

    ``covariance[k, k]`` is that of the cells' errors, which one control shared makes correlated. ``effect`` is of the
    draws that :func:`draws_of` gives.
    """

    name: str
    channels: tuple[str, ...]
    effect: Floats = field(repr=False)
    covariance: Floats = field(repr=False)
    price: float

    @cached_property
    def whitened(self) -> Floats:
        """The effects [n, k] in units in which errors are independent and of size one."""
        return np.asarray(np.linalg.solve(np.linalg.cholesky(self.covariance), self.effect.T).T)


def draws_of(plan: Plan) -> ResponseDraws:
    """The draws that tests of a plan are valued on."""
    return plan.problem.draws.thinned(DRAWS)


@dataclass(frozen=True)
class Worths:
    """Worth [n, plan] by draw of the plans between which a test may decide."""

    table: Floats

    @property
    def now(self) -> float:
        """What the best of them is worth without a test."""
        return float(self.table.mean(axis=0).max())

    def after(self, tests: Sequence[Readout], rng: np.random.Generator) -> float:
        """What is gained by deciding after all of the tests; never negative."""
        expected = weights_after(tests, len(self.table), rng) @ self.table
        # Against the plan that is best on the same weights on average, so that their unevenness cancels out.
        gained = float(expected.max(axis=1).mean() - expected.mean(axis=0).max())
        # Of a test that changes no plan rounding is left.
        return gained if gained > _TRACE * abs(self.now) else 0.0


def weights_after(tests: Sequence[Readout], n: int, rng: np.random.Generator) -> Floats:
    """What every draw weighs, [truth, n], once each of the ``n`` draws was the truth and the tests were read."""
    log = np.zeros((n, n))
    for test in tests:
        for whitened in test.whitened.T:
            readout = whitened + rng.permutation(_normal(n))
            log -= 0.5 * (readout[:, None] - whitened) ** 2
    return np.asarray(softmax(log, axis=1))


def sharpened(test: Readout, seed: int = 0) -> Floats:
    """What a test is expected to leave of the spread of what it measures, by cell [k]: posterior over prior sd."""
    weights = weights_after([test], len(test.effect), np.random.default_rng(seed))
    before = test.effect.var(axis=0)
    after = (weights @ test.effect**2 - (weights @ test.effect) ** 2).mean(axis=0)
    return np.asarray(np.sqrt(np.maximum(after, 0.0) / np.where(before > 0, before, 1.0)))


def _normal(n: int) -> Floats:
    """Evenly spread quantiles of the normal distribution."""
    return np.asarray(ndtri((np.arange(n) + 0.5) / n))


def worths(plan: Plan) -> Worths:
    """The plans that beliefs about one channel's curve, or about all, would lead to."""
    table: CurveTable = tabulate(plan)
    beliefs = [table.worth.mean(axis=0)[None]]
    for c in range(len(plan.problem.channels)):
        known = conditional_means(table, c)
        beliefs += _between(table, known, known[:, c, -1] - known[:, c, 0])
    beliefs += _between(table, table.worth, (table.worth[:, :, -1] - table.worth[:, :, 0]).sum(axis=1))
    return Worths(table.at(table.worth, plans_for(table, np.concatenate(beliefs))))


def _between(table: CurveTable, known: Floats, order: Floats) -> list[Floats]:
    ranked = np.argsort(order)
    picked = known[ranked[np.linspace(0, len(ranked) - 1, _BELIEFS).round().astype(int)]]
    mean = table.worth.mean(axis=0)
    return [mean + share * (picked - mean) for share in _CERTAINTIES]


def sample_information(made: Worths, tests: Sequence[Readout], seed: int = 0) -> pd.DataFrame:
    """What each test is worth alone: ``value``, ``price`` and ``net``, largest net first.

    In the unit of the plan's objective, over its horizon. A test is worth its price where ``net`` is above 0.
    """
    rows = [(t.name, made.after([t], np.random.default_rng(seed)), t.price) for t in tests]
    frame = pd.DataFrame(rows, columns=["test", "value", "price"])
    return frame.assign(net=frame["value"] - frame["price"]).sort_values("net", ascending=False, ignore_index=True)


@dataclass(frozen=True)
class Schedule:
    """Tests in the order in which they were taken, what they are worth together, and a bound on any choice."""

    tests: tuple[str, ...]
    value: float
    price: float
    bound: float


def schedule(
    made: Worths,
    tests: Sequence[Readout],
    budget: float,
    seed: int = 0,
    fits: Callable[[Sequence[Readout]], bool] = lambda _: True,
) -> Schedule:
    """Tests within a budget, one after the other by what they add less their price; a channel is tested once.

    ``fits`` says whether tests can be run in this order. ``bound``: no choice is worth more than knowing every
    channel's curve, among the plans between which tests decide.
    """
    chosen: list[Readout] = []
    value = spent = 0.0
    while True:
        taken = {channel for test in chosen for channel in test.channels}
        left = [t for t in tests if not taken & set(t.channels) and spent + t.price <= budget and fits([*chosen, t])]
        gains = [made.after([*chosen, t], np.random.default_rng(seed)) - value - t.price for t in left]
        if not gains or max(gains) <= 0:
            break
        best = left[int(np.argmax(gains))]
        value += max(gains) + best.price
        spent += best.price
        chosen.append(best)
    knowing = float(made.table.max(axis=1).mean()) - made.now
    return Schedule(tuple(t.name for t in chosen), value, spent, knowing)
