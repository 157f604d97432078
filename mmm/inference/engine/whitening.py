"""Coordinates in which the posterior is close to a standard normal, from its mode and curvature.

On one geo: the mode, a dense Hessian there, log scales bent. With geos the joint mode says nothing of the scales
``geo_sd`` (it lies where deviations are small and scales large, or at zero), so they are taken from their own
approximate posterior: the curvature at the mode says what the data know of the deviations, and with it the scale's
density is one-dimensional. The rest follows given the scales, with the deviations centred as far as the data know them
(Papaspiliopoulos, Roberts and Skold 2007).
Coefficients that are sampled are replaced by what is left of them given the media, before all else.
docs/engine.md explains the choice with measurements.
"""

from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from mmm.arrays import Floats
from mmm.inference.engine.coordinates import Coordinates, Entries, Factor, singles
from mmm.inference.engine.mode import find_mode, hessian, prior_point
from mmm.inference.engine.problem import Problem
from mmm.model.kernels.likelihood import NU_LEAST
from mmm.model.varying import SD, prior_sds

# On one geo the whitening is dense up to this many parameters; beyond, it is by channel.
_DENSE = 300
# Deviations of a channel are whitened together up to this many geos; beyond, one by one.
_DEVIATIONS = 64
# Rounds of taking the scales from the deviations and the deviations given the scales.
_ROUNDS = 2
# Deviations are centred for this quantile of their scale: less is safer, as the scale may come near zero.
_LOW = 0.05


@dataclass(frozen=True)
class Whitening:
    """``coordinates`` to sample in, the point ``x`` they are centred on, and how they were made, in words."""

    coordinates: Coordinates
    x: Floats
    note: str


def whiten(problem: Problem, mode: Floats | None = None) -> Whitening:
    """The coordinates around a ``mode``, by default the one that a search from the middle of the priors finds.

    On one thread: with more the last bits depend on the machine's load.
    """
    with threadpool_limits(1):
        return _whiten(problem, find_mode(problem, prior_point(problem)) if mode is None else mode)


def bent_coordinates(problem: Problem) -> Coordinates:
    """The model's own coordinates but for log scales that the data may say little of, which are near normal there."""
    entries, sizes = _bent(problem)
    plain = Coordinates.identity(problem.layout.dim, len(problem.spec.channels))
    return replace(plain, bent=entries, bent_scale=sizes)


def _whiten(problem: Problem, x: Floats) -> Whitening:
    layout, channels = problem.layout, len(problem.spec.channels)
    entries, sizes = _bent(problem)
    plain = Coordinates.identity(layout.dim, channels)
    note = ""
    if not problem.linear.integrated:
        plain, note = given_media(problem, plain, x), ", coefficients given the media"
        problem = problem.within(plain)
        x = problem.settled(x, back=True)
    bent = replace(plain, bent=entries, bent_scale=sizes)
    if "geo_sd" not in layout:
        within = problem.within(bent)
        y = find_mode(within, bent.before_linear(layout, x))
        blocks, how = _national_blocks(problem)
        factors, repaired = _factors(hessian(within, y), blocks)
        return _made(problem, replace(bent, centre=y, factors=factors), how + note, repaired, len(blocks))
    knowledge = np.zeros(channels)
    for _ in range(_ROUNDS):
        x, knowledge = _with_scales(problem, x)
    partly = replace(bent, centring=np.stack([knowledge, x[layout.of("geo_sd")]]))
    y = partly.before_linear(layout, x)
    curvature = hessian(problem.within(partly), y)
    scales = np.arange(layout.dim)[layout.of("geo_sd")]
    blocks = _geo_blocks(problem)
    factors, repaired = _factors(curvature, blocks)
    own = singles(1.0 / np.sqrt(np.maximum(np.diag(curvature)[scales], 0.5)), scales)
    note = "by channel, deviations partly centred" + note
    return _made(problem, replace(partly, centre=y, factors=(*factors, *own)), note, repaired, len(blocks))


def given_media(problem: Problem, plain: Coordinates, x: Floats) -> Coordinates:
    """``plain`` with sampled coefficients given the media (mmm.model.kernels.conditional), at the noise of ``x``."""
    layout = problem.layout
    gram, cross, lone = (problem.array(name) for name in ("gram", "lone_cross", "lone_square"))
    products = np.block([[gram, cross.T], [cross, np.diag(lone)]])
    prior = np.concatenate([problem.array("precision"), problem.array("lone_precision")])
    scaled, others = np.flatnonzero(problem.linear.groups >= 0), np.flatnonzero(problem.linear.groups < 0)
    precision = float(np.exp(-2.0 * x[layout.of("sigma")])[0])
    if "nu_excess" in layout:
        # Fisher information of a Student-t location, against a normal's of the same scale.
        nu = NU_LEAST + float(np.exp(x[layout.of("nu_excess")])[0])
        precision *= (nu + 1.0) / (nu + 3.0)
    known = precision * products[np.ix_(others, others)] + np.diag(prior[others])
    given = precision * np.linalg.inv(known)
    onto = given @ products[np.ix_(others, scaled)]
    left = products[np.ix_(scaled, scaled)] - onto.T @ known @ onto / precision
    strength = precision * np.maximum(np.diag(left), 0.0)
    return replace(plain, given=given, onto=onto, known=np.append(strength, precision))


def _made(problem: Problem, coordinates: Coordinates, note: str, repaired: int, blocks: int) -> Whitening:
    if repaired:
        note += f", {repaired} of {blocks} blocks repaired"
    centre = coordinates.to_x(problem.layout, np.zeros(problem.layout.dim))
    return Whitening(coordinates, problem.within(coordinates).settled(centre), note)


def _bent(problem: Problem) -> tuple[Entries, Floats]:
    """Log scales with a half-normal prior, of which the data may say little, and the scale of that prior."""
    layout, scales = problem.layout, problem.array("scales")
    entries: list[int] = []
    sizes: list[float] = []
    own: list[tuple[str, float | Floats]] = [(s.name, s.prior) for s in problem.linear.scales if not s.heavy]
    own += [(term.name, term.sd) for term in problem.linear.signed]
    for name, scale in (("geo_sd", scales[0]), (SD, prior_sds(problem.spec.varying)), *own):
        if name in layout:
            part = layout[name]
            entries += range(part.start, part.stop)
            sizes += np.broadcast_to(scale, part.stop - part.start).tolist()
    return np.array(entries, dtype=np.intp), np.array(sizes)


def _with_scales(problem: Problem, x: Floats) -> tuple[Floats, Floats]:
    """``x`` with geo_sd at its posterior median and the rest at its mode given that; centring by channel.

    In the eigenvectors of a channel's curvature, deviations are estimated as m_k with variance v_k by the data alone,
    so that m_k ~ N(0, geo_sd^2 + v_k): the scale's density is known on a grid. The centring is the mean over k of
    geo_sd^2 / (geo_sd^2 + v_k), the data's share of what is known, at a low quantile of geo_sd.
    """
    layout, curvature = problem.layout, hessian(problem, x)
    deviation, scale = layout["geo_deviation"], layout.of("geo_sd")
    channels, free = deviation.shape
    prior = float(problem.array("scales")[0])
    grid = np.log(prior) + np.linspace(-6.0, 1.5, 400)
    out, knowledge = x.copy(), np.empty(channels)
    for c in range(channels):
        where = np.arange(deviation.start + c * free, deviation.start + (c + 1) * free)
        sd = np.exp(x[scale][c])
        # Without the prior's unit precision, and by the deviations themselves.
        information, vectors = np.linalg.eigh(curvature[np.ix_(where, where)] - np.eye(free))
        variance = sd**2 / np.maximum(information, 1e-6)
        estimate = (vectors.T @ x[where]) * sd * (1.0 + variance / sd**2)
        total = np.exp(2 * grid)[:, None] + variance
        log_density = grid - 0.5 * np.exp(2 * grid) / prior**2 - 0.5 * (np.log(total) + estimate**2 / total).sum(axis=1)
        weights = np.exp(log_density - log_density.max())
        low, median = np.interp([_LOW, 0.5], np.cumsum(weights) / weights.sum(), grid)
        knowledge[c] = np.mean(1.0 / (1.0 + variance * np.exp(-2 * low)))
        out[where] *= sd / np.exp(median)
        out[scale.start + c] = median
    return find_mode(problem, out, held=scale), knowledge


def _national_blocks(problem: Problem) -> tuple[list[Entries], str]:
    dim = problem.layout.dim
    if dim <= _DENSE:
        return [np.arange(dim)], "dense"
    return _with_rest(dim, list(problem.layout.by_channel)), "by channel"


def _geo_blocks(problem: Problem) -> list[Entries]:
    """Parameters of a channel together, but for its geo_sd; deviations too unless there are many geos."""
    layout = problem.layout
    scales = np.arange(layout.dim)[layout.of("geo_sd")]
    deviations = np.arange(layout.dim)[layout.of("geo_deviation")]
    if layout["geo_deviation"].shape[1] <= _DEVIATIONS:
        blocks = [np.setdiff1d(entries, scales) for entries in layout.by_channel]
    else:
        apart = np.concatenate([scales, deviations])
        blocks = [np.setdiff1d(entries, apart) for entries in layout.by_channel]
        blocks += [deviations[i : i + 1] for i in range(len(deviations))]
    return [b for b in _with_rest(layout.dim, [*blocks, scales]) if not np.array_equal(b, scales)]


def _with_rest(dim: int, blocks: list[Entries]) -> list[Entries]:
    rest = np.setdiff1d(np.arange(dim), np.concatenate(blocks))
    return [*blocks, rest]


def _factors(curvature: Floats, blocks: list[Entries]) -> tuple[tuple[Factor, ...], int]:
    """A root of each block's inverse, and how many blocks were not positive definite."""
    out, repaired = [], 0
    for entries in blocks:
        factor, ok = _factor(curvature[np.ix_(entries, entries)])
        out.append((entries, factor))
        repaired += not ok
    return tuple(out), repaired


def _factor(precision: Floats) -> tuple[Floats, bool]:
    """L with L L' = precision^-1; eigenvalues that are not clearly positive are taken by size and bounded.

    Every parameter's prior has a standard deviation of order one, so that a precision below 0.1 is not believed. The
    symmetric root is taken: coordinates keep their meaning, so that what is left to adapt is close to diagonal.
    """
    if not np.isfinite(precision).all():
        return np.eye(len(precision)), False
    values, vectors = np.linalg.eigh(precision)
    ok = bool(values[0] > 1e-3)
    if not ok:
        values = np.maximum(np.abs(values), 0.1)
    return np.asarray((vectors / np.sqrt(values)) @ vectors.T), ok
