"""An attempt at a sample: its length, and what is kept of it and of the one before.

Chains that agree but for too few draws are given as many draws again, from fresh starts, and nothing is thrown away.
Chains that diverged need smaller steps: a sample of its own, with twice the warm-up and a third of the distance to
acceptance 1. Chains that are far apart get the same and three times the draws. As many draws are kept as were asked
for.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from mmm.inference.convergence import Convergence
from mmm.inference.fit import Fit
from mmm.inference.settings import SamplerSettings

_LONGER = 3


@dataclass(frozen=True)
class Attempt:
    """The ``number``-th attempt, from 0; ``before`` is the tree that the one before left, ``seen`` how it converged."""

    number: int = 0
    before: xr.DataTree | None = None
    seen: Convergence | None = None

    def after(self, fit: Fit) -> "Attempt":
        """The attempt that follows on ``fit``, whose chains fall short."""
        return Attempt(self.number + 1, fit.main.tree, fit.main.converged)

    @property
    def _joins(self) -> bool:
        return self.seen is not None and self.seen.near and not self.seen.divergences

    @property
    def _factor(self) -> int:
        """Draws over those that were asked for."""
        if self._joins:
            return int(2 ** (self.number - 1))
        return 1 if self.seen is None or self.seen.near else int(_LONGER**self.number)

    @property
    def words(self) -> str:
        """What is said when a model is sampled again."""
        how = f"{self._factor} times as long" if self._factor > 1 else "with smaller steps"
        how = "As many draws again" if self._joins else f"Sampled again, {how}"
        return f"{how}: {'' if self.seen is None else self.seen.short}."

    def settings(self, sampler: SamplerSettings) -> SamplerSettings:
        """How this attempt is sampled."""
        if self._joins:
            # Another seed: the same chains again would add nothing.
            more = {"draws": sampler.draws * self._factor, "seed": sampler.seed + self.number}
            return sampler.model_copy(update=more)
        return sampler.model_copy(
            update={
                "draws": sampler.draws * self._factor,
                "tune": sampler.tune * 2**self.number,
                "target_accept": 1.0 - (1.0 - sampler.target_accept) / _LONGER**self.number,
            }
        )

    def kept(self, tree: xr.DataTree) -> xr.DataTree:
        """What is kept of the attempt's ``tree``, as many draws as were asked for."""
        found = thinned(tree, self._factor)
        return thinned(joined(self.before, found), 2) if self._joins and self.before is not None else found


FIRST = Attempt()


def joined(first: xr.DataTree, second: xr.DataTree) -> xr.DataTree:
    """The draws of each chain of ``second`` after those of the same chain of ``first``."""
    found = {
        name: xr.concat([first[name].to_dataset(), second[name].to_dataset()], dim="draw", join="override")
        for name in ("posterior", "sample_stats")
    }
    count = np.arange(next(iter(found.values())).sizes["draw"])
    return xr.DataTree.from_dict({name: part.assign_coords(draw=count) for name, part in found.items()})


def thinned(tree: xr.DataTree, every: int) -> xr.DataTree:
    """One draw of ``every``, with its statistics; a kept draw counts as divergent where any since the last one did."""
    if every == 1:
        return tree
    posterior, stats = tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()
    kept = stats.isel(draw=slice(every - 1, None, every))
    diverging = stats["diverging"].coarsen(draw=every).max()
    kept = kept.assign(diverging=kept["diverging"].copy(data=diverging.values.astype(bool)))
    found = {"posterior": posterior.isel(draw=slice(every - 1, None, every)), "sample_stats": kept}
    count = np.arange(kept.sizes["draw"])
    return xr.DataTree.from_dict({name: part.assign_coords(draw=count) for name, part in found.items()})
