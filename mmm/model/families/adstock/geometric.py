"""Geometric carryover, stated by the share that each period keeps of what is left, or by its half-life.

Source: Broadbent (1979), "One way TV advertisements work", who stated half-lives.
"""

import math

from numba import njit

from mmm.model.families.record import Adstock, Parameter
from mmm.model.priors import BetaPrior, LogNormalPrior

_LOG2 = math.log(2.0)


def _weights(p, normalised, w, by):  # noqa: ARG001
    value = 1.0
    for lag in range(w.shape[0]):
        w[lag] = value
        by[0, lag] = lag * w[lag - 1] if lag > 0 else 0.0
        value *= p[0]


@njit(inline="always")
def _national(alpha, lags, scale, shift, x, a, b):
    gap, level, slope = lags + 1, 0.0, 0.0
    forget, forget_slope = scale * alpha**gap, scale * gap * alpha**lags
    for t in range(x.shape[0]):
        old = x[t - gap] if t >= gap else 0.0
        slope = alpha * slope + (level - forget_slope * old)
        level = alpha * level + (scale * x[t] - forget * old)
        a[t], b[t] = level, slope - shift * level


@njit(inline="always")
def _by_geo(alpha, lags, scale, shift, geos, x, a, b):
    gap, keep = lags + 1, 1.0 + alpha * shift
    forget, forget_slope = scale * alpha**gap, scale * gap * alpha**lags
    for g in range(geos):
        a[g] = scale * x[g]
        b[g] = -shift * a[g]
    for t in range(1, x.shape[0] // geos):
        now, before = a[t * geos : (t + 1) * geos], a[(t - 1) * geos : t * geos]
        now_b, before_b = b[t * geos : (t + 1) * geos], b[(t - 1) * geos : t * geos]
        media = x[t * geos : (t + 1) * geos]
        if t < gap:
            for g in range(geos):
                level = alpha * before[g] + scale * media[g]
                now_b[g] = alpha * before_b[g] + keep * before[g] - shift * level
                now[g] = level
        else:
            old = x[(t - gap) * geos : (t - gap + 1) * geos]
            for g in range(geos):
                level = alpha * before[g] + (scale * media[g] - forget * old[g])
                now_b[g] = alpha * before_b[g] + (keep * before[g] - forget_slope * old[g]) - shift * level
                now[g] = level


@njit(inline="always")
def _carried(alpha, normalised, lags, geos, x, a, b):
    """What is older than the look-back is taken out again.

    Weights add up to one where everything is multiplied by their inverse sum ``scale``, whose derivative takes
    ``shift`` times the adstock from that of the adstock.
    """
    total, rise, power = 0.0, 0.0, 1.0
    for lag in range(lags + 1):
        total += power
        rise += (lag + 1) * power if lag < lags else 0.0
        power *= alpha
    scale, shift = (1.0 / total, rise / total) if normalised else (1.0, 0.0)
    if geos == 1:
        _national(alpha, lags, scale, shift, x, a, b)
    else:
        _by_geo(alpha, lags, scale, shift, geos, x, a, b)


def _recursion(p, normalised, lags, geos, x, a, by):
    _carried(p[0], normalised, lags, geos, x, a, by[0])


def _graph(lag, alpha):
    return alpha**lag


def _half_life_weights(p, normalised, w, by):  # noqa: ARG001
    for lag in range(w.shape[0]):
        w[lag] = math.exp(-_LOG2 * lag / p[0])
        by[0, lag] = w[lag] * _LOG2 * lag / (p[0] * p[0])


def _half_life_recursion(p, normalised, lags, geos, x, a, by):
    alpha = math.exp(-_LOG2 / p[0])
    _carried(alpha, normalised, lags, geos, x, a, by[0])
    chain = alpha * _LOG2 / (p[0] * p[0])
    for i in range(x.shape[0]):
        by[0, i] *= chain


def _half_life_graph(lag, half_life):
    return 2.0 ** (-lag / half_life)


FAMILIES = (
    Adstock(
        name="geometric",
        label="geometric",
        sentence="The effect is largest in the period of the spend, and each period keeps a share of it.",
        formula="alpha^lag",
        source="Broadbent (1979)",
        parameters=(
            Parameter(
                "alpha",
                "adstock_alpha",
                BetaPrior(alpha=2.0, beta=2.5),
                "retention per period",
                alike=False,
            ),
        ),
        weights=_weights,
        recursion=_recursion,
        graph=_graph,
    ),
    Adstock(
        name="geometric_half_life",
        label="geometric",
        sentence="The effect is largest in the period of the spend, and each period keeps a share of it.",
        formula="2^(-lag / half_life)",
        source="Broadbent (1979)",
        parameters=(
            Parameter(
                "half_life",
                "adstock_half_life",
                LogNormalPrior(lower=0.3, upper=3.0),
                "periods after which half of the effect of a period is left",
                alike=False,
            ),
        ),
        extends="geometric",
        weights=_half_life_weights,
        recursion=_half_life_recursion,
        graph=_half_life_graph,
    ),
)
