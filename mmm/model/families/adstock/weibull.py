"""Weibull carryover: by the density, which falls from the start or peaks later, or by the share that each lag keeps.

Source: Robyn (Zhou and others, 2024, arXiv:2403.14674), its adstocks "weibull_pdf" and "weibull_cdf". Here densities
are divided by their sum and not by their range, which would make the parameters mean something else for every look-back
(docs/model.md).
"""

import math

from mmm.model.families.record import Adstock, Parameter
from mmm.model.priors import LogNormalPrior


def _weights(p, normalised, w, by):
    shape, scale = p[0], p[1]
    # The first lag's exponent is the largest: taken out where weights are normalised, they cannot all underflow.
    shift = (0.5 / scale) ** shape if normalised else 0.0
    for lag in range(w.shape[0]):
        # In the middle of the period: at its start a shape below 1 has no finite density.
        z = (lag + 0.5) / scale
        power = z**shape
        logarithm = math.log(z)
        w[lag] = shape / scale * power / z * math.exp(shift - power)
        by[0, lag] = w[lag] * (1.0 / shape + logarithm * (1.0 - power))
        by[1, lag] = w[lag] * shape * (power - 1.0) / scale


def _graph(lag, shape, scale):
    import pytensor.tensor as pt

    z = (lag + 0.5) / scale
    return shape / scale * z ** (shape - 1.0) * pt.exp(-(z**shape))


# Beyond it nothing is left, and products with an infinity would have no value.
_GONE = 1e4


def _kept_weights(p, normalised, w, by):  # noqa: ARG001
    shape, scale = p[0], p[1]
    total, by_shape = 0.0, 0.0
    w[0], by[0, 0], by[1, 0] = 1.0, 0.0, 0.0
    for lag in range(1, w.shape[0]):
        z = lag / scale
        power = min(z**shape, _GONE)
        total += power
        by_shape += power * math.log(z)
        w[lag] = math.exp(-total)
        by[0, lag] = -w[lag] * by_shape
        by[1, lag] = w[lag] * total * shape / scale


def _kept_graph(lag, shape, scale):
    import pytensor.tensor as pt

    hazard = pt.switch(lag > 0, pt.minimum((pt.maximum(lag, 1) / scale) ** shape, _GONE), 0.0)
    return pt.exp(-pt.cumsum(hazard, axis=0))


def _parameters(shape: str, scale: str, ends: tuple[float, float]) -> tuple[Parameter, Parameter]:
    """Shape and scale with what they mean, and the 90% interval of the scale."""
    stated = LogNormalPrior(lower=ends[0], upper=ends[1])
    return (
        Parameter("shape", "adstock_shape", LogNormalPrior(lower=0.6, upper=3.0), shape, alike=False),
        Parameter("scale", "adstock_scale", stated, scale, alike=False),
    )


FAMILIES = (
    Adstock(
        name="weibull",
        also=("weibull_pdf",),
        label="Weibull",
        sentence="The effect falls at once or peaks later, and may end faster or more slowly than a fixed share.",
        formula="shape / scale z^(shape - 1) exp(-z^shape), z = (lag + 1/2) / scale",
        source="Robyn (arXiv:2403.14674)",
        parameters=_parameters(
            "shape of the Weibull carryover: above 1 it peaks later",
            "periods in which 63% of the effect arrives",
            (0.7, 6.0),
        ),
        weights=_weights,
        graph=_graph,
    ),
    Adstock(
        name="weibull_cdf",
        label="Weibull, by what is kept",
        sentence="The effect is largest in the period of the spend; it may hold for some periods and end fast, or fall "
        "fast and linger.",
        formula="product over j = 1 .. lag of exp(-(j / scale)^shape)",
        source="Robyn (arXiv:2403.14674)",
        parameters=_parameters(
            "shape of what is kept: above 1 it holds and then ends fast, below 1 it lingers",
            "lag that keeps 37% of the lag before it",
            (0.7, 8.0),
        ),
        weights=_kept_weights,
        graph=_kept_graph,
    ),
)
