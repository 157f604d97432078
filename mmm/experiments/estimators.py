"""Estimators of a regional test: what the treated regions would have done, from regions that were left alone.

Every estimator is a record with one function, and every function answers many questions at once: targets ``y[b, t]``,
each with its own donors out of the same regions ``x[t, n]``, of which the first ``before`` periods precede the test. A
test that was run is one question; placebo tests are thousands.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mmm.arrays import Floats
from mmm.experiments.simplex import Bools, simplex_weights

_RIDGES = np.logspace(0.0, -6.0, 13)
"""Ridge penalties that are tried, as shares of the donors' largest variance."""
_CHUNK = 64


@dataclass(frozen=True)
class Question:
    """Targets ``y[b, t]``, regions ``x[t, n]``, ``donors[b, n]``, periods ``before`` the test, ``size[n]`` of regions.

    ``treated[b]`` is the number of regions in each target.
    """

    y: Floats
    x: Floats
    donors: Bools
    before: int
    size: Floats
    treated: Floats

    @cached_property
    def control(self) -> Floats:
        """Weights [b, n] of the demeaned synthetic control, on which others build."""
        x, y = _centred(self)
        return simplex_weights(x, y, self.donors)

    def throughout(self, y: Floats) -> "Question":
        """The question in which every period precedes the test, with other targets."""
        return replace(self, y=y, before=len(self.x))


@dataclass(frozen=True)
class Answer:
    """What the target would have been without the test, ``path[b, t]``, and the donors' weights [b, n].

    ``misfit[b]`` is the root mean square error before the test where that of the fit itself would flatter.
    """

    path: Floats
    weights: Floats
    misfit: Floats | None = None

    def effect(self, question: Question) -> Floats:
        """Observed minus counterfactual, [b, t]."""
        return question.y - self.path

    def fit_error(self, question: Question) -> Floats:
        """Root mean square of the effect before the test, [b]; leave-one-out for what could fit anything."""
        if self.misfit is not None:
            return self.misfit
        before = self.effect(question)[:, : question.before]
        return np.asarray(np.sqrt((before**2).mean(axis=1)))


def _levelled(question: Question, weights: Floats) -> Answer:
    """The donors' weighted series, shifted so that it meets the target on average before the test."""
    path = weights @ question.x.T
    gap = (question.y - path)[:, : question.before].mean(axis=1, keepdims=True)
    return Answer(path + gap, weights)


def _centred(question: Question) -> tuple[Floats, Floats]:
    """Series before the test, less the mean of all regions and each less its own mean: x [t0, n], y [b, t0].

    Weights that add up to one leave what is common to all regions out of the difference; without it the problem is far
    better conditioned.
    """
    x, y = question.x[: question.before], question.y[:, : question.before]
    common = x.mean(axis=1)
    x, y = x - common[:, None], y - common
    return x - x.mean(axis=0), y - y.mean(axis=1, keepdims=True)


def difference_in_differences(question: Question) -> Answer:
    """All donors alike: the mean of the others, shifted."""
    weights = question.donors / question.donors.sum(axis=1, keepdims=True)
    return _levelled(question, weights)


def synthetic_control(question: Question) -> Answer:
    """Weights on the simplex with an intercept: the demeaned synthetic control (Ferman and Pinto 2021)."""
    return _levelled(question, question.control)


def augmented_synthetic_control(question: Question) -> Answer:
    """The synthetic control, its misfit before the test corrected by ridge regression on the donors.

    Ben-Michael, Feller and Rothstein (2021). The penalty is that of the least leave-one-period-out error, the control's
    own weights held.
    """
    x, y = _centred(question)
    weights, error = question.control.copy(), np.empty(len(y))
    misfit = y - weights @ x.T
    for start in range(0, len(y), _CHUNK):
        rows = slice(start, start + _CHUNK)
        more, error[rows] = _ridge(x, misfit[rows], question.donors[rows])
        weights[rows] += more
    return replace(_levelled(question, weights), misfit=error)


def _ridge(x: Floats, misfit: Floats, donors: Bools) -> tuple[Floats, Floats]:
    """Weights [b, n], adding up to zero, of the ridge regression of ``misfit[b, t]`` on the donors' ``x[t, n]``.

    With the root mean square of its leave-one-out errors, [b].
    """
    count = donors.sum(axis=1)[:, None]
    series = (x[None] - (donors @ x.T / count)[:, :, None]) * donors[:, None, :]
    values, axes = _axes(series)
    rotated = np.einsum("bts,bt->bs", axes, misfit)
    best, chosen = np.full(len(misfit), np.inf), np.zeros_like(rotated)
    for share in _RIDGES:
        penalty = share * values[:, -1:] + 1e-300
        kept = values / (values + penalty)
        left = misfit - np.einsum("bts,bs->bt", axes, kept * rotated)
        leverage = np.einsum("bts,bs->bt", axes**2, kept)
        error = ((left / np.maximum(1.0 - leverage, 1e-9)) ** 2).sum(axis=1)
        better = error < best
        best = np.where(better, error, best)
        chosen = np.where(better[:, None], rotated / (values + penalty), chosen)
    dual = np.einsum("bts,bs->bt", axes, chosen)
    return np.einsum("btn,bt->bn", series, dual), np.sqrt(best / len(x))


def _axes(series: Floats) -> tuple[Floats, Floats]:
    """Squared singular values [b, k], ascending, and left singular vectors [b, t, k] of ``series[b, t, n]``."""
    turned = series.transpose(0, 2, 1)
    if series.shape[2] >= series.shape[1]:
        values, axes = np.linalg.eigh(series @ turned)
        return np.maximum(values, 0.0), axes
    values, right = np.linalg.eigh(turned @ series)
    # Directions in which the donors do not move have no left vector.
    real = values > 1e-12 * values[:, -1:]
    sizes = np.sqrt(np.where(real, values, 1.0))
    return np.where(real, values, 0.0), (series @ right) * (real / sizes)[:, None, :]


def synthetic_difference_in_differences(question: Question) -> Answer:
    """Weights on donors and on periods (Arkhangelsky et al. 2021), with their penalties."""
    x, y = _centred(question)
    before, after = question.before, question.x.shape[0] - question.before
    steps = np.diff(question.x[:before], axis=0)
    spread = np.array([steps[:, row].std(ddof=1) for row in question.donors]) if len(steps) > 1 else np.zeros(len(y))
    ridge = np.sqrt(question.treated * after) * spread**2 * before
    weights = simplex_weights(x, y, question.donors, ridge)
    path = weights @ question.x.T
    gap = (question.y - path)[:, :before]
    return Answer(path + (_period_weights(question) * gap).sum(axis=1, keepdims=True), weights)


def _period_weights(question: Question) -> Floats:
    """Weights [b, before] with which the donors' earlier periods resemble their periods of the test."""
    early, late = question.x[: question.before].T, question.x[question.before :].mean(axis=0)
    out = np.empty((len(question.y), question.before))
    every = np.ones((1, question.before), dtype=bool)
    for i, donors in enumerate(question.donors):
        x, y = early[donors], late[donors]
        out[i] = simplex_weights(x - x.mean(axis=0), (y - y.mean())[None], every)[0]
    return out


def time_based_regression(question: Question) -> Answer:
    """Regression of the target on the donors' total before the test (Kerman, Wang and Vaver 2017)."""
    weights = question.donors * question.size
    weights = weights / weights.sum(axis=1, keepdims=True)
    control = weights @ question.x.T
    x, y = control[:, : question.before], question.y[:, : question.before]
    middle, level = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
    variance = ((x - middle) ** 2).sum(axis=1, keepdims=True)
    slope = ((x - middle) * (y - level)).sum(axis=1, keepdims=True) / np.where(variance > 0, variance, 1.0)
    return Answer(level + slope * (control - middle), slope * weights)


@dataclass(frozen=True)
class Estimator:
    """One estimator: its name in settings, its label in words, its function.

    ``conformal`` says that it can be fitted to all periods alike, the test's included.
    """

    name: str
    label: str
    answer: Callable[[Question], Answer]
    conformal: bool = True


ESTIMATORS = {
    e.name: e
    for e in (
        Estimator("did", "difference in differences", difference_in_differences),
        Estimator("sc", "synthetic control", synthetic_control),
        Estimator("asc", "augmented synthetic control", augmented_synthetic_control),
        Estimator("sdid", "synthetic difference in differences", synthetic_difference_in_differences, conformal=False),
        Estimator("tbr", "time-based regression", time_based_regression),
    )
}
