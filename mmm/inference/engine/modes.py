"""Every mode of a posterior that matters, found by searches from dispersed starts, with its evidence.

A posterior of several channels may have several modes: the outcome of weeks in which channels run together can be
credited to either, and a channel's curve may be steep and low or flat and high. Chains that start near one of them need
not reach the others, and agree with each other all the same. The searches start from the prior's draws of the media's
parameters, from the first mode with the parameters of two channels exchanged, and from it with one channel that does
far more than was expected, at spend that it rarely reaches.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from mmm.arrays import Floats
from mmm.inference.engine.mode import find_mode, hessian, prior_point
from mmm.inference.engine.prior_draws import unconstrained_draws
from mmm.inference.engine.problem import Problem
from mmm.inference.engine.whitening import bent_coordinates
from mmm.model.parameters import variables
from mmm.model.priors import numbers, transform

_FROM_PRIOR, _EXCHANGED, _RAISED = 6, 6, 12
# The same search for every seed of the sampler: attempts at a sample can be joined.
_SEED = 20240101
# A mode with less than a twentieth of the best one's evidence is left to chance.
_MATTERS = np.log(20.0)
_MOST = 4
_REACH, _SAME = 3.0, 2.0
_LEAST_CURVATURE = 0.1
# The upper end of a 90% interval, in standard deviations.
_UPPER = 1.645


@dataclass(frozen=True)
class Mode:
    """``x`` is the unconstrained vector, ``evidence`` the log of the integral around it by Laplace's approximation."""

    x: Floats
    evidence: float


@dataclass(frozen=True)
class _Found:
    mode: Mode
    y: Floats
    curvature: Floats


def modes(problem: Problem) -> tuple[Mode, ...]:
    """The modes that matter, the one of the largest evidence first; at most four.

    Of two that lie within three standard deviations by the curvature at either, which a chain covers anyway, the better
    one is kept, and of two whose effects and families' parameters differ by less than two of their own: what they say
    is the same. With geos the scales of the deviations are held in the middle of their prior:
    the joint mode says nothing of them.
    """
    with threadpool_limits(1):
        return _modes(problem)


def _modes(problem: Problem) -> tuple[Mode, ...]:
    layout = problem.layout
    held = layout.of("geo_sd") if "geo_sd" in layout else None
    bent = bent_coordinates(problem)
    within = problem.within(bent)
    free = np.arange(layout.dim) if held is None else np.setdiff1d(np.arange(layout.dim), np.arange(layout.dim)[held])
    first = find_mode(problem, prior_point(problem), held=held)
    found: list[_Found] = []
    for i, start in enumerate((first, *_starts(problem, first))):
        x = find_mode(problem, start, held=held) if i else first
        y = find_mode(within, bent.before_linear(layout, x), held=held)
        if not any(_near(y[free] - one.y, one.curvature, 1.0) for one in found):
            found.append(_looked_at(within, x, y, free))
    found.sort(key=lambda one: -one.mode.evidence)
    kept: list[_Found] = []
    told = np.isin(free, _told(problem))
    for one in found:
        if found[0].mode.evidence - one.mode.evidence > _MATTERS or len(kept) == _MOST:
            break
        if not any(_reached(one.y - o.y, c, told) for o in kept for c in (o.curvature, one.curvature)):
            kept.append(one)
    return tuple(one.mode for one in kept)


def _starts(problem: Problem, first: Floats) -> list[Floats]:
    """Where searches start besides ``first``; of exchanges and raised channels those of the largest effects."""
    layout, spec = problem.layout, problem.spec
    media, effects = np.concatenate(layout.by_channel), layout.of(spec.effect_kind)
    out = []
    for draw in unconstrained_draws(problem, _FROM_PRIOR, _SEED):
        start = first.copy()
        start[media] = draw[media]
        out.append(start)
    order = np.argsort(np.array([c.effect.mu for c in spec.channels]) - first[effects])
    largest = layout.by_channel[order[0]]
    for c in order[1 : 1 + _EXCHANGED]:
        own = layout.by_channel[c]
        if len(own) == len(largest):
            start = first.copy()
            start[own], start[largest] = first[largest], first[own]
            out.append(start)
    levels = [v for v in variables(spec) if v.parameter.of_media and transform(v.parameter.prior) == "log"]
    for c in order[:_RAISED]:
        start = first.copy()
        start[effects.start + c] = spec.channels[c].effect.mu + 2.0 * _UPPER * spec.channels[c].effect.sigma
        for variable in (v for v in levels if c in v.owners):
            at = variable.owners.index(c)
            middle, spread = numbers(variable.priors[at])
            start[layout.of(variable.name).start + at] = middle + _UPPER * spread
        out.append(start)
    return out


def _looked_at(within: Problem, x: Floats, y: Floats, free: npt.NDArray[np.intp]) -> _Found:
    """A mode with its curvature; where that is not positive definite it is repaired as a whitening does."""
    value, _ = within.value_and_gradient(y)
    values, vectors = np.linalg.eigh(hessian(within, y)[np.ix_(free, free)])
    values = np.maximum(np.abs(values), _LEAST_CURVATURE)
    evidence = value + 0.5 * len(free) * np.log(2.0 * np.pi) - 0.5 * float(np.log(values).sum())
    mode = Mode(x, float(evidence) if np.isfinite(value) else -np.inf)
    return _Found(mode, y[free], (vectors * values) @ vectors.T)


def _near(apart: Floats, curvature: Floats, distance: float) -> bool:
    return float(apart @ curvature @ apart) < distance**2


def _told(problem: Problem) -> npt.NDArray[np.intp]:
    """Entries of the channels' effects and of their families' parameters, without what differs between geos."""
    names = (problem.spec.effect_kind, *(variable.name for variable in variables(problem.spec)))
    return np.concatenate([np.arange(problem.layout.dim)[problem.layout.of(name)] for name in names])


def _reached(apart: Floats, curvature: Floats, told: npt.NDArray[np.bool_]) -> bool:
    spread = np.sqrt(np.diag(np.linalg.inv(curvature)))
    return _near(apart, curvature, _REACH) or bool((np.abs(apart) / spread)[told].max() < _SAME)
