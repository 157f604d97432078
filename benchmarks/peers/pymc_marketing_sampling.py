"""PyMC-Marketing on one panel. Runs in its own environment: see make peers.

Usage: python pymc_marketing_sampling.py PROBLEM.npz SETTINGS_JSON RESULT

``variant``: "default" is GeometricAdstock(l_max=8), LogisticSaturation() and two yearly Fourier modes with the
library's own priors (with geos every parameter by geo, unpooled); "pooled" has carryover and saturation by channel and
a hierarchical effect; "published" is the model of its published comparison with Meridian; those of FEATURES are the
default one with one more of its features. Controls are standardised, as its guide asks, but for "published".
``sampler``: "nutpie", or "pymc", its fallback without nutpie.
"""

import ctypes
import warnings
from typing import Any

from clock import Clock, arguments, per_call

clock = Clock()
with clock.phase("import"):
    import numpy as np
    import nutpie
    import pandas as pd
    from pymc_extras.prior import Prior
    from pymc_marketing.mmm import MMM, GeometricAdstock, HillSaturationSigmoid, LogisticSaturation, WeibullPDFAdstock
    from pymc_marketing.r2d2 import R2D2
    from pymc_marketing.special_priors import LogNormalPrior


def timed(function: Any, phase: str) -> Any:
    def inner(*args: Any, **kwargs: Any) -> Any:
        with clock.phase(phase):
            return function(*args, **kwargs)

    return inner


def frame_of(given: Any, *, standardised: bool) -> pd.DataFrame:
    dates, geos = given["dates"].tolist(), given["geos"].tolist()
    columns = {"date": pd.to_datetime(np.repeat(dates, len(geos))), "geo": np.tile(geos, len(dates))}
    columns |= {name: given["media"][:, :, i].ravel() for i, name in enumerate(given["channels"].tolist())}
    for k in range(given["control"].shape[2]):
        values = given["control"][:, :, k].ravel()
        columns[f"control_{k}"] = (values - values.mean()) / values.std() if standardised else values
    return pd.DataFrame(columns | {"y": given["outcome"].ravel()})


def published_saturation(geos: int) -> HillSaturationSigmoid:
    height = LogNormalPrior(mean=0.25, std=0.25, dims=("channel",))
    if geos > 1:
        height = LogNormalPrior(
            mean=Prior("Gamma", mu=0.25, sigma=0.10, dims=("channel",)),
            std=Prior("Exponential", scale=0.10, dims=("channel",)),
            dims=("channel", "geo"),
            centered=False,
        )
    rest = {name: Prior("HalfNormal", sigma=1.5, dims=("channel",)) for name in ("beta", "lam")}
    return HillSaturationSigmoid(priors={"sigma": height, **rest})


def pooled_saturation() -> LogisticSaturation:
    effect = LogNormalPrior(
        mean=Prior("Gamma", mu=0.25, sigma=0.10, dims=("channel",)),
        std=Prior("Exponential", scale=0.10, dims=("channel",)),
        dims=("channel", "geo"),
        centered=False,
    )
    return LogisticSaturation(priors={"lam": Prior("Gamma", alpha=3, beta=1, dims=("channel",)), "beta": effect})


def weibull() -> dict[str, Any]:
    """Carryover over 39 weeks whose priors allow for a late peak, as the workbench's in benchmarks/public_table.py."""
    priors = {
        "lam": Prior("Gamma", mu=7, sigma=4, dims="channel"),
        "k": Prior("Gamma", mu=2.2, sigma=1, dims="channel"),
    }
    return {"adstock": WeibullPDFAdstock(l_max=39, priors=priors)}


def student_t() -> dict[str, Any]:
    noise = Prior("StudentT", nu=Prior("Gamma", alpha=2, beta=0.1), sigma=Prior("HalfNormal", sigma=2), dims="date")
    return {"model_config": {"likelihood": noise}}


def r2d2() -> dict[str, Any]:
    """Controls and season by one share of the variance, as its guide has it."""
    whole = R2D2(
        r2=Prior("Beta", mu=0.8, sigma=0.2),
        total_sigma=Prior("LogNormal", mu=0, sigma=1),
        dims={"control": "control", "fourier": "fourier_mode"},
    )
    likelihood = Prior("Normal", sigma=whole.error_sigma, dims="date")
    priors = {
        "likelihood": likelihood,
        "gamma_control": whole.split("control"),
        "gamma_fourier": whole.split("fourier"),
    }
    return {"model_config": priors}


FEATURES = {
    "weibull": weibull,
    "student_t": student_t,
    "varying": lambda: {"time_varying_media": True},
    "r2d2": r2d2,
}


def model_of(given: Any, variant: str) -> tuple[MMM, pd.DataFrame]:
    geos = len(given["geos"])
    frame = frame_of(given, standardised=variant != "published")
    alpha = Prior("Beta", alpha=1, beta=3, dims=("channel",))
    own: dict[str, Any] = {"adstock": GeometricAdstock(l_max=8), "saturation": LogisticSaturation()}
    dims: tuple[str, ...] | None = ("geo",) if geos > 1 else None
    if variant == "pooled":
        own = {"adstock": GeometricAdstock(l_max=8, priors={"alpha": alpha}), "saturation": pooled_saturation()}
    if variant == "published":
        dims = ("geo",)
        own = {
            "adstock": GeometricAdstock(l_max=8, priors={"alpha": alpha}),
            "saturation": published_saturation(geos),
            "scaling": {"channel": {"method": "max", "dims": ()}, "target": {"method": "max", "dims": ()}},
        }
    if variant in FEATURES:
        own |= FEATURES[variant]()
    model = MMM(
        date_column="date",
        target_column="y",
        channel_columns=given["channels"].tolist(),
        # It refuses an empty list.
        control_columns=[c for c in frame if str(c).startswith("control_")] or None,
        dims=dims,
        yearly_seasonality=2,
        **own,
    )
    features = frame.drop(columns=["y"] + ([] if dims else ["geo"]))
    model.build_model(features, frame["y"])
    return model, features


def gradient_seconds(model: MMM) -> dict[str, float]:
    """The compiled function that nutpie calls, at one of its starting points."""
    compiled = nutpie.compile_pymc_model(model._get_sampling_model())
    pointer = ctypes.c_void_p
    call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, pointer, pointer, pointer, pointer)(
        compiled.compiled_logp_func.address
    )
    user, start = compiled.user_data, compiled.initial_point_func(1)
    grad, value = np.empty_like(start), np.empty(1)
    at = [array.ctypes.data for array in (start, grad, value, user)]
    taken = per_call(lambda: call(len(start), *at))
    if not np.isfinite(value[0]):
        raise RuntimeError("The log density is not finite at the point of the timing.")
    return taken


def fit(model: MMM, features: pd.DataFrame, outcome: pd.Series, settings: dict[str, Any]) -> Any:
    """Its own fit(); what compiles and what samples inside is timed."""
    nutpie.compile_pymc_model = timed(nutpie.compile_pymc_model, "compile")
    nutpie.sample = timed(nutpie.sample, "sample")
    with clock.phase("fit"):
        tree = model.fit(
            features,
            outcome,
            draws=settings["draws"],
            tune=settings["tune"],
            chains=settings["chains"],
            cores=2,
            target_accept=settings["target_accept"],
            random_seed=settings["seed"],
            nuts_sampler=settings["sampler"],
            progressbar=False,
        )
    clock.fitted()
    if settings["sampler"] == "pymc":
        # Its own figure, compilation and start of the processes left out; CPU is not known apart.
        clock.wall["sample"] = float(tree["posterior"].attrs["sampling_time"])
        clock.cpu["sample"] = clock.cpu["fit"]
    return tree


def main(path: str, settings: dict[str, Any], result: str) -> None:
    warnings.simplefilter("ignore")
    given = np.load(path)
    with clock.phase("build"):
        model, features = model_of(given, settings["variant"])
    if settings["task"] == "gradient":
        clock.write(f"{result}.json", **gradient_seconds(model))
        return
    if settings["task"] == "compile":
        with clock.phase("compile"):
            nutpie.compile_pymc_model(model._get_sampling_model())
        clock.write(f"{result}.json")
        return
    tree = fit(model, features, pd.Series(given["outcome"].ravel(), name="y"), settings)
    posterior, stats = tree["posterior"].to_dataset(), tree["sample_stats"]
    free = {str(v.name) for v in model.model.free_RVs}
    judged = {n for n in posterior.data_vars if n in free and str(n).startswith(("saturation_", "adstock_"))}
    # A hierarchical parameter is judged by its value; its offsets are where it was sampled.
    judged |= {n for n in ("saturation_beta", "saturation_sigma", "saturation_lam") if n in posterior}
    judged = {n for n in judged if not str(n).endswith("_offset")}
    kept = {n for n in posterior.data_vars if n in free or n in judged}
    arrays = {f"{'judged' if n in judged else 'other'}:{n}": posterior[n].values for n in kept}
    scale = model.get_scales_as_xarray()["target_scale"]
    contribution = (posterior["channel_contribution"].mean(("chain", "draw")) * scale).expand_dims(
        [] if "geo" in posterior["channel_contribution"].dims else ["geo"]
    )
    np.savez(f"{result}.npz", contributions=contribution.transpose("date", "geo", "channel").values, **arrays)
    clock.write(
        f"{result}.json",
        divergences=int(stats["diverging"].sum()),
        gradients=int(stats["n_steps"].sum()) if "n_steps" in stats else None,
    )


if __name__ == "__main__":
    main(*arguments())
