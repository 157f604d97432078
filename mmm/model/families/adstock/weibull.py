"""Weibull carryover: the density of a Weibull distribution, which falls from the start or peaks later.

Source: Robyn (Zhou and others, 2024, arXiv:2403.14674), its adstock "weibull_pdf". Here the densities are divided by
their sum and not by their range, which would make the parameters mean something else for every look-back
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


FAMILIES = (
    Adstock(
        name="weibull",
        label="Weibull",
        sentence="The effect falls at once or peaks later, and may end faster or more slowly than a fixed share.",
        formula="shape / scale z^(shape - 1) exp(-z^shape), z = (lag + 1/2) / scale",
        source="Robyn (arXiv:2403.14674)",
        parameters=(
            Parameter(
                "shape",
                "adstock_shape",
                LogNormalPrior(lower=0.6, upper=3.0),
                "shape of the Weibull carryover: above 1 it peaks later",
            ),
            Parameter(
                "scale",
                "adstock_scale",
                LogNormalPrior(lower=0.7, upper=6.0),
                "periods in which 63% of the effect arrives",
            ),
        ),
        weights=_weights,
        graph=_graph,
    ),
)
