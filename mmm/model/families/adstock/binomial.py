"""Binomial carryover: a power of the share of the look-back that is left, which reaches nothing right after it.

Source: Meridian (google/meridian), its adstock decay "binomial", whose window is the look-back and the period of the
spend. PyMC-Marketing's has one more period in it (docs/model.md).
"""

import math

from mmm.model.families.record import Adstock, Parameter
from mmm.model.priors import BetaPrior


def _weights(p, normalised, w, by):  # noqa: ARG001
    # Retention may be nothing: all arrives at once then.
    alpha, window = max(p[0], 1e-100), w.shape[0]
    power = 1.0 / alpha - 1.0
    for lag in range(window):
        logarithm = math.log(1.0 - lag / window)
        w[lag] = math.exp(power * logarithm)
        by[0, lag] = -w[lag] * logarithm / (alpha * alpha)


def _graph(lag, alpha):
    return (1.0 - lag / len(lag)) ** (1.0 / alpha - 1.0)


FAMILIES = (
    Adstock(
        name="binomial",
        label="binomial",
        sentence="The effect falls from the period of the spend to nothing at the end of the look-back.",
        formula="(1 - lag / (look-back + 1))^(1 / alpha - 1)",
        source="Meridian",
        parameters=(
            Parameter(
                "alpha",
                "adstock_alpha",
                BetaPrior(alpha=2.0, beta=5.0),
                "how long it stays: near 0 it ends at once, at 1/2 it falls in a straight line",
                alike=False,
            ),
        ),
        weights=_weights,
        graph=_graph,
    ),
)
