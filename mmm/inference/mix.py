"""From fits of single models to a fit of their mixture."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import xarray as xr

from mmm.data.dataset import Dataset
from mmm.inference.attempt import FIRST, Attempt
from mmm.inference.fit import FORMAT_VERSION, Fit
from mmm.inference.keys import mixture_key
from mmm.inference.loo import MOST_UNBELIEVABLE, believable, contenders, leave_one_out, weigh
from mmm.inference.sample import attempts, sample_once
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import Mixture, NamedSpec

MOST_LEFT_OUT = 0.1
"""Weight up to which members that cannot be sampled are left out: results move by less than their intervals say."""


def fit_mixture(dataset: Dataset, mixture: Mixture, sampler: SamplerSettings) -> Fit:
    """Fit every member and weight them, without a store. Raises FitError where a sampler cannot start."""

    def make(member: NamedSpec, attempt: Attempt) -> Fit:
        return with_loo(sample_once(dataset, member.spec, sampler, mixture.evidence, attempt=attempt))

    return fit_members(mixture, sampler, make)


def fit_members(
    mixture: Mixture,
    sampler: SamplerSettings,
    make: Callable[[NamedSpec, Attempt], Fit],
    report: Callable[[str], None] = lambda _: None,
) -> Fit:
    """The mixture of what ``make`` makes of a member in an attempt.

    Every member is sampled once and weighted. Where the noise is open, the heaviest is sampled with Student-t noise
    too, and all of them are where that is clearly better. Members whose sample is not to be used are then made again,
    and all are weighted anew. Those without weight are left as they are: no time goes into a model that gives no draws.
    Where their chains are far apart the weight itself cannot be believed, unless the heaviest predicts clearly better
    than each chain. What cannot be sampled in the end and weighs little is left out (:func:`without_failed`).
    """
    fits = [make(member, FIRST) for member in mixture.members]
    note: tuple[str, ...] = ()
    if mixture.open_noise and len(fits) > 1:
        weights = [member.weight for member in combine(fits, mixture).members]
        best = max(range(len(fits)), key=lambda i: weights[i])
        heavy = mixture.heavy_tailed()
        other = make(heavy.members[best], FIRST)
        if clearly_better(other, fits[best]):
            note = ("Student-t noise: it predicts periods left out clearly better than normal noise.",)
            report(note[0])
            mixture = heavy
            fits = [other if i == best else make(member, FIRST) for i, member in enumerate(mixture.members)]
    tried = [FIRST] * len(fits)
    while True:
        fit = combine(fits, mixture)
        poor = [
            i
            for i, one in enumerate(fits)
            if one.main.failed and tried[i].number + 1 < attempts(sampler) and _may_count(one, fit, fits)
        ]
        if not poor:
            fit = _noted(fit, note)
            return without_failed(fit, report) if attempts(sampler) > 1 else fit
        for i in poor:
            tried[i] = tried[i].after(fits[i])
            label = f"{mixture.members[i].name}: " if len(fits) > 1 else ""
            report(label + tried[i].words)
            fits[i] = make(mixture.members[i], tried[i])


def clearly_better(one: Fit, other: Fit) -> bool:
    """Whether ``one`` predicts the periods left out better by more than chance explains; each is of one member.

    Of periods whose estimate is to be believed in both: a single one that is far off would be most of the difference
    and of its error. Nothing is clear where that leaves too few periods. Where chains do not agree it must hold of
    every chain of the one beside every chain of the other: whichever is right, the answer is then the same.
    """
    return all(_ahead(*pair) for pair in product(_views(one), _views(other)))


def _ahead(one: xr.Dataset, other: xr.Dataset) -> bool:
    """Whether the first :func:`leave_one_out` is better by 4 and by two standard errors."""
    good = believable((one, other))
    if (~good).mean() > MOST_UNBELIEVABLE:
        return False
    elpd = np.stack([part["elpd"].values[good] for part in (one, other)])
    return bool(elpd[0].sum() > elpd[1].sum() and not contenders(elpd)[1])


def _views(fit: Fit) -> list[xr.Dataset]:
    """:func:`leave_one_out` of a fit, of each chain alone where they do not agree."""
    found = fit.main.tree["loo"].to_dataset()
    if _near(fit):
        return [found]
    if "elpd_by_chain" not in found:
        # A fit of an earlier version.
        return _by_chain(fit)
    parts = found[["elpd_by_chain", "k_by_chain"]].rename(elpd_by_chain="elpd", k_by_chain="k")
    return [parts.isel(chain=i) for i in range(parts.sizes["chain"])]


def _by_chain(fit: Fit) -> list[xr.Dataset]:
    """:func:`leave_one_out` of each chain alone."""
    chains = fit.main.posterior
    parts = [chains.isel(chain=[i]) for i in range(chains.sizes["chain"])]
    return [leave_one_out(fit.main.spec, part, fit.dataset, fit.seed) for part in parts]


def without_failed(fit: Fit, report: Callable[[str], None] = lambda _: None) -> Fit:
    """``fit`` without members that could not be sampled, as long as all of them together weigh little.

    A model in which channels run together may have several modes between which no chain moves. One that the data hardly
    prefer may not take the others with it; one that they do prefer stays, and the gate refuses the fit.
    """
    failed = [m for m in fit.members if m.counts and m.failed]
    weight = sum(member.weight for member in failed)
    if not failed or weight > MOST_LEFT_OUT:
        return fit
    names = "; ".join(f"{m.name} ({m.short}; weight {m.weight:.0%})" for m in failed)
    note = f"Left out, as the chains do not agree: {names}."
    report(note)
    lost = {member.name for member in failed}
    kept = [replace(m, weight=0.0 if m.name in lost else m.weight / (1.0 - weight)) for m in fit.members]
    return _noted(replace(fit, members=tuple(kept)), (note,))


def _noted(fit: Fit, notes: tuple[str, ...]) -> Fit:
    """With more notes, and the key of what it is now. A fit of one model alone keeps its key, and says nothing more."""
    if len(fit.members) == 1:
        return fit
    noted = replace(fit, notes=(*fit.notes, *notes))
    return replace(noted, key=mixture_key(noted))


def _near(one: Fit) -> bool:
    return one.main.converged is not None and one.main.converged.near


def _may_count(one: Fit, fit: Fit, fits: Sequence[Fit]) -> bool:
    """Whether ``one`` of ``fits`` has weight in their mixture ``fit``, or could have it once its chains agree."""
    if any(member.key == one.key for member in fit.counted):
        return True
    heaviest = max(zip(fit.members, fits, strict=True), key=lambda pair: pair[0].weight)[1]
    return not (_near(one) or clearly_better(heaviest, one))


def with_loo(fit: Fit) -> Fit:
    """A fit of one member with its group ``loo``, which has each chain's own where the chains do not agree."""
    member = fit.main
    tree, found = member.tree.copy(), leave_one_out(member.spec, member.posterior, fit.dataset, fit.seed)
    if not _near(fit):
        own = xr.concat(_by_chain(fit), "chain").rename(elpd="elpd_by_chain", k="k_by_chain")
        found = found.merge(own.assign_coords(chain=member.posterior["chain"].values))
    tree["loo"] = xr.DataTree(found)
    return replace(fit, members=(replace(member, tree=tree),))


def combine(fits: Sequence[Fit], mixture: Mixture) -> Fit:
    """The mixture of fits of one member each, in the order of ``mixture.members``; each needs its group ``loo``."""
    if len(fits) == 1:
        return fits[0]
    parts = [fit.main for fit in fits]
    found = weigh([part.tree["loo"].to_dataset() for part in parts], mixture.weighting, mixture.floor, fits[0].seed)
    made = replace(
        fits[0],
        members=tuple(
            replace(part, name=member.name, weight=float(weight))
            for part, member, weight in zip(parts, mixture.members, found.values, strict=True)
        ),
        made_of={"format": FORMAT_VERSION, "weighting": mixture.weighting, "floor": mixture.floor},
        notes=found.notes,
    )
    return replace(made, key=mixture_key(made))
