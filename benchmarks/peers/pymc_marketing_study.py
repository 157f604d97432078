"""PyMC-Marketing on one world of the study of decisions. Runs in its own environment: see make peers.

Usage: python pymc_marketing_study.py PROBLEM.npz SETTINGS_JSON RESULT

The default model (see pymc_marketing_sampling.py) on the rows whose outcome is given; ROAS and marginal ROAS by its own
incrementality, the plan by its own optimiser, which is told how the reference plan spreads money over weeks, and the
gain by that optimiser's own response distribution. Without a horizon to plan for, estimates alone. Warnings: R-hat
above 1.01, divergences, and an optimiser that did not succeed. With ``variant`` among the settings there is no plan.
"""

import json
import warnings
from pathlib import Path
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import xarray as xr
from clock import arguments
from pymc_marketing_sampling import frame_of, model_of

R_HAT = 1.01


def rows_of(given: Any, rows: slice) -> dict[str, Any]:
    """The problem cut to some of its periods."""
    by_date = ("dates", "media", "control", "outcome", "spend")
    return {name: given[name][rows] if name in by_date else given[name] for name in given.files}


def per_money(model: Any, given: dict[str, Any], factor: float) -> np.ndarray:
    """Incremental contribution of scaling a channel's spend by ``factor``, per unit of money, [sample, channel]."""
    found = model.incrementality.compute_incremental_contribution(
        frequency="all_time", counterfactual_spend_factor=factor
    )
    rest = [dim for dim in found.dims if dim not in ("chain", "draw", "channel")]
    total = found.sum(rest).sel(channel=given["channels"].tolist()).stack(sample=("chain", "draw"))
    spent = given["spend"].sum(axis=(0, 1)) * abs(factor - 1.0)
    return total.transpose("sample", "channel").values / spent


def warnings_of(tree: Any, names: list[str]) -> list[str]:
    posterior = tree["posterior"].to_dataset()
    table = az.rhat(posterior[[name for name in names if name in posterior]])
    largest = max(float(table[name].max()) for name in table.data_vars)
    diverging = int(tree["sample_stats"]["diverging"].sum())
    out = [f"R-hat {largest:.3f}"] if largest > R_HAT else []
    return out + ([f"{diverging} divergences"] if diverging else [])


def forecast(model: Any, given: Any, rows: slice) -> np.ndarray:
    """Predictive draws of the total over geos, [sample, period]."""
    features = frame_of(rows_of(given, rows), standardised=False).drop(columns="y")
    if "geo" not in (model.dims or ()):
        features = features.drop(columns="geo")
    found = model.sample_posterior_predictive(
        features, extend_idata=False, include_last_observations=True, random_seed=1, progressbar=False
    )
    scale = model.get_scales_as_xarray()["target_scale"]
    values = found["y"] * scale
    rest = [dim for dim in values.dims if dim not in ("date", "sample")]
    return values.sum(rest).transpose("sample", "date").values


def decide(model: Any, given: Any, dates: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Totals by channel, draws of the promised gain over the reference plan, and what the optimiser warned of."""
    channels, geos = given["channels"].tolist(), given["geos"].tolist()
    reference = given["reference"]
    horizon = len(dates)
    by_geo = "geo" in (model.dims or ())
    cells = reference.sum(axis=0) if by_geo else reference.sum(axis=(0, 1))[None]
    spread = reference if by_geo else reference.sum(axis=1, keepdims=True)
    pattern = np.where(cells > 0, spread / np.where(cells > 0, cells, 1.0), 1.0 / horizon)
    coords = {"date": np.arange(horizon), "geo": geos if by_geo else ["all"], "channel": channels}
    distribution = xr.DataArray(pattern, dims=("date", "geo", "channel"), coords=coords)
    today = xr.DataArray(cells, dims=("geo", "channel"), coords={k: coords[k] for k in ("geo", "channel")})
    bounds = xr.concat([today * given["factors"][0], today * given["factors"][1]], dim="bound").transpose(..., "bound")
    bounds = bounds.assign_coords(bound=["lower", "upper"])
    if not by_geo:
        distribution, today, bounds = (x.isel(geo=0, drop=True) for x in (distribution, today, bounds))
    # Its budgets are money in a period.
    optimizer = model.budget_optimizer(dates[0], dates[-1], budget_distribution_over_period=distribution)
    per_period = today / horizon
    result = optimizer.allocate_budget(float(per_period.sum()), bounds / horizon, x0=per_period, return_if_fail=True)
    gain = optimizer.evaluate_response_distribution(result.budgets) - optimizer.evaluate_response_distribution(
        per_period
    )
    plan = result.budgets.sel(channel=channels) * horizon
    plan = plan.sum([dim for dim in plan.dims if dim != "channel"]).values
    failed = [] if result.scipy_result.success else [f"optimiser: {result.scipy_result.message}"]
    return plan, np.asarray(gain).ravel(), failed


def fitted(known: dict[str, Any], settings: dict[str, Any]) -> tuple[Any, Any]:
    """The model of a problem (the default one, unless settings name a variant) and its posterior."""
    model, features = model_of(known, settings.get("variant", "default"))
    model.add_original_scale_contribution_variable(["channel_contribution"])
    tree = model.fit(
        features,
        pd.Series(known["outcome"].ravel(), name="y"),
        draws=settings["draws"],
        tune=settings["tune"],
        chains=settings["chains"],
        cores=settings["cores"],
        random_seed=settings["seed"],
        nuts_sampler="nutpie",
        progressbar=False,
    )
    return model, tree


def main(path: str, settings: dict[str, Any], result: str) -> None:
    warnings.simplefilter("ignore")
    given = np.load(path)
    hidden = int(given["hidden"])
    seen = slice(0, len(given["dates"]) - hidden)
    known = rows_of(given, seen)
    model, tree = fitted(known, settings)
    said = warnings_of(tree, [str(v.name) for v in model.model.free_RVs])
    contribution = tree["posterior"]["channel_contribution_original_scale"].stack(sample=("chain", "draw"))
    contribution = contribution.expand_dims([] if "geo" in contribution.dims else ["geo"])
    contribution = contribution.sel(channel=known["channels"].tolist())
    found: dict[str, Any] = {
        "roas": per_money(model, known, 0.0),
        "marginal": per_money(model, known, 1.01),
        "contributions": contribution.mean("sample").transpose("date", "geo", "channel").values,
        "totals": contribution.sum("date").transpose("sample", "geo", "channel").values,
    }
    if hidden:
        found["forecast"] = forecast(model, given, slice(seen.stop, None))
        if "variant" not in settings:
            dates = pd.to_datetime(given["dates"][seen.stop :].tolist())
            found["plan"], found["gain"], failed = decide(model, given, dates)
            said += failed
    np.savez(f"{result}.npz", **found)
    Path(f"{result}.json").write_text(json.dumps({"warnings": said}))


if __name__ == "__main__":
    main(*arguments())
