"""Logistic curves that may begin flat: little happens below a level of media, and beyond it as with any logistic one.

The logistic function of media, shifted and scaled so that it is 0 without media and 1 with endless media, is

    f(a) = (1 - z) / (1 + c z),  z = exp(-r a).

c is 1 for the logistic curve of media mix models, 0 for the exponential one; above 1 the curve is S-shaped and turns
where c z = 1. With r = log(2 + c) / half, half of the largest effect is reached at ``half`` whatever c is. The slope at
nothing is finite and above zero for every parameter, which that of a Hill curve is not.

Source: the logistic S-curve of Johansson (1979), "Advertising and the S-curve: a new approach", through zero; also
PyMC-Marketing's HillSaturationSigmoid of rate beta = r and turn lam, c = exp(beta lam), divided by its largest effect.
"""

import math

import numpy as np

from mmm.arrays import Floats
from mmm.model.families.record import HALF, Parameter, Saturation, Shape
from mmm.model.kernels.elementary import exp, log
from mmm.model.priors import LogNormalPrior


def _response(p, a, value, slope, by):
    half, c = p[0], p[1]
    rate = log(2.0 + c) / half
    # By c, the rate's logarithm grows by this.
    faster = 1.0 / ((2.0 + c) * log(2.0 + c))
    for i in range(a.shape[0]):
        z = exp(-rate * a[i])
        q = 1.0 / (1.0 + c * z)
        steep = rate * (1.0 + c) * z * q * q
        value[i] = (1.0 - z) * q
        slope[i] = steep
        by[0, i] = -steep * a[i] / half
        by[1, i] = steep * a[i] * faster - (1.0 - z) * z * q * q


def _curve(p, a, value, slope, bend):
    for i in range(a.shape[0]):
        c = p[1, i]
        rate = log(2.0 + c) / p[0, i]
        z = exp(-rate * a[i])
        q = 1.0 / (1.0 + c * z)
        steep = rate * (1.0 + c) * z * q * q
        value[i], slope[i], bend[i] = (1.0 - z) * q, steep, -rate * steep * (1.0 - c * z) * q


def _graph(a, half, c):
    import pytensor.tensor as pt

    z = pt.exp(-(pt.log(2.0 + c) / half) * a)
    return (1.0 - z) / (1.0 + c * z)


def _shape(half: Floats, c: Floats) -> Shape:
    """With u = c z the second derivative is -r^2 (1 + c) / c times u (1 - u) / (1 + u)^3.

    It vanishes at u = 1 and has extremes at u = 2 +- sqrt(3); u falls from c.
    """
    rate = np.log(2.0 + c) / half

    def place(u: float) -> Floats:
        return np.where(c > u, np.log(np.maximum(c, u) / u) / rate, np.inf)

    turn = np.log(np.maximum(c, 1.0)) / rate
    bends = (place(2.0 + math.sqrt(3.0)), place(2.0 - math.sqrt(3.0)))
    return Shape(turn, bends, -(rate**2) * (1.0 - c) / (1.0 + c) ** 2)


FAMILIES = (
    Saturation(
        name="logistic_s",
        also=("sigmoid",),
        label="logistic, S-shaped",
        sentence="Small amounts may do little; beyond a level each further unit of money does less than the one "
        "before, and in the end hardly anything.",
        formula="(1 - z) / (1 + flat_start z), z = exp(-a log(2 + flat_start) / half)",
        source="Johansson (1979)",
        parameters=(
            HALF,
            Parameter(
                "flat_start",
                "saturation_flat_start",
                LogNormalPrior(lower=0.5, upper=30.0),
                "how flat the curve begins: at 1 it is the logistic curve, above it is S-shaped",
                alike=False,
            ),
        ),
        extends="logistic",
        response=_response,
        curve=_curve,
        graph=_graph,
        shape=_shape,
    ),
)
