"""Meridian's budget optimiser on given posterior draws. Runs in its own environment: see make peers.

Usage: python meridian_optimizer.py PROBLEM.npz RESULT.json

A Meridian model of the horizon and the look-back after it, at the reference spend; its posterior is replaced by the
given draws. Meridian scales the past together with the plan, so the problem must have no past.
"""

import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import arviz as az
import numpy as np
import pandas as pd
from meridian.analysis import optimizer
from meridian.data import nd_array_input_data_builder
from meridian.model import model, spec


def meridian_of(given: np.lib.npyio.NpzFile, inference_data: az.InferenceData | None = None) -> model.Meridian:
    lags, horizon, reference = int(given["lookback"]), int(given["horizon"]), given["reference"]
    names = [f"c{i}" for i in range(reference.size)]
    media = np.concatenate([np.tile(reference / horizon, (horizon, 1)), np.zeros((lags, reference.size))])
    times = [f"{d:%Y-%m-%d}" for d in pd.date_range("2024-01-01", periods=horizon + lags, freq="7D")]
    builder = nd_array_input_data_builder.NDArrayInputDataBuilder(kpi_type="revenue")
    builder.time_coords, builder.media_time_coords = times, times
    kpi = 1e4 + 1e3 * np.random.default_rng(0).standard_normal(len(times))
    data = builder.with_kpi(kpi[None]).with_media(media[None], media[None], names).build()
    wanted = spec.ModelSpec(max_lag=lags, knots=1, media_prior_type="coefficient")
    return model.Meridian(input_data=data, model_spec=wanted, inference_data=inference_data)


def main(problem: str, result: str) -> None:
    warnings.simplefilter("ignore")
    given = np.load(problem)
    started = time.perf_counter()
    plain = meridian_of(given)
    draws = len(given["alpha"])
    plain.sample_prior(draws, seed=1)
    posterior = plain.inference_data.prior.copy(deep=True)
    for name, key in (("alpha_m", "alpha"), ("ec_m", "half"), ("slope_m", "slope"), ("beta_m", "beta")):
        posterior[name] = (posterior[name].dims, given[key][None].astype(posterior[name].dtype))
    posterior["beta_gm"] = (posterior["beta_gm"].dims, given["beta"][None, :, None, :].astype("float32"))
    fitted = meridian_of(given, az.InferenceData(prior=plain.inference_data.prior, posterior=posterior))
    compiled = time.perf_counter() - started
    lower = (1 - given["lower"] / given["reference"]).tolist()
    upper = (given["upper"] / given["reference"] - 1).tolist()
    seconds, cpu = [], []
    for _ in range(int(given["repeats"])):
        begun, used = time.perf_counter(), time.process_time()
        found = optimizer.BudgetOptimizer(fitted).optimize(
            budget=float(given["total"]),
            spend_constraint_lower=lower,
            spend_constraint_upper=upper,
            use_kpi=False,
        )
        seconds.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
    spend = found.optimized_data.spend.values
    answer = {"spend": spend.tolist(), "seconds": min(seconds), "cpu": min(cpu), "first": compiled + seconds[0]}
    Path(result).write_text(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
