"""The only entry from spend to outcome, for posterior draws.

Fitting uses the PyTensor graph of the same formulas (:mod:`mmm.model.media_graph`); analysis, curves, the planner and
the what-if widget's data come from here. Nothing outside :mod:`mmm.model.families` switches on a family of carryover or
saturation: a draw of any spec, or of a mixture of specs, is a row of :class:`ResponseDraws`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.arrays import Floats
from mmm.errors import FitError
from mmm.model.families import ADSTOCKS, SATURATIONS
from mmm.model.kernels import evaluate
from mmm.model.kinds import saturation_kind
from mmm.model.reach import Reach, joined_reach
from mmm.model.walks import Walks, growth, joined_walks

Parameters = tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.int64], Floats, Floats, npt.NDArray[np.int64], Floats]
"""What kernels read of a way: kinds and parameters of its carryover and curves, log effects, look-backs, ``after``."""


@dataclass(frozen=True)
class ResponseDraws:
    """Posterior draws of the media response; n draws, g geos, c channels.

    ``log_beta[n, g, c]`` is the log of the contribution's size per period at full saturation, in outcome units of that
    geo, ``sign[c]`` its sign, None where no channel takes from the outcome. Where effects vary in time (``walks``) it
    is that of the last state: what is asked of a past is asked with its :meth:`course`.
    Kernels see ``media / media_scale[g, c]``. ``lookback`` is the number of periods after which nothing is left of any
    spend; ``own_lookback[c]`` are the channels' own, which are not longer (empty: all as long). ``adstock_kind[n, c]``
    and ``saturation_kind[n, c]`` are what :func:`adstock_kind` and :func:`saturation_kind` give, ``adstock_par[n, c,
    k]`` and ``saturation_par[n, c, k]`` the families' parameters.

    ``paths`` are further ways of the same media to the outcome, over some of the channels, as through a mediator: every
    function here gives the sum over all ways. ``after[n, c, lag]`` are weights by which what a way brings is carried
    over once more; None where it is there at once. ``way`` names a way by the stage that it leads through.
    """

    channels: tuple[str, ...]
    geos: tuple[str, ...]
    adstock_kind: npt.NDArray[np.int64]
    adstock_par: Floats
    saturation_kind: npt.NDArray[np.int64]
    saturation_par: Floats
    log_beta: Floats
    media_scale: Floats
    lookback: int
    sign: Floats | None = None
    own_lookback: tuple[int, ...] = ()
    reach: Reach | None = None
    after: Floats | None = None
    paths: tuple["ResponseDraws", ...] = ()
    way: str = ""
    walks: Walks | None = None

    def __post_init__(self) -> None:
        n, g, c = self.log_beta.shape
        wanted = {
            "adstock_kind": (n, c),
            "adstock_par": (n, c, self.adstock_par.shape[-1]),
            "saturation_kind": (n, c),
            "saturation_par": (n, c, self.saturation_par.shape[-1]),
            "media_scale": (g, c),
        }
        for name, shape in wanted.items():
            if getattr(self, name).shape != shape:
                raise FitError(f"ResponseDraws.{name} has shape {getattr(self, name).shape}; the rule is {shape}.")
        if (g, c) != (len(self.geos), len(self.channels)):
            raise FitError(
                f"log_beta is for {g} geos and {c} channels, labels for {len(self.geos)}, {len(self.channels)}."
            )
        if self.own_lookback and (len(self.own_lookback) != c or max(self.own_lookback) > self.lookback):
            raise FitError(f"Look-backs {self.own_lookback} are for {c} channels, each at most {self.lookback}.")

    @property
    def n(self) -> int:
        return int(self.log_beta.shape[0])

    @property
    def lookbacks(self) -> npt.NDArray[np.int64]:
        """The look-back of every channel, [c]."""
        return np.array(self.own_lookback or (self.lookback,) * len(self.channels), dtype=np.int64)

    def subset(self, index: npt.NDArray[np.intp] | slice) -> "ResponseDraws":
        """The draws at ``index``, in that order."""
        return replace(
            self,
            adstock_kind=self.adstock_kind[index],
            adstock_par=self.adstock_par[index],
            saturation_kind=self.saturation_kind[index],
            saturation_par=self.saturation_par[index],
            log_beta=self.log_beta[index],
            reach=None if self.reach is None else replace(self.reach, par=self.reach.par[index]),
            after=None if self.after is None else self.after[index],
            paths=tuple(path.subset(index) for path in self.paths),
            walks=None if self.walks is None else self.walks.subset(index),
        )

    def only(self, channels: Sequence[str]) -> "ResponseDraws":
        """The same draws of these channels alone, in this order."""
        if tuple(channels) == self.channels:
            return self
        places = [self.channels.index(name) for name in channels]
        return replace(
            self,
            channels=tuple(channels),
            adstock_kind=self.adstock_kind[:, places],
            adstock_par=self.adstock_par[:, places],
            saturation_kind=self.saturation_kind[:, places],
            saturation_par=self.saturation_par[:, places],
            log_beta=self.log_beta[:, :, places],
            media_scale=self.media_scale[:, places],
            own_lookback=tuple(int(self.lookbacks[i]) for i in places),
            reach=None if self.reach is None else self.reach.only(places),
            walks=None if self.walks is None else self.walks.only(places),
            sign=None if self.sign is None or (self.sign[places] > 0).all() else self.sign[places],
            after=None if self.after is None else self.after[:, places],
            paths=tuple(
                path.only([name for name in channels if name in path.channels])
                for path in self.paths
                if set(channels) & set(path.channels)
            ),
        )

    @property
    def ways(self) -> Iterator[tuple[list[int], "ResponseDraws"]]:
        """Every further way, with the places of its channels among these."""
        for path in self.paths:
            yield [self.channels.index(name) for name in path.channels], path

    def thinned(self, most: int) -> "ResponseDraws":
        """At most ``most`` draws, evenly spaced over all of them."""
        if self.n <= most:
            return self
        return self.subset(np.linspace(0, self.n - 1, most).round().astype(np.intp))

    def blocks(self, cells: int, budget: int = 4_000_000) -> Iterator[tuple[slice, "ResponseDraws"]]:
        """Blocks of draws such that ``cells`` numbers a draw stay within ``budget`` numbers in memory."""
        size = max(1, budget // max(1, cells))
        for start in range(0, self.n, size):
            where = slice(start, min(start + size, self.n))
            yield where, self.subset(where)

    def course(self, dates: pd.DatetimeIndex, after: int = 0) -> Floats | None:
        """Log of what effects at the dates are multiplied by, [n, t, c], and of ``after`` periods as the last of them.

        None where no effect varies in time.
        """
        if self.walks is None:
            return None
        found = self.walks.at(dates)
        return np.concatenate([found, np.repeat(found[:, -1:], after, axis=1)], axis=1)

    def ahead(self, dates: pd.DatetimeIndex) -> "ResponseDraws":
        """The same draws with effects that no longer vary: by draw each as it is on average over the dates."""
        if self.walks is None:
            return self
        level = np.log(np.exp(self.walks.at(dates)).mean(axis=1))
        return replace(self, log_beta=self.log_beta + level[:, None, :], walks=None)

    @property
    def negative(self) -> tuple[str, ...]:
        """The channels that take from the outcome."""
        return () if self.sign is None else tuple(c for c, s in zip(self.channels, self.sign, strict=True) if s < 0)

    def _signed(self, values: Floats, axis: int) -> Floats:
        """Effects with the channels' signs, in place; channels are on ``axis``, counted from the end."""
        if self.sign is not None:
            values *= self.sign.reshape((-1, *(1,) * (-axis - 1)))
        return values

    def _parameters(self) -> Parameters:
        """What the kernels read of this way; those of the families are then in memory."""
        ADSTOCKS.load(np.unique(self.adstock_kind // evaluate.FAMILY), "weights", "recursion")
        SATURATIONS.load(np.unique(self.saturation_kind), "curve")
        return (
            np.ascontiguousarray(self.adstock_kind, dtype=np.int64),
            np.ascontiguousarray(self.adstock_par, dtype=np.float64),
            np.ascontiguousarray(self.saturation_kind, dtype=np.int64),
            np.ascontiguousarray(self.saturation_par, dtype=np.float64),
            np.ascontiguousarray(self.log_beta, dtype=np.float64),
            self.lookbacks,
            np.empty((*self.adstock_kind.shape, 0)) if self.after is None else np.ascontiguousarray(self.after),
        )

    def carryover(self, place: int) -> Floats:
        """Weights of a channel's carryover by draw and lag, [n, lag]."""
        weights = np.empty((self.n, int(self.lookbacks[place]) + 1))
        kinds, par, *_ = self._parameters()
        evaluate.weights_of(np.ascontiguousarray(kinds[:, place]), np.ascontiguousarray(par[:, place]), weights)
        return weights

    def _scaled(self, media: npt.ArrayLike, name: str) -> Floats:
        array = np.asarray(media, dtype=np.float64)
        if array.ndim != 3 or array.shape[1:] != self.media_scale.shape:
            raise FitError(f"{name} has shape {array.shape}; the rule is (periods, {self.media_scale.shape}).")
        return array / self.media_scale


def joined(parts: Sequence[ResponseDraws]) -> ResponseDraws:
    """The draws of all parts, one part after the other. Raises FitError where they are not of the same panel."""
    first = parts[0]
    for part in parts[1:]:
        same = (part.channels, part.geos, part.lookback) == (first.channels, first.geos, first.lookback)
        same = same and np.array_equal(part.lookbacks, first.lookbacks)
        if not same or not np.array_equal(part.media_scale, first.media_scale):
            raise FitError("Draws can be joined only where channels, geos, look-back and media scales are the same.")
    return replace(
        first,
        adstock_kind=np.concatenate([part.adstock_kind for part in parts]),
        adstock_par=stacked([part.adstock_par for part in parts]),
        saturation_kind=np.concatenate([part.saturation_kind for part in parts]),
        saturation_par=stacked([part.saturation_par for part in parts]),
        log_beta=np.concatenate([part.log_beta for part in parts]),
        reach=joined_reach([part.reach for part in parts]),
        walks=joined_walks([part.walks for part in parts]),
    )


def stacked(parameters: Sequence[Floats], axis: int = 0) -> Floats:
    """Arrays [n, c, k] one after the other, as wide as the widest."""
    most = max(p.shape[2] for p in parameters)
    wide = [np.pad(p, ((0, 0), (0, 0), (0, most - p.shape[2])), constant_values=1.0) for p in parameters]
    return np.concatenate(wide, axis=axis)


def contributions(
    draws: ResponseDraws, media: npt.ArrayLike, exposures: Floats | None = None, course: Floats | None = None
) -> Floats:
    """Contribution [n, t, g, c] in outcome units of ``media[t, g, c]``, with nothing before the first period.

    ``exposures``, as media, are the frequencies of channels known by reach and frequency, else the usual ones;
    ``course`` is the :meth:`ResponseDraws.course` of the periods, without which effects are those of the last state.
    """
    scaled = draws._scaled(media, "media")
    out = np.empty((draws.n, *scaled.shape))
    evaluate.contributions(*draws._parameters(), scaled, out)
    for place, values in _exposed(draws, scaled, exposures):
        out[..., place] = values
    if course is not None:
        out *= np.exp(course)[:, :, None, :]
    out = draws._signed(out, -1)
    for places, path in draws.ways:
        out[..., places] += contributions(path, np.asarray(media)[:, :, places], _of(exposures, places))
    return out


def _of(exposures: Floats | None, places: list[int]) -> Floats | None:
    return None if exposures is None else exposures[:, :, places]


def totals(
    draws: ResponseDraws,
    media: npt.ArrayLike,
    weights: Floats,
    exposures: Floats | None = None,
    course: Floats | None = None,
) -> Floats:
    """Sum over time of ``weights[t, g]`` times the contribution, [n, g, c], without a tensor over time.

    ``exposures`` and ``course`` as in :func:`contributions`.
    """
    scaled = draws._scaled(media, "media")
    out, grown = np.empty(draws.log_beta.shape), growth(course)
    evaluate.totals(*draws._parameters(), scaled, np.ascontiguousarray(weights, dtype=np.float64), grown, out)
    for place, values in _exposed(draws, scaled, exposures):
        counted = values if course is None else values * grown[:, :, None, place]
        out[..., place] = np.einsum("ntg,tg->ng", counted, weights)
    out = draws._signed(out, -1)
    for places, path in draws.ways:
        out[..., places] += totals(path, np.asarray(media)[:, :, places], weights, _of(exposures, places))
    return out


def _exposed(draws: ResponseDraws, scaled: Floats, exposures: Floats | None) -> Iterator[tuple[int, Floats]]:
    """Contributions [n, t, g] of the channels known by reach and frequency, at the frequencies that there were."""
    if draws.reach is None or exposures is None:
        return
    for k, place in enumerate(draws.reach.places):
        often = exposures[: len(scaled), :, place]
        usual = draws.reach.at(k, draws.reach.usual[:, k])
        reached = scaled[None, :, :, place] * draws.reach.at(k, np.where(np.isfinite(often), often, 1.0))
        reached = reached / usual[:, None, :]
        out = carried_on(reached, draws.carryover(place))
        if draws.after is not None:
            out = carried_on(out, draws.after[:, place])
        yield place, out * np.exp(draws.log_beta[:, None, :, place])


def bounded(draws: ResponseDraws) -> npt.NDArray[np.bool_]:
    """Whether a channel's curve has a largest effect in every draw, [c]."""
    none = [saturation_kind(family.name) for family in SATURATIONS if not family.bounded]
    found = np.asarray(~np.isin(draws.saturation_kind, none).any(axis=0))
    for places, path in draws.ways:
        found[places] &= bounded(path)
    return found


def ceiling(draws: ResponseDraws) -> Floats:
    """Size of the largest effect per period by draw and channel, summed over geos, [n, c]; see :func:`bounded`."""
    out = np.exp(draws.log_beta).sum(axis=1)
    if draws.after is not None:
        out = out * draws.after.sum(axis=2)
    for places, path in draws.ways:
        out[:, places] += ceiling(path)
    return out


def carried_on(series: Floats, weights: Floats) -> Floats:
    """``series[n, t, g]`` carried over by ``weights[n, lag]``."""
    out = np.zeros_like(series)
    for lag in range(min(weights.shape[1], series.shape[1])):
        out[:, lag:] += weights[:, lag, None, None] * series[:, : series.shape[1] - lag]
    return out


def half_life(draws: ResponseDraws) -> Floats:
    """Periods until half of a spend's carryover weight has been delivered, [n, c], interpolated between lags.

    Where media have several ways to the outcome, until half of the effect of one period's mean media has come.
    """
    out = np.zeros(draws.adstock_kind.shape)
    if not draws.channels:
        return out
    adstock_kinds, adstock_par, *_ = draws._parameters()
    evaluate.half_lives(adstock_kinds, adstock_par, draws.lookbacks, out)
    several = sorted({place for places, _ in draws.ways for place in places})
    if several:
        pulse = np.zeros((draws.lookback + 1, *draws.media_scale.shape))
        pulse[0] = draws.media_scale
        only = draws.only([draws.channels[place] for place in several])
        by_lag = contributions(only, pulse[:, :, several]).sum(axis=2)
        reached = np.cumsum(by_lag, axis=1) / by_lag.sum(axis=1, keepdims=True)
        lag = (reached >= 0.5).argmax(axis=1)
        there, own = (np.take_along_axis(a, lag[:, None], axis=1)[:, 0] for a in (reached, by_lag))
        out[:, several] = lag + (0.5 - (there - own / by_lag.sum(axis=1))) / (own / by_lag.sum(axis=1))
    return out
