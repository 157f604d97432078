"""A model on a dataset as the fast engine sees it: layout, block, log posterior and gradient."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.inference.engine import compiled
from mmm.inference.engine.coordinates import Coordinates
from mmm.inference.engine.layout import Layout, Linear, make_layout, make_linear
from mmm.inference.engine.pack import pack, read, with_coordinates
from mmm.model.baseline import terms
from mmm.model.evidence import NO_EVIDENCE, Evidence, contrasts
from mmm.model.kernels import draws
from mmm.model.panel import panel
from mmm.model.spec import ModelSpec


@dataclass(frozen=True)
class Problem:
    """The posterior of ``spec`` on a dataset over the unconstrained vector that ``layout`` describes."""

    spec: ModelSpec
    layout: Layout
    linear: Linear
    block: Floats

    def value_and_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Log posterior density at ``x[dim]``, normalised but for the evidence, and its gradient.

        NaN or infinite where it cannot be computed.
        """
        return compiled.evaluate(self.block, np.ascontiguousarray(x, dtype=np.float64))

    def many(self, x: Floats) -> tuple[Floats, Floats]:
        """:meth:`value_and_gradient` at every row of ``x``."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            # The compiled function does not hold the interpreter's lock.
            found = list(pool.map(self.value_and_gradient, x, chunksize=16))
        return np.array([v for v, _ in found]), np.stack([g for _, g in found])

    def within(self, coordinates: Coordinates) -> "Problem":
        """The same problem in other coordinates: density and gradient are then at and by z."""
        return replace(self, block=with_coordinates(self.block, coordinates))

    def settled(self, x: Floats, *, back: bool = False) -> Floats:
        """``x[..., dim]`` with sampled coefficients taken from these coordinates to the model's own, or ``back``."""
        out = np.array(x, dtype=np.float64).reshape(-1, self.layout.dim)
        if self.array("known").size:
            draws.settle(self.block, self.block.view(np.int64), out, back)
        return out.reshape(x.shape)

    def array(self, name: str) -> npt.NDArray[Any]:
        """One array of the block, by its name in :class:`mmm.model.kernels.block.Block`."""
        return read(self.block)[name]


def log_posterior(
    spec: ModelSpec, dataset: Dataset, evidence: Evidence = NO_EVIDENCE, *, integrated: bool | None = None
) -> Problem:
    """The posterior of ``spec`` on ``dataset`` and the experiments of ``evidence``.

    Coefficients are integrated out wherever that is exact by default.
    """
    if integrated is None:
        integrated = spec.noise.integrates
    data = panel(spec, dataset)
    own = terms(spec, data.dates, data.control)
    # Coefficients of one sign are added to the media's mean, period by period.
    own = tuple(term if term.sign else replace(term, design=data.means(term.design)) for term in own)
    linear = make_linear(own, data.observed, integrated=integrated)
    layout = make_layout(spec, linear)
    tests = contrasts(evidence, dataset, spec.lookback)
    return Problem(spec, layout, linear, pack(spec, data, linear, layout, tests))
