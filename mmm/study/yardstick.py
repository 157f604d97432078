"""What the data can say at best: an estimate by someone who is told all but how strong each channel is.

Told are every channel's true contribution up to one factor (so carryover, curve, path and timing), the form of the
baseline, its scale and the noise. Left is a linear regression on one column a channel. Its intervals are those of
generalised least squares: without prior knowledge of the factors no unbiased estimate from the same rows has a smaller
variance (Aitken 1935). Its plan is the best one if the estimates were true, and its promise what that plan would then
bring. It is a yardstick for what a method could reach, not a method: nobody is told this much.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mmm.arrays import Floats
from mmm.errors import DataError
from mmm.model.baseline import terms
from mmm.model.panel import panel
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.simulate import Truth
from mmm.study.answer import Answer, Decision, decision_of
from mmm.study.score import best_plan
from mmm.study.worlds import HIDDEN, StudyWorld

_NORMAL = 1.6448536269514722
"""90% of a normal distribution lie within this many standard deviations."""
_DRAWS = 500
_SEED = 20260901
_NOISE = np.geomspace(0.005, 0.15, 30)
_DRIFT = np.geomspace(0.001, 0.2, 24)


def yardstick(world: StudyWorld) -> Answer:
    """Returns, and the plan where the world was simulated. A channel that does nothing has no factor and no interval.

    Raises DataError where a world's true contributions are not known.
    """
    if world.contributions is None:
        raise DataError(f"The true contributions of '{world.name}' are not known: leave it out of this method.")
    media, outcome, columns, prior, drift = _regression(world)
    covariance = _most_likely(outcome - media.sum(axis=1), columns, prior, drift)
    root = np.linalg.cholesky(covariance)
    works = np.abs(media).sum(axis=0) > 0
    white, target = np.linalg.solve(root, media[:, works]), np.linalg.solve(root, outcome)
    known = np.linalg.pinv(white.T @ white)
    factor, sd = np.full(len(works), np.nan), np.full(len(works), np.nan)
    factor[works], sd[works] = known @ white.T @ target, np.sqrt(np.diag(known))
    ends = np.stack([factor, factor - _NORMAL * sd, factor + _NORMAL * sd]) * world.roas
    lower, upper = np.minimum(ends[1], ends[2]), np.maximum(ends[1], ends[2])
    draws = np.ones((_DRAWS, len(works)))
    draws[:, works] = np.random.default_rng(_SEED).multivariate_normal(factor[works], known, _DRAWS)
    return Answer(
        roas=tuple(zip(ends[0].tolist(), lower.tolist(), upper.tolist(), strict=True)),
        decision=None if world.truth is None else _decision(world.truth, np.where(works, factor, 1.0), draws),
    )


def _decision(truth: Truth, factor: Floats, draws: Floats) -> Decision:
    """The best plan where the channels' sizes are ``factor`` [channel], promised by ``draws`` [sample, channel]."""
    reference = truth.reference_plan(HIDDEN)
    today = reference.sum(axis=(0, 1))
    money = best_plan(_sized(truth, factor)).spend
    planned = reference * np.where(today > 0, money / np.where(today > 0, today, 1.0), 1.0)
    believed = [_sized(truth, sizes) for sizes in draws]
    gain = np.array([(world.response(planned) - world.response(reference)) for world in believed])
    return decision_of(money, today, gain * truth.value_per_unit)


def _sized(truth: Truth, factor: Floats) -> Truth:
    """The truth with every channel's effect times its factor."""
    return replace(truth, strength=truth.strength * factor)


def _regression(world: StudyWorld) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.bool_]]:
    """Over cells whose outcome is seen: contributions, outcome, the baseline's columns, their prior sd, the drift's."""
    dataset = world.past()
    spec = make_spec(dataset, ModelSettings(mixture=None))
    data = panel(spec, dataset)
    scale, seen = np.array(spec.outcome_scale), data.observed.ravel()
    contributions = np.asarray(world.contributions) / scale[:, None]
    designs, means, sds, drifting = [], [], [], []
    for term in terms(spec, data.dates, data.control):
        by_geo = term.dim == "geo"
        design = (
            np.broadcast_to(np.eye(len(scale)), (len(data.dates), len(scale), len(scale))) if by_geo else term.design
        )
        if design.ndim == 2:
            design = np.repeat(design[:, None, :], len(scale), axis=1)
        designs.append(design.reshape(len(seen), -1))
        means.append(term.mean)
        sds.append(term.sd)
        drifting.append(np.full(len(term.sd), term.scale is not None))
    outcome = (dataset.data["outcome"].values / scale).ravel()
    columns = np.concatenate(designs, axis=1)[seen]
    left = outcome[seen] - columns @ np.concatenate(means)
    return contributions.reshape(len(seen), -1)[seen], left, columns, np.concatenate(sds), np.concatenate(drifting)


def _most_likely(baseline: Floats, columns: Floats, sd: Floats, drift: NDArray[np.bool_]) -> Floats:
    """Covariance of the outcome at the noise and drift scale under which the ``baseline`` that is left is likeliest."""
    best, found = -np.inf, np.eye(len(baseline))
    for scale in _DRIFT:
        of_columns = (columns * (sd * np.where(drift, scale, 1.0)) ** 2) @ columns.T
        values, vectors = np.linalg.eigh(of_columns)
        along = vectors.T @ baseline
        for noise in _NOISE:
            variance = np.maximum(values, 0.0) + noise**2
            likelihood = -0.5 * (np.log(variance) + along**2 / variance).sum()
            if likelihood > best:
                best, found = likelihood, of_columns + noise**2 * np.eye(len(baseline))
    return found
