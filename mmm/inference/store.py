"""The store of fits: one folder of Zarr files, named by what the fit was made of. The same fit is never made twice."""

from collections.abc import Callable
from pathlib import Path

from mmm.data.dataset import Dataset
from mmm.errors import FitError
from mmm.inference.attempt import Attempt
from mmm.inference.fit import Fit
from mmm.inference.keys import fit_key
from mmm.inference.mix import fit_members, with_loo
from mmm.inference.sample import sample_once
from mmm.inference.settings import SamplerSettings
from mmm.inference.stored import LaterFormatError, load, require_mixture, save, set_aside
from mmm.model.mixture import Mixture, NamedSpec
from mmm.model.spec import without_inactive_channels
from mmm.scratch import scratch_folder, sweep

__all__ = ["load", "obtain", "save"]


def obtain(
    dataset: Dataset,
    mixture: Mixture,
    sampler: SamplerSettings,
    *,
    progress: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> Fit:
    """The stored fit of exactly these inputs, or a new one that is then stored.

    Every member is stored by itself, so that another weighting fits nothing again. ``report`` receives lines on what
    happened, among them that a stored file was corrupt and is made again.
    """

    def make(member: NamedSpec, attempt: Attempt) -> Fit:
        spec, evidence = member.spec, mixture.evidence
        used = dataset if dataset.channels == spec.channel_names else without_inactive_channels(dataset)[0]
        label = f" ({member.name})" if len(mixture.members) > 1 else ""

        def sample() -> Fit:
            return with_loo(sample_once(dataset, spec, sampler, evidence, attempt=attempt, progress=progress))

        return _found_or_made(
            Path(sampler.store) / fit_key(used, spec, sampler, evidence, attempt.number), label, sample, report
        )

    sweep(Path(sampler.store))
    fit = fit_members(mixture, sampler, make, report)
    if len(fit.members) == 1:
        return fit
    _store_mixture(fit, Path(sampler.store) / fit.key, report)
    report(f"Models by weight: {', '.join(f'{m.name} {m.weight:.0%}' for m in fit.counted)}.")
    for note in fit.notes:
        report(note)
    return fit


def _found_or_made(folder: Path, label: str, make: Callable[[], Fit], report: Callable[[str], None]) -> Fit:
    """The fit of one member stored in ``folder``, or what ``make`` gives, which is then stored there."""
    if folder.exists():
        try:
            found = load(folder)
        except LaterFormatError:
            raise
        except FitError as error:
            report(f"{error} Fitting again.")
        else:
            report(f"Fit {found.key[:12]}{label} found in the store.")
            return found
    _require_writable(folder)
    made = make()
    save(made, folder)
    seconds, engine = made.seconds["total"], made.main.engine
    report(f"Fit {made.key[:12]}{label} made in {seconds:.0f} s by the {engine} engine and stored.")
    return made


def _require_writable(folder: Path) -> None:
    """Before anything is sampled. Raises FitError."""
    try:
        with scratch_folder(folder):
            return
    except OSError as error:
        raise FitError(
            f"Fits cannot be stored in '{folder.parent}' ({error.strerror or error}), so nothing was sampled. Choose "
            "another folder with sampler.store."
        ) from error


def _store_mixture(fit: Fit, folder: Path, report: Callable[[str], None]) -> None:
    """Store the weights, unless they are there. All of it was made from fits that are: without them it goes on."""
    if folder.exists():
        try:
            require_mixture(fit, folder)
        except LaterFormatError:
            raise
        except FitError as error:
            report(f"{error} Weighting again.")
            set_aside(folder)
        else:
            return
    try:
        save(fit, folder)
    except FitError as error:
        report(str(error))
