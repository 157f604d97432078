"""Study: is the gate right? ``python -m mmm.assessment.gate_study`` writes the answers to ``gate.md``.

Its sampler checks: each random world is fitted twice, the second time ten times longer; a fit is good where the mean
of every parameter agrees with the long run's, and should pass. Its warnings: the library's worlds are fitted as an
analysis is, the held-out fit included; where an interval misses the truth the gate should have warned, and in the
well-specified worlds it should not.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from mmm import hashes
from mmm.assessment.checks import sampler_checks
from mmm.assessment.gate import gate
from mmm.assessment.holdout import holdout
from mmm.assessment.identification import concerned
from mmm.assessment.recovery import Case, estimates, random_case, simulated_case
from mmm.assessment.resume import kept
from mmm.assessment.settings import GateSettings
from mmm.assessment.signals import signals
from mmm.files import write_whole
from mmm.inference.convergence import scalars
from mmm.inference.fit import Fit
from mmm.inference.keys import fit_key, versions
from mmm.inference.sample import fit_model
from mmm.inference.settings import SamplerSettings
from mmm.inference.store import obtain
from mmm.model.mixture import Beliefs
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.simulate import library_names, library_world

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


WELL = "well_specified"
# Checks about the model as a whole; those of the sampler have their own half of the page.
_MODEL_WIDE = ("baseline", "scale", "coverage", "noise")
_SECOND, _FIGURE = "# Are the warnings right?", "gate_warnings.svg"
Verdict = dict[str, Any]


def verdict(name: str, replicate: int, sampler: SamplerSettings) -> Verdict:
    """A world of the library, analysed by default: by channel whether its interval holds, and who warned of it."""
    case = simulated_case(library_world(name, replicate=replicate), name, ModelSettings())
    beliefs, hidden = Beliefs(case.model), 13
    fit = obtain(case.dataset, beliefs.mixture(case.dataset), sampler)
    held_out = holdout(case.dataset, beliefs, sampler, hidden)
    settings = GateSettings()
    report = gate(fit, settings, held_out)
    warned = concerned(report.checks)
    model_wide = [c.name for c in report.checks if c.status != "pass" and c.name in _MODEL_WIDE]
    found = signals(fit, held_out.fit)
    return {
        "world": name,
        "replicate": replicate,
        "model_wide": model_wide,
        "whole": found.whole,
        "channels": [
            {
                "channel": e.channel,
                "truth": e.truth,
                "lower": e.lower,
                "upper": e.upper,
                "missed": not e.lower <= e.truth <= e.upper,
                "warned": list(warned.get(e.channel, ())),
                "signals": {k: v for k, v in found.channels.loc[e.channel].to_dict().items() if k != "partner"},
            }
            for e in estimates(case, fit)
            if not e.geo
        ],
    }


def warning_rates(verdicts: list[Verdict]) -> dict[str, float | int]:
    """How often the gate warned where it should and where it should not.

    A channel counts as warned of where a check names it; ``whole`` counts a warning about the model as well. Shares are
    NaN where there was nothing to count.
    """

    def share(chosen: list[tuple[Verdict, dict[str, Any]]], whole: bool) -> float:
        hits = [bool(c["warned"]) or (whole and bool(v["model_wide"])) for v, c in chosen]
        return float(np.mean(hits)) if hits else float("nan")

    cells = [(v, c) for v in verdicts for c in v["channels"]]
    missed = [(v, c) for v, c in cells if c["missed"] and v["world"] != WELL]
    calm = [(v, c) for v, c in cells if not c["missed"] and v["world"] == WELL]
    broken = [(v, c) for v, c in cells if not c["missed"] and v["world"] != WELL]
    good = [c["missed"] for v, c in cells if v["world"] == WELL]
    return {
        "worlds": len(verdicts),
        "missed": len(missed),
        "missed_warned": share(missed, whole=False),
        "missed_warned_whole": share(missed, whole=True),
        "calm": len(calm),
        "calm_warned": share(calm, whole=False),
        "calm_warned_whole": share(calm, whole=True),
        "broken_held": len(broken),
        "broken_held_warned": share(broken, whole=False),
        "good_missed": float(np.mean(good)) if good else float("nan"),
    }


def warnings_markdown(verdicts: list[Verdict], sampler: SamplerSettings) -> str:
    """The second half of the page: shares, and a row a world."""
    r = warning_rates(verdicts)
    text = (
        f"{r['worlds']} national worlds of the library (mmm.simulate.library), analysed as `mmm fit` does: the default "
        f"mixture, {sampler.chains} chains of {sampler.draws} draws a model, and the fit without the last 13 weeks. "
        "A miss is a channel whose 90% interval of ROAS does not hold the truth. In the well-specified worlds "
        f"{r['good_missed']:.0%} of the intervals miss (10% are meant to).\n\n"
        f"- **Misses in broken worlds that were warned of: {r['missed_warned']:.0%} by name, "
        f"{r['missed_warned_whole']:.0%} with warnings about the model as a whole** ({r['missed']} misses; aim 80%).\n"
        f"- **False alarms, channels of well-specified worlds whose interval holds: {r['calm_warned']:.0%} by name, "
        f"{r['calm_warned_whole']:.0%} with warnings about the model as a whole** ({r['calm']} channels; aim at most "
        "15%).\n"
        f"- Channels of broken worlds whose interval holds: {r['broken_held_warned']:.0%} are warned of by name "
        f"({r['broken_held']} channels)."
    )
    head = ("world", "intervals that miss", "warned of by name", "checks that named a channel", "model as a whole")
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name in dict.fromkeys(v["world"] for v in verdicts):
        own = [v for v in verdicts if v["world"] == name]
        cells = [c for v in own for c in v["channels"]]
        missed = [c for c in cells if c["missed"]]
        kinds = Counter(kind for c in cells for kind in c["warned"])
        wide = Counter(kind for v in own for kind in v["model_wide"])
        hit = f"{sum(bool(c['warned']) for c in missed)} of {len(missed)}" if missed else "-"
        shown = [", ".join(f"{k} {n}" for k, n in found.most_common()) or "-" for found in (kinds, wide)]
        lines.append(f"| {name} | {len(missed)} of {len(cells)} | {hit} | {shown[0]} | {shown[1]} |")
    picture = f"![Channels whose interval misses the truth, by world: warned of or not]({_FIGURE})"
    return "\n".join([_SECOND, "", text, "", picture, "", *lines]) + "\n"


def warnings_figure(verdicts: list[Verdict]) -> str:
    """Channels by world as SVG: missed and warned of, missed and not, and warned of although the interval holds."""
    row, left, width = 20, 190, 180
    names = list(dict.fromkeys(v["world"] for v in verdicts))
    kinds = (("missed, warned of", "#1b6e5a"), ("missed, not warned of", "#b3402a"), ("held, warned of", "#c9c4b8"))
    parts = [
        f'<text x="{left + 170 * i + 14}" y="14">{label}</text><rect x="{left + 170 * i}" y="5" width="10" height="10" '
        f'fill="{colour}"/>'
        for i, (label, colour) in enumerate(kinds)
    ]
    for i, name in enumerate(names):
        cells = [c for v in verdicts if v["world"] == name for c in v["channels"]]
        counts = (
            sum(c["missed"] and bool(c["warned"]) for c in cells),
            sum(c["missed"] and not c["warned"] for c in cells),
            sum(not c["missed"] and bool(c["warned"]) for c in cells),
        )
        y, x = 30 + i * row, float(left)
        parts.append(f'<text x="{left - 8}" y="{y + 11}" text-anchor="end">{name} ({len(cells)})</text>')
        for count, (_, colour) in zip(counts, kinds, strict=True):
            parts.append(
                f'<rect x="{x:.0f}" y="{y}" width="{count * width / len(cells):.0f}" height="13" fill="{colour}"/>'
            )
            x += count * width / len(cells)
    size = f'width="720" height="{40 + len(names) * row}"'
    style = 'font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(parts)}</svg>\n'


def main(arguments: list[str] | None = None) -> None:
    """Command line of the study."""
    parser = argparse.ArgumentParser(prog="python -m mmm.assessment.gate_study", description=__doc__.split("\n")[0])
    parser.add_argument("--worlds", type=int, default=20, help="number of random worlds (all national)")
    parser.add_argument("--part", choices=("all", "checks", "warnings"), default="all", help="half of the page to make")
    parser.add_argument("--good", type=int, default=10, help="number of well-specified worlds")
    parser.add_argument("--broken", type=int, default=1, help="replicates of every other world of the library")
    parser.add_argument("--first", type=int, default=110, help="first replicate: the limits were chosen on those below")
    parser.add_argument("--work", type=Path, default=Path(".mmm/studies/gate"), help="folder of single results")
    parser.add_argument("--out", type=Path, default=Path("docs/studies"), help="folder of the page")
    options = parser.parse_args(arguments)
    console, model, sampler = Console(), ModelSettings(), SamplerSettings()
    page = options.out / "gate.md"
    halves = (page.read_text(encoding="utf-8") if page.exists() else "").partition(_SECOND)
    first, second = halves[0], halves[1] + halves[2]
    if options.part != "warnings":
        first = markdown(list(_comparisons(options, model, sampler, console)), sampler) + "\n"
    if options.part != "checks":
        storing = sampler.model_copy(update={"store": str(options.work / "fits")})
        verdicts = list(_verdicts(options.work, storing, (options.first, options.good, options.broken), console))
        second = warnings_markdown(verdicts, storing)
        write_whole(options.out / _FIGURE, warnings_figure(verdicts))
    console.print(str(write_whole(page, first + second)), markup=False)


def _comparisons(
    options: argparse.Namespace, model: ModelSettings, sampler: SamplerSettings, console: Console
) -> Iterator[dict[str, Any]]:
    for i in range(options.worlds):
        case = random_case(2 * i, model)
        key = f"{fit_key(case.dataset, make_spec(case.dataset, model), sampler)} {sampler.attempts}"
        found = kept(options.work / f"{case.name}.json", key, lambda c=case: compare(c, sampler))  # type: ignore[misc]
        passed = "passed" if found["passed"] else "stopped"
        console.print(f"{i + 1}/{options.worlds} {case.name}: shift {found['shift']:.2f} sd, {passed}")
        yield found


def _verdicts(work: Path, sampler: SamplerSettings, count: tuple[int, int, int], console: Console) -> Iterator[Verdict]:
    """Verdicts on the library's worlds, each kept in a file of its own."""
    first, good, broken = count
    wanted = [(WELL, first + r) for r in range(good)]
    wanted += [(name, first + r) for r in range(broken) for name in library_names() if name != WELL]
    setup = [s.model_dump(mode="json") for s in (ModelSettings(), GateSettings(), sampler)]
    key = hashes.of_data([*setup, versions(sampler.engine)])
    for i, (name, replicate) in enumerate(wanted):
        path = work / "warnings" / f"{name}_{replicate}.json"
        made = kept(path, key, lambda n=name, r=replicate: verdict(n, r, sampler))  # type: ignore[misc]
        missed = sum(c["missed"] for c in made["channels"])
        console.print(f"{i + 1}/{len(wanted)} {name} {replicate}: {missed} of {len(made['channels'])} intervals miss")
        yield made


if __name__ == "__main__":
    main()
