"""Keys of fits: hashes of what they were made of, under which they are stored and found."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mmm.data.dataset import Dataset
from mmm.hashes import of_data
from mmm.inference import jax_sampler
from mmm.inference.fit import FORMAT_VERSION, Fit
from mmm.inference.settings import SamplerSettings
from mmm.model.evidence import NO_EVIDENCE, Evidence
from mmm.model.spec import ModelSpec

_PACKAGES = ("mmm-workbench", "numpy", "pymc", "pytensor", "nutpie")


_MODES = "searched"
"""How chains start; a fit that was made before modes were searched for is another fit."""


def versions(engine: str = "auto") -> dict[str, str]:
    """Versions of the packages that a posterior depends on; "none" for those of an extra that is not installed."""
    found = {name: version(name) for name in _PACKAGES}
    for name in jax_sampler.PACKAGES if engine == "jax" else ():
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def made_of(spec: ModelSpec, sampler: SamplerSettings, attempt: int = 0) -> dict[str, Any]:
    """What a key holds besides data, spec and experiments, as plain data: sampler, attempt and versions.

    Neither the store's place nor how many attempts would be made enter.
    """
    content: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "sampler": sampler.model_dump(mode="json", exclude={"store", "attempts"}),
        "versions": versions(sampler.engine),
        "modes": _MODES,
    }
    # Part of the model, and not of its spec.
    content |= spec.noise.made_of
    if attempt:
        content["attempt"] = attempt
    return content


def fit_key(
    dataset: Dataset, spec: ModelSpec, sampler: SamplerSettings, evidence: Evidence = NO_EVIDENCE, attempt: int = 0
) -> str:
    """Name of a fit: hash of data, model, experiments, sampler, attempt and versions."""
    content = made_of(spec, sampler, attempt)
    content |= {"data": dataset.fingerprint, "spec": spec.model_dump(mode="json")}
    if evidence.experiments:
        content["evidence"] = evidence.model_dump(mode="json")
    return of_data(content)


def mixture_key(fit: Fit) -> str:
    """Name of a mixture: hash of its members' names, keys and weights, of how they were weighted, and of its notes."""
    members = [[member.name, member.key, member.weight] for member in fit.members]
    return of_data({**fit.made_of, "members": members, "notes": list(fit.notes)})
