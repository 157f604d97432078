"""Meridian with its JAX backend on one world of the study of decisions. Runs in its own environment.

Usage: python meridian_study.py PROBLEM.npz SETTINGS_JSON RESULT

The default ModelSpec, or the variant that settings name, with the last rows as its holdout, which it forecasts from
media and controls. ROAS, marginal ROAS and incremental outcome by its Analyzer over the rows whose outcome is given;
the plan by its BudgetOptimizer over the reference weeks, within the study's bounds, which are its own default; the gain
as that optimiser counts it: incremental outcome of those weeks with the history scaled along. With a variant there are
returns and the forecast alone. Warnings: what its ModelReviewer fails or asks to review, and R-hat above 1.01.
"""

import json
import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from clock import arguments
from meridian_sampling import draw, model_of

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from meridian.analysis import analyzer, optimizer
from meridian.analysis.review import results, reviewer
from meridian.model import model

R_HAT = 1.01


def flat(values: Any) -> np.ndarray:
    """Chains joined: [sample, ...]."""
    array = np.asarray(values)
    return array.reshape(-1, *array.shape[2:])


def warnings_of(meridian: model.Meridian, look: analyzer.Analyzer) -> list[str]:
    largest = max(float(np.nanmax(np.asarray(value))) for value in look.get_rhat().values())
    out = [f"R-hat {largest:.3f}"] if largest > R_HAT else []
    review = reviewer.ModelReviewer(model_context=meridian.model_context, inference_data=meridian.inference_data).run()
    raised = [check for check in review.results if check.case.status is not results.Status.PASS]
    return out + [
        f"{type(check).__name__.removesuffix('CheckResult')}: {check.case.status.name.lower()}" for check in raised
    ]


def forecast(meridian: model.Meridian, look: analyzer.Analyzer, times: list[str]) -> np.ndarray:
    """Predictive draws of the total over geos, [sample, period]: expected outcome plus its noise by geo."""
    expected = flat(look.expected_outcome(selected_times=times, aggregate_times=False, aggregate_geos=False))
    expected = expected.reshape(len(expected), -1, len(times))
    geos = expected.shape[1]
    sigma = flat(meridian.inference_data.posterior["sigma"].values).reshape(len(expected), -1)
    outcome = np.asarray(meridian.input_data.kpi.values, dtype=float).reshape(geos, -1)
    population = np.asarray(meridian.input_data.population.values, dtype=float).reshape(geos, 1)
    # Its outcome is per head, centred and divided by its standard deviation.
    seen = outcome[:, : outcome.shape[1] - len(times)] / population
    size = sigma[:, :, None] * population * seen.std()
    rng = np.random.default_rng(1)
    return (expected + size * rng.standard_normal(expected.shape)).sum(axis=1)


def decide(look: analyzer.Analyzer, given: Any, times: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Totals by channel and draws of the promised gain over the reference plan."""
    lower, upper = (float(x) for x in given["factors"])
    found = optimizer.BudgetOptimizer(analyzer=look).optimize(
        start_date=times[0],
        end_date=times[-1],
        spend_constraint_lower=1.0 - lower,
        spend_constraint_upper=upper - 1.0,
    )
    channels = given["channels"].tolist()
    plan = found.optimized_data.spend.sel(channel=channels).values.astype(float)
    today = given["reference"].sum(axis=(0, 1))
    change = np.where(today > 0, plan / np.where(today > 0, today, 1.0), 1.0)
    media = np.moveaxis(given["media"], 1, 0)
    outcomes = []
    for factor in (change, np.ones_like(change)):
        scaled = analyzer.DataTensors(media=(media * factor).astype("float32"))
        outcomes.append(flat(look.incremental_outcome(new_data=scaled, selected_times=times)).sum(axis=1))
    return plan, outcomes[0] - outcomes[1]


def main(path: str, settings: dict[str, Any], result: str) -> None:
    warnings.simplefilter("ignore")
    given = np.load(path)
    hidden = int(given["hidden"])
    dates = given["dates"].tolist()
    seen = dates[: len(dates) - hidden]
    mask = np.zeros((len(given["geos"]), len(dates)), dtype=bool)
    mask[:, len(seen) :] = True
    meridian = model_of(given, settings.get("variant", "default"))
    if hidden:
        wanted = replace(meridian.model_spec, holdout_id=mask if len(mask) > 1 else mask[0])
        meridian = model.Meridian(input_data=meridian.input_data, model_spec=wanted)
    meridian.sample_prior(500, seed=settings["seed"])
    draw(meridian, settings)
    look = analyzer.Analyzer(model_context=meridian.model_context, inference_data=meridian.inference_data)
    effects = flat(look.incremental_outcome(selected_times=seen, aggregate_times=False, aggregate_geos=False))
    effects = effects.reshape(len(effects), len(given["geos"]), len(seen), -1)
    if "variant" in settings:
        roas = flat(look.roi(selected_times=seen))
        paid = meridian.input_data.get_all_paid_channels().tolist()
        places = [paid.index(c) if c in paid else -1 for c in given["channels"].tolist()]
        outcome = {"roas": np.where(np.array(places) >= 0, roas[:, places], np.nan)}
        if hidden:
            outcome["forecast"] = forecast(meridian, look, dates[len(seen) :])
        np.savez(f"{result}.npz", **outcome)
        Path(f"{result}.json").write_text(json.dumps({"warnings": warnings_of(meridian, look)}))
        return
    found: dict[str, Any] = {
        "roas": flat(look.roi(selected_times=seen)),
        "marginal": flat(look.marginal_roi(selected_times=seen)),
        "contributions": np.moveaxis(effects.mean(axis=0), 0, 1),
        "totals": effects.sum(axis=2),
    }
    if hidden:
        found["forecast"] = forecast(meridian, look, dates[len(seen) :])
        found["plan"], found["gain"] = decide(look, given, seen[len(seen) - hidden :])
    np.savez(f"{result}.npz", **found)
    Path(f"{result}.json").write_text(json.dumps({"warnings": warnings_of(meridian, look)}))


if __name__ == "__main__":
    main(*arguments())
