"""Logistic saturation, stated by its half-saturation: the rate is log(3) / half.

Source: Jin, Wang, Sun, Chan and Koehler (2017); the curve of PyMC-Marketing's LogisticSaturation, whose ``lam`` is the
rate.
"""

import math

import numpy as np

from mmm.arrays import Floats
from mmm.model.families.record import HALF, Saturation, Shape
from mmm.model.kernels.elementary import exp

_LOG3 = math.log(3.0)


def _response(p, a, value, slope, by):
    rate = _LOG3 / p[0]
    for i in range(a.shape[0]):
        z = exp(-rate * a[i])
        q = 1.0 / (1.0 + z)
        steep = 2.0 * rate * z * q * q
        value[i] = (1.0 - z) * q
        slope[i] = steep
        by[0, i] = -steep * a[i] / p[0]


def _curve(p, a, value, slope, bend):
    for i in range(a.shape[0]):
        rate = _LOG3 / p[0, i]
        z = exp(-rate * a[i])
        q = 1.0 / (1.0 + z)
        f, steep = (1.0 - z) * q, 2.0 * rate * z * q * q
        value[i], slope[i], bend[i] = f, steep, -rate * f * steep


def _graph(a, half):
    import pytensor.tensor as pt

    return pt.tanh(0.5 * (_LOG3 / half) * a)


def _shape(half: Floats) -> Shape:
    """The curve is tanh(rate a / 2): its third derivative vanishes where the curve's square is 1 / 3."""
    bend = 2.0 * math.atanh(1.0 / math.sqrt(3.0)) * half / _LOG3
    return Shape(np.zeros_like(half), (bend, np.full_like(half, np.inf)), np.zeros_like(half))


FAMILIES = (
    Saturation(
        name="logistic",
        also=("tanh",),
        label="logistic",
        sentence="Each further unit of money does less than the one before, and beyond a level hardly anything.",
        formula="(1 - exp(-r a)) / (1 + exp(-r a)), r = log 3 / half",
        source="Jin et al. (2017)",
        parameters=(HALF,),
        response=_response,
        curve=_curve,
        graph=_graph,
        shape=_shape,
    ),
)
