"""What the planner asks of the response beyond :mod:`mmm.model.response`: averages over draws with derivatives.

Same formulas, same kernels' families; held equal to :mod:`mmm.model.response` by test. The planner sees values,
slopes, curvatures and bounds only, never a parameter.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mmm.arrays import Floats
from mmm.model.families import SATURATIONS
from mmm.model.kernels import curves, envelope
from mmm.model.kernels import planner as kernels
from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.ray import KEPT, Ray, over_cells
from mmm.model.response import ResponseDraws, stacked


@dataclass(frozen=True)
class Cells:
    """Averaged effect and slope at sorted nodes [g, c, k], and bounds between them [g, c, k - 1].

    ``lower`` and ``upper`` bound the curvature; ``left`` and ``right`` are slopes of lines through a cell's ends that
    lie above the effect on the cell. A curvature bound may be infinite: a Hill curve with a slope between 1 and 2 has
    no finite second derivative at zero.
    """

    value: Floats
    slope: Floats
    lower: Floats
    upper: Floats
    left: Floats
    right: Floats


def mean_along_cells(
    draws: ResponseDraws,
    base: npt.ArrayLike,
    direction: npt.ArrayLike,
    nodes: Floats,
    weights: Floats,
    share: tuple[Floats, npt.NDArray[np.int64]],
) -> Cells:
    """Mean of a :class:`mmm.model.ray.Ray` at ``nodes`` [g, c, k], ascending, with bounds on the curvature between.

    ``share`` holds the draw weights and the numbers ``g * channels + c`` of the cells to evaluate; others stay 0.
    """
    b, d = draws._scaled(base, "base"), draws._scaled(direction, "direction")
    points = np.ascontiguousarray(nodes, dtype=np.float64)
    between = (*points.shape[:2], points.shape[2] - 1)
    out = Cells(*(np.zeros(shape) for shape in (points.shape, points.shape, *(between,) * 4)))
    w, by_draw = np.ascontiguousarray(weights, dtype=np.float64), np.ascontiguousarray(share[0], dtype=np.float64)
    shape = _shapes(draws)
    over_cells(
        np.asarray(share[1], dtype=np.int64),
        draws.n * points.shape[2] * len(share[1]) * b.shape[0],
        lambda cells: curves.mean_along_cells(
            *draws._parameters(), shape, b, d, points, w, by_draw, cells, *vars(out).values()
        ),
    )
    for places, path in draws.ways:
        # What bounds each way bounds their sum.
        there, way = (np.asarray(media)[:, :, places] for media in (base, direction))
        part = mean_along_cells(
            path, there, way, points[:, places], weights, (share[0], _cells_of(share[1], places, out))
        )
        for name, values in vars(out).items():
            values[:, places] += getattr(part, name)
    return out


def _cells_of(cells: npt.NDArray[np.int64], places: list[int], out: Cells) -> npt.NDArray[np.int64]:
    """Those of the ``cells`` that are of the channels at ``places``, numbered among these alone."""
    geo, channel = np.divmod(np.asarray(cells, dtype=np.int64), out.value.shape[1])
    kept = np.isin(channel, places)
    order = np.array([places.index(int(c)) for c in channel[kept]], dtype=np.int64)
    return np.asarray(geo[kept] * len(places) + order, dtype=np.int64)


def always_concave(draws: ResponseDraws) -> bool:
    """Whether every draw's response is concave in spend, by what its families state of their curves."""
    return bool(_concave(draws).all())


def turning(draws: ResponseDraws) -> npt.NDArray[np.bool_]:
    """Draws and channels [n, c] whose response is not concave: little spend wins little at first."""
    return ~_concave(draws)


def _concave(draws: ResponseDraws) -> npt.NDArray[np.bool_]:
    """By draw and channel, [n, c]; in all ways."""
    found = np.asarray(_shapes(draws)[..., curves.TURN] <= 0.0)
    for places, path in draws.ways:
        found[:, places] &= _concave(path)
    return found


def _shapes(draws: ResponseDraws) -> Floats:
    """What bounds the curvature of the draws' curves, [n, c, .], as :mod:`mmm.model.kernels.curves` reads it."""
    out = np.empty((*draws.saturation_kind.shape, curves.SHAPE))
    for family in SATURATIONS:
        here = draws.saturation_kind == saturation_kind(family.name)
        if here.any():
            shape = family.shape(*draws.saturation_par[here].T[: len(family.parameters)])
            out[here] = np.stack([shape.turn, *shape.bends, shape.at_zero], axis=-1)
    return out


@dataclass(frozen=True)
class PeriodWindow:
    """Where money may move over time: ``unit[h, g, c]`` is media per unit of money in period ``begin + h``.

    ``base[t, g, c]`` is the media without the money, ``weights[t, g]`` what a unit of outcome counts.
    """

    base: Floats
    unit: Floats
    begin: int
    weights: Floats

    def only(self, places: list[int]) -> "PeriodWindow":
        """The same of the channels at ``places``."""
        return replace(self, base=np.asarray(self.base)[:, :, places], unit=np.asarray(self.unit)[:, :, places])


@dataclass(frozen=True)
class Majorants:
    """Concave upper bounds on the response by period, for plans within some limits (see :func:`majorants`).

    ``place[n]`` is a draw's row of ``lines``, -1 where the draw is concave by itself; ``ways`` those of the draws'
    further ways.
    """

    place: npt.NDArray[np.int64]
    lines: Floats
    ways: tuple["Majorants", ...] = ()

    def subset(self, index: npt.NDArray[np.intp]) -> "Majorants":
        """The bounds of the draws at ``index``."""
        return Majorants(self.place[index], self.lines, tuple(way.subset(index) for way in self.ways))


def majorants(
    draws: ResponseDraws, window: PeriodWindow, money: tuple[Floats, Floats], total: tuple[Floats, Floats]
) -> Majorants:
    """Least concave majorants of every S-shaped draw's response, for money within limits.

    ``money`` are least and most money [h, c] by period and channel, ``total`` least and most [c] over all periods.
    :class:`PeriodEffects` with them are concave in the money and nowhere below the effect of a plan within the limits.
    """
    b, u = draws._scaled(window.base, "base"), draws._scaled(window.unit, "unit")
    bent = np.flatnonzero((_shapes(draws)[..., curves.TURN] > 0.0).any(axis=1))
    place = np.full(draws.n, -1, dtype=np.int64)
    place[bent] = np.arange(len(bent))
    part = draws.subset(bent)
    found = np.empty((len(bent), *b.shape[1:], b.shape[0] - window.begin, envelope.ENTRIES))
    low, high = (np.ascontiguousarray(end, dtype=np.float64) for end in money)
    akind, apar, skind, spar, _, lookback, _ = part._parameters()
    turn = _shapes(part)[..., curves.TURN]
    envelope.lines(akind, apar, skind, spar, turn, lookback, b, u, window.begin, low, high, np.stack(total), found)
    of_ways = [
        majorants(path, window.only(places), (low[:, places], high[:, places]), (total[0][places], total[1][places]))
        for places, path in draws.ways
    ]
    return Majorants(place, found, tuple(of_ways))


def _none(draws: ResponseDraws) -> Majorants:
    lines = np.empty((0, 0, 0, 0, envelope.ENTRIES))
    return Majorants(np.full(draws.n, -1, dtype=np.int64), lines, tuple(_none(path) for path in draws.paths))


@dataclass(frozen=True, eq=False)
class PeriodEffects:
    """Effects of money by period, for every draw: what no money leads to is carried over once, whatever is asked."""

    draws: ResponseDraws
    window: PeriodWindow

    def at(self, money: Floats, above: Majorants | None = None) -> tuple[Floats, Floats]:
        """Effect [n, c] of ``money[h, c]`` over no money in the window, and its gradient [n, h, c].

        With ``above`` the concave upper bound on the effect in its place.
        """
        draws, unit = self.draws, self._unit
        total, gradient = np.zeros((draws.n, unit.shape[2])), np.zeros((draws.n, unit.shape[2], unit.shape[0]))
        spent, bound = np.ascontiguousarray(money, dtype=np.float64), above or _none(draws)
        for where, block in self._blocks:
            _, _, skind, spar, log_beta, *_ = block._parameters()
            kernels.by_period(
                skind, spar, log_beta, *self._held(block), unit, spent, bound.place[where], bound.lines, total[where],
                gradient[where],
            )  # fmt: skip
        by_period = np.ascontiguousarray(gradient.transpose(0, 2, 1))
        for (places, way), over in zip(self._ways, bound.ways, strict=True):
            more, by = way.at(spent[:, places], over)
            total[:, places] += more
            by_period[:, :, places] += by
        return total, by_period

    @cached_property
    def _unit(self) -> Floats:
        return np.ascontiguousarray(self.draws._scaled(self.window.unit, "unit"))

    @cached_property
    def _blocks(self) -> list[tuple[slice, ResponseDraws]]:
        """Draws of which what is held may be kept; one block where that holds for all."""
        cells = self.draws.media_scale.size * (len(self.window.base) - self.window.begin)
        found = list(self.draws.blocks(cells, KEPT))
        return found if len(found) > 1 else [(slice(None), self.draws)]

    @cached_property
    def _ways(self) -> "list[tuple[list[int], PeriodEffects]]":
        return [(places, PeriodEffects(path, self.window.only(places))) for places, path in self.draws.ways]

    @cached_property
    def _whole(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self._hold(self.draws)

    def _held(self, block: ResponseDraws) -> tuple[Floats, Floats, Floats, Floats]:
        return self._whole if len(self._blocks) == 1 else self._hold(block)

    def _hold(self, block: ResponseDraws) -> tuple[Floats, Floats, Floats, Floats]:
        base = block._scaled(self.window.base, "base")
        shape = (*base.shape[1:], block.n, len(base) - self.window.begin)
        carry = np.empty((shape[1], block.n, int(block.lookbacks.max(initial=0)) + 1))
        found = np.empty(shape), carry, np.empty(shape), np.empty(shape[:3])
        akind, apar, skind, spar, _, lookback, after = block._parameters()
        weights = np.ascontiguousarray(self.window.weights, dtype=np.float64)
        kernels.hold(akind, apar, skind, spar, lookback, after, base, self.window.begin, weights, *found)
        return found


def period_hessian(
    draws: ResponseDraws, window: PeriodWindow, money: Floats, draw_weights: Floats, above: Majorants | None = None
) -> Floats:
    """``draw_weights``-weighted second derivatives of :class:`PeriodEffects` by pairs of periods, [c, h, h]."""
    b, u = draws._scaled(window.base, "base"), draws._scaled(window.unit, "unit")
    horizon, _, channels = u.shape
    hessian = np.zeros((channels, horizon, horizon))
    spent, bound = np.ascontiguousarray(money, dtype=np.float64), above or _none(draws)
    share = np.ascontiguousarray(draw_weights, dtype=np.float64)
    kernels.period_hessian(
        *draws._parameters(), b, u, spent, window.begin, window.weights, bound.place, bound.lines, share, hessian
    )
    for (places, path), way in zip(draws.ways, bound.ways, strict=True):
        hessian[places] += period_hessian(path, window.only(places), spent[:, places], draw_weights, way)
    return hessian


def scaled_effect(draws: ResponseDraws, factor: Floats) -> ResponseDraws:
    """The same draws with every effect multiplied by ``factor[c]``, or ``factor[n, c]`` (value per customer)."""
    times = np.asarray(factor, dtype=np.float64)
    logs = np.log(times)
    return replace(
        draws,
        log_beta=draws.log_beta + (logs if logs.ndim == 1 else logs[:, None, :]),
        paths=tuple(scaled_effect(path, times[..., places]) for places, path in draws.ways),
    )


@dataclass(frozen=True)
class PriorChannel:
    """A channel known by draws of its prior: effect of ``direction`` media, saturation level there, half-life.

    ``effect[n]`` is the weighted total of the spend that ``direction[t, g]`` (media units) stands for; ``level[n]`` the
    saturation of a steady spend of that size, in (0, 1); ``half_life[n]`` in periods.
    """

    name: str
    direction: Floats
    effect: Floats
    level: Floats
    half_life: Floats


def with_prior_channel(draws: ResponseDraws, new: PriorChannel, weights: Floats) -> ResponseDraws:
    """``draws`` with one more channel: normalised geometric adstock, Hill of slope 1, effect as the prior says.

    Effects are those of the last state, or of :meth:`ResponseDraws.ahead`.
    """
    n, g = draws.n, len(draws.geos)
    steady = new.direction[new.direction.sum(axis=1) > 0].mean(axis=0)
    scale = np.where(steady > 0, steady, max(steady.max(), 1e-12))[:, None]

    single = ResponseDraws(
        channels=(new.name,),
        geos=draws.geos,
        adstock_kind=np.full((n, 1), adstock_kind("geometric", normalised=True)),
        adstock_par=(0.5 ** (1.0 / new.half_life))[:, None, None],
        saturation_kind=np.full((n, 1), saturation_kind("hill")),
        saturation_par=(1.0 / new.level - 1.0)[:, None, None],
        log_beta=np.broadcast_to(np.log(scale[:, 0] / scale.sum()), (n, g))[:, :, None].copy(),
        media_scale=scale,
        lookback=draws.lookback,
    )
    media = new.direction[:, :, None]
    plain = Ray(single, np.zeros_like(media), media, weights).at(np.ones((g, 1, 1))).value.sum(axis=(1, 2, 3))
    single = replace(single, log_beta=single.log_beta + np.log(new.effect / plain)[:, None, None])

    def joined(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(draws, name), getattr(single, name)], axis=1)

    return replace(
        draws,
        channels=(*draws.channels, new.name),
        adstock_kind=joined("adstock_kind"),
        adstock_par=stacked([draws.adstock_par, single.adstock_par], axis=1),
        saturation_kind=joined("saturation_kind"),
        saturation_par=stacked([draws.saturation_par, single.saturation_par], axis=1),
        media_scale=joined("media_scale"),
        log_beta=np.concatenate([draws.log_beta, single.log_beta], axis=2),
        own_lookback=(*(int(lags) for lags in draws.lookbacks), draws.lookback),
        walks=None,
    )
