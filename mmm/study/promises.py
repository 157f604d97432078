"""Study: are promises kept, and do warnings come when they should? ``python -m mmm.study.promises`` writes the page.

Worlds of new kinds (:mod:`mmm.study.kinds`), which no default saw, and after them further draws of the library. Each is
fitted once, with few draws and nothing held out, and planned with the discrepancy and without; ``--tests`` fits each
once more, told of two lift tests, and ``--peers FOLDER`` asks the peers that are installed there. Fits and single
results are kept, so that a study that was interrupted goes on.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from mmm import hashes
from mmm.assessment.resume import kept
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import Beliefs
from mmm.planning.planner import with_changes
from mmm.study import promises_page
from mmm.study.methods import answered, decided, evidence_of, plan_settings
from mmm.study.peers import PEERS, PeerSettings, ask, installed
from mmm.study.score import oracle
from mmm.study.worlds import Entry, StudyWorld, promise_entries
from mmm.workflow import Request, fitted

SAMPLER = SamplerSettings(chains=2, tune=300, draws=400)
"""A quick look: a model's chains are sampled once. The fits lie in the study's own store."""
FORMAT = 3


def _setup(world: StudyWorld, sampler: SamplerSettings) -> list[Any]:
    """What a kept result of a world depends on."""
    plan, sampled = plan_settings().model_dump(mode="json"), sampler.model_dump(mode="json", exclude={"store"})
    return [FORMAT, world.dataset.fingerprint, world.hidden, plan, sampled]


def answers(entry: Entry, sampler: SamplerSettings, work: Path) -> dict[str, Any]:
    """What the workbench says of a world: its answer, and its plan by the posterior alone; kept in a file."""
    world = entry.make()

    def make() -> dict[str, Any]:
        started, training = time.process_time(), world.training()
        fit = fitted(Request(training, Beliefs(world.model), sampler))
        told = answered(fit, world, None, None)
        alone = decided(fit, world, with_changes(plan_settings(), {"discrepancy": None}), None)
        answer = told.to_dict() | {"contributions": None, "totals": None}
        return {"told": answer, "alone": asdict(alone), "seconds": round(time.process_time() - started, 1)}

    return kept(work / f"{entry.name}.json", hashes.of_data(_setup(world, sampler)), make)


def tested(entry: Entry, sampler: SamplerSettings, work: Path) -> dict[str, Any]:
    """What it says where it is told of lift tests of the two largest channels; kept in a file."""
    world = entry.make()

    def make() -> dict[str, Any]:
        started, training = time.process_time(), world.training()
        fit = fitted(Request(training, Beliefs(world.model, evidence_of(world)), sampler))
        told = answered(fit, world, None, None)
        answer = told.to_dict() | {"contributions": None, "totals": None}
        return {"tested": answer, "seconds": round(time.process_time() - started, 1)}

    return kept(work / f"{entry.name}_tests.json", hashes.of_data([*_setup(world, sampler), list(world.tests)]), make)


def by_peer(name: str, settings: PeerSettings, entry: Entry, _: SamplerSettings, work: Path) -> dict[str, Any]:
    """What a peer says of a world, by its own defaults, and its plan; kept in a file."""
    world = entry.make()

    def make() -> dict[str, Any]:
        started = time.perf_counter()
        answer = ask(PEERS[name], world, settings).to_dict() | {"contributions": None, "totals": None}
        return {name: answer, "seconds": round(time.perf_counter() - started, 1)}

    given = hashes.of_data([FORMAT, world.dataset.fingerprint, world.hidden, settings.sampler()])
    return kept(work / f"{entry.name}_{PEERS[name].environment}.json", given, make)


def collected(
    entries: Sequence[Entry], options: argparse.Namespace, sampler: SamplerSettings, console: Console
) -> Iterator[tuple[Entry, dict[str, Any]]]:
    """Answers of all worlds, until the minutes have passed: what is left is made by the next run, the kept are read.

    Lift tests are told, and peers asked, only after every world was answered without.
    """
    until = time.monotonic() + 60.0 * options.minutes
    found: dict[str, dict[str, Any]] = {}
    arms: list[tuple[Callable[[Entry, SamplerSettings, Path], dict[str, Any]], str]] = [(answers, "")]
    if options.tests:
        arms.append((tested, "_tests"))
    if options.peers is not None:
        settings = PeerSettings(root=options.peers)
        arms += [(partial(by_peer, name, settings), f"_{PEERS[name].environment}") for name in installed(settings)]
    todo = [(make, entry, options.work / f"{entry.name}{end}.json") for make, end in arms for entry in entries]
    for i, (make, entry, path) in enumerate(todo):
        if time.monotonic() > until and not path.is_file():
            console.print(f"{len(todo) - i} are left: run again to go on.", markup=False)
            break
        try:
            found[entry.name] = found.get(entry.name, {}) | make(entry, sampler, options.work)
        except Exception as caught:  # noqa: BLE001  # A world that fails is said, and ends no other.
            console.print(f"{i + 1}/{len(todo)} {path.stem} failed: {caught}", markup=False)
            continue
        seconds = found[entry.name]["seconds"]
        console.print(f"{i + 1}/{len(todo)} {path.stem}: {seconds:.0f} s", markup=False)
    yield from ((entry, found[entry.name]) for entry in entries if "told" in found.get(entry.name, {}))


def parser() -> argparse.ArgumentParser:
    """Arguments of the study."""
    out = argparse.ArgumentParser(prog="python -m mmm.study.promises", description=__doc__.split("\n")[0])
    out.add_argument("--minutes", type=float, default=600.0, help="after which no further world is begun")
    out.add_argument("--worlds", type=int, default=None, help="only so many of the worlds, the first ones")
    out.add_argument("--tests", action="store_true", help="once more, told of two lift tests a world")
    out.add_argument("--peers", type=Path, default=None, help="folder of the peers' environments: ask them too")
    out.add_argument("--work", type=Path, default=Path(".mmm/studies/promises"), help="folder of single results")
    out.add_argument("--out", type=Path, default=Path("docs/studies"), help="folder of the page and its figures")
    out.add_argument("--kept", action="store_true", help="write the page from promises.json, and run nothing")
    out.add_argument("--no-page", action="store_true", help="run and keep results, and write no page")
    return out


def main(arguments: list[str] | None = None) -> None:
    """Command line of the study."""
    options, console = parser().parse_args(arguments), Console()
    sampler = SAMPLER.model_copy(update={"store": str(options.work / "fits")})
    if options.kept:
        rows = json.loads((options.out / "promises.json").read_text(encoding="utf-8"))
    else:
        done = list(collected(promise_entries()[: options.worlds], options, sampler, console))
        if options.no_page:
            return
        rows = []
        for entry, found in done:
            world = entry.make()
            best = None if world.truth is None else oracle(world.truth)
            rows.append(promises_page.scored(entry, world, found, best))
    for path in promises_page.write(rows, SAMPLER.model_dump(include={"chains", "tune", "draws"}), options.out):
        console.print(str(path), markup=False)


if __name__ == "__main__":
    main()
