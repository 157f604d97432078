"""Simulation-based calibration of the fast engine (Talts et al. 2018).

A draw from the prior makes an outcome, the model is fitted to it, and the draw's rank among the posterior draws must be
uniform, over many replications, for every parameter. Outcomes are made by :mod:`mmm.model.draws` and the response's
kernels, which the engine does not use. Each fit is kept in ``--work``, so that an interrupted run goes on.

    python benchmarks/sbc.py --replications 500        # writes docs/studies/sbc.json, sbc.md and sbc.svg
"""

import argparse
import json
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.engine import log_posterior, prior
from mmm.inference.engine.run import sample_problem
from mmm.inference.settings import SamplerSettings
from mmm.model.draws import expected_outcome, predictive_outcome, stacked
from mmm.model.mixture import Beliefs
from mmm.model.settings import ModelSettings
from mmm.model.spec import ModelSpec
from mmm.simulate import data_settings, random_world, simulate

# Draws kept of each fit, thinned to be near independent; ranks are 0 to this number.
KEPT = 99
SAMPLER = SamplerSettings(draws=330, tune=250, chains=3, target_accept=0.8)
# Fewer replications than this say nothing of a distribution of ranks and are not shown.
FEWEST = 50


@dataclass(frozen=True)
class Case:
    """A shipped model on a small panel. ``integrated``: the baseline's coefficients are integrated out or sampled."""

    member: str = "geometric"
    geos: int = 1
    likelihood: str = "normal"
    integrated: bool = True
    varying: bool = False

    @property
    def sampled(self) -> bool:
        """Whether all coefficients are sampled."""
        return not self.integrated or self.likelihood != "normal"

    @property
    def name(self) -> str:
        place = "national" if self.geos == 1 else f"{self.geos} geos"
        how = "" if self.integrated or self.likelihood != "normal" else ", nothing integrated out"
        how += ", effects vary" if self.varying else ""
        return f"{place}: {self.member}, {self.likelihood.replace('_', '-')}{how}"


CASES = (
    Case(),
    Case("delayed, sloped"),
    Case(geos=3),
    Case("geometric, logistic"),
    Case(integrated=False),
    Case(likelihood="student_t"),
    Case("delayed, sloped", geos=3),
    Case(geos=3, integrated=False),
    Case(geos=3, likelihood="student_t"),
    Case(varying=True),
    Case(geos=3, varying=True),
)


def base(case: Case, weeks: int = 78, channels: int = 2, seed: int = 1) -> tuple[Dataset, ModelSpec]:
    """A panel whose spend and controls are kept, and its model."""
    simulated = simulate(random_world(np.random.default_rng(seed), weeks=weeks, geos=case.geos, channels=channels))
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))
    stated = {"likelihood": case.likelihood} | ({"varying": {}} if case.varying else {})
    settings = ModelSettings.model_validate(stated)
    members = {member.name: member.spec for member in Beliefs(settings).mixture(dataset).members}
    return dataset, members[case.member]


def with_outcome(dataset: Dataset, outcome: np.ndarray) -> Dataset:
    return replace(dataset, data=dataset.data.assign(outcome=(("date", "geo"), outcome)))


def ranks(
    dataset: Dataset, spec: ModelSpec, truth: xr.Dataset, seed: int, *, sampled: bool = False
) -> tuple[dict[str, np.ndarray], float]:
    """Rank of ``truth`` (stacked, one sample) among posterior draws of an outcome that it makes; largest R-hat."""
    import arviz

    rows = slice(0, len(dataset.dates))
    mean = expected_outcome(spec, truth, dataset, rows, seed)
    outcome = predictive_outcome(spec, truth, mean, seed)[0]
    problem = log_posterior(spec, with_outcome(dataset, outcome), integrated=False if sampled else None)
    fitted = sample_problem(problem, SAMPLER.model_copy(update={"seed": seed}))
    posterior = fitted["posterior"].to_dataset()
    rhat = float(arviz.rhat(posterior).to_array().max())
    kept = stacked(posterior, KEPT)
    out = {}
    for name in truth.data_vars:
        value, draws = truth[name].values[0], kept[name].transpose("sample", ...).values
        out[str(name)] = np.atleast_1d((draws < value).sum(axis=0)).ravel()
    return out, rhat


def run(
    case: Case, replications: int, seed: int, work: Path, *, kept: bool = False
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Ranks by parameter, [replication, entry], and the largest R-hat of each fit; those in ``work`` are read.

    ``kept``: these alone, and nothing is fitted; empty where there are none.
    """
    dataset, spec = base(case)
    truths = stacked(prior(spec, dataset, count=replications, seed=seed)["prior"].to_dataset())
    work.mkdir(parents=True, exist_ok=True)
    # A prior draw depends on how many are drawn, so that another number of them is another run.
    path = work / f"{zlib.crc32(f'{case} {replications} {seed}'.encode()):08x}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    with path.open("a", encoding="utf-8") as file:
        for i in range(len(lines), 0 if kept else replications):
            of, worst = ranks(dataset, spec, truths.isel(sample=[i]), seed + i, sampled=case.sampled)
            lines.append(json.dumps({"ranks": {name: values.tolist() for name, values in of.items()}, "rhat": worst}))
            file.write(lines[-1] + "\n")
            file.flush()
            if (i + 1) % 50 == 0:
                print(f"{case.name}: {i + 1} of {replications}", flush=True)
    found = [json.loads(line) for line in lines]
    names = found[0]["ranks"] if found else ()
    return {name: np.array([f["ranks"][name] for f in found]) for name in names}, np.array([f["rhat"] for f in found])


def uniformity(ranks_of: dict[str, np.ndarray], bins: int = 10) -> dict[str, float]:
    """Smallest p-value of the chi-square test over a parameter's entries, times their number (Bonferroni)."""
    out = {}
    for name, values in ranks_of.items():
        counts = [np.histogram(v, bins=bins, range=(-0.5, KEPT + 0.5))[0] for v in values.T]
        out[name] = min(1.0, len(counts) * min(float(stats.chisquare(c).pvalue) for c in counts))
    return out


def band(replications: int, *, probability: float = 0.95, simulations: int = 2000) -> np.ndarray:
    """Simultaneous band of the ECDF of uniform ranks less its mean, [2, KEPT + 1] (Sailynoja et al. 2022, simulated).

    The pointwise quantiles are widened until a share ``probability`` of simulated curves lies inside throughout.
    """
    rng = np.random.default_rng(0)
    curves = np.stack([ecdf(rng.integers(0, KEPT + 1, replications)) for _ in range(simulations)])
    order = np.sort(curves, axis=0)
    for cut in range(simulations // 2 - 1, -1, -1):
        low, high = order[cut], order[simulations - 1 - cut]
        if ((curves >= low) & (curves <= high)).all(axis=1).mean() >= probability:
            return np.stack([low, high])
    return np.stack([order[0], order[-1]])


def ecdf(ranks: np.ndarray) -> np.ndarray:
    """Share of ranks at or below each possible one, less what it is for uniform ranks."""
    possible = np.arange(KEPT + 1)
    return np.asarray((ranks[:, None] <= possible).mean(axis=0) - (possible + 1) / (KEPT + 1))


def figure(found: dict[str, dict[str, np.ndarray]], out: Path) -> None:
    """By case, the ECDF of all parameters' ranks less the uniform's, and the band that a correct sampler stays in."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "sbc"
    import matplotlib.pyplot as plt

    columns, shown = 3, np.arange(0, KEPT + 1, 3)
    rows = -(-len(found) // columns)
    drawn, axes = plt.subplots(
        rows, columns, figsize=(11, 2.4 * rows), sharex=True, sharey=True, constrained_layout=True, squeeze=False
    )
    for axis, (name, ranks_of) in zip(axes.flat, found.items(), strict=False):
        low, high = band(len(next(iter(ranks_of.values()))))
        axis.fill_between(np.arange(KEPT + 1), low, high, color="#c9d8e8", linewidth=0)
        for values in ranks_of.values():
            for column in values.T:
                # Every third rank draws the same line in a third of the file.
                axis.plot(shown, ecdf(column)[shown], color="#1f4e79", linewidth=0.4)
        axis.set_title(name, fontsize=8)
    for axis in list(axes.flat)[len(found) :]:
        axis.set_axis_off()
    drawn.supxlabel("rank of the true value among posterior draws", fontsize=9)
    drawn.supylabel("share at or below, less the uniform's", fontsize=9)
    drawn.savefig(out, metadata={"Date": None})
    plt.close(drawn)


def verdict(ranks_of: dict[str, np.ndarray], rhat: np.ndarray) -> dict[str, Any]:
    """Tests of uniform ranks over all parameters of a case."""
    p_values = uniformity(ranks_of)
    low, high = band(len(rhat))
    curves = [ecdf(column) for values in ranks_of.values() for column in values.T]
    worst = min(p_values, key=lambda name: p_values[name])
    returns = ranks_of["roas"]
    held = (returns >= 0.05 * (KEPT + 1)) & (returns < 0.95 * (KEPT + 1))
    return {
        "replications": len(rhat),
        "parameters": len(curves),
        "outside_the_95%_band": sum(bool(((c < low) | (c > high)).any()) for c in curves),
        "smallest_p": round(min(1.0, p_values[worst] * len(p_values)), 4),
        "smallest_p_of": worst,
        "roas_intervals_that_hold": round(float(held.mean()), 4),
        "error": round(float(held.mean(axis=1).std() / len(held) ** 0.5), 4),
        "fits_with_rhat_above_1.02": int((rhat > 1.02).sum()),
    }


def page(results: dict[str, dict[str, Any]]) -> str:
    """The study's page."""
    lines = [
        "# Simulation-based calibration",
        "",
        "A draw from the prior makes an outcome on a panel of 78 weeks and 2 channels, the model is fitted to it by",
        "the fast engine, and the true value of every parameter is ranked among 99 posterior draws (Talts et al.",
        "2018). Where density, priors, Jacobians and sampler are right, ranks are uniform. `make study-sbc` makes this",
        "page; it resumes.",
        "",
        "| model | fits | 90% intervals of ROAS hold | parameters | outside band | expected | p | R-hat > 1.02 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in results.items():
        expected = f"{0.05 * found['parameters']:.1f}"
        lines.append(
            f"| {name} | {found['replications']} | {found['roas_intervals_that_hold']:.1%} ± {found['error']:.1%} "
            f"| {found['parameters']} | {found['outside_the_95%_band']} "
            f"| {expected} | {found['smallest_p']:.3f} ({found['smallest_p_of']}) "
            f"| {found['fits_with_rhat_above_1.02']} |"
        )
    return "\n".join(
        [
            *lines,
            "",
            "The band is simultaneous: the ECDF of uniform ranks lies inside it throughout in 95% of cases, so that",
            "one curve in twenty leaves it by chance. p is of chi-square tests over ten bins, the smallest times the",
            "number of tests, with the parameter it belongs to. Curves of one model depend on each other (knots of the",
            "drift, regions), so that those outside come in groups. The fits are short ones (3 chains of 330 draws);",
            "those with a high R-hat count like the others. The default mixture's other members are made of the same",
            "parts: one family of carryover or a free slope alone, or other numbers in the prior of the drift.",
            "",
            "![ECDF of the ranks less the uniform's, by model](sbc.svg)",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", nargs="*", help="Parts of names, such as 'national'; all by default.")
    parser.add_argument(
        "--kept", action="store_true", help="Write the page from the fits that are there, and fit none."
    )
    parser.add_argument("--work", type=Path, default=Path(".mmm/sbc"), help="Folder of single fits.")
    parser.add_argument(
        "--out", type=Path, default=Path("docs/studies"), help="Folder of sbc.json, sbc.md and sbc.svg."
    )
    arguments = parser.parse_args()
    wanted = [case for case in CASES if not arguments.cases or any(part in case.name for part in arguments.cases)]
    found, results = {}, {}
    for case in wanted:
        ranked, rhat = run(case, arguments.replications, arguments.seed, arguments.work, kept=arguments.kept)
        if len(rhat) < FEWEST:
            continue
        found[case.name], results[case.name] = ranked, verdict(ranked, rhat)
        print(json.dumps({case.name: results[case.name]}, indent=1), flush=True)
    (arguments.out / "sbc.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (arguments.out / "sbc.md").write_text(page(results), encoding="utf-8")
    figure(found, arguments.out / "sbc.svg")


if __name__ == "__main__":
    main()
