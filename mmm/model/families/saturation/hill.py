"""Hill curves, with the slope held at 1 or free: how much of its largest effect a channel reaches.

Source: Jin, Wang, Sun, Chan and Koehler (2017), "Bayesian methods for media mix modeling with carryover and shape
effects".
"""

import numpy as np

from mmm.arrays import Floats
from mmm.model.families.record import HALF, Parameter, Saturation, Shape
from mmm.model.kernels.elementary import exp, log
from mmm.model.priors import LogNormalPrior

# Below this fraction of the half-saturation point the planner's curve is its chord from zero: with a slope under one
# its derivative at zero is infinite, and a value that jumps there would have none that belongs to it.
_TINY, _TINY_IN_FIT = 1e-9, 1e-12


def _response(p, a, value, slope, by):
    half = p[0]
    for i in range(a.shape[0]):
        q = 1.0 / (half + a[i])
        value[i] = a[i] * q
        slope[i] = half * q * q
        by[0, i] = -a[i] * q * q


def _curve(p, a, value, slope, bend):
    half = p[0]
    for i in range(a.shape[0]):
        d = 1.0 / (half[i] + a[i])
        value[i], slope[i], bend[i] = a[i] * d, half[i] * d * d, -2.0 * half[i] * d * d * d


def _graph(a, half):
    return a / (half + a)


def _shape(half: Floats) -> Shape:
    none = np.full_like(half, np.inf)
    return Shape(np.zeros_like(half), (none, none), -2.0 / half**2)


def _sloped_response(p, a, value, slope, by):
    inverse, power = 1.0 / p[0], p[1]
    for i in range(a.shape[0]):
        ratio = a[i] * inverse
        kept = max(ratio, _TINY_IN_FIT)
        logarithm = log(kept)
        # Exactly zero only where nothing was spent within the look-back.
        active = 1.0 if a[i] > 0.0 else 0.0
        inside = 1.0 if ratio > _TINY_IN_FIT else 0.0
        z = exp(-power * logarithm)
        q = 1.0 / (1.0 + z)
        bent = active * z * q * q
        steep = inside * power * bent * inverse
        value[i] = active * q
        slope[i] = steep / kept
        by[0, i] = -steep
        by[1, i] = bent * logarithm


def _sloped_curve(p, a, value, slope, bend):
    half, power = p[0], p[1]
    for i in range(a.shape[0]):
        at = max(a[i], _TINY * half[i])
        r = exp(power[i] * log(at / half[i]))
        q = 1.0 / (1.0 + r)
        inside = 1.0 if a[i] >= at else 0.0
        s = r * q / at * (inside * (power[i] * q - 1.0) + 1.0)
        value[i] = r * q * (max(a[i], 0.0) / at)
        slope[i] = s
        bend[i] = inside * s * q * ((power[i] - 1.0) - (power[i] + 1.0) * r) / at


def _sloped_graph(a, half, slope):
    import pytensor.tensor as pt

    # The inner maximum keeps the derivative of 0^slope finite; the outer switch keeps the value exact.
    ratio = pt.maximum(a / half, _TINY_IN_FIT) ** slope
    return pt.switch(a > 0, ratio / (1 + ratio), 0.0)


def _sloped_shape(half: Floats, slope: Floats) -> Shape:
    """With r = (a / k)^s the second derivative vanishes where r = (s - 1) / (s + 1).

    The third does where (s + 1) (s + 2) r^2 - 4 (s^2 - 1) r + (s - 1) (s - 2) = 0, which has real roots for s > 1 only.
    """
    s = np.maximum(slope, 1.0)
    square, scale = s * s - 1.0, (s + 1.0) * (s + 2.0)
    root = np.sqrt(3.0 * square) * s

    def place(r: Floats) -> Floats:
        found = np.where((slope > 1.0) & (r > 0.0), r, 1.0) ** (1.0 / s)
        return np.where((slope > 1.0) & (r > 0.0), half * found, np.inf)

    turn = np.where(slope > 1.0, half * ((s - 1.0) / (s + 1.0)) ** (1.0 / s), 0.0)
    at_zero = np.select(
        [slope < 1.0, slope == 1.0, slope < 2.0, slope == 2.0],
        [-np.inf, -2.0 / half**2, np.inf, 2.0 / half**2],
        0.0,
    )
    return Shape(turn, (place((2.0 * square - root) / scale), place((2.0 * square + root) / scale)), at_zero)


FAMILIES = (
    Saturation(
        name="hill",
        also=("michaelis_menten",),
        label="Hill",
        sentence="Each further unit of money does less than the one before.",
        formula="a / (half + a)",
        source="Jin et al. (2017)",
        parameters=(HALF,),
        response=_response,
        curve=_curve,
        graph=_graph,
        shape=_shape,
    ),
    Saturation(
        name="hill_sloped",
        label="Hill, slope free",
        sentence="Small amounts may do little; beyond them each further unit of money does less than the one before.",
        formula="a^slope / (half^slope + a^slope)",
        source="Jin et al. (2017)",
        parameters=(
            HALF,
            Parameter(
                "slope",
                "hill_slope",
                LogNormalPrior(lower=0.8, upper=3.0),
                "slope of the Hill curve",
                alike=False,
            ),
        ),
        extends="hill",
        response=_sloped_response,
        curve=_sloped_curve,
        graph=_sloped_graph,
        shape=_sloped_shape,
        precise=True,
    ),
    Saturation(
        name="frequency",
        label="Hill, of the frequency",
        sentence="A person who was reached more often is moved more, up to a limit; the first contacts may do little.",
        formula="f^slope / (half_frequency^slope + f^slope), f: frequency",
        source="Meridian",
        parameters=(
            Parameter(
                "half_frequency",
                "half_frequency",
                LogNormalPrior(lower=1.0, upper=5.0),
                "contacts of a person at half of their largest effect",
                alike=False,
            ),
            Parameter(
                "slope", "hill_slope", LogNormalPrior(lower=1.0, upper=4.0), "slope of the Hill curve", alike=False
            ),
        ),
        response=_sloped_response,
        curve=_sloped_curve,
        graph=_sloped_graph,
        shape=_sloped_shape,
        precise=True,
        of_frequency=True,
    ),
)
