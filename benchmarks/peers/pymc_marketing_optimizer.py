"""PyMC-Marketing's budget optimiser on given posterior draws. Runs in its own environment: see make peers.

Usage: python pymc_marketing_optimizer.py PROBLEM.npz RESULT.json

The model given to its BudgetOptimizer is the benchmark's own response written with the library's transformations, with
the periods before the horizon as carry-in and the look-back after it as carry-over.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pymc as pm
import pymc.dims as pmd
import xarray as xr
from pymc_marketing.mmm.budget_optimizer import BudgetOptimizer
from pymc_marketing.mmm.transformers import geometric_adstock


def main(problem: str, result: str) -> None:
    warnings.simplefilter("ignore")
    given = np.load(problem)
    names = [f"c{i}" for i in range(given["reference"].size)]
    lags, horizon = int(given["lookback"]), int(given["horizon"])
    history = given["history"] / given["scale"]
    data = np.concatenate([history, np.zeros((horizon + lags, len(names)))])
    coords = {"date": np.arange(len(data)), "channel": names}
    started = time.perf_counter()
    with pm.Model(coords=coords) as model:
        media = pmd.Data("channel_data", data, dims=("date", "channel"))
        alpha = pmd.Beta("alpha", 3.0, 3.0, dims=("channel",))
        half = pmd.HalfNormal("half", 1.0, dims=("channel",))
        slope = pmd.HalfNormal("slope", 1.0, dims=("channel",))
        beta = pmd.HalfNormal("beta", 1.0, dims=("channel",))
        carried = geometric_adstock(media, alpha=alpha, l_max=lags + 1, normalize=True, dim="date")
        power = (carried / half) ** slope
        effect = pmd.Deterministic("channel_contribution", beta * power / (1.0 + power))
        pmd.Deterministic("total_media_contribution_original_scale", effect.sum())
    posterior = xr.Dataset(
        {name: (("chain", "draw", "channel"), given[name][None]) for name in ("alpha", "half", "slope", "beta")},
        coords={"channel": names},
    )
    shape = (1, len(given["alpha"]), 1, len(names))
    posterior["channel_contribution"] = (("chain", "draw", "date", "channel"), np.ones(shape))
    optimizer = BudgetOptimizer(
        model=model,
        idata=xr.DataTree.from_dict({"posterior": posterior}),
        num_periods=horizon,
        carry_in_periods=lags,
        adstock_periods=lags,
        channel_scales=given["scale"],
    )
    compiled = time.perf_counter() - started
    # Its budgets are money in a period.
    bounds = {n: (float(lo), float(hi)) for n, lo, hi in zip(names, given["lower"], given["upper"], strict=True)}
    total, seconds, cpu, message = float(given["total"]), [], [], ""
    per_period = {n: (lo / horizon, hi / horizon) for n, (lo, hi) in bounds.items()}
    for _ in range(int(given["repeats"])):
        begun, used = time.perf_counter(), time.process_time()
        found = optimizer.allocate_budget(total / horizon, per_period, return_if_fail=True)
        seconds.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
        message = str(found.scipy_result.message)
    spend = found.budgets.sel(channel=names).values * horizon
    answer = {
        "spend": spend.tolist(),
        "seconds": min(seconds),
        "cpu": min(cpu),
        "first": compiled + seconds[0],
        "message": message,
    }
    Path(result).write_text(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
