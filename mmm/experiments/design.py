"""Which regions to treat: candidate groups drawn and improved, and what each would find on the user's own panel.

Thousands of groups are compared by their plain difference in differences over placebo windows, which is two matrix
products for all of them; the best are judged by the estimator that the test will be read with.
"""

import itertools
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from mmm.arrays import Floats
from mmm.errors import DataError
from mmm.experiments.estimators import ESTIMATORS
from mmm.experiments.panel import GeoPanel, Span, pose, require_sizes
from mmm.experiments.placebo import quantile, spans_before
from mmm.experiments.simplex import Bools

_WINDOWS = 24
_LEAST_WINDOWS = 6
_SWAPS = 200
_GRID = np.linspace(0.0, 8.0, 321)
"""Effects that power is looked up at, in units of the misfit."""
POWER = 0.8


@dataclass(frozen=True)
class Rules:
    """What a group has to keep: ``count`` regions, ``must`` and ``never`` [g], most of the outcome as a share."""

    count: int
    must: Bools
    never: Bools
    largest_share: float


@dataclass(frozen=True)
class Search:
    """How groups are looked for: how many are drawn for a number of regions, how many are judged fully, the seed."""

    draws: int = 2000
    kept: int = 5
    seed: int = 1
    estimator: str = "sc"


@dataclass(frozen=True)
class Design:
    """Groups [b, g] for tests of ``length`` periods, judged by placebo tests; shares are of the group's outcome.

    ``misfit[b]`` is the estimator's relative misfit, ``bias[b]`` and ``coverage[b]`` what its 90% interval shows in the
    windows, ``error[b]`` the standard error that a readout would state, ``detectable[b]`` the least effect that is
    found with a chance of 80%. ``studentised`` are all errors in units of their misfit, which power is made of.
    """

    groups: Bools
    length: int
    estimator: str
    misfit: Floats
    bias: Floats
    coverage: Floats
    error: Floats
    detectable: Floats
    studentised: Floats = field(repr=False)

    def power(self, group: int, shares: Floats) -> Floats:
        """Chance [k] that the interval leaves out zero for relative effects ``shares[k]``."""
        most = quantile(self.studentised)
        return np.asarray(np.interp(np.abs(shares) / self.misfit[group], _GRID, _power(self.studentised, most)))


def _power(studentised: Floats, most: float) -> Floats:
    both = np.concatenate([studentised, -studentised])
    found = (np.abs(both[:, None] + _GRID) > most).mean(axis=0)
    return np.asarray(np.maximum.accumulate(found))


def draw_groups(outcome: Floats, rules: Rules, count: int, rng: np.random.Generator) -> Bools:
    """Groups [b, g] that keep the rules: half stratified by size, half one of each of the most alike pairs.

    Raises DataError where no group keeps them.
    """
    size = outcome.mean(axis=0)
    open_ = np.flatnonzero(~rules.must & ~rules.never)
    wanted = rules.count - int(rules.must.sum())
    out = np.repeat(rules.must[None], count, axis=0)
    if wanted > 0:
        ranked = open_[np.argsort(size[open_], kind="stable")]
        edges = np.linspace(0, len(ranked), wanted + 1).round().astype(int)
        pairs = _pairs(outcome[:, open_] / size[open_])
        for b, row in enumerate(out):
            if b % 2 and len(pairs) >= wanted:
                chosen = pairs[rng.choice(len(pairs), wanted, replace=False)]
                row[open_[chosen[np.arange(wanted), rng.integers(0, 2, wanted)]]] = True
            else:
                row[[ranked[rng.integers(low, max(high, low + 1))] for low, high in itertools.pairwise(edges)]] = True
    share = out @ size / size.sum()
    kept = np.unique(out[(share <= rules.largest_share) & (out.sum(axis=1) == rules.count)], axis=0)
    if not len(kept):
        raise DataError(
            f"No group of {rules.count} regions has at most {rules.largest_share:.0%} of the outcome; those drawn have "
            f"{share.min():.0%} or more. Treat fewer regions, or raise desk.design.largest_share."
        )
    return kept


def _pairs(index: Floats) -> "np.ndarray[tuple[int, int], np.dtype[np.intp]]":
    """Disjoint pairs of regions whose indices move most alike, [pair, 2]."""
    centred = index - index.mean(axis=1, keepdims=True)
    distance = (centred**2).sum(axis=0)[:, None] + (centred**2).sum(axis=0) - 2 * centred.T @ centred
    a, b = np.triu_indices(index.shape[1], 1)
    free, found = np.ones(index.shape[1], dtype=bool), []
    for k in np.argsort(distance[a, b], kind="stable"):
        if free[a[k]] and free[b[k]]:
            found.append((a[k], b[k]))
            free[[a[k], b[k]]] = False
    return np.array(found, dtype=np.intp).reshape(-1, 2)


def changes(outcome: Floats, spans: list[Span]) -> tuple[Floats, Floats]:
    """Relative change of each region's mean in each window since before it, and its size before, both [k, g]."""
    before = np.stack([outcome[s.first : s.start].mean(axis=0) for s in spans])
    during = np.stack([outcome[s.start : s.stop].mean(axis=0) for s in spans])
    return during / before, before


def rough_errors(groups: Bools, change: Floats, size: Floats) -> Floats:
    """Root mean square [b] over windows of what difference in differences finds where nothing happened."""
    chosen = groups.astype(float)
    treated = (chosen @ (change * size).T) / (chosen @ size.T)
    others = (1.0 - chosen) @ change.T / (1.0 - chosen).sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(((treated - others) ** 2).mean(axis=1)))


def search(panel: GeoPanel, rules: Rules, length: int, how: Search) -> Design:
    """The best groups that keep the rules, judged. Raises DataError where the history is too short for windows."""
    require_sizes(panel, slice(0, len(panel.dates)))
    spans = spans_before(0, len(panel.dates), length, _WINDOWS)
    if len(spans) < _LEAST_WINDOWS:
        raise DataError(
            f"{panel.source} has {len(panel.dates)} {panel.unit}s; a test of {length} is judged in windows as long, of "
            f"which at least {_LEAST_WINDOWS} have to fit in. Shorten the test, or give an earlier history."
        )
    rng = np.random.default_rng(how.seed)
    with threadpool_limits(1):
        groups = draw_groups(panel.outcome, rules, how.draws, rng)
        change, size = changes(panel.outcome, spans)
        groups = groups[np.argsort(rough_errors(groups, change, size), kind="stable")[: how.kept]]
        groups = np.unique(np.stack([_improved(g, rules, change, size, rng) for g in groups]), axis=0)
        return judged(panel, groups, spans, how.estimator)


def _improved(group: Bools, rules: Rules, change: Floats, size: Floats, rng: np.random.Generator) -> Bools:
    """The group after rounds of exchanging one region for another, each by its best of many exchanges."""
    share = size.mean(axis=0) / size.mean(axis=0).sum()
    best, error = group, float(rough_errors(group[None], change, size)[0])
    for _ in range(20):
        inside = np.flatnonzero(best & ~rules.must)
        outside = np.flatnonzero(~best & ~rules.never)
        if not len(inside) or not len(outside):
            return best
        tried = np.repeat(best[None], _SWAPS, axis=0)
        rows = np.arange(_SWAPS)
        tried[rows, rng.choice(inside, _SWAPS)] = False
        tried[rows, rng.choice(outside, _SWAPS)] = True
        tried = tried[tried @ share <= rules.largest_share]
        if not len(tried):
            return best
        errors = rough_errors(tried, change, size)
        if errors.min() >= error:
            return best
        best, error = tried[errors.argmin()], float(errors.min())
    return best


def judged(panel: GeoPanel, groups: Bools, spans: list[Span], estimator: str) -> Design:
    """Groups by the estimator that they will be read with, over placebo windows."""
    shares, misfits = [], []
    for span in spans:
        question = pose(panel.outcome, span, groups, np.ones((1, groups.shape[1]), dtype=bool), index=True).question
        answer = ESTIMATORS[estimator].answer(question)
        expected = answer.path[:, question.before :].mean(axis=1)
        shares.append(answer.effect(question)[:, question.before :].mean(axis=1) / expected)
        misfits.append(answer.fit_error(question) / np.abs(expected))
    share, misfit = np.stack(shares), np.maximum(np.stack(misfits), 1e-12)
    studentised = share / misfit
    most = quantile(studentised.ravel())
    # Each window by the errors of the others.
    held = np.stack(
        [np.abs(studentised[k]) <= quantile(np.delete(studentised, k, axis=0).ravel()) for k in range(len(spans))]
    )
    typical = np.median(misfit, axis=0)
    chance = _power(studentised.ravel(), most)
    least = float(np.interp(POWER, chance, _GRID))
    return Design(
        groups=groups,
        length=spans[0].length,
        estimator=estimator,
        misfit=typical,
        bias=share.mean(axis=0),
        coverage=held.mean(axis=0),
        error=most * typical / 1.6448536269514722,
        detectable=least * typical,
        studentised=studentised.ravel(),
    )
