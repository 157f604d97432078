"""What a family states of itself.

Kernels are plain functions over arrays that numba can compile; they are compiled at their first use, to C functions
that the engine calls once a channel (:mod:`mmm.model.kernels.call`), never once a cell. ``p`` are the parameters in the
record's order, on their natural scale.

- ``weights(p, normalised, w, by)`` writes the weight of a spend ``lag`` periods ago to ``w[lag]`` and its derivative by
  every parameter to ``by[parameter, lag]``. Where ``normalised``, the sum is taken out afterwards, so that any common
  factor may be left out: it keeps all weights from underflowing together.
- ``recursion(p, normalised, lags, geos, x, a, by)``, where a carryover has one whose cost does not depend on the lag:
  the adstock of the flat panel ``x[t * geos + g]`` to ``a``, and its derivatives to ``by[parameter]``.
- ``response(p, a, value, slope, by)``: saturation of the adstock ``a[i]``, its derivative by ``a`` and, to
  ``by[parameter, i]``, by every parameter.
- ``curve(p, a, value, slope, bend)``: saturation with its first and second derivative by ``a``, where
  ``p[parameter, i]`` differs from place to place: the planner looks at many draws at once.

Graphs are the same formulas in PyTensor, held equal to the kernels by tests: ``graph(lag, *p)`` of a carryover gives
weights [lag, channel] before normalisation, ``graph(a, *p)`` of a saturation values [..., channel]; each ``p`` is a
vector over channels.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from mmm.arrays import Floats
from mmm.model.priors import LogNormalPrior, Prior

Kernel = Callable[..., None]


@dataclass(frozen=True)
class Parameter:
    """A parameter of a family: ``name`` in the settings, ``variable`` in the posterior.

    The kind of the default ``prior`` says where it lives: a log-normal one above zero (sampled as its logarithm), a
    beta one between 0 and 1 (sampled as its logit). ``meaning`` is what the report and the tables say that it is, in
    business units. ``alike``: it means the same in every family that has it, so that one prior may be stated for it
    while the family is left open. ``of_media``: it is a level of media, relative to the channel's mean over active
    periods, whose prior may be stated in money or media units.
    """

    name: str
    variable: str
    prior: Prior
    meaning: str
    alike: bool = True
    of_media: bool = False


HALF = Parameter(
    "half",
    "half_saturation",
    LogNormalPrior(lower=0.2, upper=6.0),
    "half-saturation, relative to the channel's mean",
    of_media=True,
)
"""The scale of every curve of saturation, stated so that one prior means the same for all of them."""


@dataclass(frozen=True, kw_only=True)
class Family(ABC):
    """What every family states: ``label`` and ``sentence`` are for readers of a report, ``formula`` for the tables.

    ``extends`` names the family under whose name settings mean this one, by the parameters that they give a prior to:
    one with more parameters, or with another one in its place. ``also`` are other names of the same curve, under which
    settings may ask for it.
    """

    name: str
    label: str
    sentence: str
    formula: str
    source: str
    parameters: tuple[Parameter, ...]
    extends: str = ""
    also: tuple[str, ...] = ()

    @property
    @abstractmethod
    def kernels(self) -> dict[str, Kernel | None]:
        """The kernels by what they are for."""


@dataclass(frozen=True, kw_only=True)
class Adstock(Family):
    """Carryover, linear in media: ``weights`` by lag, and a ``recursion`` where there is one."""

    weights: Kernel
    graph: Callable[..., Any]
    recursion: Kernel | None = None

    @property
    def kernels(self) -> dict[str, Kernel | None]:
        return {"weights": self.weights, "recursion": self.recursion}


class Shape(NamedTuple):
    """What bounds the curvature of a saturation curve; the parameters' arrays give arrays.

    ``turn``: where it turns from convex to concave, 0 where it is concave from the start. ``bends``: up to two places
    where the second derivative has extremes of its own, infinity where there are none. ``at_zero``: the limit of the
    second derivative at zero, which may be infinite.
    """

    turn: Floats
    bends: tuple[Floats, Floats]
    at_zero: Floats


@dataclass(frozen=True, kw_only=True)
class Saturation(Family):
    """A curve that rises from 0, towards 1 where it is ``bounded``.

    ``shape(*p)`` gives its :class:`Shape`, on which plans' certificates rest.

    ``of_frequency``: it is a curve of how often a person was reached, for channels with reach and frequency alone.
    ``precise``: the curve tells apart adstocks that are near nothing (a power of them, say), so that they must be
    computed without cancellation.
    """

    response: Kernel
    curve: Kernel
    graph: Callable[..., Any]
    shape: Callable[..., Shape]
    precise: bool = False
    bounded: bool = True
    of_frequency: bool = False

    @property
    def kernels(self) -> dict[str, Kernel | None]:
        return {"response": self.response, "curve": self.curve}
