"""Finished reports in the output folder: which were made from the same inputs, and which one came before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mmm import hashes
from mmm.data.dataset import Dataset
from mmm.errors import ReportError
from mmm.files import Wanted, files_below, read_json
from mmm.reporting.content.results import FILE, Results, read_results
from mmm.reporting.pages.templating import MOST_FILES, TEMPLATE
from mmm.settings import Settings
from mmm.settings.request import lenses_of

MANIFEST = "manifest.json"
_FILE = Wanted("The manifest", 20_000_000, ReportError)
VERSIONS = (
    "mmm-workbench",
    "numpy",
    "pandas",
    "xarray",
    "pymc",
    "pytensor",
    "nutpie",
    "arviz",
    "matplotlib",
    "weasyprint",
)


@dataclass(frozen=True)
class Finished:
    """A finished report: its folder and its manifest."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def complete(self) -> bool:
        """Whether every file is there in the size that was written."""
        outputs = self.manifest.get("outputs")
        if not isinstance(outputs, dict):
            return False
        paths = ((self.folder / name, facts) for name, facts in outputs.items())
        return all(path.is_file() and path.stat().st_size == facts["bytes"] for path, facts in paths)


def package_versions() -> dict[str, str]:
    """Versions of the packages whose results a report shows."""
    return {name: package_version(name) for name in VERSIONS}


def package_version(name: str) -> str:
    """A package's version, or that it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def inputs_key(settings: Settings, dataset: Dataset, notebook: Path, register: Mapping[str, Any] | None = None) -> str:
    """Hash of what a report is made from: settings, data, files of the lenses, notebook, logo, templates, versions, and
    what it tells of the register of plans.

    The place of the store does not enter, nor does the earlier report that it is compared with.
    """
    report, tests, values = settings.report, settings.experiments.source, settings.plan.customer_value
    content = {
        "settings": settings.model_dump(mode="json", exclude={"sampler": {"store"}}),
        "data": dataset.fingerprint,
        "experiments": "" if tests is None else hashes.of_file(settings.base / tests),
        "versions": package_versions(),
        "notebook": hashes.of_file(notebook),
        "logo": "" if report.logo is None else hashes.of_file(settings.base / report.logo),
        "templates": [] if report.templates is None else list(_folder(settings.base / report.templates)),
    }
    # Reports of before registers and lenses keep their key.
    further: dict[str, Any] = {} if register is None else {"register": dict(register)}
    further |= {} if values is None else {"customer_value": hashes.of_file(settings.base / values)}
    files = lenses_of(settings).fingerprint["files"]
    return hashes.of_data({**content, **further, **({"lenses": files} if files else {})})


def _folder(folder: Path) -> Iterator[tuple[str, str]]:
    for path in files_below(folder, TEMPLATE, MOST_FILES):
        yield path.relative_to(folder).as_posix(), hashes.of_file(path)


def read_manifest(path: Path) -> Mapping[str, Any]:
    """A manifest's content; empty where it cannot be read."""
    try:
        found = read_json(path, _FILE)
    except ReportError:
        return {}
    return found if isinstance(found, dict) else {}


def finished(folder: Path) -> list[Finished]:
    """The finished reports in an analysis's folder, the newest first."""
    found = [Finished(path.parent, read_manifest(path)) for path in folder.glob(f"[!.]*/{MANIFEST}")]
    readable = [f for f in found if f.manifest]
    return sorted(readable, key=lambda f: (str(f.manifest.get("started", "")), f.folder.name), reverse=True)


def same_inputs(folder: Path, inputs: str) -> Finished | None:
    """The newest complete report that was made from these inputs."""
    return next((f for f in finished(folder) if f.manifest.get("inputs") == inputs and f.complete), None)


def earlier_report(folder: Path, inputs: str, label: str) -> Results | None:
    """Results of the newest report of the analysis that was made from other inputs.

    One with the same ``label`` (the same place in a grid) goes before all others. Reports whose results cannot be
    read are passed over.
    """
    others = [f for f in finished(folder) if f.manifest.get("inputs") != inputs]
    others.sort(key=lambda f: f.manifest.get("label", "") != label)
    for candidate in others:
        try:
            return read_results(candidate.folder / FILE)
        except ReportError:
            continue
    return None
