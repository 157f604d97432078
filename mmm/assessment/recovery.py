"""Study: do the intervals hold the truth? Fits worlds whose truth is known and scores the ROAS.

``python -m mmm.assessment.recovery`` (``make study-recovery``) fits every world once, keeps each result in a work
folder so that an interrupted study goes on where it stopped, and writes ``recovery.md`` and ``recovery.json``.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from mmm import hashes
from mmm.assessment.checks import sampler_checks, worst_checks
from mmm.assessment.recovery_page import write_pages
from mmm.assessment.recovery_score import Estimate
from mmm.assessment.resume import kept
from mmm.assessment.scores import interval
from mmm.assessment.settings import GateSettings
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame, load
from mmm.data.settings import DataSettings
from mmm.errors import DataError
from mmm.inference.fit import Fit
from mmm.inference.keys import fit_key
from mmm.inference.mix import fit_mixture
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import make_mixture
from mmm.model.priors import numbers
from mmm.model.response import totals
from mmm.model.settings import ChannelModelSettings, ModelSettings
from mmm.simulate import World, WorldPriors, data_settings, demo_world, random_world, simulate

SEED = 20240601
"""Seed of the random worlds; world i has the generator of (SEED, i), so more worlds leave the first ones alone."""


@dataclass(frozen=True)
class Case:
    """A panel to fit and the true ROAS by channel, and by (geo, channel) where it is known."""

    name: str
    group: str
    dataset: Dataset
    model: ModelSettings
    truth: dict[str, float]
    geo_truth: dict[tuple[str, str], float]


def priors_of(model: ModelSettings) -> WorldPriors:
    """The simulator's distributions equal to the model's default priors of channels."""
    alpha, half = (numbers(of.all_priors[name]) for of, name in ((model.adstock, "alpha"), (model.saturation, "half")))
    return WorldPriors(
        roas=(model.roas.mu, model.roas.sigma),
        alpha=alpha,
        half=half,
        geo_sd=model.geo_scale,
        max_lag=13,
        normalised=model.adstock.normalise,
    )


def simulated_case(world: World, group: str, model: ModelSettings) -> Case:
    """A case from a simulated world."""
    simulated = simulate(world)
    truth = simulated.truth
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))
    by_geo = {
        (geo, channel): float(truth.geo_roas[g, c])
        for g, geo in enumerate(truth.geos)
        for c, channel in enumerate(truth.channels)
        if len(truth.geos) > 1 and np.isfinite(truth.geo_roas[g, c])
    }
    return Case(world.name, group, dataset, model, dict(zip(truth.channels, truth.roas.tolist(), strict=True)), by_geo)


def random_case(index: int, model: ModelSettings) -> Case:
    """Random world ``index``: national where even, five geos where odd."""
    rng = np.random.default_rng([SEED, index])
    geos = 1 if index % 2 == 0 else 5
    name = f"random_{index:02d}_{'national' if geos == 1 else 'geo'}"
    world = random_world(rng, priors_of(model), geos=geos, channels=5, name=name)
    return simulated_case(world, "random national" if geos == 1 else "random geo", model)


def file_case(csv: Path, model: ModelSettings) -> Case:
    """A case from a CSV (week, spend_*, control_*, y) and the JSON beside it with ``true_roas``.

    Spend that is no money (reach between 0 and 1) gets a prior on its share of the outcome instead of a ROAS.
    """
    truth_path = csv.with_name(f"{csv.stem}__truth.json")
    try:
        truth = json.loads(truth_path.read_text(encoding="utf-8"))["true_roas"]
        header = csv.read_text(encoding="utf-8").split("\n", 1)[0].strip().split(",")
    except (OSError, KeyError, json.JSONDecodeError) as error:
        raise DataError(f"'{csv}' needs '{truth_path.name}' with true_roas beside it: {error}.") from error
    settings = DataSettings.model_validate(
        {
            "source": csv.name,
            "date": "week",
            "target": {"column": "y"},
            "currency": "EUR",
            "channels": {c.removeprefix("spend_"): c for c in header if c.startswith("spend_")},
            "controls": [c for c in header if c.startswith("control_")],
        }
    )
    dataset = load(settings, csv.parent)
    spend = dataset.data["spend"].values.max(axis=(0, 1))
    reach = [c for c, most in zip(dataset.channels, spend, strict=True) if most <= 1.0]
    share = ChannelModelSettings.model_validate({"share": {"lower": 0.01, "upper": 0.3}})
    own = model.model_copy(update={"channels": {**model.channels, **dict.fromkeys(reach, share)}})
    return Case(csv.stem, "shared", dataset, own, {c: float(truth[c]) for c in dataset.channels}, {})


def roas_draws(fit: Fit, max_draws: int = 2000) -> np.ndarray:
    """ROAS over the whole panel by geo, [draw, geo, channel], NaN where nothing was spent; last geo is the total."""
    draws = fit.response(max_draws)
    data = fit.dataset.data
    media, spend = data["media"].values, data["spend"].values.sum(axis=0)
    value = data["value_per_unit"].values
    tail = np.zeros((draws.lookback, *media.shape[1:]))
    weights = np.concatenate([value, np.repeat(value[-1:], draws.lookback, axis=0)])
    often = fit.dataset.exposures
    often = None if often is None else np.concatenate([often, np.ones_like(tail)])
    course = draws.course(fit.dataset.dates, len(tail))
    effect = totals(draws, np.concatenate([media, tail]), weights, often, course)
    effect = np.concatenate([effect, effect.sum(axis=1, keepdims=True)], axis=1)
    spend = np.concatenate([spend, spend.sum(axis=0, keepdims=True)])
    return np.asarray(effect / np.where(spend > 0, spend, np.nan))


def estimates(case: Case, fit: Fit) -> list[Estimate]:
    """ROAS of every channel, and of every channel and geo where the truth is known, beside the truth."""
    draws = roas_draws(fit)
    lower, upper = interval(draws)
    median = np.median(draws, axis=0)
    outcome = float(np.nansum(fit.dataset.data["outcome"].values * fit.dataset.data["value_per_unit"].values))
    spend = fit.dataset.data["spend"].values.sum(axis=(0, 1))
    out = []
    for c, channel in enumerate(fit.dataset.channels):
        prior = fit.spec.channels[c].effect
        scale = 1.0 if fit.spec.effect_kind == "roas" else outcome / spend[c]
        for g, geo in enumerate((*fit.dataset.geos, "")):
            truth = case.truth[channel] if geo == "" else case.geo_truth.get((geo, channel))
            if truth is None:
                continue
            ends = (prior.lower * scale, prior.upper * scale) if geo == "" else (None, None)
            numbers = (truth, *(float(x[g, c]) for x in (median, lower, upper)))
            out.append(Estimate(case.name, case.group, channel, geo, *numbers, *ends))
    return out


def run_case(case: Case, sampler: SamplerSettings) -> dict[str, Any]:
    """Fit one case: its estimates, the sampler's checks and the seconds, as plain data."""
    started = time.perf_counter()
    fit = fit_mixture(case.dataset, make_mixture(case.dataset, case.model), sampler)
    seconds = time.perf_counter() - started
    checks = worst_checks({member.name: sampler_checks(member.tree, GateSettings()) for member in fit.counted})
    return {
        "name": case.name,
        "group": case.group,
        "seconds": round(seconds, 1),
        "sampler": "fail" if any(c.status == "fail" for c in checks) else "pass",
        "checks": {check.name: check.value for check in checks},
        "weights": {member.name: round(member.weight, 3) for member in fit.members},
        "estimates": [e.to_dict() for e in estimates(case, fit)],
    }


def _key(case: Case, sampler: SamplerSettings) -> str:
    """What the result of a case depends on."""
    mixture = make_mixture(case.dataset, case.model)
    keys = [fit_key(case.dataset, member.spec, sampler) for member in mixture.members]
    settled = (keys, mixture.weighting, mixture.floor, mixture.open_noise, sampler.attempts)
    return hashes.of_text(repr(settled))


def run(
    cases: Iterable[Callable[[], Case]], sampler: SamplerSettings, work: Path, console: Console
) -> list[dict[str, Any]]:
    """Results of all cases; those already in ``work`` under the same key are read instead of fitted."""
    results, todo = [], list(cases)
    for i, make in enumerate(todo, start=1):
        case = make()
        key = _key(case, sampler)
        found = kept(work / f"{case.name}.json", key, lambda c=case: run_case(c, sampler))  # type: ignore[misc]
        console.print(f"{i}/{len(todo)} {case.name}: {found['seconds']:.0f} s, sampler {found['sampler']}")
        results.append(found)
    return results


def _cases(random: int, shared: Path | None, model: ModelSettings) -> list[Callable[[], Case]]:
    out: list[Callable[[], Case]] = [lambda i=i: random_case(i, model) for i in range(random)]  # type: ignore[misc]
    out.append(lambda: simulated_case(demo_world(), "demo", model))
    if shared is not None:
        out += [lambda p=p: file_case(p, model) for p in sorted(shared.glob("*.csv"))]  # type: ignore[misc]
    return out


def main(arguments: list[str] | None = None) -> None:
    """Command line of the study."""
    parser = argparse.ArgumentParser(prog="python -m mmm.assessment.recovery", description=__doc__.split("\n")[0])
    parser.add_argument("--random", type=int, default=20, help="number of random worlds")
    parser.add_argument("--shared", type=Path, default=Path("../shared/data/worlds"), help="folder of further worlds")
    parser.add_argument("--out", type=Path, default=Path("docs/studies"), help="folder of the pages")
    parser.add_argument("--work", type=Path, default=Path(".mmm/studies/recovery"), help="folder of single results")
    parser.add_argument("--draws", type=int, default=1000, help="draws kept a chain")
    options = parser.parse_args(arguments)
    console = Console()
    model = ModelSettings()
    sampler = SamplerSettings(draws=options.draws)
    shared = options.shared if options.shared.is_dir() else None
    if shared is None:
        console.print(f"No folder '{options.shared}': the study goes without those worlds.", markup=False)
    results = run(_cases(options.random, shared, model), sampler, options.work, console)
    pages = write_pages(results, asdict(priors_of(model)), sampler.model_dump(mode="json"), options.out)
    for page in pages:
        console.print(str(page), markup=False)


if __name__ == "__main__":
    main()
