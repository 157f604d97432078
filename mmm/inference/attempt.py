"""An attempt at a sample: its length and its steps, and what is kept of it and of the one before.

Every further attempt takes smaller steps, with twice the warm-up and a third of the distance to acceptance 1: chains
that fall short are those of a difficult posterior. Chains that agree but for too few draws get as many draws again,
from fresh starts, and both are kept, thinned. Chains that diverged are sampled anew, and those that are far apart also
three times as long. As many draws are kept as were asked for.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from mmm.inference.convergence import GROUP, MODES, Convergence, energy_explored
from mmm.inference.fit import Fit
from mmm.inference.settings import SamplerSettings

# How much longer chains are that were far apart, and how much closer to 1 the acceptance of every attempt is.
_LONGER = 3


@dataclass(frozen=True)
class Attempt:
    """The ``number``-th attempt, from 0: how often chains were made longer, and draws added since then.

    ``before`` is the tree that the attempt before left, ``seen`` how it converged, ``spent`` the seconds by step so
    far.
    """

    number: int = 0
    longer: int = 0
    added: int = 0
    before: xr.DataTree | None = None
    seen: Convergence | None = None
    spent: dict[str, float] = field(default_factory=dict)

    def after(self, fit: Fit) -> "Attempt":
        """The attempt that follows on ``fit``, whose chains fall short."""
        seen = fit.main.converged
        out = replace(self, number=self.number + 1, before=fit.main.tree, seen=seen, spent=fit.main.seconds)
        if seen is not None and seen.near and not seen.divergences:
            return replace(out, added=self.added + 1)
        return replace(out, longer=self.longer + (seen is None or not seen.near), added=0)

    @property
    def _factor(self) -> int:
        """Draws over those that were asked for; of an addition as many as what it is added to was thinned from."""
        return int(_LONGER**self.longer * 2 ** max(self.added - 1, 0))

    @property
    def words(self) -> str:
        """What is said when a model is sampled again."""
        how = f"{self._factor} times as long" if self._factor > 1 else "with smaller steps"
        how = "As many draws again" if self.added else f"Sampled again, {how}"
        return f"{how}: {'' if self.seen is None else self.seen.short}."

    def settings(self, sampler: SamplerSettings) -> SamplerSettings:
        """How this attempt is sampled."""
        return sampler.model_copy(
            update={
                "draws": sampler.draws * self._factor,
                "tune": sampler.tune * 2**self.number,
                "target_accept": 1.0 - (1.0 - sampler.target_accept) / _LONGER**self.number,
                # Another seed where draws are added: the same chains again would add nothing.
                "seed": sampler.seed + (self.number if self.added else 0),
            }
        )

    def kept(self, tree: xr.DataTree) -> xr.DataTree:
        """What is kept of the attempt's ``tree``, as many draws as were asked for."""
        found = thinned(tree, self._factor)
        if not self.added or self.before is None or _explanations(self.before) != _explanations(found):
            return found
        return thinned(joined(self.before, found), 2)

    def seconds(self, taken: dict[str, float]) -> dict[str, float]:
        """Seconds by step of all attempts, this one's being ``taken``."""
        return {name: self.spent.get(name, 0.0) + taken.get(name, 0.0) for name in {**self.spent, **taken}}


FIRST = Attempt()


def joined(first: xr.DataTree, second: xr.DataTree) -> xr.DataTree:
    """The draws of each chain of ``second`` after those of the same chain of ``first``; of E-BFMI the smaller one."""
    stats = [with_energy(tree) for tree in (first, second)]
    lowest = np.minimum(*(part["e_bfmi"].values for part in stats))
    both = xr.concat([part.drop_vars("e_bfmi") for part in stats], dim="draw", join="override")
    draws = xr.concat([tree["posterior"].to_dataset() for tree in (first, second)], dim="draw", join="override")
    count = np.arange(draws.sizes["draw"])
    found = {"posterior": draws, "sample_stats": both.assign(e_bfmi=("chain", lowest))}
    if _explanations(second):
        parts = [tree[MODES].to_dataset() for tree in (first, second)]
        labels = xr.concat([part["mode"] for part in parts], dim="draw", join="override")
        found[MODES] = xr.Dataset({"weight": 0.5 * (parts[0]["weight"] + parts[1]["weight"]), "mode": labels})
    tree = xr.DataTree.from_dict({name: part.assign_coords(draw=count) for name, part in found.items()})
    if _explanations(second):
        one, other = (part[GROUP].to_dataset() for part in (first, second))
        ess = {name: one[name] + other[name] for name in ("ess_bulk", "ess_tail")}
        tree[GROUP] = xr.DataTree(xr.Dataset({"r_hat": np.maximum(one["r_hat"], other["r_hat"]), **ess}))
    return tree


def _explanations(tree: xr.DataTree) -> int:
    """How many modes the draws are from; 0 where nothing was said of it."""
    return int(tree[MODES].sizes["explanation"]) if MODES in tree.children else 0


def thinned(tree: xr.DataTree, every: int) -> xr.DataTree:
    """One draw of ``every``, with its statistics; a kept draw counts as divergent where any since the last one did.

    Energies of thinned draws depend less on each other, so that E-BFMI is that of all draws.
    """
    if every == 1:
        return tree
    posterior, stats = tree["posterior"].to_dataset(), with_energy(tree)
    kept = stats.isel(draw=slice(every - 1, None, every))
    diverging = stats["diverging"].coarsen(draw=every).max()
    kept = kept.assign(diverging=kept["diverging"].copy(data=diverging.values.astype(bool)))
    found = {"posterior": posterior.isel(draw=slice(every - 1, None, every)), "sample_stats": kept}
    count = np.arange(kept.sizes["draw"])
    if MODES in tree.children:
        found[MODES] = tree[MODES].to_dataset().isel(draw=slice(every - 1, None, every))
    out = xr.DataTree.from_dict({name: part.assign_coords(draw=count) for name, part in found.items()})
    if MODES in tree.children:
        # By mode: of draws of several modes in an order by chance nothing can be said anew.
        out[GROUP] = tree[GROUP]
    return out


def with_energy(tree: xr.DataTree) -> xr.Dataset:
    """The sampler's statistics with ``e_bfmi`` by chain, of all draws where they are thinned already."""
    stats = tree["sample_stats"].to_dataset()
    if "e_bfmi" in stats:
        return stats
    return stats.assign(e_bfmi=("chain", energy_explored(stats["energy"].values)))
