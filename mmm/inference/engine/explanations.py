"""One sample of a posterior with several modes, from chains around each of them.

Chains do not move between modes that are far apart, so that how many draws each gets has to follow from something else:
the mass of the posterior around it, by bridge sampling (Meng and Wong 1996) between its draws and a normal distribution
like them. Modes whose chains do mix are one, and those of the best evidence stay.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import special

from mmm.arrays import Floats
from mmm.inference.convergence import GROUP, MODES, by_parameter, energy_explored
from mmm.inference.engine import draws
from mmm.inference.engine.problem import Problem
from mmm.inference.engine.whitening import bent_coordinates
from mmm.inference.fit import shares

# Share of the draws around one mode that lie nearer to another from which on chains move between them.
_CROSSED = 0.01
# Draws a parameter that a normal distribution is fitted to; with fewer Laplace's approximation has to do.
_PER_PARAMETER = 4
_ROUNDS, _DRAWS = 100, 2000


@dataclass(frozen=True)
class Run:
    """Chains around one mode: unconstrained draws ``x[chain, draw, dim]``, the sampler's statistics, and the mode's
    evidence by Laplace's approximation."""

    x: Floats
    stats: xr.Dataset
    evidence: float


def apart(problem: Problem, runs: Sequence[Run]) -> list[Run]:
    """The runs between which chains do not move, in their order; those that mix are one, with the chains of all."""
    entries = np.concatenate(problem.layout.by_channel)
    groups: list[list[Run]] = []
    for run in runs:
        rest: list[list[Run]] = []
        mixed: list[Run] = []
        for group in groups:
            if any(_mix(run.x[..., entries], one.x[..., entries]) for one in group):
                mixed.extend(group)
            else:
                rest.append(group)
        groups = [*rest, [*mixed, run]]
    return [_joined(group) for group in sorted(groups, key=lambda g: -g[0].evidence)]


def _joined(group: Sequence[Run]) -> Run:
    stats = xr.concat([run.stats for run in group], dim="chain", join="override")
    x = np.concatenate([run.x for run in group])
    return Run(x, stats.assign_coords(chain=np.arange(len(x))), group[0].evidence)


def _mix(one: Floats, other: Floats) -> bool:
    """Whether draws [chain, draw, entry] of either come where those of the other lie: normal densities like them say.

    Then chains move between them, if rarely, and R-hat of all of them together says whether often enough.
    """
    first, second = (x.reshape(-1, x.shape[2]) for x in (one, other))
    densities = [_normal_like(x) for x in (first, second)]
    crossed = [float(np.mean(densities[1 - k](x) > densities[k](x))) for k, x in enumerate((first, second))]
    return max(crossed) > _CROSSED


def _normal_like(x: Floats) -> Callable[[Floats], Floats]:
    """Log density, up to what all have in common, of the normal distribution with the moments of ``x[n, entry]``."""
    centre = x.mean(axis=0)
    covariance = np.atleast_2d(np.cov(x.T))
    root = np.linalg.cholesky(covariance + 1e-9 * np.trace(covariance) / len(centre) * np.eye(len(centre)))
    size = float(np.log(np.diag(root)).sum())
    return lambda at: np.asarray(-0.5 * (np.linalg.solve(root, (at - centre).T) ** 2).sum(axis=0) - size)


def weights(problem: Problem, runs: Sequence[Run], seed: int) -> Floats:
    """Share of the posterior around each mode; by Laplace's approximation where draws are too few for a bridge."""
    bent = bent_coordinates(problem)
    within = problem.within(bent)

    def density(y: Floats) -> Floats:
        return within.many(y)[0]

    enough = all(run.x[..., 0].size >= 2 * _PER_PARAMETER * run.x.shape[2] for run in runs)
    log = [run.evidence for run in runs]
    if enough:
        # In coordinates that are the same for every mode, and near normal.
        flat = [thinned(run.x.reshape(-1, run.x.shape[2]), _DRAWS) for run in runs]
        places = [np.stack([bent.before_linear(problem.layout, row) for row in x]) for x in flat]
        bridged = [mass(density, y, seed) for y in places]
        log = bridged if np.isfinite(bridged).all() else log
    return np.asarray(special.softmax(log))


def mass(density: Callable[[Floats], Floats], y: Floats, seed: int) -> float:
    """Log of the integral of a log ``density`` around its draws ``y[n, entry]``, which do not reach its other modes.

    A normal distribution is fitted to every other draw, and the rest are bridged to it.
    """
    first, second = y[::2], y[1::2]
    centre, root = first.mean(axis=0), np.linalg.cholesky(np.atleast_2d(np.cov(first.T)))
    normal = np.random.default_rng(seed).standard_normal(second.shape)
    back = np.linalg.solve(root, (second - centre).T).T
    constant = -0.5 * len(centre) * np.log(2.0 * np.pi) - float(np.log(np.diag(root)).sum())
    return bridge(
        density(second) - (constant - 0.5 * (back**2).sum(axis=1)),
        density(centre + normal @ root.T) - (constant - 0.5 * (normal**2).sum(axis=1)),
    )


def bridge(of_draws: Floats, of_proposals: Floats) -> float:
    """Log integral of a density from log ratios of it to a normalised proposal, at draws from either.

    The optimal bridge of Meng and Wong (1996), by their iteration.
    """
    at = np.where(np.isfinite(of_proposals), of_proposals, -np.inf)
    centre = float(np.median(of_draws))
    one, two = np.exp(np.clip(of_draws - centre, -500, 500)), np.exp(np.clip(at - centre, -700, 500))
    share = len(one) / (len(one) + len(two))
    found = 1.0
    for _ in range(_ROUNDS):
        before = found
        numerator = np.mean(two / (share * two + (1.0 - share) * found))
        found = float(numerator / np.mean(1.0 / (share * one + (1.0 - share) * found)))
        if abs(np.log(found / before)) < 1e-8:
            break
    return centre + float(np.log(found))


def thinned(values: Floats, most: int) -> Floats:
    """At most ``most`` rows, evenly spaced."""
    if len(values) <= most:
        return values
    return np.asarray(values[np.linspace(0, len(values) - 1, most).round().astype(int)])


def together(problem: Problem, runs: Sequence[Run], share: Floats, shape: tuple[int, int], seed: int) -> xr.DataTree:
    """``posterior``, ``sample_stats``, convergence by run and the group ``modes``, in ``shape`` (chains, draws).

    Each run gives draws by its ``share``, in an order by chance, so that every chain is a sample of the whole. R-hat
    is the worst of the runs', over the chains as they were; effective draws are those of a stratified mean.
    """
    chains, count = shape
    wanted = shares(share, chains * count)
    order = np.random.default_rng(seed).permutation(chains * count)
    places = [
        np.linspace(0, run.x[..., 0].size - 1, n).round().astype(int) for run, n in zip(runs, wanted, strict=True)
    ]
    x = np.concatenate([run.x.reshape(-1, run.x.shape[2])[at] for run, at in zip(runs, places, strict=True)])[order]
    names = [str(name) for name in runs[0].stats if all(name in run.stats for run in runs)]
    stats: dict[str, tuple[tuple[str, ...], npt.NDArray[np.generic]]] = {}
    for name in names:
        parts = [run.stats[name].values.reshape(-1)[at] for run, at in zip(runs, places, strict=True)]
        stats[name] = (("chain", "draw"), np.concatenate(parts)[order].reshape(shape))
    labels = np.repeat(np.arange(len(runs)), wanted)[order].reshape(shape)
    # Of draws in an order by chance nothing can be said on how energies follow each other.
    energy = min(float(energy_explored(run.stats["energy"].values).min()) for run in runs)
    stats["e_bfmi"] = (("chain",), np.full(chains, energy))
    coords = {"chain": np.arange(chains), "draw": np.arange(count)}
    found = [by_parameter(xr.DataTree.from_dict({"posterior": draws.posterior(problem, run.x, seed)})) for run in runs]
    return xr.DataTree.from_dict(
        {
            "posterior": draws.posterior(problem, x.reshape(*shape, -1), seed),
            "sample_stats": xr.Dataset(stats, coords=coords),
            GROUP: _stratified(found, share),
            MODES: xr.Dataset({"weight": ("explanation", share), "mode": (("chain", "draw"), labels)}, coords=coords),
        }
    )


def _stratified(found: Sequence[xr.Dataset], share: Floats) -> xr.Dataset:
    joint = xr.concat(found, dim="explanation", join="inner")
    part = xr.DataArray(share, dims="explanation")
    ess = {name: 1.0 / (part**2 / joint[name]).sum("explanation") for name in ("ess_bulk", "ess_tail")}
    return xr.Dataset({"r_hat": joint["r_hat"].max("explanation"), **ess})
