"""``mmm runs``: past reports, from the manifests that they left."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from mmm.cli.output import plain, table
from mmm.digits import amount
from mmm.errors import SettingsError
from mmm.reporting.runs.finished import MANIFEST, read_manifest

_PLACES = (MANIFEST, f"*/{MANIFEST}", f"*/*/{MANIFEST}")
"""A run's folder, an analysis's, and that of all reports: not whole trees."""


def show_runs(folder: Path) -> None:
    """Print one row a run below ``folder``, the newest first.

    Raises SettingsError where there is no such folder. A manifest that cannot be read is listed as such.
    """
    if not folder.is_dir():
        raise SettingsError(f"There is no folder '{folder}'. Name the folder of the reports with --out.")
    rows = []
    for path in (path for pattern in _PLACES for path in folder.glob(pattern)):
        manifest = read_manifest(path)
        rows.append((str(manifest.get("started", "?"))[:16].replace("T", " "), *_row(manifest), str(path.parent)))
    if not rows:
        typer.echo(plain(f"No runs below '{folder}'. `mmm report CONFIG` makes one."))
        return
    rows.sort(reverse=True)
    table("Runs, the newest first", ["started (UTC)", "analysis", "budget", "horizon", "gate", "folder"], rows)


def _row(manifest: Mapping[str, Any]) -> tuple[str, str, str, str]:
    if not manifest:
        return "manifest unreadable", "", "", ""
    settings = _part(manifest, "settings")
    wanted = _part(settings, "plan")
    budget = wanted.get("total_budget")
    return (
        str(settings.get("title") or settings.get("name", "?")),
        amount(budget) if isinstance(budget, int | float) else "as before",
        str(wanted.get("horizon", "?")),
        str(_part(manifest, "gate").get("status", "?")),
    )


def _part(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = mapping.get(key)
    return found if isinstance(found, dict) else {}
