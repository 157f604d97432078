"""How well a model predicts each period from all others, and the weights of models that follow from it.

The unit is one period over all geos: geos share what happens in a week. Leave-one-out densities come from the
posterior by Pareto-smoothed importance sampling (Vehtari, Gelman and Gabry 2017); the coefficients of the baseline are
part of the draws, so that the outcome's periods are independent given them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import special

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.model.draws import expected_outcome, log_density, stacked
from mmm.model.spec import ModelSpec

K_MAX = 0.7
"""Above this Pareto shape the estimate for a period is not believed (Vehtari et al. 2024, for 2,200 draws or more)."""
MOST_UNBELIEVABLE = 0.1
FEWEST_DRAWS = 25
"""Pareto smoothing takes a fifth of the draws for the tail, and at least five."""
_MAX_DRAWS = 1000
_BOOTSTRAP = 2000


def leave_one_out(spec: ModelSpec, posterior: xr.Dataset, dataset: Dataset, seed: int) -> xr.Dataset:
    """``elpd`` and ``k`` of every observed period (dim date), from at most 1,000 draws."""
    # Imported here: it takes a second, and a stored fit does not need it.
    from arviz_stats.base.array import array_stats

    samples = stacked(posterior, _MAX_DRAWS)
    seen = dataset.data["observed"].values.astype(bool)
    ends = dataset.rows(dataset.window)
    known = seen[ends.places]
    mean = expected_outcome(spec, samples, dataset, dataset.window, seed)
    cells = log_density(spec, samples, mean, dataset.data["outcome"].values[ends.places], ends.spans)
    periods = np.where(known, cells, 0.0).sum(axis=2)[:, known.any(axis=1)]
    if len(periods) < FEWEST_DRAWS:
        # No tail to smooth: the estimate is made, and not believed.
        elpd, k = np.log(len(periods)) - special.logsumexp(-periods, axis=0), np.full(periods.shape[1], np.inf)
    else:
        log_weights, k = array_stats.psislw(periods.T)
        elpd = special.logsumexp(log_weights + periods.T, axis=1)
    dates = dataset.dates[ends.places[known.any(axis=1)]]
    return xr.Dataset({"elpd": ("date", elpd), "k": ("date", np.asarray(k))}, coords={"date": dates})


@dataclass(frozen=True)
class Weights:
    """One weight a member, adding up to one, and what had to be said about them."""

    values: Floats
    notes: tuple[str, ...] = ()


def weigh(
    found: Sequence[xr.Dataset], weighting: Literal["stacking", "pseudo_bma", "equal"], floor: float, seed: int
) -> Weights:
    """Weights of members from their :func:`leave_one_out`.

    Periods whose estimate is not to be believed in some member are left out for all of them; where that would be more
    than a tenth of the periods, the members are weighted equally. A member whose predictions are not clearly worse
    than the best one's (:func:`contenders`) keeps at least ``floor``, or an equal share where that is less.
    """
    members = len(found)
    equal = np.full(members, 1.0 / members)
    if members == 1 or weighting == "equal":
        return Weights(equal)
    good = believable(found)
    left_out = int((~good).sum())
    if left_out > MOST_UNBELIEVABLE * len(good):
        note = (
            f"The models are weighted equally: for {left_out} of {len(good)} periods it cannot be told from the draws "
            "how well a model predicts them."
        )
        return Weights(equal, (note,))
    elpd = np.stack([one["elpd"].values[good] for one in found])
    values = stacking(elpd) if weighting == "stacking" else pseudo_bma(elpd, seed)
    least = np.where(contenders(elpd), min(floor, 1.0 / members), 0.0)
    notes = (f"{left_out} periods were left out of the weighting of models.",) if left_out else ()
    return Weights(raised(values, least), notes)


def believable(found: Sequence[xr.Dataset]) -> npt.NDArray[np.bool_]:
    """Periods whose estimate is to be believed in every one of the :func:`leave_one_out`."""
    return np.all([np.nan_to_num(one["k"].values, nan=np.inf) <= K_MAX for one in found], axis=0)


def stacking(elpd: Floats) -> Floats:
    """Weights [m] that maximise the sum over periods of the mixture's log density, for ``elpd[m, t]``.

    Stacking of predictive distributions (Yao, Vehtari, Simpson and Gelman 2018); the problem is concave, and
    expectation-maximisation climbs to its maximum.
    """
    density = np.exp(elpd - elpd.max(axis=0))
    weights = np.full(len(elpd), 1.0 / len(elpd))
    for _ in range(20_000):
        share = weights[:, None] * density
        updated = (share / share.sum(axis=0)).mean(axis=1)
        if np.abs(updated - weights).max() < 1e-7:
            return np.asarray(updated)
        weights = updated
    return weights


def pseudo_bma(elpd: Floats, seed: int) -> Floats:
    """Weights by the Bayesian bootstrap of each member's sum of ``elpd[m, t]`` (pseudo-BMA+, Yao et al. 2018)."""
    periods = elpd.shape[1]
    resampled = np.random.default_rng(seed).dirichlet(np.ones(periods), _BOOTSTRAP)
    return np.asarray(special.softmax(periods * resampled @ elpd.T, axis=1).mean(axis=0))


def contenders(elpd: Floats) -> npt.NDArray[np.bool_]:
    """Members that the data cannot rule out: worse than the best by less than 4, or by less than two standard errors.

    A difference below 4 is not to be told from none (Sivula, Magnusson, Matamoros and Vehtari 2020).
    """
    best = elpd[elpd.sum(axis=1).argmax()]
    difference = best - elpd
    error = np.sqrt(elpd.shape[1]) * difference.std(axis=1)
    total = difference.sum(axis=1)
    return np.asarray((total < 4.0) | (total < 2.0 * error))


def raised(weights: Floats, least: Floats) -> Floats:
    """``weights`` raised to ``least`` where they are below it; the others give up what that takes, in proportion."""
    low = weights < least
    while True:
        rest = 1.0 - least[low].sum()
        out = np.where(low, least, weights * rest / max(weights[~low].sum(), 1e-300))
        below = ~low & (out < least)
        if not below.any():
            return np.asarray(out)
        low |= below
