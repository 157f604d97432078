"""Run the study: every world by every method, each result kept as it comes, so that an interrupted study goes on.

``python -m mmm.study`` (``make study``). A method that fails in a world is recorded and does not stop the rest;
``--again`` tries failures anew. Use another ``--work`` after a change of the package.
"""

import argparse
import hashlib
import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from mmm import hashes
from mmm.assessment.settings import GateSettings
from mmm.execution import Cluster, Done, Here, Place, Task, Workers, run_tasks
from mmm.files import write_whole
from mmm.inference.settings import SamplerSettings
from mmm.study.methods import ALONE, BOLD, METHODS, OURS, TOLD, YARDSTICK, MethodSettings, method, plan_settings
from mmm.study.page import write_pages
from mmm.study.peers import PEERS, PeerSettings, installed
from mmm.study.score import oracle, score
from mmm.study.worlds import Entry, StudyWorld, entries

FORMAT = 4


@dataclass(frozen=True)
class Cell:
    """One world by one method, and where its result is kept."""

    entry: Entry
    method: str
    settings: MethodSettings
    work: Path

    @property
    def name(self) -> str:
        return f"{self.entry.name} / {self.method}"

    @property
    def path(self) -> Path:
        letters = "".join(c if c.isalnum() else "_" for c in self.method)
        return self.work / self.entry.name / f"{letters}.json"


def key_of(cell: Cell, world: StudyWorld) -> str:
    """Hash of all that the answer depends on but the code: data, what is hidden, settings, tests where they count."""
    settings = cell.settings
    content: dict[str, Any] = {"format": FORMAT, "data": world.dataset.fingerprint, "hidden": world.hidden}
    asked = plan_settings()
    content["question"] = [asked.horizon, asked.spend_all, list(asked.bounds or ())]
    if cell.method in PEERS:
        content["peer"] = settings.peers.sampler()
    elif cell.method in (OURS, TOLD, BOLD, ALONE):
        content["sampler"] = settings.sampler.model_dump(mode="json", exclude={"store"})
        content["plan"] = asked.model_dump(mode="json")
        content["model"] = world.model.model_dump(mode="json")
        content["gate"] = GateSettings().model_dump(mode="json")
        content["tests"] = list(world.tests) if cell.method == TOLD else []
    elif cell.method == YARDSTICK:
        content["truth"] = [None if x is None else _hash(x) for x in (world.contributions, world.roas)]
    return hashes.of_data(content)


def _hash(values: NDArray[np.float64]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, dtype=float).tobytes()).hexdigest()


def run_cell(_: Any, cell: Cell, again: bool) -> dict[str, Any]:
    """The record of a cell, from its file or new. A failure is a record too: its ``error`` says why."""
    world = cell.entry.make()
    key = key_of(cell, world)
    found = read_record(cell.path)
    if found is not None and found["key"] == key and not (again and found["error"]):
        return found
    started = time.perf_counter()
    answer, error = None, None
    try:
        answer = method(cell.method, cell.settings)(world).to_dict()
    except Exception as caught:  # noqa: BLE001  # Whatever it is, it is this cell's result and ends this cell alone.
        error = f"{type(caught).__name__}: {caught}"
    record = {
        "key": key,
        "world": cell.entry.name,
        "method": cell.method,
        "seconds": round(time.perf_counter() - started, 1),
        "error": error,
        "answer": answer,
    }
    text = json.dumps(record)
    write_whole(cell.path, text + "\n")
    kept: dict[str, Any] = json.loads(text)
    return kept


def read_record(path: Path) -> dict[str, Any] | None:
    """A kept record; None where there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return None
    return found if isinstance(found, dict) and "key" in found else None


def cells(worlds: Iterable[Entry], methods: Sequence[str], settings: MethodSettings, work: Path) -> list[Cell]:
    """Cells in order of value: a method for all worlds before the next method.

    Lift tests and true contributions are known in simulated worlds alone; peers are asked where results are reported.
    """
    known = tuple(worlds)
    out = []
    for name in methods:
        for entry in known:
            told = name not in (TOLD, BOLD, ALONE) or entry.part == "reported"
            told = told and (name != YARDSTICK or entry.part in ("reported", "well specified"))
            compared = name not in PEERS or entry.part in ("reported", "public", "benchmark")
            if told and compared:
                out.append(Cell(entry, name, settings, work))
    return out


def run(todo: Sequence[Cell], place: Place, console: Console, *, again: bool = False) -> list[dict[str, Any]]:
    """Records of all cells, in the order of ``todo``."""
    tasks = [Task(cell.name, (cell, again)) for cell in todo]
    found: dict[str, dict[str, Any]] = {}
    for done in run_tasks(run_cell, tasks, place):
        record = done.value if done.error is None else _lost(done)
        found[done.key] = record
        said = record["error"].splitlines()[0][:100] if record["error"] else f"{record['seconds']:.0f} s"
        console.print(f"{len(found)}/{len(todo)} {done.key}: {said}", markup=False, highlight=False)
    return [found[cell.name] for cell in todo]


def _lost(done: Done) -> dict[str, Any]:
    """The record of a task that never came back, its worker gone; it is not kept, so that the next run tries again."""
    world, _, name = done.key.partition(" / ")
    return {"key": "", "world": world, "method": name, "seconds": 0.0, "error": str(done.error), "answer": None}


def scores(todo: Iterable[Cell]) -> list[dict[str, Any]]:
    """One row a world and method of what is kept of these cells: the world's labels, and the scores or the error.

    Results of other data or settings are left out.
    """
    by_world: dict[str, list[Cell]] = {}
    for cell in todo:
        by_world.setdefault(cell.entry.name, []).append(cell)
    rows = []
    for group in by_world.values():
        found = [(cell, record) for cell in group if (record := read_record(cell.path)) is not None]
        if not found:
            continue
        entry = group[0].entry
        world = entry.make()
        best = None if world.truth is None else oracle(world.truth)
        for cell, record in found:
            if record["key"] != key_of(cell, world):
                continue
            label = {"world": entry.name, "part": entry.part, "kind": entry.kind, "geos": entry.geos}
            label |= {name: record[name] for name in ("method", "seconds")}
            label["error"] = record["error"] and reason(record["error"])
            rows.append({**label, **({} if record["answer"] is None else score(world, record["answer"], best))})
    return rows


def reason(error: str) -> str:
    """The line of a record's error that says what went wrong; those around it are a trace, with a machine's paths."""
    lines = error.strip().splitlines()
    return next((line for line in reversed(lines) if re.match(r"[\w.]*(Error|Exception)\b", line)), lines[-1])


def place_of(workers: int, dask: str | None) -> Place:
    """Where the cells run."""
    if dask is not None:
        return Cluster(dask)
    return Here() if workers == 0 else Workers(workers)


def parser() -> argparse.ArgumentParser:
    """Arguments of the study."""
    out = argparse.ArgumentParser(prog="python -m mmm.study", description=__doc__.split("\n")[0])
    out.add_argument("--methods", nargs="*", choices=METHODS, default=None, help="all that are installed by default")
    out.add_argument("--parts", nargs="*", default=None, help="parts of the study, such as reported; all by default")
    out.add_argument("--worlds", nargs="*", default=None, help="names of worlds; all of the parts by default")
    out.add_argument("--shared", type=Path, default=Path("../shared/data"), help="folder of public data")
    out.add_argument("--work", type=Path, default=Path(".mmm/studies/decisions"), help="folder of single results")
    out.add_argument("--out", type=Path, default=Path("docs/studies"), help="folder of the page and its figures")
    out.add_argument("--peers", type=Path, default=Path(".peers"), help="folder of the peers' environments")
    out.add_argument("--scripts", type=Path, default=Path("benchmarks/peers"), help="folder of the peers' scripts")
    out.add_argument("--workers", type=int, default=0, help="local worker processes; 0 runs in this one")
    out.add_argument("--dask", default=None, help="address of a Dask scheduler, instead of local processes")
    out.add_argument("--again", action="store_true", help="try what failed before anew")
    out.add_argument("--kept", action="store_true", help="write the page from what is kept, and run nothing")
    out.add_argument("--no-page", action="store_true", help="run and keep results, and write no page")
    return out


def main(arguments: list[str] | None = None) -> None:
    """Command line of the study."""
    options = parser().parse_args(arguments)
    console = Console()
    shared = options.shared if options.shared.is_dir() else None
    if shared is None:
        console.print(f"No folder '{options.shared}': the study goes without public data.", markup=False)
    peers = PeerSettings(root=options.peers, scripts=options.scripts)
    store = str(options.work / "fits")
    settings = MethodSettings(sampler=SamplerSettings(store=store), peers=peers)
    worlds = [
        entry
        for entry in entries(shared)
        if options.parts in (None, []) or entry.part in options.parts
        if options.worlds in (None, []) or entry.name in options.worlds
    ]
    there = [name for name in METHODS if name not in PEERS or name in installed(peers)]
    for name in sorted(set(METHODS) - set(there)):
        console.print(f"{name} is not installed: run 'make peers' to have it in the study.", markup=False)
    todo = cells(worlds, options.methods or (METHODS if options.kept else there), settings, options.work)
    if not options.kept:
        run(todo, place_of(options.workers, options.dask), console, again=options.again)
    if not options.no_page:
        for page in write_pages(scores(todo), options.out):
            console.print(str(page), markup=False)
