"""Study: does the gate let good fits through? Each random world is fitted twice, the second time ten times longer.

A fit is good where the mean of every parameter agrees with the long run's. ``python -m mmm.assessment.gate_study``
writes to ``gate.md`` the share of good fits whose sampler checks pass, and of the others the share that they stop.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from mmm.assessment.checks import sampler_checks
from mmm.assessment.convergence import scalars
from mmm.assessment.recovery import Case, random_case
from mmm.assessment.resume import kept, write_text
from mmm.assessment.settings import GateSettings
from mmm.inference.fit import Fit
from mmm.inference.sample import fit_key, fit_model
from mmm.inference.settings import SamplerSettings
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec

LONGER = 10
TOLERANCE = 0.2
"""Largest distance of two means in posterior sd. At 400 effective draws a mean has an error of 0.05 sd."""


@dataclass(frozen=True)
class GateRates:
    """Of the fits that agree with the long run, the share that passed; of the others, the share that was stopped.

    None where there was no such fit.
    """

    good: int
    good_passed: float | None
    bad: int
    bad_stopped: float | None


def largest_shift(fit: Fit, longer: Fit) -> float:
    """Largest distance of a parameter's mean from the long run's, in the long run's posterior sd."""
    short, reference = scalars(fit.main.posterior), scalars(longer.main.posterior)
    place = {name: k for k, name in enumerate(reference.names)}
    mine = [k for k, name in enumerate(short.names) if name in place]
    theirs = [place[short.names[k]] for k in mine]
    long_values = reference.values[:, :, theirs]
    shift = short.values[:, :, mine].mean(axis=(0, 1)) - long_values.mean(axis=(0, 1))
    return float(np.max(np.abs(shift) / long_values.std(axis=(0, 1))))


def rates(results: list[dict[str, Any]]) -> GateRates:
    """Sum up results with ``shift`` (in sd) and ``passed``."""
    good = [bool(r["passed"]) for r in results if r["shift"] <= TOLERANCE]
    bad = [not r["passed"] for r in results if r["shift"] > TOLERANCE]
    return GateRates(
        good=len(good),
        good_passed=float(np.mean(good)) if good else None,
        bad=len(bad),
        bad_stopped=float(np.mean(bad)) if bad else None,
    )


def markdown(results: list[dict[str, Any]], sampler: SamplerSettings) -> str:
    """The study as a page."""
    found = rates(results)
    passed = "none of them" if found.good_passed is None else f"{found.good_passed:.0%} of these"
    stopped = (
        "there is no other fit." if found.bad_stopped is None else f"of the others {found.bad_stopped:.0%} do not."
    )
    text = (
        f"Made by `python -m mmm.assessment.gate_study`. {len(results)} national worlds drawn from the default priors "
        f"are fitted with {sampler.chains} chains of {sampler.draws} draws, and again with {LONGER} times as many. A "
        f"fit is good where the mean of every parameter is within {TOLERANCE} posterior standard deviations of the "
        f"long run's: {found.good} of {len(results)} are, and {passed} pass R-hat, effective sample sizes, divergences "
        f"and E-BFMI; {stopped}"
    )
    columns = ("world", "largest shift of a mean (sd)", "R-hat", "bulk ESS", "tail ESS", "passed")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for r in results:
        checks = r["checks"]
        numbers = f"{checks['r_hat']:.3f} | {checks['ess_bulk']:.0f} | {checks['ess_tail']:.0f}"
        lines.append(f"| {r['name']} | {r['shift']:.2f} | {numbers} | {'yes' if r['passed'] else '**no**'} |")
    return "\n".join(["# Does the gate let good fits through?", "", text, "", *lines]) + "\n"


def compare(case: Case, sampler: SamplerSettings) -> dict[str, Any]:
    """Fit a case twice: the shift of the means, and whether the shorter fit passed the sampler's checks."""
    spec = make_spec(case.dataset, case.model)
    fit = fit_model(case.dataset, spec, sampler)
    long = sampler.model_copy(update={"draws": LONGER * sampler.draws, "seed": sampler.seed + 1})
    checks = sampler_checks(fit.main.tree, GateSettings())
    return {
        "name": case.name,
        "shift": largest_shift(fit, fit_model(case.dataset, spec, long)),
        "passed": all(check.status != "fail" for check in checks),
        "checks": {check.name: check.value for check in checks},
    }


def main(arguments: list[str] | None = None) -> None:
    """Command line of the study."""
    parser = argparse.ArgumentParser(prog="python -m mmm.assessment.gate_study", description=__doc__.split("\n")[0])
    parser.add_argument("--worlds", type=int, default=20, help="number of random worlds (all national)")
    parser.add_argument("--work", type=Path, default=Path(".mmm/studies/gate"), help="folder of single results")
    parser.add_argument("--out", type=Path, default=Path("docs/studies"), help="folder of the page")
    options = parser.parse_args(arguments)
    console, model, sampler = Console(), ModelSettings(), SamplerSettings()
    results = []
    for i in range(options.worlds):
        case = random_case(2 * i, model)
        key = fit_key(case.dataset, make_spec(case.dataset, model), sampler)
        found = kept(options.work / f"{case.name}.json", key, lambda c=case: compare(c, sampler))  # type: ignore[misc]
        verdict = "passed" if found["passed"] else "stopped"
        console.print(f"{i + 1}/{options.worlds} {case.name}: shift {found['shift']:.2f} sd, {verdict}")
        results.append(found)
    console.print(str(write_text(options.out / "gate.md", markdown(results, sampler))), markup=False)


if __name__ == "__main__":
    main()
