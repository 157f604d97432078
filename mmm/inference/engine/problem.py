"""A model on a dataset as the fast engine sees it: layout, block, log posterior and gradient."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mmm.data.dataset import Dataset
from mmm.inference.engine.layout import Layout, dense_terms, make_layout
from mmm.inference.engine.pack import pack, read, whiten
from mmm.model.baseline import Term, terms
from mmm.model.kernels import sampler
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
        """Log posterior density at ``x[dim]``, normalised but for the evidence, and its gradient."""
        point = np.ascontiguousarray(x, dtype=np.float64)
        grad = np.empty(self.layout.dim)
        return float(sampler.evaluate(self.block, self.block.view(np.int64), point, grad)), grad

    def many(self, x: Floats) -> tuple[Floats, Floats]:
        """:meth:`value_and_gradient` at every row of ``x``."""
        points = np.ascontiguousarray(x, dtype=np.float64)
        value, grad = np.empty(len(points)), np.empty(points.shape)
        sampler.evaluate_many(self.block, self.block.view(np.int64), points, value, grad)
        return value, grad

    def whitened(self, centre: Floats, factors: list[tuple[npt.NDArray[np.intp], Floats]]) -> "Problem":
        """The same problem with a block that is sampled in z, x = centre + L z; ``factors`` are L's diagonal blocks."""
        return replace(self, block=whiten(self.block, centre, factors))

    @property
    def dense(self) -> list[Term]:
        """Terms of the dense columns in their order; on one geo with the intercept."""
        return dense_terms(self.baseline, len(self.spec.geos))

    def array(self, name: str) -> npt.NDArray[np.generic]:
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
