"""Objectives over the decided numbers, all on posterior draws: expected value, value at risk, probability.

:class:`Evaluator` asks the response for values and derivatives; the objectives only weigh draws. ``worth`` turns
effects into what the objective counts (the margin under ``profit``) and ``price`` is what one unit of money must earn.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr

from mmm.arrays import Floats
from mmm.model.ray import Ray
from mmm.model.response_planner import (
    Cells,
    Majorants,
    PeriodEffects,
    PeriodWindow,
    always_concave,
    majorants,
    mean_along_cells,
    period_hessian,
)
from mmm.planning.curvature import Blocks, Dense, Diagonal
from mmm.planning.newton import Point
from mmm.planning.problem import Space

# Second derivatives by pairs of periods steer the steps only; this many draws are enough for that.
_HESSIAN_DRAWS = 128
_FIRST_DRAWS = 64


def _few(draws: int, most: int) -> npt.NDArray[np.intp]:
    """Numbers of at most ``most`` draws, evenly spaced over all of them."""
    return np.linspace(0, draws - 1, min(draws, most)).round().astype(np.intp)


@dataclass(frozen=True)
class Evaluator:
    """Effects of a plan in one space, by draw or averaged.

    With ``above`` (details ``week`` and ``channel``) it gives a concave upper bound on them instead.
    """

    space: Space
    above: Majorants | None = None

    @cached_property
    def base(self) -> Floats:
        return self.space.problem.base

    @cached_property
    def direction(self) -> Floats:
        """Media [T, g, c] of one unit of money in every channel, or in every channel and geo."""
        return self.space.problem.over_time(self.space.split)

    @cached_property
    def ray(self) -> Ray:
        return Ray(self.space.problem.draws, self.base, self.direction, self.space.problem.weights)

    @cached_property
    def window(self) -> PeriodWindow:
        problem = self.space.problem
        unit = problem.unit if self.space.detail == "geo" else problem.unit * self.space.split
        return PeriodWindow(self.base, np.ascontiguousarray(unit), problem.begin, problem.weights)

    @cached_property
    def periods(self) -> PeriodEffects:
        return PeriodEffects(self.space.problem.draws, self.window)

    def on_draws(self, most: int) -> "Evaluator":
        """The same on at most ``most`` evenly spaced draws."""
        problem = self.space.problem
        keep = _few(problem.draws.n, most)
        space = replace(self.space, problem=problem.with_draws(problem.draws.subset(keep)))
        return Evaluator(space, None if self.above is None else self.above.subset(keep))

    def bounded(self, money: tuple[Floats, Floats], total: tuple[Floats, Floats]) -> "Evaluator":
        """A concave upper bound on the effects of plans whose numbers, and totals by channel, keep limits.

        By period or by channel, not by geo.
        """
        low, high = (self._by_period(end) for end in money)
        if self.space.detail == "channel":
            total = low.sum(axis=0), high.sum(axis=0)
        return replace(self, above=majorants(self.space.problem.draws, self.window, (low, high), total))

    def _by_period(self, x: Floats) -> Floats:
        """Money [h, c] of the window: the plan, or a channel's total in every period, which its pattern splits."""
        if self.space.detail == "week":
            return x.reshape(self.space.shape)
        return np.broadcast_to(x, (self.space.problem.horizon, len(x)))

    def _effects(self, x: Floats) -> tuple[Floats, Floats]:
        """Effect [n, c] by period's kernels and its gradient [n, size]."""
        total, gradient = self.periods.at(self._by_period(x), self.above)
        return total, gradient.reshape(len(gradient), -1) if self.space.detail == "week" else gradient.sum(axis=1)

    @property
    def separable(self) -> bool:
        return self.space.detail != "week" and self.above is None

    @cached_property
    def concave(self) -> bool:
        return self.above is not None or always_concave(self.space.problem.draws)

    @cached_property
    def uniform(self) -> Floats:
        n = self.space.problem.draws.n
        return np.full(n, 1.0 / n)

    def _levels(self, x: Floats) -> Floats:
        """Levels [g, c, k] from numbers [size, k]."""
        g, c = self.space.problem.draws.media_scale.shape
        if self.space.detail == "channel":
            return np.broadcast_to(x[None], (g, c, x.shape[1]))
        return x.reshape(g, c, x.shape[1])

    def _pooled(self, array: Floats) -> Floats:
        """Numbers [size, k] from [g, c, k]."""
        return array.sum(axis=0) if self.space.detail == "channel" else array.reshape(self.space.size, array.shape[-1])

    def mean(self, x: Floats, draw_weights: Floats) -> Point:
        """Draw-weighted effect with gradient and curvature."""
        if self.separable:
            curve = self.ray.mean(self._levels(x[:, None]), draw_weights)
            slope, bend = (self._pooled(part)[:, 0] for part in (curve.slope, curve.curvature))
            return Point(float(curve.value.sum()), slope, Diagonal(bend))
        total, gradient = self._effects(x)
        return Point(float(draw_weights @ total.sum(axis=1)), draw_weights @ gradient, None)

    def bend(self, x: Floats, draw_weights: Floats) -> Blocks:
        """Draw-weighted second derivatives by pairs of decided numbers, where they are not separable."""
        problem = self.space.problem
        keep = _few(problem.draws.n, _HESSIAN_DRAWS)
        weights = draw_weights[keep]
        weights = weights * (draw_weights.sum() / max(weights.sum(), 1e-300))
        above = None if self.above is None else self.above.subset(keep)
        blocks = period_hessian(problem.draws.subset(keep), self.window, self._by_period(x), weights, above)
        if self.space.detail == "channel":
            blocks = blocks.sum(axis=(1, 2), keepdims=True)
        h, c = blocks.shape[1], blocks.shape[0]
        return Blocks(np.arange(h * c).reshape(h, c).T, blocks, np.zeros(h * c))

    def by_draw(self, x: Floats) -> tuple[Floats, Floats]:
        """Effect [n] and its gradient [n, size], for every draw."""
        problem = self.space.problem
        if not self.separable:
            total, gradient = self._effects(x)
            return total.sum(axis=1), gradient
        if self.space.detail == "channel":
            curve = self.ray.summed(x[:, None])
            return curve.value[..., 0].sum(axis=1), curve.slope[..., 0]
        curve = self.ray.at(self._levels(x[:, None]))
        return curve.value.sum(axis=(1, 2, 3)), curve.slope.reshape(problem.draws.n, -1)

    def by_channel(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean effect [c] of a plan by period, and its gradient [size]."""
        total, gradient = self._effects(x)
        return self.uniform @ total, self.uniform @ gradient

    def cells(self, columns: npt.NDArray[np.intp], nodes: Floats) -> Cells:
        """Averaged effect and slope of some decided numbers at ``nodes`` [columns, k], and curvature bounds between."""
        problem = self.space.problem
        g, c = problem.draws.media_scale.shape
        everywhere = np.zeros((self.space.size, nodes.shape[1]))
        everywhere[columns] = nodes
        cells = (np.arange(g)[:, None] * c + columns).ravel() if self.space.detail == "channel" else columns
        found = mean_along_cells(
            problem.draws, self.base, self.direction, self._levels(everywhere), problem.weights, (self.uniform, cells)
        )
        return Cells(*(self._pooled(part)[columns] for part in vars(found).values()))


@dataclass(frozen=True)
class Expected:
    """``worth`` x expected effect - ``price`` x money."""

    evaluator: Evaluator
    worth: float = 1.0
    price: float = 0.0

    def on_few_draws(self) -> "Expected":
        """The same objective on a few evenly spaced draws: where to start from."""
        return replace(self, evaluator=self.evaluator.on_draws(_FIRST_DRAWS))

    def at(self, x: Floats, curvature: bool) -> Point:
        point = self.evaluator.mean(x, self.evaluator.uniform)
        bend = point.curvature
        if bend is None and curvature:
            bend = self.evaluator.bend(x, self.evaluator.uniform)
        return Point(
            self.worth * point.value - self.price * float(x.sum()),
            self.worth * point.gradient - self.price,
            None if bend is None else bend.scaled(self.worth),
        )


def _weighted(evaluator: Evaluator, x: Floats, weights: Floats) -> Floats:
    """Second derivatives of the effect under draw weights, as a matrix."""
    if not evaluator.separable:
        return evaluator.bend(x, weights).dense()
    bend = evaluator.mean(x, weights).curvature
    return np.diag(bend.times(np.ones(len(x)))) if bend is not None else np.zeros((len(x), len(x)))


@dataclass(frozen=True)
class MeanCVaR:
    """(1 - ``risk_weight``) x mean + ``risk_weight`` x mean of the worst ``tail``, of the gain over a reference.

    ``reference[n]`` is the reference plan's utility by draw. The tail mean is smoothed over a ``width`` (in units of
    the utility): draws near the quantile count in part, never by more than 1 / (tail n), so that the weights stay
    inside the risk envelope and :meth:`certified` gives a rigorous bound (Rockafellar and Uryasev 2000).
    """

    evaluator: Evaluator
    reference: Floats
    risk_weight: float
    tail: float
    width: float
    worth: float = 1.0
    price: float = 0.0

    def _gain(self, x: Floats) -> tuple[Floats, Floats]:
        value, gradient = self.evaluator.by_draw(x)
        return self.worth * value - self.price * x.sum() - self.reference, self.worth * gradient - self.price

    def _quantile(self, gain: Floats) -> float:
        """The threshold at which the smoothed weights sum to 1."""
        low, high = gain.min() - 40 * self.width, gain.max() + 40 * self.width
        for _ in range(100):
            middle = (low + high) / 2
            if expit((middle - gain) / self.width).mean() < self.tail:
                low = middle
            else:
                high = middle
        return float((low + high) / 2)

    def _weights(self, gain: Floats) -> tuple[Floats, float]:
        threshold = self._quantile(gain)
        return expit((threshold - gain) / self.width) / (self.tail * len(gain)), threshold

    def at(self, x: Floats, curvature: bool) -> Point:
        gain, gradient = self._gain(x)
        n = len(gain)
        tail, threshold = self._weights(gain)
        soft = self.width * np.logaddexp(0.0, (threshold - gain) / self.width)
        risk = threshold - float(soft.mean()) / self.tail
        weights = (1 - self.risk_weight) / n + self.risk_weight * tail
        value = (1 - self.risk_weight) * float(gain.mean()) + self.risk_weight * risk
        bend = None
        if curvature:
            sharp = expit((threshold - gain) / self.width)
            spread = sharp * (1 - sharp) / (self.width * self.tail * n)
            centre = spread @ gradient / max(spread.sum(), 1e-300)
            around = (gradient - centre) * np.sqrt(spread)[:, None]
            around = -self.risk_weight * around.T @ around
            bend = Dense(around + self.worth * _weighted(self.evaluator, x, weights))
        return Point(value, weights @ gradient, bend)

    def certified(self, x: Floats) -> tuple[float, Point]:
        """The exact objective at ``x``, and a concave upper bound on it (value and gradient at ``x``)."""
        gain, gradient = self._gain(x)
        n = len(gain)
        count = self.tail * n
        ordered = np.sort(gain)
        whole = int(np.floor(count))
        rest = (count - whole) * (ordered[whole] if whole < n else 0.0)
        exact = (1 - self.risk_weight) * float(gain.mean())
        exact += self.risk_weight * float(ordered[:whole].sum() + rest) / count
        weights = (1 - self.risk_weight) / n + self.risk_weight * self._weights(gain)[0]
        weights = weights / weights.sum()
        return exact, Point(float(weights @ gain), weights @ gradient, None)


@dataclass(frozen=True)
class Probability:
    """Share of draws whose utility exceeds ``reference[n]``, smoothed by a normal curve of sd ``width``."""

    evaluator: Evaluator
    reference: Floats
    width: float
    worth: float = 1.0
    price: float = 0.0

    def at(self, x: Floats, curvature: bool) -> Point:
        value, gradient = self.evaluator.by_draw(x)
        gradient = self.worth * gradient - self.price
        z = (self.worth * value - self.price * x.sum() - self.reference) / self.width
        n = len(z)
        density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi) / self.width / n
        bend = None
        if curvature:
            around = gradient.T @ (gradient * (-density * z / self.width)[:, None])
            bend = Dense(around + self.worth * _weighted(self.evaluator, x, density))
        return Point(float(ndtr(z).mean()), density @ gradient, bend)
