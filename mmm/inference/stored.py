"""How a fit lies in its folder: ``meta.json``, and its draws as Zarr. It is read as it was written, or not at all.

``meta.json`` holds the hash of all other files and, under ``content``, its own; a fit's key is made anew from what is
stored, and is the folder's name. docs/store.md says what that guarantees.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import xarray as xr

from mmm.data.calendar import Frequency
from mmm.data.dataset import Dataset
from mmm.errors import FitError
from mmm.hashes import of_data, of_files
from mmm.inference.convergence import Convergence
from mmm.inference.fit import FORMAT_VERSION, Fit, Member
from mmm.inference.keys import mixture_key
from mmm.model.draws import with_deviations
from mmm.model.evidence import Evidence
from mmm.model.spec import ModelSpec
from mmm.scratch import discard, keep, scratch_folder, scratch_path
from mmm.sealed import SEAL, digest, number, seal

_TREE = "fit.zarr"
_META = "meta.json"
_KEY = re.compile(r"^[0-9a-f]{64}$")
_TRIES = 5


class LaterFormatError(FitError):
    """A fit that a later version of the workbench stored: it is left as it is."""


def save(fit: Fit, folder: Path) -> None:
    """Write a fit to ``folder``: first under a temporary name beside it, then renamed, so never half a fit.

    Of a mixture only the weights and the keys of its members are written, which lie beside it under their own keys.
    A readable fit that is there already stays. Raises FitError where nothing can be written.
    """
    try:
        with scratch_folder(folder) as temporary:
            meta = _meta(fit, temporary / _TREE) if len(fit.members) == 1 else _mixture_meta(fit)
            (temporary / _META).write_text(seal(meta), encoding="utf-8")
            _into_place(temporary, folder)
    except OSError as error:
        raise FitError(
            f"The fit could not be stored in '{folder.parent}' ({error.strerror or error}), and nothing of it was "
            "kept. Free some space there, or choose another folder with sampler.store."
        ) from error


def _into_place(temporary: Path, folder: Path) -> None:
    """Rename, unless a fit that can be read has the name by now; what cannot be read gives way."""
    for _ in range(_TRIES):
        try:
            keep(temporary, folder)
        except OSError:
            if not folder.exists():
                raise
        else:
            return
        if _readable(folder):
            # Another process stored the same fit meanwhile.
            return
        set_aside(folder)
    raise OSError(None, f"'{folder}' is taken")


def _readable(folder: Path) -> bool:
    try:
        load(folder)
    except LaterFormatError:
        raise
    except FitError:
        return False
    return True


def set_aside(folder: Path) -> None:
    """Remove a folder so that its name is free at once; another process may be doing the same."""
    aside = scratch_path(folder)
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return
    finally:
        discard(aside)


def load(folder: Path) -> Fit:
    """Read a stored fit, and check it against its hashes, its key, and the key that its folder is named by.

    Raises FitError where files are missing or are not what was written, LaterFormatError for a later format.
    """
    meta = _read_meta(folder)
    mixed = "members" in meta
    if not mixed and _hash(folder / _TREE) != meta.get("sha256"):
        raise FitError(f"The stored fit {folder} is damaged: {_TREE} is not the file that was written.")
    key = meta.get("key")
    if _KEY.match(folder.name) and key != folder.name:
        raise FitError(f"The folder {folder} holds another fit ({str(key)[:12]}).")
    try:
        fit = _load_mixture(folder, meta) if mixed else _load_one(folder, meta)
    except (FitError, MemoryError, ImportError):
        raise
    except Exception as error:
        # Whatever Zarr, xarray or pydantic make of it: a fit that cannot be read is made again.
        raise FitError(f"The stored fit {folder} cannot be read ({type(error).__name__}: {error}).") from error
    if meta["format_version"] >= 3:
        _require_its_key(fit, meta, folder)
    return fit


def require_mixture(fit: Fit, folder: Path) -> None:
    """That ``folder`` holds the weights of this mixture, whose members were just read or made and are not read again.

    Raises FitError where it does not, LaterFormatError for a later format.
    """
    if _read_meta(folder) != json.loads(json.dumps(_mixture_meta(fit))):
        raise FitError(f"The stored fit {folder} is damaged: {_META} is not the file that was written.")


def _read_meta(folder: Path) -> dict[str, Any]:
    try:
        meta = json.loads((folder / _META).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FitError(f"The stored fit {folder} cannot be read ({type(error).__name__}).") from error
    if not isinstance(meta, dict):
        raise FitError(f"The stored fit {folder} is damaged: {_META} is not the file that was written.")
    sealed = SEAL in meta
    if sealed and meta.pop(SEAL) != digest(meta):
        raise FitError(f"The stored fit {folder} is damaged: {_META} is not the file that was written.")
    version = meta.get("format_version")
    if not isinstance(version, int) or (version == FORMAT_VERSION and not sealed):
        raise FitError(f"The stored fit {folder} is damaged: {_META} is not the file that was written.")
    if version > FORMAT_VERSION:
        raise LaterFormatError(
            f"The stored fit {folder} has format {version}; this version reads up to {FORMAT_VERSION}. It was left as "
            "it is. Use the later version of the workbench, or another folder (sampler.store)."
        )
    return meta


def _require_its_key(fit: Fit, meta: Mapping[str, Any], folder: Path) -> None:
    """Make the key anew from what is stored. Fits made by hand, as in tests, do not say what they are made of."""
    if len(fit.members) > 1:
        found = mixture_key(fit)
    elif fit.main.made_of:
        content = {**fit.main.made_of, "spec": meta["spec"], "data": fit.dataset.fingerprint}
        if fit.evidence.experiments:
            content["evidence"] = meta["evidence"]
        found = of_data(content)
    else:
        return
    if found != fit.key:
        raise FitError(f"The stored fit {folder} is damaged: its key is not that of what it holds.")


def _load_mixture(folder: Path, meta: dict[str, Any]) -> Fit:
    parts = [load(folder.parent / member["key"]) for member in meta["members"]]
    return replace(
        parts[0],
        members=tuple(
            replace(part.main, name=member["name"], weight=member["weight"])
            for part, member in zip(parts, meta["members"], strict=True)
        ),
        key=meta["key"],
        made_of=meta.get("made_of", {}),
        notes=tuple(meta["notes"]),
    )


def _load_one(folder: Path, meta: dict[str, Any]) -> Fit:
    """A fit of one member, in format 1 (which had no other, and no group ``loo``), 2 (no hashes, no key) or 3."""
    # Imported here, so that a machine on which it cannot be loaded says that, and not that Zarr is not installed.
    import zarr  # noqa: F401

    # Where the metadata of all variables are in one file, half of the time of reading is saved.
    together = (folder / _TREE / ".zmetadata").is_file()
    tree = xr.open_datatree(folder / _TREE, engine="zarr", consolidated=together).load()
    data = meta["dataset"]
    dataset = Dataset(
        tree["dataset"].to_dataset(),
        outcome_name=data["outcome_name"],
        outcome_unit=data["outcome_unit"],
        outcome_kind=data["outcome_kind"],
        currency=data["currency"],
        frequency=Frequency(**data["frequency"]),
        media_unit=tuple(data["media_unit"]),
        roles=tuple(data.get("roles", ())),
        within=tuple(tuple(path) for path in data.get("within", ())),
    )
    spec = ModelSpec.model_validate(meta["spec"])
    order = meta.get("variables", {})
    # Zarr opens variables side by side, and gives them in another order each time.
    groups = {
        name: tree[name].to_dataset()[order.get(name, list(tree[name].data_vars))]
        for name in sorted(tree.children)
        if name != "dataset"
    }
    groups["posterior"] = with_deviations(spec, groups["posterior"])
    member = Member(
        spec=spec,
        tree=xr.DataTree.from_dict(groups),
        key=meta["key"],
        engine=meta["engine"],
        seconds=meta["seconds"],
        converged=_convergence(meta.get("converged")),
        made_of=meta.get("made_of", {}),
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


def _mixture_meta(fit: Fit) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "key": fit.key,
        "made_of": dict(fit.made_of),
        "members": [{"name": m.name, "key": m.key, "weight": m.weight} for m in fit.members],
        "notes": list(fit.notes),
    }


def _meta(fit: Fit, tree: Path) -> dict[str, Any]:
    """Write draws and dataset of a fit of one member to ``tree``; return what ``meta.json`` says."""
    frequency = fit.dataset.frequency
    groups = {name: _plain(group.to_dataset()) for name, group in fit.main.tree.children.items()}
    written = xr.DataTree.from_dict({**groups, "dataset": _plain(fit.dataset.data)})
    written.to_zarr(tree, zarr_format=2, consolidated=True)
    return {
        # Whatever it was read from, it is written in today's format.
        "format_version": FORMAT_VERSION,
        "key": fit.key,
        "made_of": dict(fit.main.made_of),
        "seed": fit.seed,
        "engine": fit.engine,
        "evidence": fit.evidence.model_dump(mode="json"),
        "excluded": list(fit.excluded),
        "versions": fit.versions,
        "seconds": fit.seconds,
        # Chains that each stand still at another value have an infinite R-hat.
        "converged": {name: number(value) for name, value in asdict(fit.main.converged).items()}
        if fit.main.converged is not None
        else None,
        "spec": fit.spec.model_dump(mode="json"),
        "dataset": {
            "outcome_name": fit.dataset.outcome_name,
            "outcome_unit": fit.dataset.outcome_unit,
            "outcome_kind": fit.dataset.outcome_kind,
            "currency": fit.dataset.currency,
            "frequency": {"unit": frequency.unit, "anchor": frequency.anchor},
            "media_unit": list(fit.dataset.media_unit),
            "roles": list(fit.dataset.roles),
            "within": [list(path) for path in fit.dataset.within],
        },
        "variables": {name: [str(v) for v in group.data_vars] for name, group in groups.items()},
        "sha256": _hash(tree),
    }


def _convergence(kept: Mapping[str, Any] | None) -> Convergence | None:
    if kept is None:
        return None
    return Convergence(float(kept["r_hat"]), float(kept["ess"]), int(kept["divergences"]))


def _plain(data: xr.Dataset) -> xr.Dataset:
    """Values alone. Attributes may hold objects that Zarr cannot write, and none of them is needed to read a fit.

    What was read from a store remembers how it lay there: its chunks, and the codec of texts, which it no longer is in
    once it was joined with others. Written that way again, without an error, it cannot be read.
    """
    return data.drop_attrs().drop_encoding()


def _hash(folder: Path) -> str:
    """Hash of names and contents of all files below ``folder``."""
    try:
        return of_files(sorted(p for p in folder.rglob("*") if p.is_file()), folder)
    except OSError as error:
        raise FitError(f"The stored fit {folder.parent} cannot be read ({error.strerror or error}).") from error
