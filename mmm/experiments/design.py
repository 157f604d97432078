"""Which regions to treat: candidate groups drawn and improved, and what each would find on the user's own panel.

Thousands of groups are compared by their plain difference in differences over placebo windows, which is two matrix
products for all of them; the best are judged by the estimator that the test will be read with.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.special import ndtri
from threadpoolctl import threadpool_limits

from mmm.arrays import Floats
from mmm.errors import DataError
from mmm.experiments.estimators import ESTIMATORS
from mmm.experiments.panel import GeoPanel, Span, pose, require_sizes
from mmm.experiments.placebo import quantile, spans_before
from mmm.experiments.simplex import Bools

_WINDOWS = 24
_LEAST_WINDOWS = 6
_SEARCHED = 120
"""Windows in which groups are compared roughly, at most."""
_SWAPS = 200
_OTHERS = 20
"""Groups drawn by chance that say, beside the chosen ones, how far errors go."""
_SHRUNK = 4.0
_Z = 1.6448536269514722
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
class Chance:
    """What errors of placebo tests, ``studentised`` by a misfit, say of an interval and of what it would find."""

    studentised: Floats = field(repr=False)

    @cached_property
    def most(self) -> float:
        """Half the width of a 90% interval, in units of the misfit."""
        return quantile(self.studentised)

    @cached_property
    def _curve(self) -> Floats:
        both = np.concatenate([self.studentised, -self.studentised])
        found = (np.abs(both[:, None] + _GRID) > self.most).mean(axis=0)
        return np.asarray(np.maximum.accumulate(found))

    @property
    def error(self) -> float:
        """The standard error of a normal distribution with the same 90% interval, in units of the misfit."""
        return self.most / _Z

    @property
    def detectable(self) -> float:
        """The least effect that is found with a chance of 80%, in units of the misfit."""
        return float(np.interp(POWER, self._curve, _GRID))

    def power(self, effects: Floats) -> Floats:
        """Chance that the interval leaves out zero for ``effects`` in units of the misfit, of the same shape."""
        return np.asarray(np.interp(np.abs(effects), _GRID, self._curve))


def normal_errors(count: int = 2001) -> Floats:
    """Evenly spread quantiles of the normal distribution: errors of what is known to err so."""
    return np.asarray(ndtri((np.arange(count) + 0.5) / count))


@dataclass(frozen=True)
class Design:
    """Groups [b, g] for tests of ``length`` periods, judged by placebo tests; shares are of the group's outcome.

    ``misfit[b]`` is the estimator's relative misfit, ``bias[b]`` and ``coverage[b]`` what its 90% interval shows in the
    windows, ``chance`` what all errors say in units of their misfit, ``errors[window, b]`` what was found in each.
    """

    groups: Bools
    length: int
    estimator: str
    misfit: Floats
    bias: Floats
    coverage: Floats
    chance: Chance
    errors: Floats = field(repr=False)

    @property
    def error(self) -> Floats:
        """Standard error [b] that a readout would state."""
        return self.chance.error * self.misfit

    @property
    def detectable(self) -> Floats:
        """Least effect [b] that is found with a chance of 80%."""
        return self.chance.detectable * self.misfit

    @property
    def correlation(self) -> Floats:
        """Of the groups' errors over windows, [b, b]; drawn towards none as there are few windows."""
        windows, groups = self.errors.shape
        if groups == 1:
            return np.ones((1, 1))
        found = np.corrcoef(self.errors.T)
        return np.asarray(np.where(np.eye(groups, dtype=bool), 1.0, found * windows / (windows + _SHRUNK)))

    def power(self, group: int, shares: Floats) -> Floats:
        """Chance [k] that the interval leaves out zero for relative effects ``shares[k]``."""
        return self.chance.power(shares / self.misfit[group])


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
        chosen = ranked[rng.integers(edges[:-1], np.maximum(edges[1:], edges[:-1] + 1), (count, wanted))]
        pairs = open_[_pairs(outcome[:, open_] / size[open_])]
        if len(pairs) >= wanted:
            # Every other group: one of each of some pairs.
            which = rng.random((len(chosen[1::2]), len(pairs))).argsort(axis=1)[:, :wanted]
            chosen[1::2] = pairs[which, rng.integers(0, 2, which.shape)]
        out[np.arange(count)[:, None], chosen] = True
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


def rough_errors(groups: Bools, change: Floats, size: Floats, donors: Bools | None = None) -> Floats:
    """Root mean square [b] over windows of what difference in differences finds where nothing happened.

    Against all others, or those of them among ``donors[g]``.
    """
    chosen = groups.astype(float)
    others = (1.0 - chosen) if donors is None else (1.0 - chosen) * donors
    treated = (chosen @ (change * size).T) / (chosen @ size.T)
    left = others @ change.T / others.sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(((treated - left) ** 2).mean(axis=1)))


def search(panel: GeoPanel, rules: Rules, length: int, how: Search) -> Design:
    """The best groups that keep the rules, judged. Raises DataError where the history is too short for windows."""
    spans = windows(panel, length)
    rng = np.random.default_rng(how.seed)
    with threadpool_limits(1):
        groups, others = _found(panel, rules, before(spans), how, rng, np.ones(len(panel.regions), dtype=bool))
        return judged(panel, groups, spans, how.estimator, others=others)


def search_cells(panel: GeoPanel, rules: Rules, length: int, how: Search, cells: int) -> Design:
    """``cells`` disjoint groups, each of the rules' number of regions, read against the same controls.

    One after the other, the first with the regions that must be treated, each at its best beside those before it; all
    together keep the rule on the largest share. Raises DataError like :func:`search`.
    """
    spans = windows(panel, length)
    looked = before(spans)
    rng = np.random.default_rng(how.seed)
    size = panel.outcome.mean(axis=0)
    taken, chosen, others = np.zeros(len(panel.regions), dtype=bool), [], None
    with threadpool_limits(1):
        for cell in range(cells):
            left = (rules.largest_share - size[taken].sum() / size.sum()) / (cells - cell)
            own = replace(
                rules,
                must=rules.must if cell == 0 else np.zeros_like(taken),
                never=rules.never | taken,
                largest_share=left,
            )
            groups, drawn = _found(panel, own, looked, how, rng, ~taken)
            others = drawn if others is None else others
            rough = rough_errors(groups, *changes(panel.outcome, looked), ~taken)
            chosen.append(groups[rough.argmin()])
            taken |= chosen[-1]
        return judged(panel, np.stack(chosen), spans, how.estimator, ~taken, others)


def windows(panel: GeoPanel, length: int) -> list[Span]:
    """Windows in which designs of ``length`` periods are judged. Raises DataError where too few fit in."""
    require_sizes(panel, slice(0, len(panel.dates)))
    spans = spans_before(0, len(panel.dates), length, _WINDOWS)
    if len(spans) < _LEAST_WINDOWS:
        raise DataError(
            f"{panel.source} has {len(panel.dates)} {panel.unit}s; a test of {length} is judged in windows as long, of "
            f"which at least {_LEAST_WINDOWS} have to fit in. Shorten the test, or give an earlier history."
        )
    return spans


def before(spans: list[Span]) -> list[Span]:
    """Windows that end before the first of ``spans``: groups that are best there are judged by windows that did not
    choose them. The same windows where the history has no room for that.
    """
    length, first = spans[0].length, spans[0].first
    starts = np.arange(first + 2 * length, spans[0].start - length + 1)
    if len(starts) < length:
        return spans
    kept = np.unique(np.linspace(starts[0], starts[-1], min(_SEARCHED, len(starts))).round().astype(int))
    return [Span(first, int(start), int(start) + length) for start in kept]


def _found(
    panel: GeoPanel, rules: Rules, spans: list[Span], how: Search, rng: np.random.Generator, donors: Bools
) -> tuple[Bools, Bools]:
    """The best groups [b, g] of those drawn, each improved by exchanges, and some drawn by chance [k, g]."""
    groups = draw_groups(panel.outcome, rules, how.draws, rng)
    change, size = changes(panel.outcome, spans)
    order = np.argsort(rough_errors(groups, change, size, donors), kind="stable")
    best = np.unique(
        np.stack([_improved(g, rules, change, size, rng, donors) for g in groups[order[: how.kept]]]), axis=0
    )
    return best, groups[rng.permutation(len(groups))[:_OTHERS]]


def _improved(
    group: Bools, rules: Rules, change: Floats, size: Floats, rng: np.random.Generator, donors: Bools
) -> Bools:
    """The group after rounds of exchanging one region for another, each by its best of many exchanges."""
    share = size.mean(axis=0) / size.mean(axis=0).sum()
    best, error = group, float(rough_errors(group[None], change, size, donors)[0])
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
        errors = rough_errors(tried, change, size, donors)
        if errors.min() >= error:
            return best
        best, error = tried[errors.argmin()], float(errors.min())
    return best


def judged(
    panel: GeoPanel,
    groups: Bools,
    spans: list[Span],
    estimator: str,
    donors: Bools | None = None,
    others: Bools | None = None,
) -> Design:
    """Groups by the estimator that they will be read with, over placebo windows, against ``donors[g]`` or all.

    What errors are in units of the misfit is asked of ``others`` [k, g] too, which nobody chose: a few windows that
    were kind to the best groups say little.
    """
    share, misfit = _placebos(panel, groups, spans, estimator, donors)
    studentised = share / misfit
    known = studentised
    if others is not None:
        found = _placebos(panel, others, spans, estimator)
        known = np.concatenate([studentised, found[0] / found[1]], axis=1)
    # Each window by the errors of the others.
    held = np.stack(
        [np.abs(studentised[k]) <= quantile(np.delete(known, k, axis=0).ravel()) for k in range(len(spans))]
    )
    return Design(
        groups=groups,
        length=spans[0].length,
        estimator=estimator,
        misfit=np.median(misfit, axis=0),
        bias=share.mean(axis=0),
        coverage=held.mean(axis=0),
        chance=Chance(known.ravel()),
        errors=share,
    )


def _placebos(
    panel: GeoPanel, groups: Bools, spans: list[Span], estimator: str, donors: Bools | None = None
) -> tuple[Floats, Floats]:
    """What is found where nothing happened, relative to the outcome, and the misfit before: both [window, b]."""
    shares, misfits = [], []
    left = np.ones(groups.shape[1], dtype=bool) if donors is None else donors
    for span in spans:
        question = pose(panel.outcome, span, groups, left[None], index=True).question
        answer = ESTIMATORS[estimator].answer(question)
        expected = answer.path[:, question.before :].mean(axis=1)
        shares.append(answer.effect(question)[:, question.before :].mean(axis=1) / expected)
        misfits.append(answer.fit_error(question) / np.abs(expected))
    return np.stack(shares), np.maximum(np.stack(misfits), 1e-12)
