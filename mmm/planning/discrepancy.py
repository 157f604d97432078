"""How wrong a mix model is beyond what its posterior says, as draws.

A posterior knows the noise of its data and nothing of what the model leaves out: demand that spend follows, carryover
of another form, a trend that a channel is credited with. In worlds with known truth the error of a channel's log effect
was larger than its posterior by a small amount nearly always, and by a large one now and then, when a channel is
credited with something else (docs/believe.md). :func:`with_discrepancy` adds both to the draws.

The discrepancy of a model is a parameter of its own (Kennedy and O'Hagan 2001), here with the two-part normal error of
Box and Tiao (1968): an estimate that agrees with what was believed before the data widens a little; one that surprises
is more likely to be credited with something else, and is drawn towards the belief.
"""

from typing import NamedTuple

import numpy as np

from mmm.analysis.effects import log_effects
from mmm.arrays import Floats
from mmm.inference.fit import Fit
from mmm.model.evidence import effects
from mmm.model.response import ResponseDraws
from mmm.model.response_planner import scaled_effect
from mmm.model.within import whole_part
from mmm.planning.settings import Discrepancy

# Of the variance that was believed before, the most that the posterior may have: with all of it nothing was learned.
_LEARNED = 0.98
# A test whose error is as large as its result says next to nothing about the logarithm of the effect.
_LEAST_SIGNAL = 1.0


class Kept(NamedTuple):
    """How often promises were kept: what came lay in the 90% interval of the gain in ``held`` of ``worlds`` simulated
    companies of ``kinds`` kinds."""

    worlds: int
    kinds: int
    held: int


KEPT = Kept(worlds=64, kinds=26, held=56)
"""Of the default discrepancy, on kinds of worlds not chosen on: docs/studies/promises.md; a test holds it."""


def kept_by(asked: Discrepancy | None) -> Kept | None:
    """How often promises made with this discrepancy were kept; None where nobody measured it."""
    return KEPT if asked == Discrepancy() else None


class Belief(NamedTuple):
    """What is believed of the log effects apart from the panel: means and standard deviations, each [channel]."""

    mean: Floats
    sd: Floats


def with_discrepancy(fit: Fit, draws: ResponseDraws, asked: Discrepancy, seed: int) -> ResponseDraws:
    """``draws`` of ``fit`` with every channel's effect multiplied by draws of the error that the posterior leaves out.

    The belief is the prior of the channel's effect, and what lift tests of the fit say of it: what a test has measured
    cannot be credited with something else, so that a tested channel moves by little.
    """
    logs = log_effects(fit, draws)
    shift = shifts(logs, believed(fit, draws, logs), asked, np.random.default_rng(seed))
    return scaled_effect(draws, np.exp(shift))


def believed(fit: Fit, draws: ResponseDraws, logs: Floats) -> Belief:
    """The priors of the log effects, each updated by the lift tests of its channel.

    A test of result r and standard error e measures the log effect as log r with the error e / r (delta method); a
    draw's log effect less the log of what it says that the test should have measured carries that to the panel's
    spend. Tests with a result below their error are left out: they are nearly flat in the logarithm.
    """
    through = {name for path in draws.paths for name in path.channels}
    whole = [whole_part(c.effect) if c.name in through else c.effect for c in fit.spec.channels]
    prior = np.array([[effect.mu, effect.sigma] for effect in whole])
    precision = 1.0 / prior[:, 1] ** 2
    weighted = prior[:, 0] * precision
    tests = fit.evidence.experiments
    expected = effects(fit.evidence, fit.dataset, draws) if tests else np.empty((draws.n, 0))
    for test, column in zip(tests, expected.T, strict=True):
        if test.channel not in draws.channels or test.measured <= _LEAST_SIGNAL * test.error:
            continue
        place = draws.channels.index(test.channel)
        across = logs[:, place] - np.log(np.maximum(column, 1e-300))
        found = 1.0 / ((test.error / test.measured) ** 2 + float(across.var()))
        precision[place] += found
        weighted[place] += found * (float(across.mean()) + np.log(test.measured))
    return Belief(weighted / precision, 1.0 / np.sqrt(precision))


def shifts(logs: Floats, belief: Belief, asked: Discrepancy, rng: np.random.Generator) -> Floats:
    """What to add to log effects ``logs`` [n, channel], by draw and channel.

    With belief N(mu0, s0^2) and draws of mean m and variance s^2 (at most .98 s0^2), the panel by itself says
    N(est, 1 / lambda), lambda = 1 / s^2 - 1 / s0^2 and est = (m / s^2 - mu0 / s0^2) / lambda. An error of deviation t
    makes that v = 1 / lambda + t^2; each t in {usual, large} has weight proportional to its chance times
    N(est; mu0, s0^2 + v), and then mean mu0 + k (est - mu0) and variance k v, k = s0^2 / (s0^2 + v). Every draw takes
    one of the two, and is carried there linearly, so that draws keep their order and their dependence on each other.
    """
    m, s2, s02 = logs.mean(axis=0), logs.var(axis=0), belief.sd**2
    s2 = np.minimum(np.maximum(s2, 1e-12), _LEARNED * s02)
    learned = 1.0 / s2 - 1.0 / s02
    estimate = (m / s2 - belief.mean / s02) / learned
    spread = 1.0 / learned + np.array([asked.usual, asked.large])[:, None] ** 2
    around = s02 + spread
    with np.errstate(divide="ignore"):
        chance = np.log([1.0 - asked.misread, asked.misread])[:, None]
    weight = chance - 0.5 * np.log(around) - 0.5 * (estimate - belief.mean) ** 2 / around
    misread = 1.0 / (1.0 + np.exp(np.clip(weight[0] - weight[1], -700.0, 700.0)))
    kept = s02 / around
    mean, deviation = belief.mean + kept * (estimate - belief.mean), np.sqrt(kept * spread)
    # Evenly spread numbers in an order of chance: as many draws are misread as the weight says.
    even = (np.argsort(rng.random(logs.shape), axis=0) + 0.5) / len(logs)
    part = (even < misread).astype(int)
    places = np.arange(logs.shape[1])
    moved = mean[part, places] + deviation[part, places] * (logs - m) / np.maximum(logs.std(axis=0), 1e-150)
    return np.asarray(moved - logs)
