"""Funnels in worlds with known truth: do intervals of total returns hold it, and do plans on them win more?

National worlds of three years with four channels: tv and video move branded queries, which bring a part of the
outcome, and work directly as well; social works directly alone; so does search, whose spend in some worlds follows the
queries. ``make study-funnels`` fits each world three times by one model: as a chain of stages, with the queries' stage
left out (direct effects alone), and without the queries at all. It keeps each world's result in a work folder, so that
it goes on where it stopped, and writes docs/studies/funnels.json and funnels.md.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from mmm.analysis import Analysis, analyse
from mmm.arrays import Floats
from mmm.assessment.resume import kept
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.fit import Fit
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import Beliefs
from mmm.model.settings import ModelSettings
from mmm.planning.settings import PlanSettings
from mmm.simulate import (
    Adstock,
    Channel,
    Flighting,
    Funnel,
    FunnelTruth,
    Mediator,
    Noise,
    Reaches,
    Saturation,
    SimulatedFunnel,
    World,
    funnel_sections,
    simulate_funnel,
    spend_profile,
)
from mmm.workflow import Request, fitted, planned

ARMS = ("independent errors", "correlated errors", "missing weeks", "search follows queries")
CHAIN, DIRECT, WITHOUT = "chain of stages", "direct effects alone", "without the queries"
HORIZON, FREE = 13, (0.5, 2.0)
_HEAD = ("| worlds | fit | intervals | hold the truth | width | error |", "| --- | --- | --- | --- | --- | --- |")


def world_of(index: int) -> SimulatedFunnel:
    """The world of a number; its kind is one of :data:`ARMS` in turn."""
    rng, arm = np.random.default_rng([20261130, index]), ARMS[index % len(ARMS)]

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    def channel(name: str, roas: float, pattern: Any, variation: float) -> Channel:
        return Channel(
            name,
            weekly_spend=between(15_000, 50_000),
            roas=roas,
            flighting=Flighting(pattern=pattern, variation=variation),
            adstock=Adstock(alpha=rng.uniform(0.2, 0.7)),
            saturation=Saturation(k=between(0.7, 2.5)),
        )

    channels = (
        channel("tv", between(0.1, 0.8), "bursts", 0.3),
        channel("video", between(0.1, 1.0), "always_on", 0.5),
        channel("social", between(0.5, 3.0), "always_on", 0.5),
        channel("search", between(0.5, 3.0), "always_on", 0.4),
    )
    reached = tuple(
        Reaches(name, between(0.04, 0.2), Adstock(alpha=rng.uniform(0.2, 0.7)), Saturation(k=between(0.7, 2.5)))
        for name in ("tv", "video")
    )
    mediator = Mediator(
        "queries",
        reached,
        outcome_share=rng.uniform(0.15, 0.5),
        demand_sd=rng.uniform(0.02, 0.06),
        noise_sd=rng.uniform(0.02, 0.05),
        correlation=0.5 if arm == ARMS[1] else 0.0,
        missing=0.2 if arm == ARMS[2] else 0.0,
    )
    world = World(channels, name=f"funnel {index}", noise=Noise(sd=rng.uniform(0.01, 0.03)), seed=7000 + index)
    follows = {"search": ("queries", 1.0)} if arm == ARMS[3] else {}
    return simulate_funnel(Funnel(world, (mediator,), follows))


def request_of(simulated: SimulatedFunnel, sampler: SamplerSettings) -> Request:
    """The world as it is analysed, by one model."""
    sections = funnel_sections(simulated)
    dataset = from_frame(simulated.frame, DataSettings.model_validate(sections["data"]))
    return Request(dataset, Beliefs(ModelSettings.model_validate({"mixture": None, **sections["model"]})), sampler)


def run_world(index: int, sampler: SamplerSettings) -> dict[str, Any]:
    """Estimates of returns and what plans win, of one world by each of the three fits."""
    simulated = world_of(index)
    request = request_of(simulated, sampler)
    chain = fitted(request)
    names = [name for name in request.dataset.channels if name != "queries"]
    model = request.beliefs.model.model_copy(update={"stages": {}})
    without = fitted(replace(request, dataset=request.dataset.with_channels(names), beliefs=Beliefs(model)))
    best = _best(simulated.truth)
    found = {}
    for name, fit in ((CHAIN, chain), (DIRECT, replace(chain, stages=())), (WITHOUT, without)):
        found[name] = {"returns": _returns(analyse(fit), simulated.truth), "gain": _gain(fit, simulated.truth)}
    return {"index": index, "arm": ARMS[index % len(ARMS)], "best": best, "fits": found}


def _returns(analysis: Analysis, truth: FunnelTruth) -> list[dict[str, Any]]:
    total = dict(zip(truth.channels, truth.roas.tolist(), strict=True))
    columns = ["roas", "roas_lower", "roas_upper"]
    return [
        {"channel": str(name), "truth": total[str(name)], **{c: float(row[c]) for c in columns}}
        for name, row in analysis.channels.iterrows()
    ]


def _money(truth: FunnelTruth, totals: Floats) -> Floats:
    return np.asarray(spend_profile(truth.direct, HORIZON) * totals)


def _gain(fit: Fit, truth: FunnelTruth) -> float:
    """What the plan of a fit truly wins over today's, at the same money."""
    limits = {name: {"relative": FREE} for name in truth.channels}
    settings = PlanSettings.model_validate({"channels": limits, "spend_all": True, "draws": 300})
    plan = planned(fit, settings)
    order = [plan.problem.channels.index(name) for name in truth.channels]
    today = truth.direct.reference_plan(HORIZON)
    return truth.response(plan.money[:, :, order]) - truth.response(today)


def _best(truth: FunnelTruth) -> float:
    """What the best plan under the same limits wins, by the truth: of several starts of sequential programming."""
    today = truth.direct.reference_plan(HORIZON).sum(axis=(0, 1))
    start = truth.response(_money(truth, today))
    rng = np.random.default_rng(1)
    best = 0.0
    for k in range(6):
        x = np.ones(len(today)) if k == 0 else rng.uniform(*FREE, len(today))
        made = minimize(
            lambda x: -(truth.response(_money(truth, x * today)) - start) / max(abs(start), 1.0),
            x,
            method="SLSQP",
            bounds=[FREE] * len(today),
            constraints={"type": "eq", "fun": lambda x: float(x @ today / today.sum() - 1.0)},
        )
        if made.success:
            best = max(best, truth.response(_money(truth, made.x * today)) - start)
    return best


def tables(worlds: list[dict[str, Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns by kind of world and fit, and plans by fit."""
    rows = [
        {"arm": w["arm"], "fit": fit, "reached": r["channel"] in ("tv", "video"), **r}
        for w in worlds
        for fit, found in w["fits"].items()
        for r in found["returns"]
    ]
    returns = pd.DataFrame(rows)
    returns["inside"] = (returns["roas_lower"] <= returns["truth"]) & (returns["truth"] <= returns["roas_upper"])
    returns["error"] = np.abs(np.log(returns["roas"] / returns["truth"]))
    returns["width"] = np.log(returns["roas_upper"] / returns["roas_lower"])
    gains = pd.DataFrame(
        [{"arm": w["arm"], "fit": f, "share": v["gain"] / w["best"]} for w in worlds for f, v in w["fits"].items()]
    )
    return returns, gains


def _held(part: pd.DataFrame) -> str:
    share = float(part["inside"].mean())
    return f"{share:.0%} (+- {(share * (1 - share) / len(part)) ** 0.5:.0%})"


def page(worlds: list[dict[str, Any]]) -> str:
    """The tables as a page."""
    returns, gains = tables(worlds)
    lines = [
        f"# Funnels: {len(worlds)} worlds",
        "",
        "Made by `make study-funnels`. National worlds of three years: tv and video move branded queries and work",
        "directly too; social and search work directly. Queries bring 15 to 50% of the base outcome. A quarter of the",
        "worlds each: independent errors; errors of queries and outcome correlated by 0.5; a fifth of the weeks of",
        "queries missing; search spend that follows queries. One model each; 90% intervals of the total ROAS over all",
        "weeks. Error: median absolute log of estimate over truth; width: mean log of upper over lower end.",
        "",
        "## Returns of the channels that reach the queries",
        "",
        *_HEAD,
    ]
    lines += _rows(returns[returns["reached"]], every=True)
    lines += ["", "## Returns of social and search", "", *_HEAD]
    lines += _rows(returns[~returns["reached"]], every=False)
    lines += [
        "",
        "## Plans",
        "",
        "At today's money, channels between half and twice their spend: the true gain as a share of the best possible",
        "one, over all worlds together and by world.",
        "",
        "| plan on | share of the possible gain | median by world | worlds where it loses |",
        "| --- | --- | --- | --- |",
    ]
    for name in (CHAIN, DIRECT, WITHOUT):
        own = gains[gains["fit"] == name]["share"]
        won = sum(w["fits"][name]["gain"] for w in worlds) / sum(w["best"] for w in worlds)
        lines.append(f"| {name} | {won:.0%} | {own.median():.0%} | {int((own < 0).sum())} of {len(own)} |")
    return "\n".join(lines) + "\n"


def _rows(returns: pd.DataFrame, *, every: bool) -> list[str]:
    lines = []
    for arm in (*ARMS, "all"):
        for fit in (CHAIN, DIRECT, WITHOUT) if every else (CHAIN, WITHOUT):
            part = returns[(returns["fit"] == fit) & ((returns["arm"] == arm) | (arm == "all"))]
            if len(part):
                numbers = f"{part['width'].mean():.2f} | {part['error'].median():.0%}"
                lines.append(f"| {arm} | {fit} | {len(part)} | {_held(part)} | {numbers} |")
    return lines


def main() -> None:
    """Command line of the study."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--most", type=int, default=40, help="Worlds that are made in this run, beside those found.")
    parser.add_argument("--work", type=Path, default=Path(".mmm/studies/funnels"))
    parser.add_argument("--out", type=Path, default=Path("docs/studies"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    sampler = SamplerSettings(draws=options.draws, tune=options.draws, store=str(options.work / "fits"))
    worlds: list[dict[str, Any]] = []
    made = 0
    for index in range(options.worlds):
        path = options.work / f"{index:03d}.json"
        if not path.exists():
            if made >= options.most:
                continue
            made += 1
        worlds.append(kept(path, f"{options.draws}-1", lambda index=index: run_world(index, sampler)))  # type: ignore[misc]
        print(f"{len(worlds)} of {options.worlds} worlds", flush=True)
    (options.out / "funnels.md").write_text(page(worlds), encoding="utf-8")
    (options.out / "funnels.json").write_text(json.dumps(worlds, indent=1) + "\n", encoding="utf-8")
    print(page(worlds))


if __name__ == "__main__":
    main()
