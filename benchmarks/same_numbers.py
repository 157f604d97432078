"""Does this build report the same numbers as another one? Its results.json and ours, number by number.

Usage: .venv/bin/python benchmarks/same_numbers.py REF [--worlds demo small medium] [--tolerance 1e-6] [--folder DIR]

REF is a commit; its tree is run by the same interpreter, so that only the workbench's own code differs. Each build
makes its own fits, which are the same bit for bit where nothing that samples changed. With --shared-fits both use one
store, and this build reports on what REF fitted: then only what comes after a fit is compared, in seconds; it is said
where the keys of the fits differ. Further arguments (``-p NAME=VALUE``) go to ``mmm report``; ``--here NAME=VALUE`` to
this build's alone, for what REF does not know. DIR is kept, and a second
call makes nothing again that is there.

Prints every number that differs by more than the tolerance, relative to the larger of the two, the largest first, and
all else that differs; the exit code is 1 where anything does. What says who made it, when and from which settings is
not compared. The default tolerance is what the planner's searches leave open.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
WORLDS = {
    "small": ("--seed", "1", "--weeks", "104", "--geos", "1", "--channels", "3"),
    "medium": ("--seed", "2", "--weeks", "156", "--geos", "5", "--channels", "6"),
}
OWN = ("made.", "settings.")
"""Parts of results.json that say which build made them, when, and from what settings."""
SHOWN = 40


@dataclass(frozen=True)
class Difference:
    """One place in results.json where the builds differ; ``size`` is infinite where it is not by a number."""

    place: str
    before: Any
    after: Any
    size: float


def flat(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a JSON value with its place: ``channels.0.roas.mean``."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from flat(part, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield from flat(part, f"{place}.{i}")
    else:
        yield place, value


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def compared(before: Any, after: Any, tolerance: float) -> tuple[int, list[Difference]]:
    """How many numbers were compared, and what differs, the largest first."""
    old, new = (
        {place: leaf for place, leaf in flat(document) if not place.startswith(OWN)} for document in (before, after)
    )
    numbers, found = 0, []
    for place in dict.fromkeys((*old, *new)):
        a, b = old.get(place, "not there"), new.get(place, "not there")
        if is_number(a) and is_number(b):
            numbers += 1
            size = abs(a - b) / max(abs(a), abs(b), 1e-300)
            if size > tolerance:
                found.append(Difference(place, a, b, size))
        elif a != b:
            found.append(Difference(place, a, b, float("inf")))
    return numbers, sorted(found, key=lambda one: -one.size)


def mmm(tree: Path, folder: Path, *arguments: str) -> None:
    """Run the command line of the build in ``tree``; what it says goes to the terminal."""
    code = "from mmm.cli import main; main()"
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder, env=environment, check=True)  # noqa: S603


def results(tree: Path, out: Path, config: Path, options: list[str]) -> tuple[Any, str]:
    """The newest results.json below ``out``, made where there is none, and the key of its fit."""
    if not list(out.glob("*/*/results.json")):
        out.mkdir(parents=True, exist_ok=True)
        mmm(tree, out, "report", str(config), "--out", str(out), *options)
    newest = max(out.glob("*/*/results.json"), key=lambda path: path.stat().st_mtime)
    manifest = json.loads(newest.with_name("manifest.json").read_text(encoding="utf-8"))
    return json.loads(newest.read_text(encoding="utf-8")), manifest["fit"]["key"]


def checked_out(ref: str, folder: Path) -> Path:
    """The tree of a commit, below ``folder``."""
    git = ["git", "-C", str(ROOT)]
    commit = subprocess.run([*git, "rev-parse", ref], check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603
    tree = folder / f"tree-{commit[:12]}"
    if not tree.exists():
        tree.mkdir(parents=True)
        packed = subprocess.run([*git, "archive", commit], check=True, capture_output=True).stdout  # noqa: S603
        subprocess.run(["tar", "-x", "-C", str(tree)], input=packed, check=True)  # noqa: S603, S607
    return tree


def config_of(world: str, folder: Path) -> Path:
    """The settings of a world; those of a simulated one are written by this build, for both."""
    if world == "demo":
        return ROOT / "configs" / "demo.yaml"
    place = folder / "worlds" / world
    if not (place / "settings.yaml").exists():
        mmm(ROOT, folder, "simulate", *WORLDS[world], "--out", str(place))
    return place / "settings.yaml"


def show(world: str, numbers: int, found: list[Difference]) -> None:
    largest = max((one.size for one in found if isfinite(one.size)), default=0.0)
    print(f"{world}: {numbers} numbers compared, {len(found)} places differ, the largest by {largest:.3g}")
    for one in found[:SHOWN]:
        size = f"{one.size:.3g}" if isfinite(one.size) else "other"
        print(f"  {one.place}: {one.before!r} -> {one.after!r} ({size})")
    if len(found) > SHOWN:
        print(f"  and {len(found) - SHOWN} more")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ref")
    parser.add_argument("--worlds", nargs="+", default=["demo"], choices=["demo", *WORLDS])
    parser.add_argument("--tolerance", type=float, default=1e-6)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--shared-fits", action="store_true")
    parser.add_argument("--here", action="append", default=[], help="a -p of this build alone, which REF does not know")
    chosen, options = parser.parse_known_args()
    folder = (chosen.folder or Path(tempfile.mkdtemp(prefix="same-numbers-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    trees = {"before": checked_out(chosen.ref, folder), "after": ROOT}
    differ = 0
    for world in chosen.worlds:
        config, made = config_of(world, folder), {}
        for build, tree in trees.items():
            store = folder / ("store" if chosen.shared_fits else f"store-{build}")
            own = ["-p", f"sampler.store={store}", "-p", "report.formats=[html]", *options]
            own += [part for one in chosen.here if build == "after" for part in ("-p", one)]
            made[build] = results(tree, folder / "reports" / build / world, config, own)
        (before, old_key), (after, new_key) = made["before"], made["after"]
        numbers, found = compared(before, after, chosen.tolerance)
        show(world, numbers, found)
        if chosen.shared_fits and old_key != new_key:
            print("  The builds made fits of their own: their keys differ.")
        differ += len(found)
    return min(differ, 1)


if __name__ == "__main__":
    sys.exit(main())
