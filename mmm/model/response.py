"""The only entry from spend to outcome, for posterior draws.

Fitting uses the PyTensor graph of the same formulas (:mod:`mmm.model.media_graph`); analysis, curves, the planner and
the what-if widget's data come from here. Nothing outside :mod:`mmm.model.families` switches on a family of carryover or
saturation: a draw of any spec, or of a mixture of specs, is a row of :class:`ResponseDraws`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mmm.arrays import Floats
from mmm.errors import FitError
from mmm.model.families import ADSTOCKS, SATURATIONS
from mmm.model.kernels import evaluate


@dataclass(frozen=True)
class Reach:
    """Channels known by reach and frequency: ``places[k]`` among the channels, curves of frequency by draw.

    ``kind[k]`` is what :func:`saturation_kind` gives, ``par[n, k, p]`` the curve's parameters, ``usual[g, k]`` the
    frequency at which the draws' effects are stated.
    """

    places: tuple[int, ...]
    kind: npt.NDArray[np.int64]
    par: Floats
    usual: Floats

    def at(self, k: int, frequency: Floats) -> Floats:
        """The curve of the ``k``-th of them by draw, [n, ...], at ``frequency[...]``."""
        SATURATIONS.load([int(self.kind[k])], "curve")
        flat = np.ascontiguousarray(frequency, dtype=np.float64).ravel()
        out = np.empty((len(self.par), flat.size))
        evaluate.curve_values(int(self.kind[k]), np.ascontiguousarray(self.par[:, k]), flat, out)
        return out.reshape(-1, *np.shape(frequency))

    def only(self, places: Sequence[int]) -> "Reach | None":
        """Those of the channels at ``places``, by their new numbers."""
        kept = [(places.index(place), k) for k, place in enumerate(self.places) if place in places]
        if not kept:
            return None
        new, old = (list(part) for part in zip(*kept, strict=True))
        return Reach(tuple(new), self.kind[old], self.par[:, old], self.usual[:, old])


_Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ResponseDraws:
    """Posterior draws of the media response; n draws, g geos, c channels.

    ``log_beta[n, g, c]`` is the log of the contribution's size per period at full saturation, in outcome units of that
    geo, ``sign[c]`` its sign, None where no channel takes from the outcome.
    Kernels see ``media / media_scale[g, c]``. ``lookback`` is the number of periods after which nothing is left of any
    spend; ``own_lookback[c]`` are the channels' own, which are not longer (empty: all as long). ``adstock_kind[n, c]``
    and ``saturation_kind[n, c]`` are what :func:`adstock_kind` and :func:`saturation_kind` give, ``adstock_par[n, c,
    k]`` and ``saturation_par[n, c, k]`` the families' parameters.
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
            sign=None if self.sign is None or (self.sign[places] > 0).all() else self.sign[places],
        )

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

    @property
    def negative(self) -> tuple[str, ...]:
        """The channels that take from the outcome."""
        return () if self.sign is None else tuple(c for c, s in zip(self.channels, self.sign, strict=True) if s < 0)

    def _signed(self, values: Floats, axis: int) -> Floats:
        """Effects with the channels' signs, in place; channels are on ``axis``, counted from the end."""
        if self.sign is not None:
            values *= self.sign.reshape((-1, *(1,) * (-axis - 1)))
        return values

    def _parameters(
        self,
    ) -> tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.int64], Floats, Floats, npt.NDArray[np.int64]]:
        """What the kernels read; those of the families are then in memory."""
        ADSTOCKS.load(np.unique(self.adstock_kind // evaluate.FAMILY), "weights", "recursion")
        SATURATIONS.load(np.unique(self.saturation_kind), "curve")
        return (
            np.ascontiguousarray(self.adstock_kind, dtype=np.int64),
            np.ascontiguousarray(self.adstock_par, dtype=np.float64),
            np.ascontiguousarray(self.saturation_kind, dtype=np.int64),
            np.ascontiguousarray(self.saturation_par, dtype=np.float64),
            np.ascontiguousarray(self.log_beta, dtype=np.float64),
            self.lookbacks,
        )

    def _scaled(self, media: npt.ArrayLike, name: str) -> Floats:
        array = np.asarray(media, dtype=np.float64)
        if array.ndim != 3 or array.shape[1:] != self.media_scale.shape:
            raise FitError(f"{name} has shape {array.shape}; the rule is (periods, {self.media_scale.shape}).")
        return array / self.media_scale


def adstock_kind(family: str, *, normalised: bool, saturation_first: bool = False) -> int:
    """The number that stands for a carryover in :class:`ResponseDraws`. Raises SettingsError for an unknown family."""
    order = evaluate.SATURATION_FIRST * int(saturation_first)
    return evaluate.FAMILY * ADSTOCKS.number(family) + order + int(normalised)


def saturation_kind(family: str) -> int:
    """The number that stands for a curve in :class:`ResponseDraws`. Raises SettingsError for an unknown family."""
    return SATURATIONS.number(family)


def adstock_family(kind: int) -> str:
    """The name of the family of a carryover's number (:func:`adstock_kind`)."""
    number = int(kind) // evaluate.FAMILY
    return next(family.name for family in ADSTOCKS if ADSTOCKS.number(family.name) == number)


def saturation_family(kind: int) -> str:
    """The name of the family of a curve's number (:func:`saturation_kind`)."""
    return next(family.name for family in SATURATIONS if SATURATIONS.number(family.name) == int(kind))


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
        reach=_joined_reach([part.reach for part in parts]),
    )


def _joined_reach(parts: Sequence[Reach | None]) -> Reach | None:
    known = [part for part in parts if part is not None]
    if not known:
        return None
    return replace(known[0], par=np.concatenate([part.par for part in known]))


def stacked(parameters: Sequence[Floats], axis: int = 0) -> Floats:
    """Arrays [n, c, k] one after the other, as wide as the widest."""
    most = max(p.shape[2] for p in parameters)
    wide = [np.pad(p, ((0, 0), (0, 0), (0, most - p.shape[2])), constant_values=1.0) for p in parameters]
    return np.concatenate(wide, axis=axis)


@dataclass(frozen=True)
class Along:
    """Effect along a direction with its exact first and second derivative by level; one entry a draw."""

    value: Floats
    slope: Floats
    curvature: Floats


def contributions(draws: ResponseDraws, media: npt.ArrayLike, exposures: Floats | None = None) -> Floats:
    """Contribution [n, t, g, c] in outcome units of ``media[t, g, c]``, with nothing before the first period.

    ``exposures``, as media, are the frequencies of channels known by reach and frequency, else the usual ones.
    """
    scaled = draws._scaled(media, "media")
    out = np.empty((draws.n, *scaled.shape))
    evaluate.contributions(*draws._parameters(), scaled, out)
    for place, values in _exposed(draws, scaled, exposures):
        out[..., place] = values
    return draws._signed(out, -1)


def totals(draws: ResponseDraws, media: npt.ArrayLike, weights: Floats, exposures: Floats | None = None) -> Floats:
    """Sum over time of ``weights[t, g]`` times the contribution, [n, g, c], without a tensor over time.

    ``exposures`` as in :func:`contributions`.
    """
    scaled = draws._scaled(media, "media")
    out = np.empty(draws.log_beta.shape)
    evaluate.totals(*draws._parameters(), scaled, np.ascontiguousarray(weights, dtype=np.float64), out)
    for place, values in _exposed(draws, scaled, exposures):
        out[..., place] = np.einsum("ntg,tg->ng", values, weights)
    return draws._signed(out, -1)


def _exposed(draws: ResponseDraws, scaled: Floats, exposures: Floats | None) -> Iterator[tuple[int, Floats]]:
    """Contributions [n, t, g] of the channels known by reach and frequency, at the frequencies that there were."""
    if draws.reach is None or exposures is None:
        return
    for k, place in enumerate(draws.reach.places):
        often = exposures[: len(scaled), :, place]
        usual = draws.reach.at(k, draws.reach.usual[:, k])
        reached = scaled[None, :, :, place] * draws.reach.at(k, np.where(np.isfinite(often), often, 1.0))
        reached = reached / usual[:, None, :]
        weights = np.empty((draws.n, int(draws.lookbacks[place]) + 1))
        kinds, par, *_ = draws._parameters()
        evaluate.weights_of(np.ascontiguousarray(kinds[:, place]), np.ascontiguousarray(par[:, place]), weights)
        out = np.zeros_like(reached)
        for lag in range(min(weights.shape[1], len(scaled))):
            out[:, lag:] += weights[:, lag, None, None] * reached[:, : len(scaled) - lag]
        yield place, out * np.exp(draws.log_beta[:, None, :, place])


def along_geo(
    draws: ResponseDraws, base: npt.ArrayLike, direction: npt.ArrayLike, levels: npt.ArrayLike, weights: Floats
) -> Along:
    """Effect of media ``base + level * direction`` over ``base``, by geo: arrays [n, g, c, k].

    ``base`` and ``direction`` are [t, g, c] in media units, ``levels`` [g, c, k], ``weights`` [t, g] (ones for
    outcome units, value per unit for money).
    """
    b, d = draws._scaled(base, "base"), draws._scaled(direction, "direction")
    points = np.ascontiguousarray(levels, dtype=np.float64)
    shape = (draws.n, *points.shape)
    value, slope, curvature = np.empty(shape), np.empty(shape), np.empty(shape)
    w = np.ascontiguousarray(weights, dtype=np.float64)
    evaluate.along(*draws._parameters(), b, d, points, w, value, slope, curvature)
    return Along(*(draws._signed(part, -2) for part in (value, slope, curvature)))


def along(
    draws: ResponseDraws, base: npt.ArrayLike, direction: npt.ArrayLike, levels: npt.ArrayLike, weights: Floats
) -> Along:
    """As :func:`along_geo` with one level for all geos of a channel (``levels[c, k]``), summed over geos: [n, c, k]."""
    points = np.asarray(levels, dtype=np.float64)
    shape = (draws.n, *points.shape)
    value, slope, curvature = np.empty(shape), np.empty(shape), np.empty(shape)
    spread = np.broadcast_to(points, (len(draws.geos), *points.shape))
    for where, block in draws.blocks(3 * spread.size):
        part = along_geo(block, base, direction, spread, weights)
        value[where], slope[where] = part.value.sum(axis=1), part.slope.sum(axis=1)
        curvature[where] = part.curvature.sum(axis=1)
    return Along(value, slope, curvature)


def bounded(draws: ResponseDraws) -> npt.NDArray[np.bool_]:
    """Whether a channel's curve has a largest effect in every draw, [c]."""
    none = [saturation_kind(family.name) for family in SATURATIONS if not family.bounded]
    return np.asarray(~np.isin(draws.saturation_kind, none).any(axis=0))


def half_life(draws: ResponseDraws) -> Floats:
    """Periods until half of a spend's carryover weight has been delivered, [n, c], interpolated between lags."""
    out = np.zeros(draws.adstock_kind.shape)
    if not draws.channels:
        return out
    adstock_kinds, adstock_par, *_ = draws._parameters()
    evaluate.half_lives(adstock_kinds, adstock_par, draws.lookbacks, out)
    return out
