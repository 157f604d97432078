"""From fits of single models to a fit of their mixture."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

import xarray as xr

from mmm.data.dataset import Dataset
from mmm.inference.fit import FORMAT_VERSION, Fit
from mmm.inference.loo import leave_one_out, weigh
from mmm.inference.sample import fit_model
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import Mixture


def fit_mixture(dataset: Dataset, mixture: Mixture, sampler: SamplerSettings) -> Fit:
    """Fit every member and weight them, without a store. Raises FitError where a sampler cannot start."""
    fits = [with_loo(fit_model(dataset, member.spec, sampler, mixture.evidence)) for member in mixture.members]
    return combine(fits, mixture)


def with_loo(fit: Fit) -> Fit:
    """A fit of one member with its group ``loo``."""
    member = fit.main
    tree = member.tree.copy()
    tree["loo"] = xr.DataTree(leave_one_out(member.spec, member.posterior, fit.dataset, fit.seed))
    return replace(fit, members=(replace(member, tree=tree),))


def combine(fits: Sequence[Fit], mixture: Mixture) -> Fit:
    """The mixture of fits of one member each, in the order of ``mixture.members``; each needs its group ``loo``."""
    if len(fits) == 1:
        return fits[0]
    parts = [fit.main for fit in fits]
    found = weigh([part.tree["loo"].to_dataset() for part in parts], mixture.weighting, mixture.floor, fits[0].seed)
    names = [member.name for member in mixture.members]
    content = {
        "format": FORMAT_VERSION,
        "members": [[name, part.key] for name, part in zip(names, parts, strict=True)],
        "weighting": mixture.weighting,
        "floor": mixture.floor,
    }
    return replace(
        fits[0],
        members=tuple(
            replace(part, name=name, weight=float(weight))
            for part, name, weight in zip(parts, names, found.values, strict=True)
        ),
        key=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
        notes=found.notes,
    )
