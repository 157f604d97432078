"""The store of fits: one folder of Zarr files, named by what the fit was made of. The same fit is never made twice."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import xarray as xr

from mmm.data.calendar import Frequency
from mmm.data.dataset import Dataset
from mmm.errors import FitError
from mmm.inference.fit import FORMAT_VERSION, Fit
from mmm.inference.sample import fit_key, fit_model
from mmm.inference.settings import SamplerSettings
from mmm.model.spec import ModelSpec, without_inactive_channels

_TREE = "fit.zarr"
_META = "meta.json"


def obtain(
    dataset: Dataset,
    spec: ModelSpec,
    sampler: SamplerSettings,
    *,
    progress: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> Fit:
    """The stored fit of exactly these inputs, or a new one that is then stored.

    ``report`` receives one line on what happened, among them that a stored file was corrupt and is made again.
    """
    used = dataset if dataset.channels == spec.channel_names else without_inactive_channels(dataset)[0]
    folder = Path(sampler.store) / fit_key(used, spec, sampler)
    if folder.exists():
        try:
            found = load(folder)
        except FitError as error:
            report(f"{error} Fitting again.")
            shutil.rmtree(folder)
        else:
            report(f"Fit {found.key[:12]} found in the store.")
            return found
    made = fit_model(dataset, spec, sampler, progress=progress, report=report)
    save(made, folder)
    report(f"Fit {made.key[:12]} made in {made.seconds['total']:.0f} s and stored.")
    return made


def save(fit: Fit, folder: Path) -> None:
    """Write a fit to ``folder``: first under a temporary name beside it, then renamed, so never half a fit."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.parent / f".{folder.name}.{uuid4().hex[:8]}"
    temporary.mkdir()
    try:
        tree = xr.DataTree.from_dict(
            {
                "posterior": fit.tree["posterior"].to_dataset(),
                "sample_stats": fit.tree["sample_stats"].to_dataset(),
                "dataset": fit.dataset.data,
            }
        )
        _plain_attributes(tree).to_zarr(temporary / _TREE, zarr_format=2, consolidated=False)
        meta = _meta(fit) | {"sha256": _hash(temporary / _TREE)}
        (temporary / _META).write_text(json.dumps(meta, indent=1, ensure_ascii=False), encoding="utf-8")
        try:
            temporary.rename(folder)
        except OSError:
            # Another process stored the same fit meanwhile: same key, same content.
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def load(folder: Path) -> Fit:
    """Read a stored fit. Raises FitError where files are missing, damaged or of a later format."""
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
        intact = _hash(folder / _TREE) == meta["sha256"]
    except (OSError, ValueError, KeyError) as error:
        raise FitError(f"The stored fit {folder} cannot be read ({type(error).__name__}).") from error
    if not intact:
        raise FitError(f"The stored fit {folder} is damaged: {_TREE} is not the file that was written.")
    if meta["format_version"] > FORMAT_VERSION:
        raise FitError(
            f"The stored fit {folder} has format {meta['format_version']}; this version reads {FORMAT_VERSION}."
        )
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
    groups = {name: tree[name].to_dataset() for name in ("posterior", "sample_stats")}
    return Fit(
        dataset=dataset,
        spec=ModelSpec.model_validate(meta["spec"]),
        tree=xr.DataTree.from_dict(groups),
        seed=meta["seed"],
        key=meta["key"],
        engine=meta["engine"],
        excluded=tuple(meta["excluded"]),
        versions=meta["versions"],
        seconds=meta["seconds"],
        format_version=meta["format_version"],
    )


def _meta(fit: Fit) -> dict[str, object]:
    frequency = fit.dataset.frequency
    return {
        "format_version": fit.format_version,
        "key": fit.key,
        "seed": fit.seed,
        "engine": fit.engine,
        "excluded": list(fit.excluded),
        "versions": fit.versions,
        "seconds": fit.seconds,
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


def _plain_attributes(tree: xr.DataTree) -> xr.DataTree:
    """Attributes may hold objects that Zarr cannot write; none of them is needed to read a fit."""
    return xr.DataTree.from_dict({name: tree[name].to_dataset().drop_attrs() for name in tree.children})


def _hash(folder: Path) -> str:
    """Hash of names and contents of all files below ``folder``."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
