"""What every item shows beside what it recovers: one world each, from the gradient to a plan.

``python benchmarks/breadth_shown.py`` prints the table of docs/studies/breadth_shown.md, on the first world of every
item of breadth_study.py and on three more: shocks that regions share, parts of channels, outcomes by month.
``tests/study/test_breadth_shown.py`` holds its limits.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from breadth_study import ITEMS, WEEKS, base_world, settings

from mmm.analysis import analyse
from mmm.assessment.holdout import HoldoutResult, judge
from mmm.data.coarse import summed
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.engine import log_posterior
from mmm.inference.mix import fit_mixture
from mmm.inference.settings import SamplerSettings
from mmm.model.build import build
from mmm.model.mixture import make_mixture
from mmm.model.spec import ModelSpec, make_spec
from mmm.planning import Plan, PlanSettings, plan
from mmm.simulate import data_settings, simulate

SAMPLER = SamplerSettings(draws=200, tune=250, chains=2, attempts=1)
HIDDEN = 13
DRAWS = 400


@dataclass(frozen=True)
class Shown:
    """``sums``: largest gap between the parts of a period and its fitted mean, relative to it. ``plain`` and
    ``differences``: largest gaps of the log density to the plain graph's, and of its gradient to finite differences,
    relative to the largest entry. ``forecast``: of the last 13 periods, not seen. ``plan``: 13 periods of today's
    money."""

    sums: float
    plain: float
    differences: float
    forecast: HoldoutResult
    plan: Plan


def shared_shocks(seed: int) -> tuple[Dataset, Mapping[str, Any]]:
    """Six regions with a shock of 5% that all of them have in a week."""
    rng = np.random.default_rng([seed, 5])
    spend = rng.gamma(3.0, 30.0, (WEEKS, 1, 2)) * rng.uniform(0.5, 1.5, (WEEKS, 6, 2))
    carried = sum(0.5**lag * np.concatenate([np.zeros((lag, 6, 2)), spend[: WEEKS - lag]]) for lag in range(8)) / 2
    effect = (3000 * carried / (carried + 150)).sum(axis=2)
    outcome = 3000 + 150 * rng.standard_normal((WEEKS, 1)) + 60 * rng.standard_normal((WEEKS, 6)) + 0.1 * effect
    index = [(day, f"r{g}") for day in pd.date_range("2022-01-03", periods=WEEKS, freq="7D") for g in range(6)]
    frame = pd.DataFrame(index, columns=["date", "geo"]).assign(
        sales=outcome.ravel(), tv=spend[:, :, 0].ravel(), search=spend[:, :, 1].ravel()
    )
    document = {
        "source": "a.csv", "geo": "geo", "target": {"column": "sales"}, "currency": "EUR",
        "channels": {"tv": "tv", "search": "search"},
    }  # fmt: skip
    data = from_frame(frame, DataSettings.model_validate(document))
    return data, {"baseline": {"calendar": {"common_shocks": {}}}}


def parts(seed: int) -> tuple[Dataset, Mapping[str, Any]]:
    """Three channels as parts of one, two of them in a group."""
    world, _ = base_world(seed)
    simulated = simulate(world)
    document = data_settings(simulated)
    paths = ("all/first", "all/first", "all")
    for path, (name, own) in zip(paths, list(document["channels"].items()), strict=True):
        plain = {"spend": own} if isinstance(own, str) else dict(own)
        document["channels"][name] = plain | {"within": path}
    return from_frame(simulated.frame, DataSettings.model_validate(document)), {}


def by_month(seed: int) -> tuple[Dataset, Mapping[str, Any]]:
    """Media by week, of which the outcome is known by month."""
    simulated = simulate(base_world(seed)[0])
    return summed(from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated))), "month"), {}


def _of_study(item: str) -> Callable[[int], tuple[Dataset, Mapping[str, Any]]]:
    def make(seed: int) -> tuple[Dataset, Mapping[str, Any]]:
        told = ITEMS[item](seed)
        return told.dataset, told.model

    return make


WORLDS: dict[str, Callable[[int], tuple[Dataset, Mapping[str, Any]]]] = {
    **{item: _of_study(item) for item in ITEMS},
    "shocks that regions share": shared_shocks,
    "parts of channels": parts,
    "outcomes by month, media by week": by_month,
}


def gradient_gap(spec: ModelSpec, data: Dataset, seed: int) -> float:
    """Largest gap of some entries of the gradient to finite differences, at a draw near the prior's middle."""
    p = log_posterior(spec, data)
    x = 0.3 * np.random.default_rng(seed).standard_normal(p.layout.dim)
    some = np.random.default_rng(seed + 1).choice(p.layout.dim, min(12, p.layout.dim), replace=False)
    step = 1e-5 * np.eye(p.layout.dim)[some]
    gradient = p.value_and_gradient(x)[1]
    differences = (p.many(x + step)[0] - p.many(x - step)[0]) / 2e-5
    return float(np.abs(gradient[some] - differences).max() / np.abs(gradient).max())


def plain_gap(spec: ModelSpec, data: Dataset, seed: int) -> float:
    """Gap of the log density to that of the plain graph, relative to it."""
    p = log_posterior(spec, data, integrated=False)
    model = build(spec, data, fused=False)
    density = model.compile_fn(model.logp(), mode="FAST_COMPILE")
    x = 0.3 * np.random.default_rng(seed).standard_normal(p.layout.dim)
    value = p.value_and_gradient(x)[0]
    return float(abs(value - float(density(p.layout.pymc_point(x)))) / max(1.0, abs(value)))


def shown(item: str, seed: int = 0) -> Shown:
    """All of it for an item's world."""
    data, model = WORLDS[item](seed)
    stated = settings(model)
    fit = fit_mixture(data, make_mixture(data, stated), SAMPLER)
    found, whole = analyse(fit, DRAWS), fit.draws(DRAWS).expected(fit.dataset, fit.window, fit.seed)
    parts_of = found.decomposition.groupby("date")["mean"].sum().to_numpy()
    training = data.with_outcome_hidden(HIDDEN)
    forecast = judge(fit_mixture(training, make_mixture(training, stated), SAMPLER), data, HIDDEN)
    spec = make_spec(data, stated)
    unit = "days" if data.frequency.unit == "day" else "weeks"
    made = plan(fit, PlanSettings(horizon=f"13 {unit}", draws=300, spend_all=True))
    sums = float(np.abs(parts_of / whole.sum(axis=2).mean(axis=0) - 1).max())
    return Shown(sums, plain_gap(spec, data, 3), gradient_gap(spec, data, 3), forecast, made)


def row(item: str, found: Shown) -> str:
    """A line of the table."""
    f, gain = found.forecast, found.plan.gain
    share = [x / found.plan.reference_spend for x in (gain.mean, gain.lower, gain.upper)]
    return (
        f"| {item} | {found.sums:.0e} | {found.plain:.0e} | {found.differences:.0e} | {f.error:.1%} against "
        f"{f.naive_error:.1%}, {f.coverage:.0%} inside | {share[0]:+.0%} ({share[1]:+.0%} to {share[2]:+.0%}) |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--items", nargs="*", default=list(WORLDS))
    asked = parser.parse_args()
    print("| item | sums | plain graph | differences | 13 hidden periods | gain of a plan |\n|---|---|---|---|---|---|")
    for item in asked.items:
        print(row(item, shown(item)), flush=True)


if __name__ == "__main__":
    main()
