"""Delayed carryover, which peaks some periods after the spend.

Source: Jin, Wang, Sun, Chan and Koehler (2017), "Bayesian methods for media mix modeling with carryover and shape
effects", equation 3.
"""

import math

from mmm.model.families.record import Adstock, Parameter
from mmm.model.priors import BetaPrior, LogNormalPrior


def _weights(p, normalised, w, by):
    # Retention may be nothing: only a lag that is the delay has a weight then.
    alpha, delay = max(p[0], 1e-300), p[1]
    log_alpha = math.log(alpha)
    # The largest exponent is taken out where weights are normalised, so that they cannot all underflow.
    nearest = min(max(round(delay), 0.0), float(w.shape[0] - 1))
    shift = (nearest - delay) ** 2 if normalised else 0.0
    for lag in range(w.shape[0]):
        distance = (lag - delay) ** 2
        w[lag] = math.exp((distance - shift) * log_alpha)
        by[0, lag] = w[lag] * distance / alpha
        by[1, lag] = w[lag] * 2.0 * (delay - lag) * log_alpha


def _graph(lag, alpha, delay):
    return alpha ** ((lag - delay) ** 2)


FAMILIES = (
    Adstock(
        name="delayed",
        label="delayed",
        sentence="The effect is largest some periods after the spend.",
        formula="alpha^((lag - delay)^2)",
        source="Jin et al. (2017)",
        parameters=(
            Parameter(
                "alpha",
                "adstock_alpha",
                BetaPrior(alpha=4.0, beta=2.0),
                "retention per period",
                alike=False,
            ),
            Parameter(
                "delay",
                "adstock_delay",
                LogNormalPrior(lower=0.5, upper=5.0),
                "periods from the spend to the peak of its effect",
            ),
        ),
        weights=_weights,
        graph=_graph,
    ),
)
