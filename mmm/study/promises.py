"""Study: are promises kept, and do warnings come when they should? ``python -m mmm.study.promises`` writes the page.

Worlds of the library are learned on, worlds of new kinds (:mod:`mmm.study.kinds`) are tested on. Each is fitted once,
with few draws and nothing held out, planned with the discrepancy and without; single results are kept.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from mmm import hashes
from mmm.assessment.resume import kept
from mmm.files import write_whole
from mmm.inference.mix import fit_mixture
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import Beliefs
from mmm.planning.planner import with_changes
from mmm.study.methods import answered, decided, plan_settings
from mmm.study.promises_page import markdown, scored
from mmm.study.score import oracle
from mmm.study.worlds import Entry, promise_entries

_CHAINS, _TUNE, _DRAWS = 2, 300, 400
FORMAT = 3


def answers(entry: Entry, sampler: SamplerSettings, work: Path) -> dict[str, Any]:
    """What the workbench says of a world: its answer, and its plan by the posterior alone; kept in a file."""
    world = entry.make()
    asked = plan_settings().model_dump(mode="json")
    setup = [FORMAT, world.dataset.fingerprint, world.hidden, asked, sampler.model_dump(mode="json", exclude={"store"})]

    def make() -> dict[str, Any]:
        started, training = time.process_time(), world.training()
        fit = fit_mixture(training, Beliefs(world.model).mixture(training), sampler)
        told = answered(fit, world, None, None)
        alone = decided(fit, world, with_changes(plan_settings(), {"discrepancy": None}), None)
        answer = told.to_dict() | {"contributions": None, "totals": None}
        return {"told": answer, "alone": asdict(alone), "seconds": round(time.process_time() - started, 1)}

    return kept(work / f"{entry.name}.json", hashes.of_data(setup), make)


def collected(
    entries: Sequence[Entry], sampler: SamplerSettings, work: Path, console: Console, minutes: float
) -> Iterator[tuple[Entry, dict[str, Any]]]:
    """Answers of all worlds, until ``minutes`` have passed: what is left is made by the next run, the kept are read."""
    until = time.monotonic() + 60.0 * minutes
    for i, entry in enumerate(entries):
        if time.monotonic() > until and not (work / f"{entry.name}.json").is_file():
            console.print(f"{len(entries) - i} worlds are left: run again to go on.", markup=False)
            return
        try:
            found = answers(entry, sampler, work)
        except Exception as caught:  # noqa: BLE001  # A world that fails is said, and ends no other.
            console.print(f"{i + 1}/{len(entries)} {entry.name} failed: {caught}", markup=False)
            continue
        console.print(f"{i + 1}/{len(entries)} {entry.name}: {found['seconds']:.0f} s of the processor", markup=False)
        yield entry, found


def main(arguments: list[str] | None = None) -> None:
    """Command line of the study."""
    parser = argparse.ArgumentParser(prog="python -m mmm.study.promises", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=600.0, help="after which no further world is begun")
    parser.add_argument("--work", type=Path, default=Path(".mmm/studies/promises"), help="folder of single results")
    parser.add_argument("--out", type=Path, default=Path("docs/studies"), help="folder of the page")
    options = parser.parse_args(arguments)
    console, rows = Console(), []
    sampler = SamplerSettings(chains=_CHAINS, tune=_TUNE, draws=_DRAWS)
    for entry, found in collected(promise_entries(), sampler, options.work, console, options.minutes):
        world = entry.make()
        rows.append(scored(entry, world, found, None if world.truth is None else oracle(world.truth)))
    text = markdown(rows, {"chains": _CHAINS, "tune": _TUNE, "draws": _DRAWS})
    console.print(str(write_whole(options.out / "promises.md", text)), markup=False)


if __name__ == "__main__":
    main()
