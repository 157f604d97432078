"""Curves without a largest effect: power, logarithm, straight line.

The power is PyMC-Marketing's RootSaturation and the exponent of LightweightMMM's carryover model; the logarithm is the
usual semi-log form, stated by the level at which a further unit does half of what the first one did.
"""

import numpy as np

from mmm.arrays import Floats
from mmm.model.families.record import Parameter, Saturation, Shape
from mmm.model.kernels.elementary import exp, log, log1p
from mmm.model.priors import BetaPrior, LogNormalPrior

# Below this share of the channel's mean the power is its chord from zero: its derivative there is infinite.
_TINY = 1e-9


def _power_response(p, a, value, slope, by):
    power = p[0]
    for i in range(a.shape[0]):
        kept = max(a[i], _TINY)
        logarithm = log(kept)
        raised = exp(power * logarithm)
        share = max(a[i], 0.0) / kept
        inside = 1.0 if a[i] >= kept else 0.0
        value[i] = raised * share
        slope[i] = raised / kept * (inside * (power - 1.0) + 1.0)
        by[0, i] = value[i] * logarithm


def _power_curve(p, a, value, slope, bend):
    power = p[0]
    for i in range(a.shape[0]):
        kept = max(a[i], _TINY)
        raised = exp(power[i] * log(kept))
        inside = 1.0 if a[i] >= kept else 0.0
        value[i] = raised * (max(a[i], 0.0) / kept)
        slope[i] = raised / kept * (inside * (power[i] - 1.0) + 1.0)
        bend[i] = inside * power[i] * (power[i] - 1.0) * raised / (kept * kept)


def _power_graph(a, exponent):
    import pytensor.tensor as pt

    kept = pt.maximum(a, _TINY)
    return kept**exponent * (a / kept)


def _power_shape(exponent: Floats) -> Shape:
    """Concave, with a second derivative that rises from minus infinity: f'' = s (s - 1) a^(s - 2)."""
    never = np.full_like(exponent, np.inf)
    return Shape(np.zeros_like(exponent), (never, never), np.full_like(exponent, -np.inf))


def _log_response(p, a, value, slope, by):
    level = p[0]
    for i in range(a.shape[0]):
        value[i] = log1p(a[i] / level)
        slope[i] = 1.0 / (level + a[i])
        by[0, i] = -a[i] / level * slope[i]


def _log_curve(p, a, value, slope, bend):
    level = p[0]
    for i in range(a.shape[0]):
        s = 1.0 / (level[i] + a[i])
        value[i], slope[i], bend[i] = log1p(a[i] / level[i]), s, -s * s


def _log_graph(a, level):
    import pytensor.tensor as pt

    return pt.log1p(a / level)


def _log_shape(level: Floats) -> Shape:
    never = np.full_like(level, np.inf)
    return Shape(np.zeros_like(level), (never, never), -1.0 / level**2)


def _line_response(p, a, value, slope, by):  # noqa: ARG001
    for i in range(a.shape[0]):
        value[i], slope[i] = a[i], 1.0


def _line_curve(p, a, value, slope, bend):  # noqa: ARG001
    for i in range(a.shape[0]):
        value[i], slope[i], bend[i] = a[i], 1.0, 0.0


def _line_graph(a):
    return a


def _line_shape() -> Shape:
    never, nothing = np.asarray(np.inf), np.asarray(0.0)
    return Shape(nothing, (never, never), nothing)


FAMILIES = (
    Saturation(
        name="power",
        also=("root",),
        label="power",
        sentence="Each further unit of money does less than the one before, with no limit to what can be reached; the "
        "first ones do the most by far.",
        formula="a^exponent",
        source="PyMC-Marketing, LightweightMMM",
        parameters=(
            Parameter(
                "exponent",
                "saturation_exponent",
                BetaPrior(alpha=3.0, beta=2.0),
                "per cent more effect for one per cent more media",
                alike=False,
            ),
        ),
        bounded=False,
        response=_power_response,
        curve=_power_curve,
        graph=_power_graph,
        shape=_power_shape,
        precise=True,
    ),
    Saturation(
        name="log",
        label="logarithmic",
        sentence="Each further unit of money does less than the one before, with no limit to what can be reached.",
        formula="log(1 + a / level)",
        source="semi-log response",
        parameters=(
            Parameter(
                "level",
                "saturation_level",
                LogNormalPrior(lower=0.2, upper=6.0),
                "media at which a further unit does half of what the first one did, relative to the channel's mean",
                alike=False,
                of_media=True,
            ),
        ),
        bounded=False,
        response=_log_response,
        curve=_log_curve,
        graph=_log_graph,
        shape=_log_shape,
    ),
    Saturation(
        name="none",
        also=("linear",),
        label="none",
        sentence="Every unit of money does as much as the one before.",
        formula="a",
        source="straight line",
        parameters=(),
        bounded=False,
        response=_line_response,
        curve=_line_curve,
        graph=_line_graph,
        shape=_line_shape,
    ),
)
