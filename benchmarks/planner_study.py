"""What plans deliver in worlds with known truth: realised gain against the oracle's and against what was promised.

    python benchmarks/planner_study.py [--worlds 20] [--work .mmm/plan_study] [--out docs/studies/plans.json]

Three kinds of worlds, ``--worlds`` seeds each, national where the seed is even and five geos where it is odd:

- *as believed*: parameters drawn from the model's default priors;
- *S-shaped*: true Hill curves of slope 1.4 to 3.5;
- *spend follows demand*: three of five channels spend more when demand that nobody records is high.

Each kind is fitted with one model (geometric carryover, Hill curves of slope 1) and with the default mixture; S-shaped
worlds also with one model whose slope is free. Each fit is planned twice: within the observed range (bounds 0.7 to
1.3 x today, extrapolation forbidden) and beyond it (bounds 0 to 3 x today), the total being today's. Compared with
keeping today's plan, money in proportion to ROAS, and SLSQP from a uniform start; the simulator, which knows the
truth, scores every plan. Results are kept by world, so that an interrupted study goes on where it stopped; use another
``--work`` after a change of the package.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from mmm.assessment.recovery import priors_of
from mmm.assessment.resume import kept
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.inference.fit import Fit
from mmm.inference.settings import SamplerSettings
from mmm.inference.store import obtain
from mmm.model.mixture import make_mixture
from mmm.model.settings import ModelSettings
from mmm.planning import PlanSettings
from mmm.planning.objectives import Evaluator, Expected
from mmm.planning.planner import decide
from mmm.planning.prepare import prepare
from mmm.planning.problem import Space
from mmm.planning.result import Plan
from mmm.simulate import Budget, Flighting, Truth, World, best_allocation, data_settings, random_world, simulate

SEED = 20240701
REGIMES = {
    "within": {"bounds": (0.7, 1.3), "extrapolation": {"action": "forbid"}},
    "beyond": {"bounds": (0.0, 3.0)},
}
METHODS = ("ours", "proportional to ROAS", "SLSQP", "oracle")


ONE_MODEL: dict[str, Any] = {"mixture": None, "adstock": {"family": "geometric"}, "saturation": {"family": "hill"}}
SLOPED = ONE_MODEL | {"saturation": {"family": "hill", "slope": {"lower": 0.9, "upper": 3.5}}}


@dataclass(frozen=True)
class Kind:
    """A kind of worlds: ``slope`` is the (mu, sigma) of the log of the true Hill slope, None for 1; ``follow`` says
    that spend follows demand; ``model`` the settings of the model, empty for the default mixture.
    """

    slope: tuple[float, float] | None = None
    follow: bool = False
    model: str = "one model"


MODELS = {"one model": ONE_MODEL, "one model, slope free": SLOPED, "mixture": {}}
KINDS = {
    "as believed": Kind(),
    "S-shaped": Kind(slope=(0.8, 0.25)),
    "S-shaped, slope free": Kind(slope=(0.8, 0.25), model="one model, slope free"),
    "spend follows demand": Kind(follow=True),
    "as believed, mixture": Kind(model="mixture"),
    "S-shaped, mixture": Kind(slope=(0.8, 0.25), model="mixture"),
    "spend follows demand, mixture": Kind(follow=True, model="mixture"),
}
_FOLLOWERS = 3


def world_of(kind: Kind, index: int) -> World:
    """World ``index`` of a kind; kinds differ in what they say and in nothing else that could be kept."""
    rng = np.random.default_rng([SEED, index])
    priors = replace(priors_of(ModelSettings()), slope=kind.slope)
    world = random_world(rng, priors, geos=1 if index % 2 == 0 else 5, channels=5, name=f"plan_{index}")
    if not kind.follow:
        return world
    follow = rng.uniform(0.2, 0.6, _FOLLOWERS)
    channels = list(world.channels)
    for c, strength in enumerate(follow):
        chase = Flighting("demand_following", variation=0.2, follow=float(strength))
        channels[c] = replace(channels[c], flighting=chase)
    return replace(world, channels=tuple(channels), baseline=replace(world.baseline, demand_sd=0.05))


def fitted(kind: Kind, index: int, store: Path) -> tuple[Fit, Truth]:
    """World ``index`` of a kind and a fit of it; the members of a mixture are kept in ``store``."""
    simulated = simulate(world_of(kind, index))
    dataset = from_frame(simulated.frame, DataSettings.model_validate(data_settings(simulated)))
    sampler = SamplerSettings(draws=500, tune=800, chains=2, seed=index + 1, store=str(store))
    mixture = make_mixture(dataset, ModelSettings.model_validate(MODELS[kind.model]))
    return obtain(dataset, mixture, sampler), simulated.truth


def limits(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    return plan.allocation["lower_bound"].to_numpy(), plan.allocation["upper_bound"].to_numpy()


def proportional(plan: Plan) -> np.ndarray:
    """Money in proportion to each channel's mean ROAS, within the bounds, the total kept."""
    roas = plan.allocation["reference_roas"].fillna(0.0).clip(lower=0.0).to_numpy()
    low, high = limits(plan)
    lo, hi = 0.0, 1e12
    for _ in range(200):
        scale = (lo + hi) / 2
        if np.clip(scale * roas, low, high).sum() > plan.reference_spend:
            hi = scale
        else:
            lo = scale
    return np.clip(lo * roas, low, high)


def slsqp(plan: Plan) -> np.ndarray:
    """SciPy's SLSQP from an even split, on the same draws."""
    low, high = limits(plan)
    total = plan.reference_spend
    objective = Expected(Evaluator(Space("channel", plan.problem)))
    scale = float(plan.reference_draws.mean())

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        point = objective.at(x * total, False)
        return -point.value / scale, -point.gradient * total / scale

    found = minimize(
        loss,
        np.clip(np.full(len(low), total / len(low)), low, high) / total,
        jac=True,
        method="SLSQP",
        bounds=list(zip(low / total, high / total, strict=True)),
        constraints=[{"type": "eq", "fun": lambda x: x.sum() - 1, "jac": np.ones_like}],
    )
    return found.x * total


def one(kind: Kind, index: int, store: Path) -> dict[str, Any]:
    """All figures of one world."""
    begun = time.perf_counter()
    fit, truth = fitted(kind, index, store)
    row: dict[str, Any] = {"world": index, "geos": len(truth.geos)}
    for name, regime in REGIMES.items():
        settings = PlanSettings(objective="expected_outcome", horizon="13 weeks", spend_all=True, **regime)
        plan = decide(prepare(fit, settings), settings)
        space = Space("channel", plan.problem)
        order = [plan.problem.channels.index(channel) for channel in truth.channels]

        def value(money: np.ndarray, order: list[int] = order) -> float:
            return truth.response(money[:, :, order]) * truth.value_per_unit

        today = value(plan.problem.reference)
        low, high = limits(plan)
        oracle = best_allocation(
            truth, Budget(plan.reference_spend, low[order], np.maximum(low, high)[order], 13), spend_all=True
        )
        realised = {
            "ours": value(plan.money) - today,
            "proportional to ROAS": value(space.money(proportional(plan))) - today,
            "SLSQP": value(space.money(slsqp(plan))) - today,
            "oracle": oracle.response * truth.value_per_unit - today,
        }
        row[name] = {
            "today": today,
            "realised": realised,
            "promised": plan.gain.mean,
            "lower": plan.gain.lower,
            "upper": plan.gain.upper,
            "probability": plan.gain.probability,
            "beyond": float(plan.allocation["observed_max_ratio"].max()),
        }
    row["seconds"] = time.perf_counter() - begun
    return row


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Sums over worlds, so that worlds in which there is little to win do not dominate."""
    out = {}
    for name in REGIMES:
        of = [row[name] for row in rows]
        best = sum(r["realised"]["oracle"] for r in of)
        ours = np.array([r["realised"]["ours"] for r in of])
        inside = [r["lower"] <= r["realised"]["ours"] <= r["upper"] for r in of]
        better = [r["realised"]["ours"] > 0 for r in of if r["lower"] > 0]
        out[name] = {
            **{f"share of the oracle's gain: {m}": sum(r["realised"][m] for r in of) / best for m in METHODS},
            "promised / realised": sum(r["promised"] for r in of) / ours.sum(),
            "interval holds the realised gain": int(sum(inside)),
            "interval too high": int(sum(r["realised"]["ours"] < r["lower"] for r in of)),
            "plans that lost": int((ours < 0).sum()),
            "plans called better": len(better),
            "plans called better that were": int(sum(better)),
            "oracle's gain / today's effect": best / sum(r["today"] for r in of),
            "worlds": len(of),
        }
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--work", type=Path, default=Path(".mmm/plan_study"))
    parser.add_argument("--out", type=Path, default=Path("docs/studies/plans.json"))
    args = parser.parse_args()
    found: dict[str, Any] = {}
    for name in args.kinds:
        kind, folder = KINDS[name], args.work / name.replace(" ", "_").replace(",", "")
        rows = []
        for index in range(args.worlds):
            key = f"{kind} {MODELS[kind.model]} {REGIMES} {SEED}"
            rows.append(
                kept(folder / f"{index}.json", key, lambda kind=kind, index=index: one(kind, index, args.work / "fits"))
            )
            print(
                name, index, f"{rows[-1]['seconds']:.0f} s", {n: rows[-1][n]["realised"] for n in REGIMES}, flush=True
            )
        found[name] = {"summary": summary(rows), "worlds": [{k: v for k, v in r.items() if k != "key"} for r in rows]}
        for regime, figures in found[name]["summary"].items():
            print(f"{name}, {regime}: " + "; ".join(f"{what} {figure:.3g}" for what, figure in figures.items()))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
