"""The planner against SciPy, PyMC-Marketing and Meridian on the same posterior draws, and its cost by size.

    python benchmarks/planner.py [--peers DIR] [--quick] [--out docs/studies/planner_benchmark.json]

Peers run in their own environments (``make peers``); what is not installed is left out and said so. Every allocation is
scored by the one response of the workbench. Carry-in is included, but for Meridian, which scales the past together with
the plan: it gets the same problem without a past.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.response import ResponseDraws
from mmm.planning.constraints import assemble
from mmm.planning.objectives import Evaluator, Expected
from mmm.planning.optimise import Limits, maximise
from mmm.planning.problem import PlanProblem, Space
from mmm.planning.settings import PlanSettings

HERE = Path(__file__).parent
PEERS = {
    "PyMC-Marketing": ("pymc-marketing", "pymc_marketing_optimizer.py"),
    "Meridian": ("meridian", "meridian_optimizer.py"),
}


@dataclass(frozen=True)
class Size:
    """One problem: its size, the Hill slope's typical value, and whether there is a past."""

    channels: int
    draws: int = 1000
    geos: int = 1
    weeks: int = 13
    slope: float = 1.0
    past: bool = True
    detail: str = "channel"
    lookback: int = 8
    seed: int = 0
    mixture: bool = False
    """Draws as of the default mixture of models: two sevenths with Hill slopes of 0.8 to 3 (90%), two sevenths with
    delayed carryover, one seventh logistic."""

    @property
    def curves(self) -> str:
        return "mixture" if self.mixture else "S-shaped" if self.slope > 1.0 else "concave"

    def settings(self) -> PlanSettings:
        bounds = (0.5, 2.0) if self.slope == 1.0 else (0.0, 3.0)
        return PlanSettings(objective="expected_outcome", detail=self.detail, spend_all=True, bounds=bounds)


def make(size: Size) -> PlanProblem:
    """Made-up posterior draws and an even reference plan; curves differ between channels and draws."""
    rng = np.random.default_rng([7, size.seed])
    n, g, c, h, lags = size.draws, size.geos, size.channels, size.weeks, size.lookback
    weekly = rng.uniform(50, 200, (1, c)) * rng.uniform(0.5, 1.5, (g, c)) if g > 1 else rng.uniform(50, 200, (1, c))
    half = np.exp(rng.normal(0, 0.5, (1, c)) + rng.normal(0, 0.3, (n, c)))
    slope = np.ones((n, c)) if size.slope == 1.0 else 1 + (size.slope - 1) * np.exp(rng.normal(0, 0.2, (n, c)))
    draws = ResponseDraws(
        channels=tuple(f"c{i}" for i in range(c)),
        geos=tuple(f"g{i}" for i in range(g)),
        adstock_kind=np.full((n, c), adstock_kind("geometric", normalised=True)),
        adstock_par=np.stack([rng.beta(3, 3, (n, c)), np.zeros((n, c))], axis=-1),
        saturation_kind=np.full((n, c), saturation_kind("hill" if size.slope == 1.0 else "hill_sloped")),
        saturation_par=np.stack([half, slope], axis=-1),
        log_beta=rng.normal(0, 0.3, (n, g, c)) + rng.normal(0, 0.5, (1, 1, c)) + np.log(300.0),
        media_scale=weekly,
        lookback=lags,
    )
    reference = np.broadcast_to(weekly, (h, g, c)).copy()
    return PlanProblem(
        draws=_mixed(draws, rng) if size.mixture else draws,
        dates=pd.date_range("2024-01-01", periods=h, freq="7D"),
        reference=reference,
        pattern=reference / reference.sum(axis=(0, 1)),
        unit=np.ones((h, g, c)),
        history=np.broadcast_to(weekly * (1.0 if size.past else 0.0), (lags, g, c)).copy(),
        weights=np.ones((2 * lags + h, g)),
        observed_peak=weekly,
        observed_peak_total=weekly.sum(axis=0),
        has_value=True,
    )


def _mixed(draws: ResponseDraws, rng: np.random.Generator) -> ResponseDraws:
    """The draws with families of the default mixture's members in the shares of seven equal weights."""
    n, c = draws.adstock_kind.shape
    member = rng.permutation(np.arange(n) % 7)
    sloped, delayed, logistic = member < 2, (member == 1) | (member == 2), member == 3
    saturation, carryover = draws.saturation_par.copy(), draws.adstock_par.copy()
    low, high = np.log(0.8), np.log(3.0)
    normal = rng.standard_normal((int(sloped.sum()), c))
    saturation[sloped, :, 1] = np.exp((low + high) / 2 + (high - low) / 2 / 1.645 * normal)
    carryover[delayed, :, 1] = rng.uniform(0.5, 4.0, (int(delayed.sum()), c))
    steep, kind, late = (np.broadcast_to(which[:, None], (n, c)) for which in (sloped, logistic, delayed))
    return replace(
        draws,
        saturation_kind=np.select(
            [kind, steep], [saturation_kind("logistic"), saturation_kind("hill_sloped")], saturation_kind("hill")
        ),
        saturation_par=saturation,
        adstock_kind=np.where(late, adstock_kind("delayed", normalised=True), draws.adstock_kind),
        adstock_par=carryover,
    )


def ours(size: Size, problem: PlanProblem, repeats: int) -> dict[str, object]:
    settings = size.settings()
    seconds, cpu = [], []
    for _ in range(repeats):
        begun, used = time.perf_counter(), time.process_time()
        space = Space(size.detail, problem)
        objective = Expected(Evaluator(space))
        program = assemble(settings, space, float(problem.reference_totals.sum()))
        found = maximise(objective, program, Limits(settings.gap, begun + 600.0))
        seconds.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
    return {
        "spend": space.totals(found.x).tolist(),
        "value": float(problem.effect_draws(space.money(found.x)).sum(axis=1).mean()),
        "seconds": min(seconds),
        "cpu": min(cpu),
        "gap": found.certificate.gap,
        "certificate": found.certificate.kind,
    }


def slsqp(size: Size, problem: PlanProblem, starts: int = 20) -> dict[str, object]:
    """SciPy's SLSQP with exact gradients from many starts on the same objective, the first one uniform."""
    space = Space(size.detail, problem)
    objective = Expected(Evaluator(space))
    low, high = size.settings().bounds
    reference, total = space.reference, float(space.reference.sum())
    scale = objective.at(reference, False).value
    rng = np.random.default_rng(1)
    ends, begun, used = [], time.perf_counter(), time.process_time()
    for i in range(starts):
        start = np.full(space.size, total / space.size) if i == 0 else rng.uniform(low, high, space.size) * reference
        start = np.clip(start, low * reference, high * reference)

        def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
            point = objective.at(x * total, False)
            return -point.value / scale, -point.gradient * total / scale

        found = minimize(
            loss,
            start / total,
            jac=True,
            method="SLSQP",
            bounds=list(zip(low * reference / total, high * reference / total, strict=True)),
            constraints=[{"type": "eq", "fun": lambda x: x.sum() - 1, "jac": np.ones_like}],
            options={"maxiter": 1000, "ftol": 1e-10},
        )
        feasible = abs(found.x.sum() - 1) < 1e-6
        ends.append((-found.fun * scale if feasible else -np.inf, found.x * total))
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    values = np.array([value for value, _ in ends])
    best = ends[int(values.argmax())]
    return {
        "spend": space.totals(best[1]).tolist(),
        "value": float(best[0]),
        "seconds": seconds,
        "cpu": cpu,
        "first_start": float(values[0]),
        "worst_start": float(values[np.isfinite(values)].min()),
        "failed_starts": int((~np.isfinite(values)).sum()),
    }


def peer(name: str, size: Size, problem: PlanProblem, folder: Path) -> dict[str, object]:
    environment, script = PEERS[name]
    python = folder / environment / "bin" / "python"
    if not python.exists():
        return {"missing": f"no environment at {python.parent.parent}: make peers"}
    low, high = size.settings().bounds
    totals = problem.reference_totals
    with tempfile.TemporaryDirectory() as scratch:
        given, result = Path(scratch) / "problem.npz", Path(scratch) / "result.json"
        np.savez(
            given,
            alpha=problem.draws.adstock_par[..., 0],
            half=problem.draws.saturation_par[..., 0],
            slope=problem.draws.saturation_par[..., 1],
            beta=np.exp(problem.draws.log_beta[:, 0]),
            scale=problem.draws.media_scale[0],
            history=problem.history[:, 0],
            reference=totals,
            lower=low * totals,
            upper=high * totals,
            total=totals.sum(),
            lookback=size.lookback,
            horizon=size.weeks,
            repeats=1 if name == "Meridian" else 2,
        )
        done = subprocess.run(  # noqa: S603  (our own script in our own environment)
            [str(python), str(HERE / "peers" / script), str(given), str(result)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return {"missing": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "failed"}
        found = json.loads(result.read_text())
    spend = np.array(found["spend"])
    money = Space("channel", problem).money(spend)
    slack = 1e-4 * totals.sum()
    return {
        **found,
        "value": float(problem.effect_draws(money).sum(axis=1).mean()),
        "overspent": float(spend.sum() / totals.sum() - 1),
        "feasible": bool(
            abs(spend.sum() - totals.sum()) <= slack
            and np.all(spend >= low * totals - slack)
            and np.all(spend <= high * totals + slack)
        ),
    }


def compare(folder: Path, quick: bool) -> list[dict[str, object]]:
    sizes = [Size(8), Size(8, past=False), Size(8, slope=2.5), Size(8, slope=2.5, past=False)]
    if not quick:
        sizes += [Size(20), Size(20, slope=2.5)]
    rows = []
    for size in sizes:
        problem = make(replace(size, draws=200 if quick else size.draws))
        row: dict[str, object] = {"size": vars(size), "ours": ours(size, problem, 5)}
        row["SLSQP, 20 starts"] = slsqp(size, problem)
        if size.past:
            row["PyMC-Marketing"] = peer("PyMC-Marketing", size, problem, folder)
        elif size.channels <= 8:
            row["Meridian"] = peer("Meridian", size, problem, folder)
        rows.append(row)
        print(describe(row), flush=True)
    return rows


def describe(row: dict) -> str:  # type: ignore[type-arg]
    size, mine = row["size"], row["ours"]
    curves = "S-shaped" if size["slope"] > 1 else "concave"
    text = [f"{size['channels']} channels, {curves}, {'with' if size['past'] else 'without'} a past:"]
    text.append(
        f"  ours {mine['value']:.2f} in {mine['seconds'] * 1e3:.1f} ms (CPU {mine['cpu'] * 1e3:.1f} ms), "
        f"proven within {mine['gap']:.1e}"
    )
    for name in ("SLSQP, 20 starts", "PyMC-Marketing", "Meridian"):
        other = row.get(name)
        if other is None:
            continue
        if "missing" in other:
            text.append(f"  {name}: {other['missing']}")
            continue
        worse = 100 * (1 - other["value"] / mine["value"])
        faster = other["cpu"] / mine["cpu"]
        first = f", {other['first']:.1f} s with compilation" if "first" in other else ""
        if abs(other.get("overspent", 0.0)) > 1e-6:
            first += f", {100 * other['overspent']:+.4f}% of the budget more"
        text.append(
            f"  {name} {worse:+.4f}% worse, {other['seconds']:.2f} s (CPU {other['cpu']:.2f} s, {faster:,.0f} times "
            f"ours){first}"
        )
    return "\n".join(text)


def scaling(quick: bool) -> list[dict[str, object]]:
    """Cost of our own plans against channels, geos, weeks and draws."""
    sizes: list[tuple[str, Size]] = []
    for slope in (1.0, 2.5):
        few = (6, 12, 50) if quick else (6, 12, 25, 50, 100)
        sizes += [("channels", Size(c, slope=slope)) for c in few]
        sizes += [("draws", Size(12, draws=n, slope=slope)) for n in (250, 1000, 4000)]
        sizes += [("geos", Size(12, geos=g, slope=slope, detail="geo")) for g in ((5, 20) if quick else (5, 20, 50))]
    few = (4, 13) if quick else (4, 13, 26)
    for kind in (Size(10), Size(10, slope=2.5), Size(10, mixture=True)):
        sizes += [("weeks", replace(kind, weeks=w, detail="week")) for w in few]
    rows = []
    for axis, size in sizes:
        found = ours(size, make(size), 2)
        cost = {name: found[name] for name in ("seconds", "cpu", "gap", "certificate")}
        rows.append({"axis": axis, **vars(size), "curves": size.curves, **cost})
        what = f"{size.geos} geos x {size.channels} channels x {size.weeks} weeks x {size.draws} draws"
        print(
            f"{axis}: {what}, {size.curves}, by {size.detail}: {found['seconds']:.3f} s, "
            f"CPU {found['cpu']:.3f} s, gap {found['gap']:.1e}",
            flush=True,
        )
    return rows


def plot(rows: list[dict], path: Path) -> None:  # type: ignore[type-arg]
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(12, 3), sharey=True, layout="constrained")
    for panel, axis in zip(axes, ("channels", "geos", "weeks", "draws"), strict=True):
        for label in ("concave", "S-shaped", "mixture"):
            points = sorted((row[axis], row["cpu"]) for row in rows if row["axis"] == axis and row["curves"] == label)
            if points:
                panel.loglog(*zip(*points, strict=True), marker="o", label=label)
        panel.set_xlabel(axis)
        panel.grid(alpha=0.3, which="both")
    axes[0].set_ylabel("CPU seconds")
    axes[2].legend(frameon=False)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".peers")
    parser.add_argument("--quick", action="store_true", help="fewer draws and sizes")
    parser.add_argument("--only", choices=("compare", "scaling"))
    parser.add_argument("--out", type=Path, default=HERE.parent / "docs" / "studies" / "planner_benchmark.json")
    args = parser.parse_args()
    ours(Size(3, draws=10), make(Size(3, draws=10)), 1)  # loads the compiled kernels
    ours(Size(3, draws=10, slope=2.0), make(Size(3, draws=10, slope=2.0)), 1)
    ours(Size(2, draws=10, detail="week"), make(Size(2, draws=10)), 1)
    ours(Size(2, draws=20, detail="week", mixture=True), make(Size(2, draws=20, mixture=True)), 1)
    result: dict[str, object] = json.loads(args.out.read_text()) if args.only and args.out.exists() else {}
    result["cores"] = os.cpu_count()
    result["load"] = os.getloadavg()[0]
    if args.only != "scaling":
        result["compare"] = compare(args.peers, args.quick)
    if args.only != "compare":
        result["scaling"] = scaling(args.quick)
        plot(result["scaling"], args.out.with_suffix(".svg"))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
