"""Tests that never were, on the user's own panel: how far off each estimator is, and what its intervals are worth.

Windows before the test, as long as the test, are read as if it had been run there: in the treated regions themselves
and in groups like them, each region exchanged for one of similar size. What an estimator finds there is its error. Each
error is divided by the estimator's misfit before its window, so that groups that are hard to imitate do not speak for
those that are not.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from mmm.arrays import Floats
from mmm.errors import DataError
from mmm.experiments.estimators import ESTIMATORS, Estimator, Question
from mmm.experiments.panel import GeoPanel, Posed, Rows, Span, pose
from mmm.experiments.simplex import Bools

LEVEL = 0.9
PERMUTATIONS = ("block", "iid")
_DRAWS = 999
AVERAGE = "average"
_MOST_WINDOWS = 24
_LEAST_WINDOWS = 3
_HISTORY = 0.7
"""Share of the history that lies before the first window."""
_ENOUGH = 12
_NEIGHBOURS = 6
"""Regions of similar size from which one that takes a treated region's place is drawn."""


@dataclass(frozen=True)
class Placebos:
    """Placebo tests d by estimator e: relative effects found, misfits before, and the conformal p-values.

    ``share[d, e]`` is the effect a period relative to the outcome expected, ``misfit[d, e]`` the root mean square
    before it, ``p[d, e, k]`` by kind of permutation, NaN where the estimator has none. ``window[d]`` numbers the
    windows, ``own[d]`` is True for the treated regions themselves.
    """

    estimators: tuple[str, ...]
    share: Floats
    misfit: Floats
    p: Floats
    window: Rows
    own: Bools

    @property
    def windows(self) -> int:
        """How many windows there were."""
        return len(np.unique(self.window))

    def column(self, names: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Share and misfit [d] of the average over some estimators."""
        where = [self.estimators.index(name) for name in names]
        return self.share[:, where].mean(axis=1), self.misfit[:, where].mean(axis=1)


@dataclass(frozen=True)
class Choice:
    """How placebos are drawn: groups a window beside the treated one, windows at most, seed."""

    groups: int = 20
    windows: int = _MOST_WINDOWS
    seed: int = 1
    index: bool = True
    conformal: bool = True


def spans_before(first: int, start: int, length: int, most: int) -> list[Span]:
    """Windows of ``length`` that end by ``start``, at most ``most``, evenly spaced; each has twice its length before
    it.

    They lie in the last rows, where nearly as much history lies before them as before the test: with less of it an
    estimator errs more, and intervals made of its errors would be too wide. Of a short history as much is taken as
    :data:`_ENOUGH` windows need.
    """
    latest = start - length
    earliest = max(first + 2 * length, min(first + int(_HISTORY * (start - first)), latest - _ENOUGH + 1))
    if latest < earliest:
        return []
    begins = np.unique(np.linspace(earliest, latest, min(most, latest - earliest + 1)).round().astype(int))
    return [Span(first, int(b), int(b) + length) for b in begins]


def groups_like(treated: Bools, usable: Bools, size: Floats, count: int, rng: np.random.Generator) -> Bools:
    """``count`` groups [b, g]: every treated region exchanged for one of similar size, which may be itself."""
    order = np.flatnonzero(usable)[np.argsort(size[usable], kind="stable")]
    rank = np.empty(len(treated))
    rank[order] = np.arange(len(order))
    out = np.zeros((count, len(treated)), dtype=bool)
    for row in out:
        for g in rng.permutation(np.flatnonzero(treated)):
            free = order[~row[order]]
            near = free[np.argsort(np.abs(rank[free] - rank[g]), kind="stable")[:_NEIGHBOURS]]
            row[rng.choice(near)] = True
    return out


def run_placebos(panel: GeoPanel, treated: Bools, span: Span, choice: Choice) -> Placebos:
    """Placebo tests in the windows before ``span.start``. Raises DataError where there is no room for them."""
    spans = spans_before(span.first, span.start, span.length, choice.windows)
    if len(spans) < _LEAST_WINDOWS:
        raise DataError(
            f"{panel.source} has {span.start - span.first} {panel.unit}s before the test of {span.length}; at least "
            f"{_LEAST_WINDOWS} windows like it have to fit in before it, each with twice its length in front. Give an "
            "earlier history, or shorten what is counted (counted_until)."
        )
    rng = np.random.default_rng(choice.seed)
    usable = np.ones(len(panel.regions), dtype=bool)
    parts = []
    for i, window in enumerate(spans):
        size = panel.outcome[window.first : window.start].mean(axis=0)
        groups = np.concatenate([treated[None], groups_like(treated, usable, size, choice.groups, rng)])
        posed = pose(panel.outcome, window, groups, usable[None], index=choice.index)
        share, misfit, p = judge(posed, conformal=choice.conformal)
        parts.append((share, misfit, p, np.full(len(groups), i), np.arange(len(groups)) == 0))
    share, misfit, p, number, own = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Placebos(tuple(ESTIMATORS), share, misfit, p, number, own)


def judge(posed: Posed, *, conformal: bool) -> tuple[Floats, Floats, Floats]:
    """Relative effect and misfit of every estimator, each [b, e], and conformal p-values [b, e, kind]."""
    question = posed.question
    # Without an effect taken off, all estimators are fitted to the same periods.
    whole = question.throughout(question.y)
    found = []
    for estimator in ESTIMATORS.values():
        answer = estimator.answer(question)
        expected = answer.path[:, question.before :].mean(axis=1)
        share = answer.effect(question)[:, question.before :].mean(axis=1) / expected
        p = np.full((len(share), len(PERMUTATIONS)), np.nan)
        if conformal and estimator.conformal:
            p = p_values(whole, question.before, estimator)
        found.append((share, answer.fit_error(question) / np.abs(expected), p))
    share, misfit, p = (np.stack(part, axis=1) for part in zip(*found, strict=True))
    return share, misfit, p


def p_values(whole: Question, before: int, estimator: Estimator) -> Floats:
    """Conformal p-values [b, kind] of there being no effect, by block and iid permutations.

    ``whole`` has every period for the fit. The mean absolute residual of the test's periods is compared with those of
    all its cyclic shifts (``block``), and of periods drawn at random (``iid``), each as one of them itself
    (Chernozhukov, Wüthrich and Zhu 2021).
    """
    residual = np.abs(estimator.answer(whole).effect(whole))
    length = residual.shape[1] - before
    found = residual[:, before:].sum(axis=1, keepdims=True) * (1.0 - 1e-9)
    padded = np.concatenate([residual, residual[:, : length - 1]], axis=1)
    total = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
    shifts = total[:, length:] - total[:, :-length]
    draws = residual[:, _subsets(residual.shape[1], length)].sum(axis=2)
    iid = (1.0 + (draws >= found).sum(axis=1)) / (1.0 + draws.shape[1])
    return np.stack([(shifts >= found).mean(axis=1), iid], axis=1)


@cache
def _subsets(periods: int, length: int) -> Rows:
    """Places [draw, length] of periods drawn without replacement, always the same ones."""
    rng = np.random.default_rng(periods)
    return np.stack([rng.choice(periods, length, replace=False) for _ in range(_DRAWS)])


def quantile(studentised: Floats, level: float = LEVEL) -> float:
    """The ``level`` quantile of absolute studentised errors, corrected for their number as in conformal prediction."""
    ranked = np.sort(np.abs(studentised))
    at = int(np.ceil((len(ranked) + 1) * level)) - 1
    return float(ranked[min(at, len(ranked) - 1)])


def coverage(share: Floats, misfit: Floats, window: Rows, level: float = LEVEL) -> Bools:
    """Whether each placebo's interval, made from the placebos of all other windows, holds zero: [d]."""
    held = np.empty(len(share), dtype=bool)
    error = np.abs(share) / np.maximum(misfit, 1e-12)
    for number in np.unique(window):
        inside = window == number
        held[inside] = error[inside] <= quantile(error[~inside], level)
    return held


def power(share: Floats, misfit: Floats, effects: Floats, level: float = LEVEL) -> Floats:
    """Chance that a 90% interval leaves out zero, for relative ``effects[k]``: [k], over placebo tests.

    An effect adds to what a placebo test found: all estimators are linear in the target's periods of the test.
    """
    half = quantile(share / np.maximum(misfit, 1e-12), level) * misfit
    return np.asarray((np.abs(share[:, None] + effects) > half[:, None]).mean(axis=0))
