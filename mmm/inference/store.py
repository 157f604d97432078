"""The store of fits: one folder of Zarr files, named by what the fit was made of. The same fit is never made twice."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import xarray as xr

from mmm.data.calendar import Frequency
from mmm.data.dataset import Dataset
from mmm.errors import FitError
from mmm.inference.attempt import Attempt
from mmm.inference.convergence import Convergence
from mmm.inference.fit import FORMAT_VERSION, Fit, Member
from mmm.inference.mix import fit_members, with_loo
from mmm.inference.sample import choose_engine, fit_key, sample_once
from mmm.inference.settings import SamplerSettings
from mmm.model.draws import with_deviations
from mmm.model.evidence import Evidence
from mmm.model.mixture import Mixture, NamedSpec
from mmm.model.spec import ModelSpec, without_inactive_channels
from mmm.scratch import keep, scratch_folder, sweep

_TREE = "fit.zarr"
_META = "meta.json"


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
            engine, reason = choose_engine(sampler)
            report(f"Engine: {engine} ({reason}).")
            return with_loo(sample_once(dataset, spec, sampler, evidence, attempt=attempt, progress=progress))

        return _found_or_made(
            Path(sampler.store) / fit_key(used, spec, sampler, evidence, attempt.number), label, sample, report
        )

    sweep(Path(sampler.store))
    fit = fit_members(mixture, sampler, make, report)
    if len(fit.members) == 1:
        return fit
    folder = Path(sampler.store) / fit.key
    if not (folder / _META).exists():
        save(fit, folder)
    report(f"Models by weight: {', '.join(f'{m.name} {m.weight:.0%}' for m in fit.counted)}.")
    for note in fit.notes:
        report(note)
    return fit


def _found_or_made(folder: Path, label: str, make: Callable[[], Fit], report: Callable[[str], None]) -> Fit:
    """The fit of one member stored in ``folder``, or what ``make`` gives, which is then stored there."""
    if folder.exists():
        try:
            found = load(folder)
        except FitError as error:
            report(f"{error} Fitting again.")
            shutil.rmtree(folder)
        else:
            report(f"Fit {found.key[:12]}{label} found in the store.")
            return found
    made = make()
    save(made, folder)
    report(f"Fit {made.key[:12]}{label} made in {made.seconds['total']:.0f} s and stored.")
    return made


def save(fit: Fit, folder: Path) -> None:
    """Write a fit to ``folder``: first under a temporary name beside it, then renamed, so never half a fit.

    Of a mixture only the weights and the keys of its members are written, which lie beside it under their own keys.
    """
    with scratch_folder(folder) as temporary:
        if len(fit.members) == 1:
            meta = _meta(fit) | {"sha256": _write_tree(fit, temporary / _TREE)}
        else:
            meta = _mixture_meta(fit)
        (temporary / _META).write_text(json.dumps(meta, indent=1, ensure_ascii=False), encoding="utf-8")
        try:
            keep(temporary, folder)
        except OSError:
            # Another process stored the same fit meanwhile: same key, same content.
            if not folder.exists():
                raise


def _write_tree(fit: Fit, path: Path) -> str:
    """Write draws and dataset of a fit of one member; return the hash of the files."""
    groups = {name: group.to_dataset() for name, group in fit.main.tree.children.items()}
    tree = xr.DataTree.from_dict({**groups, "dataset": fit.dataset.data})
    _plain(tree).to_zarr(path, zarr_format=2, consolidated=False)
    return _hash(path)


def load(folder: Path) -> Fit:
    """Read a stored fit. Raises FitError where files are missing, damaged or of a later format."""
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        mixed = "members" in meta
        intact = mixed or _hash(folder / _TREE) == meta["sha256"]
    except (OSError, ValueError, KeyError) as error:
        raise FitError(f"The stored fit {folder} cannot be read ({type(error).__name__}).") from error
    if not intact:
        raise FitError(f"The stored fit {folder} is damaged: {_TREE} is not the file that was written.")
    if meta["format_version"] > FORMAT_VERSION:
        raise FitError(
            f"The stored fit {folder} has format {meta['format_version']}; this version reads {FORMAT_VERSION}."
        )
    try:
        return _load_mixture(folder, meta) if mixed else _load_one(folder, meta)
    except FitError:
        raise
    except Exception as error:
        # Whatever Zarr, xarray or pydantic make of it: a fit that cannot be read is made again.
        raise FitError(f"The stored fit {folder} cannot be read ({type(error).__name__}: {error}).") from error


def _load_mixture(folder: Path, meta: dict[str, Any]) -> Fit:
    parts = [load(folder.parent / member["key"]) for member in meta["members"]]
    return replace(
        parts[0],
        members=tuple(
            replace(part.main, name=member["name"], weight=member["weight"])
            for part, member in zip(parts, meta["members"], strict=True)
        ),
        key=meta["key"],
        notes=tuple(meta["notes"]),
    )


def _load_one(folder: Path, meta: dict[str, Any]) -> Fit:
    """A fit of one member, in format 1 (which had no other, and no group ``loo``) or 2."""
    tree = xr.open_datatree(folder / _TREE, engine="zarr", consolidated=False).load()
    data = meta["dataset"]
    dataset = Dataset(
        tree["dataset"].to_dataset(),
        outcome_name=data["outcome_name"],
        outcome_unit=data["outcome_unit"],
        outcome_kind=data["outcome_kind"],
        currency=data["currency"],
        frequency=Frequency(**data["frequency"]),
        media_unit=tuple(data["media_unit"]),
    )
    spec = ModelSpec.model_validate(meta["spec"])
    groups = {name: group.to_dataset() for name, group in tree.children.items() if name != "dataset"}
    groups["posterior"] = with_deviations(spec, groups["posterior"])
    member = Member(
        spec=spec,
        tree=xr.DataTree.from_dict(groups),
        key=meta["key"],
        engine=meta["engine"],
        seconds=meta["seconds"],
        converged=None if meta.get("converged") is None else Convergence(**meta["converged"]),
    )
    return Fit(
        dataset=dataset,
        members=(member,),
        seed=meta["seed"],
        key=meta["key"],
        evidence=Evidence.model_validate(meta.get("evidence", {})),
        excluded=tuple(meta["excluded"]),
        versions=meta["versions"],
        format_version=meta["format_version"],
    )


def _mixture_meta(fit: Fit) -> dict[str, object]:
    return {
        "format_version": FORMAT_VERSION,
        "key": fit.key,
        "members": [{"name": m.name, "key": m.key, "weight": m.weight} for m in fit.members],
        "notes": list(fit.notes),
    }


def _meta(fit: Fit) -> dict[str, object]:
    frequency = fit.dataset.frequency
    return {
        "format_version": fit.format_version,
        "key": fit.key,
        "seed": fit.seed,
        "engine": fit.engine,
        "evidence": fit.evidence.model_dump(mode="json"),
        "excluded": list(fit.excluded),
        "versions": fit.versions,
        "seconds": fit.seconds,
        "converged": None if fit.main.converged is None else asdict(fit.main.converged),
        "spec": fit.spec.model_dump(mode="json"),
        "dataset": {
            "outcome_name": fit.dataset.outcome_name,
            "outcome_unit": fit.dataset.outcome_unit,
            "outcome_kind": fit.dataset.outcome_kind,
            "currency": fit.dataset.currency,
            "frequency": {"unit": frequency.unit, "anchor": frequency.anchor},
            "media_unit": list(fit.dataset.media_unit),
        },
    }


def _plain(tree: xr.DataTree) -> xr.DataTree:
    """Values alone. Attributes may hold objects that Zarr cannot write, and none of them is needed to read a fit.

    What was read from a store remembers how it lay there: its chunks, and the codec of texts, which it no longer is in
    once it was joined with others. Written that way again, without an error, it cannot be read.
    """
    return xr.DataTree.from_dict({name: tree[name].to_dataset().drop_attrs().drop_encoding() for name in tree.children})


def _hash(folder: Path) -> str:
    """Hash of names and contents of all files below ``folder``."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
