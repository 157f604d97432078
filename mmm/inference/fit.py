"""A Fit: what was learned, with everything that it was learned from. It neither samples nor plots."""

from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from mmm.data.dataset import Dataset
from mmm.model.draws import response_draws, stacked
from mmm.model.response import ResponseDraws
from mmm.model.spec import ModelSpec

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Fit:
    """Posterior draws with their dataset and spec.

    ``tree`` is an ArviZ DataTree with the groups ``posterior`` and ``sample_stats`` (dims chain, draw, ...).
    ``excluded`` names channels of the dataset that were left out, as nothing could be learned of them. ``seconds``
    holds the time of compiling and sampling. ``versions`` decide whether a stored fit is reused, never whether it can
    be read.
    """

    dataset: Dataset
    spec: ModelSpec
    tree: xr.DataTree
    seed: int
    key: str
    engine: str
    excluded: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    @property
    def posterior(self) -> xr.Dataset:
        return self.tree["posterior"].to_dataset()

    @property
    def window(self) -> slice:
        """Rows of the dataset from the first to the last observed outcome."""
        rows = np.flatnonzero(self.dataset.data["observed"].values.any(axis=1))
        return slice(int(rows[0]), int(rows[-1]) + 1)

    def samples(self, max_draws: int | None = None) -> xr.Dataset:
        """Posterior with chains joined to ``sample``, evenly thinned."""
        return stacked(self.posterior, max_draws)

    def response(self, max_draws: int | None = None) -> ResponseDraws:
        """The media response of (at most ``max_draws`` of) the posterior draws."""
        return response_draws(self.spec, self.samples(max_draws))

    def _repr_html_(self) -> str:
        sizes = self.tree["posterior"].sizes
        return (
            "<div><strong>Fit</strong> "
            f"{len(self.spec.channels)} channels, {len(self.spec.geos)} geos, {self.spec.window[0]} to "
            f"{self.spec.window[1]}; {sizes['chain']} chains of {sizes['draw']} draws ({self.engine} engine), "
            f"key {self.key[:12]}</div>"
        )
