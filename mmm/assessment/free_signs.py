"""Whether the data speak against the sign that a channel's role assumes: a linear refit in which signs are free.

The outcome is regressed on the baseline's own terms, with their priors, and on one transform of every channel's media
whose effect may have any sign: normal around zero, as large as the model's prior expects it. The transform is chosen
among carryovers and curves, by channel and for either sign, so that a channel of the assumed sign explains as much as
it can with any of them. What is left is a statement on the sign alone: how far the best effect of the other sign is
from zero, and how much better it fits than the best one of the assumed sign. docs/warnings.md says how often that is
right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.model.baseline import terms
from mmm.model.panel import Panel, panel
from mmm.model.spec import ModelSpec
from mmm.model.terms import Term

# Carryovers: retention of alpha^lag; retention and peak (periods) of alpha^((lag - peak)^2).
_GEOMETRIC = (0.0, 0.3, 0.5, 0.7, 0.85)
_DELAYED = ((0.7, 1.0), (0.7, 2.0), (0.8, 3.0), (0.85, 5.0), (0.93, 8.0))
# Half-saturations relative to the channel's mean; infinite is a line.
_HALVES = (0.3, 1.0, np.inf)
_CARRYOVERS = len(_GEOMETRIC) + len(_DELAYED)
_SHAPES = _CARRYOVERS * len(_HALVES)
# The shape that a search starts from: retention 0.5, half-saturation at the mean.
_FIRST = 2 * len(_HALVES) + 1
# Sampled scales of the baseline relative to their priors, and noise relative to the outcome's sd, that are tried.
_SIZES = (0.03, 0.1, 0.3, 1.0, 2.0)
_NOISES = np.geomspace(0.03, 1.2, 40)
_ROUNDS = 3


def free_signs(dataset: Dataset, spec: ModelSpec) -> pd.DataFrame:
    """By channel (index channel), what a refit with free signs says against the sign that its role assumes.

    Columns, all at the transform that fits best with the other sign, and zero where none prefers it (and where outcome
    rows cover several periods: nothing is asked of so few):

    - ``opposite``: the effect of the window's media over the spec's denominator, so a ROAS or a share of the outcome;
    - ``opposite_error``: its standard error, the larger of that under independent noise and that robust to
      autocorrelation, to noise that changes and to shocks that geos share (Newey and West 1987; Driscoll and Kraay
      1998);
    - ``against``: the size of ``opposite`` over ``opposite_error``, or the root of twice the log likelihood that is won
      over the best transform of the assumed sign, or over none, whichever is less: standard deviations either way.
    """
    columns = ["opposite", "opposite_error", "against"]
    channels = pd.Index(spec.channel_names, name="channel")
    if dataset.coarse:
        # Dozens of transforms of every channel against a few dozen outcomes: one of them fits by chance.
        return pd.DataFrame(0.0, columns=columns, index=channels)
    data = panel(spec, dataset)
    refit = _refit(spec, data, _media(spec, data))
    rows = []
    for c, sign in enumerate(spec.signs):
        found = _opposite(refit, c, float(sign))
        error = 0.0 if found is None else refit.error(found)
        size = 0.0 if found is None else float(found.effects[-1])
        gain = 0.0 if found is None else max(found.gain, 0.0)
        rows.append((size, error, min(abs(size) / error, (2.0 * gain) ** 0.5) if error else 0.0))
    return pd.DataFrame(rows, columns=columns, index=channels)


@dataclass(frozen=True)
class _Media:
    """Every channel's media relative to its mean, [t, g, c], and their transforms on the window's ``rows``.

    A transform is divided by what it adds up to in the terms of the effect's prior (``worth[t, g]`` a unit of scaled
    outcome, ``denominators[c]``), so that its coefficient is the effect.
    """

    scaled: Floats
    rows: slice
    lookback: int
    worth: Floats
    denominators: Floats

    def path(self, column: int) -> Floats:
        """One transform of one channel, [t, g]."""
        channel, shape = divmod(column, _SHAPES)
        carryover, half = divmod(shape, len(_HALVES))
        found = self._bent(self._carried(self.scaled[:, :, channel], carryover), _HALVES[half])
        return np.asarray(found * (self.denominators[channel] / (found * self.worth).sum()))

    def of_geo(self, geo: int) -> Floats:
        """All transforms of all channels in a geo, before the division, [t, channel and shape]."""
        found = []
        for carryover in range(_CARRYOVERS):
            moved = self._carried(self.scaled[:, geo], carryover)
            found += [self._bent(moved, half) for half in _HALVES]
        return np.stack(found, axis=2).reshape(len(found[0]), -1)

    def _carried(self, media: Floats, carryover: int) -> Floats:
        lags = np.arange(self.lookback + 1.0)
        if carryover < len(_GEOMETRIC):
            weights = _GEOMETRIC[carryover] ** lags
        else:
            retention, peak = _DELAYED[carryover - len(_GEOMETRIC)]
            weights = retention ** ((lags - peak) ** 2)
        out = np.zeros_like(media)
        for lag, weight in enumerate(weights[: len(media)] / weights.sum()):
            out[lag:] += weight * media[: len(media) - lag]
        return out[self.rows]

    @staticmethod
    def _bent(moved: Floats, half: float) -> Floats:
        return moved if np.isinf(half) else moved / (half + moved)


def _media(spec: ModelSpec, data: Panel) -> _Media:
    return _Media(
        data.media[: data.rows.stop] / np.array(spec.media_scale),
        data.rows,
        spec.lookback,
        data.weights[data.rows] * np.array(spec.outcome_scale),
        np.array([c.denominator for c in spec.channels]),
    )


class _Found(NamedTuple):
    """A fit: its columns among all transforms, the channel's own last, their effects and the log likelihood won."""

    columns: list[int]
    effects: Floats
    gain: float


@dataclass(frozen=True)
class _Known:
    """Products of the transforms, [f, f] and with the outcome [f], where the baseline has taken its part.

    ``precision`` [f] are those of the effects' priors times the noise's variance, which is ``sigma`` squared.
    """

    gram: Floats
    cross: Floats
    precision: Floats
    sigma: float

    def fit(self, columns: list[int]) -> tuple[float, Floats]:
        """Log likelihood won by these transforms over none, the prior's included, and their effects."""
        if not columns:
            return 0.0, np.zeros(0)
        effects = np.linalg.solve(self.known(columns), self.cross[columns])
        return float(0.5 * self.cross[columns] @ effects / self.sigma**2), effects

    def known(self, columns: list[int]) -> Floats:
        return np.asarray(self.gram[np.ix_(columns, columns)] + np.diag(self.precision[columns]))

    def chosen(self, first: tuple[int, ...]) -> tuple[int, ...]:
        """Columns of the largest likelihood, one channel after the other until none changes."""
        found = list(first)
        for _ in range(_ROUNDS):
            before = list(found)
            for c in range(len(found)):
                rest = found[:c] + found[c + 1 :]
                found[c] = max(_columns_of(c), key=lambda k, rest=rest: self.fit([*rest, k])[0])  # type: ignore[misc]
            if found == before:
                break
        return tuple(found)


def _columns_of(channel: int) -> range:
    return range(channel * _SHAPES, (channel + 1) * _SHAPES)


@dataclass(frozen=True)
class _Refit:
    """The regression with the noise and the sizes of the baseline's scales settled.

    ``base`` [t, g, p] are the baseline's columns, ``inner`` [p, p] what takes products with them to coefficients,
    ``chosen[c]`` is the column of each channel where all signs are free.
    """

    media: _Media
    outcome: Floats
    observed: Floats
    base: Floats
    inner: Floats
    known: _Known
    chosen: tuple[int, ...]

    def error(self, found: _Found) -> float:
        """Standard error of the last effect of a fit."""
        inverse = np.linalg.inv(self.known.known(found.columns))
        paths = np.stack([self.media.path(k) for k in found.columns], axis=2) * self.observed[:, :, None]
        residual = self._left(self.outcome - paths @ found.effects)
        # What each period adds to the effect's error, over geos.
        pulls = (self._left(paths @ inverse[:, -1]) * residual).sum(axis=1)
        return float(np.sqrt(max(self.known.sigma**2 * inverse[-1, -1], _long_run(pulls))))

    def _left(self, values: Floats) -> Floats:
        """What the baseline leaves of values [t, g] that are zero where nothing is observed."""
        part = self.inner @ np.einsum("tgp,tg->p", self.base, values)
        return np.asarray((values - self.base @ part) * self.observed)


def _long_run(pulls: Floats) -> float:
    """Variance of a sum of autocorrelated terms: Newey and West (1987), with their rule of thumb for the lags."""
    most = int(np.ceil(0.75 * len(pulls) ** (1.0 / 3.0)))
    total = float(pulls @ pulls)
    for lag in range(1, min(most, len(pulls) - 1) + 1):
        total += 2.0 * (1.0 - lag / (most + 1.0)) * float(pulls[lag:] @ pulls[:-lag])
    return max(total, 0.0)


def _opposite(refit: _Refit, channel: int, sign: float) -> _Found | None:
    """The best fit in which the channel has the other sign; None where no transform prefers it."""
    rest = [k for c, k in enumerate(refit.chosen) if c != channel]
    assumed, _ = refit.known.fit(rest)
    best: _Found | None = None
    for column in _columns_of(channel):
        likelihood, effects = refit.known.fit([*rest, column])
        if sign * effects[-1] >= 0:
            assumed = max(assumed, likelihood)
        elif best is None or likelihood > best.gain:
            best = _Found([*rest, column], effects, likelihood)
    return None if best is None else best._replace(gain=best.gain - assumed)


@dataclass(frozen=True)
class _Products:
    """Products of the baseline's columns [p, p], of these with all transforms and the outcome, which is last, [p, f],
    and of the latter [f, f].

    ``deviations`` are the baseline's prior standard deviations, with sampled scales at their priors; ``sampled`` says
    which have such a scale. ``precision`` [f - 1] is that of the effects' priors, ``count`` the number of cells.
    """

    base: Floats
    across: Floats
    own: Floats
    deviations: Floats
    sampled: Floats
    precision: Floats
    count: int

    def sizes(self, size: float) -> Floats:
        return np.where(self.sampled, size, 1.0) * self.deviations

    def settled(self, columns: Sequence[int], unit: float) -> tuple[float, float]:
        """Noise, and size of the sampled scales, of the largest marginal likelihood with these transforms."""
        at = [*columns, len(self.own) - 1]
        own, best = self.own[np.ix_(at, at)], (-np.inf, 0.0, 0.0)
        for size in _SIZES:
            scale = self.sizes(size)
            values, vectors = np.linalg.eigh(scale[:, None] * self.base * scale)
            values = np.maximum(values, 0.0)
            turned = vectors.T @ (scale[:, None] * self.across[:, at])
            for sigma in _NOISES * unit:
                left = own - (turned.T / (sigma**2 + values)) @ turned
                prior = sigma**2 * self.precision[list(columns)]
                gram = left[:-1, :-1] + np.diag(prior)
                rest = left[-1, -1] - left[-1, :-1] @ np.linalg.solve(gram, left[-1, :-1])
                spread = 2.0 * self.count * np.log(sigma) + np.log1p(values / sigma**2).sum()
                spread += np.linalg.slogdet(gram)[1] - np.log(prior).sum()
                best = max(best, (float(-0.5 * (spread + rest / sigma**2)), float(sigma), size))
        return best[1], best[2]

    def inner(self, sigma: float, size: float) -> Floats:
        scale = self.sizes(size)
        known = sigma**2 * np.eye(len(scale)) + scale[:, None] * self.base * scale
        return np.asarray(scale[:, None] * np.linalg.solve(known, np.diag(scale)))

    def given(self, sigma: float, inner: Floats) -> _Known:
        left = self.own - self.across.T @ inner @ self.across
        return _Known(left[:-1, :-1], left[:-1, -1], sigma**2 * self.precision, sigma)


def _refit(spec: ModelSpec, data: Panel, media: _Media) -> _Refit:
    base = terms(spec, data.dates, data.control)
    seen = data.observed.astype(float)
    outcome = (np.where(data.observed, data.outcome, 0.0) - sum(term.values(term.mean) for term in base)) * seen
    columns = np.concatenate([_design(term, data) for term in base], axis=2) * seen[:, :, None]
    products = _products(spec, base, columns, media, outcome, seen)
    chosen = tuple(_columns_of(c)[_FIRST] for c in range(len(spec.channels)))
    for _ in range(_ROUNDS):
        sigma, size = products.settled(chosen, spec.baseline.outcome_sd)
        inner = products.inner(sigma, size)
        known = products.given(sigma, inner)
        before, chosen = chosen, known.chosen(chosen)
        if chosen == before:
            break
    return _Refit(media, outcome, seen, columns, inner, known, chosen)


def _products(
    spec: ModelSpec, base: Sequence[Term], columns: Floats, media: _Media, outcome: Floats, seen: Floats
) -> _Products:
    """Geo by geo: all transforms of all cells at once would not fit into memory."""
    geos, many = outcome.shape[1], len(spec.channels) * _SHAPES
    across, own, total = np.zeros((columns.shape[2], many + 1)), np.zeros((many + 1, many + 1)), np.zeros(many + 1)
    for g in range(geos):
        paths = media.of_geo(g)
        total[:-1] += media.worth[:, g] @ paths
        beside = np.column_stack([paths * seen[:, g, None], outcome[:, g]])
        across += columns[:, g].T @ beside
        own += beside.T @ beside
    # A channel without media in the window has no effect in it.
    unit = np.ones(many + 1)
    np.divide(np.repeat(media.denominators, _SHAPES), total[:-1], out=unit[:-1], where=total[:-1] > 0)
    flat = columns.reshape(-1, columns.shape[2])
    return _Products(
        base=flat.T @ flat,
        across=across * unit,
        own=own * unit * unit[:, None],
        deviations=np.concatenate([_deviations(term, geos) for term in base]),
        sampled=np.concatenate([np.full(_width(term, geos), term.scale is not None) for term in base]),
        # As large as the model's own prior has it: the root of the mean square of a log-normal number.
        precision=np.repeat([np.exp(-2.0 * (c.effect.mu + c.effect.sigma**2)) for c in spec.channels], _SHAPES),
        count=int(seen.sum()),
    )


def _width(term: Term, geos: int) -> int:
    return geos if term.dim == "geo" else len(term.labels)


def _design(term: Term, data: Panel) -> Floats:
    """A term's columns, [t, g, p]."""
    geos = data.observed.shape[1]
    if term.dim == "geo":
        return np.broadcast_to(np.eye(geos), (len(data.dates), geos, geos))
    return term.design if term.design.ndim == 3 else np.repeat(term.design[:, None, :], geos, axis=1)


def _deviations(term: Term, geos: int) -> Floats:
    """Prior standard deviations of a term's coefficients, those that are sampled at their own prior's scale."""
    if term.scale is None:
        return np.asarray(term.sd, dtype=float)
    whole = None if term.scale.within is None else term.scale.within.prior
    return np.full(_width(term, geos), float(term.scale.sizes(term.scale.prior, whole)))
