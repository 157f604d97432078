"""Whether what is seen still is what the model expected: evidence that stays valid however often one looks.

Under the model the outcomes of the plan's periods have a joint predictive distribution, whatever is uncertain (effects,
baseline, noise) included. Its draws give a mean and a covariance; with the Cholesky factor of the covariance the
outcomes become independent residuals of mean 0 and variance 1, each known from its period and those before.

Against that stand alternatives: from some period on the outcome is off by a multiple of a *shift*, such as the outcome
itself (demand) or one channel's contribution (its effect). In residuals a shift is a direction ``d``, and with a normal
mixture over the multiple, of standard deviation ``sd``,

    M_t = (1 + sd^2 D_t)^(-1/2) exp(sd^2 S_t^2 / (2 (1 + sd^2 D_t))),   S_t = sum d_i z_i,  D_t = sum d_i^2,

which is a non-negative martingale that starts at 1 (Robbins, "Statistical methods related to the law of the iterated
logarithm", Ann. Math. Stat. 41, 1970, with its mixture method; Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform,
nonparametric, nonasymptotic confidence sequences", Ann. Stat. 49, 2021, section 3.2, for residuals that are 1-sub-
Gaussian). An average of such martingales over the period of the change, and over alternatives, is one as well. By
Ville's inequality the chance that it ever reaches 1 / alpha is at most alpha; each value is an e-value.

Residuals beyond 3 count as 3: a clipped normal variable is 1-sub-Gaussian too, and single weeks with heavy tails do
not make an alarm by themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular

from mmm.errors import DataError

Floats = npt.NDArray[np.float64]
CLIP = 3.0
"""Largest residual that counts."""


@dataclass(frozen=True)
class Alternative:
    """A way to be off: ``shift[t]`` in outcome units for a multiple of 1, and the spread of multiples looked for."""

    shift: Floats
    sd: float


@dataclass(frozen=True)
class Evidence:
    """Evidence against the model after each period [t], that of each alternative alone, and unclipped residuals [t]."""

    total: Floats
    parts: Mapping[str, Floats]
    residuals: Floats

    def crossed(self, alpha: float) -> int | None:
        """The first period after which the evidence reached 1 / alpha; None where it never did."""
        where = np.flatnonzero(self.total >= 1.0 / alpha)
        return int(where[0]) if where.size else None

    @property
    def p_value(self) -> float:
        """An always-valid p-value: 1 over the largest evidence so far, at most 1."""
        return float(1.0 / max(1.0, self.total.max(initial=1.0)))

    @property
    def likeliest(self) -> str:
        """The alternative with the most evidence at the last period; "" where there is none."""
        return max(self.parts, key=lambda name: float(self.parts[name][-1])) if len(self.total) else ""


def residuals(actual: Floats, expected: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Independent residuals z [t] of ``actual[t]``, and the lower factor L [t, t] with z = L^-1 (actual - mean).

    ``expected[n, t]`` are draws of the expected outcome, ``noise[t]`` the variance of what comes on top. Raises
    DataError where there are fewer than three draws a period.
    """
    n, t = expected.shape
    if n < 3 * t:
        raise DataError(f"{n} draws are too few for {t} periods: raise monitor.draws to at least {3 * t}.")
    covariance = np.atleast_2d(np.cov(expected, rowvar=False)) + np.diag(noise)
    # A covariance from n draws is too narrow, in the direction that was not seen, by about t / n.
    covariance *= n / (n - t)
    factor = cholesky(covariance + 1e-10 * np.trace(covariance) / t * np.eye(t), lower=True)
    return np.asarray(solve_triangular(factor, actual - expected.mean(axis=0), lower=True)), np.asarray(factor)


def martingale(direction: Floats, z: Floats, sd: float) -> Floats:
    """M_t of a direction [t, ...] after each period, along the first axis; ``z`` [t] are residuals."""
    seen = direction * z.reshape(-1, *[1] * (direction.ndim - 1))
    s, d = np.cumsum(seen, axis=0), sd**2 * np.cumsum(direction**2, axis=0)
    return np.asarray(np.exp(0.5 * sd**2 * s**2 / (1.0 + d)) / np.sqrt(1.0 + d))


def evidence(
    actual: Floats, expected: Floats, noise: Floats, alternatives: Mapping[str, Alternative], horizon: int
) -> Evidence:
    """Evidence after each of the periods seen, of ``horizon`` that will be.

    The change may come in any period of the horizon, each as likely as the others; those that are still ahead count
    with the 1 that they start from. Arguments as in :func:`residuals`; an alternative's shift is [t].
    """
    z, factor = residuals(actual, expected, noise)
    t = len(z)
    clipped = np.clip(z, -CLIP, CLIP)
    begins = np.tri(t)  # [period, change]: the change has come
    parts = {}
    for name, alternative in alternatives.items():
        direction = solve_triangular(factor, alternative.shift[:, None] * begins, lower=True)
        alone = martingale(direction, clipped, alternative.sd)
        parts[name] = np.asarray((alone.sum(axis=1) + max(horizon - t, 0)) / max(horizon, t))
    total = np.mean(list(parts.values()), axis=0) if parts else np.ones(t)
    return Evidence(np.asarray(total), parts, z)
