"""A model on a dataset as the fast engine sees it: layout, block, log posterior and gradient."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mmm.data.dataset import Dataset
from mmm.inference.engine import compiled
from mmm.inference.engine.layout import Layout, dense_terms, make_layout
from mmm.inference.engine.pack import pack, read, whiten
from mmm.model.baseline import Term, terms
from mmm.model.panel import panel
from mmm.model.spec import ModelSpec

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """The posterior of ``spec`` on a dataset over the unconstrained vector that ``layout`` describes.

    ``integrated``: the baseline's coefficients are integrated out, so that the vector does not hold them.
    """

    spec: ModelSpec
    layout: Layout
    baseline: tuple[Term, ...]
    block: Floats
    integrated: bool

    def value_and_gradient(self, x: Floats) -> tuple[float, Floats]:
        """Log posterior density at ``x[dim]``, normalised but for the evidence, and its gradient.

        Of a :meth:`whitened` problem, at z and by z. NaN or infinite where it cannot be computed.
        """
        return compiled.evaluate(self.block, np.ascontiguousarray(x, dtype=np.float64))

    def many(self, x: Floats) -> tuple[Floats, Floats]:
        """:meth:`value_and_gradient` at every row of ``x``."""
        values, gradients = zip(*(self.value_and_gradient(row) for row in x), strict=True)
        return np.array(values), np.stack(gradients)

    def whitened(self, centre: Floats, factors: list[tuple[npt.NDArray[np.intp], Floats]]) -> "Problem":
        """The same problem with a block that is sampled in z, x = centre + L z; ``factors`` are L's diagonal blocks."""
        return replace(self, block=whiten(self.block, centre, factors))

    @staticmethod
    def unwhitened(z: Floats, centre: Floats, factors: list[tuple[npt.NDArray[np.intp], Floats]]) -> Floats:
        """x = centre + L z over the last axis of ``z``."""
        x = np.broadcast_to(centre, z.shape).copy()
        for entries, factor in factors:
            x[..., entries] += z[..., entries] @ factor.T
        return x

    @property
    def dense(self) -> list[Term]:
        """Terms of the dense columns in their order; on one geo with the intercept."""
        return dense_terms(self.baseline, len(self.spec.geos))

    def array(self, name: str) -> npt.NDArray[Any]:
        """One array of the block, by its name in :class:`mmm.model.kernels.block.Block`."""
        return read(self.block)[name]


def log_posterior(spec: ModelSpec, dataset: Dataset, *, integrated: bool | None = None) -> Problem:
    """The posterior of ``spec`` on ``dataset``; coefficients are integrated out wherever that is exact by default."""
    if integrated is None:
        integrated = spec.likelihood == "normal"
    data = panel(spec, dataset)
    baseline = terms(spec, data.dates, data.control)
    layout = make_layout(spec, baseline, integrated=integrated)
    return Problem(spec, layout, baseline, pack(spec, data, baseline, layout, integrated=integrated), integrated)
