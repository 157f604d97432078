"""The workbench's fast engine on one panel: one explicit spec, geometric carryover and Hill curves of slope 1.

Usage: python workbench_sampling.py PROBLEM.npz SETTINGS_JSON RESULT

The first fit is the whole fit; the second in the same process, with everything loaded, gives the seconds of sampling:
layout of the data, mode and whitening, sampling, and draws of the integrated coefficients. Large panels are fitted
once: there the seconds of sampling are those of the first fit, loading included.
"""

import ctypes
import warnings
from typing import Any

from clock import Clock, arguments, per_call

# Rows above which loading the kernels is a small part of the fit.
LARGE = 5000
clock = Clock()
with clock.phase("import"):
    import numpy as np
    import pandas as pd

    from mmm.data.dataset import Dataset
    from mmm.data.load import from_frame
    from mmm.data.settings import DataSettings
    from mmm.inference.engine import log_posterior
    from mmm.inference.engine.compiled import c_functions
    from mmm.inference.engine.whitening import whiten
    from mmm.inference.fit import Fit
    from mmm.inference.sample import fit_model
    from mmm.inference.settings import SamplerSettings
    from mmm.model.response import contributions
    from mmm.model.settings import ModelSettings
    from mmm.model.spec import ModelSpec, make_spec


def dataset_of(given: Any) -> Dataset:
    dates, geos, channels = (given[k].tolist() for k in ("dates", "geos", "channels"))
    columns: dict[str, Any] = {"date": np.repeat(dates, len(geos)), "geo": np.tile(geos, len(dates))}
    columns["outcome"] = given["outcome"].ravel()
    settings: dict[str, Any] = {"source": "arrays", "target": {"column": "outcome", "kind": str(given["kind"])}}
    settings |= {"currency": "USD", "channels": {}, "controls": []}
    for i, name in enumerate(channels):
        columns[f"{name}_spend"] = given["spend"][:, :, i].ravel()
        settings["channels"][name] = {"spend": f"{name}_spend"}
        if not np.array_equal(given["spend"][:, :, i], given["media"][:, :, i]):
            columns[f"{name}_media"] = given["media"][:, :, i].ravel()
            settings["channels"][name]["media"] = f"{name}_media"
    for k in range(given["control"].shape[2]):
        columns[f"control_{k}"] = given["control"][:, :, k].ravel()
        settings["controls"].append(f"control_{k}")
    if len(geos) > 1:
        settings["geo"] = "geo"
        if given["population"].size:
            columns["population"] = np.tile(given["population"], len(dates))
            settings["population"] = "population"
    return from_frame(pd.DataFrame(columns), DataSettings.model_validate(settings))


def mean_contributions(fit: Fit, geos: list[str]) -> np.ndarray:
    """Posterior mean contribution [date, geo, channel], in the order of ``geos``: the dataset has its own (geo_2 before
    geo_10)."""
    draws, media = fit.response(), fit.dataset.data["media"].values
    total = np.zeros(media.shape)
    for _, block in draws.blocks(media.size):
        total += contributions(block, media).sum(axis=0)
    order = [fit.dataset.geos.index(geo) for geo in geos] if len(geos) > 1 else [0]
    return total[:, order] / draws.n


def gradient_seconds(spec: ModelSpec, dataset: Dataset) -> dict[str, float]:
    """The compiled function that nutpie calls, near the mode, in the coordinates that are sampled."""
    problem = log_posterior(spec, dataset)
    block = problem.within(whiten(problem).coordinates).block
    pointer = ctypes.c_void_p
    call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, pointer, pointer, pointer, pointer)(
        c_functions()[0].address
    )
    start = 0.5 * np.random.default_rng(1).standard_normal(problem.layout.dim)
    grad, value = np.empty_like(start), np.empty(1)
    at = [array.ctypes.data for array in (start, grad, value, block)]
    taken = per_call(lambda: call(len(start), *at))
    if not np.isfinite(value[0]):
        raise RuntimeError("The log density is not finite at the point of the timing.")
    return taken


def main(path: str, settings: dict[str, Any], result: str) -> None:
    warnings.simplefilter("ignore")
    given = np.load(path)
    with clock.phase("build"):
        dataset = dataset_of(given)
        spec = make_spec(dataset, ModelSettings())
    if settings["task"] == "gradient":
        clock.write(f"{result}.json", **gradient_seconds(spec, dataset))
        return
    sampler = SamplerSettings(**{k: settings[k] for k in ("draws", "tune", "chains", "target_accept", "seed")})
    large = given["outcome"].size > LARGE
    with clock.phase("sample" if large else "first"):
        fit = fit_model(dataset, spec, sampler)
    clock.fitted()
    if not large:
        with clock.phase("sample"):
            fit = fit_model(dataset, spec, sampler)
    posterior, stats = fit.main.posterior, fit.main.tree["sample_stats"]
    judged = (spec.effect_kind, "log_beta", "adstock_alpha", "half_saturation")
    arrays = {f"{'judged' if n in judged else 'other'}:{n}": posterior[n].values for n in posterior.data_vars}
    np.savez(f"{result}.npz", contributions=mean_contributions(fit, given["geos"].tolist()), **arrays)
    clock.write(
        f"{result}.json",
        divergences=int(stats["diverging"].sum()),
        gradients=int(stats["n_steps"].sum()),
        steps=fit.main.seconds,
        engine=fit.engine,
    )


if __name__ == "__main__":
    main(*arguments())
