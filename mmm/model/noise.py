"""What an outcome does around its mean: the noise of a stage, as records that graph, engine and draws go through.

The kernels of the engine have one function a noise (:mod:`mmm.model.kernels.likelihood`), known by ``number``; all
else about it is stated here, and an unknown name is an error everywhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.special import gammaln

from mmm.arrays import Floats
from mmm.errors import SettingsError
from mmm.model.kernels import block
from mmm.model.kernels.likelihood import NU_LEAST, NU_RATE, NU_SHAPE
from mmm.suggest import suggestion

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable

Around = Mapping[str, Any]
"""``mu``, ``sigma``, ``observed`` and ``dims`` of the outcome in a PyMC model."""


@dataclass(frozen=True)
class Noise:
    """Noise of standard scale ``sigma``.

    ``integrates``: given the media, the baseline's coefficients are normal, so that they are integrated out.
    ``expects_tails``: single periods far off speak for it and not against it. ``extra`` is a positive variable that is
    sampled beside sigma ("" for none), ``follows`` what else of it is stored; ``constant`` the part of its log prior
    density that depends on no parameter. ``graph(around)`` puts the outcome into the model that is being built;
    ``standard(samples, rng, shape)`` draws the noise over sigma, ``log_density(samples, z)`` is the density of that.
    ``made_of`` enters the key of a fit beside its spec.
    """

    name: str
    number: int
    integrates: bool
    expects_tails: bool
    graph: Callable[[Around], "TensorVariable"]
    standard: Callable[[xr.Dataset, np.random.Generator, tuple[int, ...]], Floats]
    log_density: Callable[[xr.Dataset, Floats], Floats]
    extra: str = ""
    follows: Callable[[Mapping[str, Floats]], dict[str, Floats]] = lambda _: {}
    constant: float = 0.0
    made_of: Mapping[str, float] = field(default_factory=dict)


def _normal_graph(around: Around) -> "TensorVariable":
    import pymc as pm

    return pm.Normal("outcome", **around)


def _student_t_graph(around: Around) -> "TensorVariable":
    import pymc as pm

    # Below two, noise may shrink to nothing around the weeks that the baseline can meet exactly.
    nu = pm.Deterministic("nu", NU_LEAST + pm.Gamma("nu_excess", alpha=NU_SHAPE, beta=NU_RATE))
    return pm.StudentT("outcome", nu=nu, **around)


def _nu(samples: xr.Dataset) -> Floats:
    return np.asarray(samples["nu"].values[:, None, None])


def _student_t_density(samples: xr.Dataset, z: Floats) -> Floats:
    nu = _nu(samples)
    norm = gammaln(0.5 * (nu + 1.0)) - gammaln(0.5 * nu) - 0.5 * np.log(np.pi * nu)
    return np.asarray(norm - 0.5 * (nu + 1.0) * np.log1p(z**2 / nu))


NORMAL = Noise(
    name="normal",
    number=block.NORMAL,
    integrates=True,
    expects_tails=False,
    graph=_normal_graph,
    standard=lambda _, rng, shape: rng.standard_normal(shape),
    log_density=lambda _, z: -0.5 * z**2 - 0.5 * np.log(2.0 * np.pi),
)
STUDENT_T = Noise(
    name="student_t",
    number=block.STUDENT_T,
    integrates=False,
    expects_tails=True,
    graph=_student_t_graph,
    standard=lambda samples, rng, shape: rng.standard_t(_nu(samples), shape),
    log_density=_student_t_density,
    extra="nu_excess",
    follows=lambda known: {"nu": NU_LEAST + known["nu_excess"]},
    constant=float(NU_SHAPE * np.log(NU_RATE) - gammaln(NU_SHAPE)),
    made_of={"nu_least": NU_LEAST},
)
_NOISES = {noise.name: noise for noise in (NORMAL, STUDENT_T)}


def noise_of(name: str) -> Noise:
    """The record of a noise. Raises SettingsError for an unknown name."""
    if name not in _NOISES:
        raise SettingsError(f"'{name}' is no noise of the outcome. {suggestion(name, _NOISES)}")
    return _NOISES[name]
