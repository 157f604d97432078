"""Meridian with its JAX backend on one panel. Runs in its own environment: see make peers.

Usage: python meridian_sampling.py PROBLEM.npz SETTINGS_JSON RESULT

``variant``: "default" is its ModelSpec() (with automatic knots where it refuses a knot a week), "published" the
specification of the published comparison with PyMC-Marketing, "binomial" has carryover of that shape over 39 periods,
"reach" takes one channel by reach and frequency, and "organic" media without a cost as organic ones. An outcome with a
``value`` is no revenue; channels that are not ``paid`` are organic in any case. Seconds of sampling are those of its
NUTS alone: XLA's compilation is done apart, before. Its target acceptance stays at its default of 0.85: its JAX backend
cannot be given another.
"""

import os
import warnings
from typing import Any

from clock import Clock, arguments, per_call

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["MERIDIAN_BACKEND"] = "jax"
clock = Clock()
with clock.phase("import"):
    import jax
    import numpy as np
    import tensorflow_probability.substrates.jax as tfp
    from meridian import backend, constants
    from meridian.analysis import analyzer
    from meridian.data import nd_array_input_data_builder
    from meridian.model import model, prior_distribution, spec

_STATIC = ("joint_dist", "n_chains", "n_draws", "num_adaptation_steps", "dual_averaging_kwargs", "max_tree_depth")
_STATIC += ("unrolled_leapfrog_steps", "parallel_iterations")


def data_of(given: Any, variant: str) -> Any:
    """Its input data."""
    worth = "value" in given
    builder = nd_array_input_data_builder.NDArrayInputDataBuilder(kpi_type="non_revenue" if worth else "revenue")
    times = given["dates"].tolist()
    builder.time_coords, builder.media_time_coords = times, times
    geos = given["geos"].tolist()
    if len(geos) > 1:
        builder.geos = geos
    builder = builder.with_kpi(by_geo(given, "outcome"))
    if worth:
        builder = builder.with_revenue_per_kpi(by_geo(given, "value"))
    if len(geos) > 1:
        population = given["population"] if given["population"].size else np.ones(len(geos))
        builder = builder.with_population(population)
    if given["control"].shape[2]:
        names = [f"control_{k}" for k in range(given["control"].shape[2])]
        builder = builder.with_controls(by_geo(given, "control"), names)
    return with_media(builder, given, variant).build()


def by_geo(given: Any, name: str) -> Any:
    """[geo, date, ...], as its builder asks."""
    return np.moveaxis(given[name], 1, 0)


def with_media(builder: Any, given: Any, variant: str) -> Any:
    """The channels: by their media, one by reach and frequency, and those without a cost as organic ones."""
    channels = given["channels"]
    reached = channels == (str(given["reach_channel"]) if variant == "reach" else "")
    paid = given["paid"] if "paid" in given else np.ones(len(channels), dtype=bool)
    media, spend = by_geo(given, "media"), by_geo(given, "spend")
    plain = paid & ~reached
    builder = builder.with_media(media[:, :, plain], spend[:, :, plain], channels[plain].tolist())
    if reached.any():
        often = by_geo(given, "reach"), by_geo(given, "frequency")
        builder = builder.with_reach(*often, spend[:, :, reached], channels[reached].tolist())
    free, names = [media[:, :, ~paid]], channels[~paid].tolist()
    if variant == "organic":
        free, names = [*free, by_geo(given, "organic")], [*names, str(given["organic_channel"])]
    return builder.with_organic_media(np.concatenate(free, axis=2), names) if names else builder


def model_of(given: Any, variant: str) -> model.Meridian:
    data = data_of(given, variant)
    # A control that is the same in all geos is refused beside its default of a knot a week.
    national = len(given["geos"]) > 1 and bool((np.ptp(given["control"], axis=1).max(axis=0) == 0).any())
    wanted = spec.ModelSpec(enable_aks=national)
    if variant == "binomial":
        wanted = spec.ModelSpec(enable_aks=national, adstock_decay_spec="binomial", max_lag=39)
    if variant == "published":
        # Doubles: Meridian refuses a prior of another precision than its backend's.
        alpha = tfp.distributions.Beta(np.float64(1.0), np.float64(3.0), name=constants.ALPHA_M)
        wanted = spec.ModelSpec(
            prior=prior_distribution.PriorDistribution(alpha_m=alpha),
            max_lag=8,
            unique_sigma_for_each_geo=len(given["geos"]) > 1,
            media_prior_type="coefficient",
            rf_prior_type="coefficient",
            enable_aks=True,
        )
    return model.Meridian(input_data=data, model_spec=wanted)


def compiled_apart(function: Any) -> Any:
    def inner(**kwargs: Any) -> Any:
        with clock.phase("compile"):
            compiled = function.lower(**kwargs).compile()
        with clock.phase("sample"):
            found = compiled(**{k: v for k, v in kwargs.items() if k not in _STATIC})
            return jax.block_until_ready(found)

    return inner


def gradient_seconds(meridian: model.Meridian) -> dict[str, float]:
    """One chain, in the unconstrained space in which its NUTS moves."""
    joint = meridian.posterior_sampler_callable._get_joint_dist_sampling()
    bijector = joint.experimental_default_event_space_bijector()
    prior = joint.sample_unpinned(seed=jax.random.PRNGKey(1))
    start = bijector.inverse(prior)

    def density(x: Any) -> Any:
        y = bijector.forward(x)
        return joint.unnormalized_log_prob(y) + bijector.forward_log_det_jacobian(x)

    call = jax.jit(jax.value_and_grad(density))
    value, _ = jax.block_until_ready(call(start))
    if not np.isfinite(value):
        raise RuntimeError("The log density is not finite at the point of the timing.")
    return per_call(lambda: jax.block_until_ready(call(start)))


def draw(meridian: model.Meridian, settings: dict[str, Any]) -> None:
    """Sample the posterior; half of the warm-up adapts."""
    meridian.sample_posterior(
        n_chains=settings["chains"],
        n_adapt=settings["tune"] // 2,
        n_burnin=settings["tune"] - settings["tune"] // 2,
        n_keep=settings["draws"],
        seed=settings["seed"],
    )


def main(path: str, settings: dict[str, Any], result: str) -> None:
    warnings.simplefilter("ignore")
    given = np.load(path)
    with clock.phase("build"):
        meridian = model_of(given, settings["variant"])
    if settings["task"] == "gradient":
        clock.write(f"{result}.json", **gradient_seconds(meridian))
        return
    backend.xla_windowed_adaptive_nuts = compiled_apart(backend.xla_windowed_adaptive_nuts)
    with clock.phase("fit"):
        draw(meridian, settings)
    clock.fitted()
    found = meridian.inference_data
    posterior, stats = found.posterior, found.sample_stats
    effect = "beta_m" if settings["variant"] == "published" else "roi_m"
    judged = (effect, "beta_gm", "alpha_m", "ec_m", "slope_m")
    other = ("eta_m", "sigma", "knot_values", "tau_g", "gamma_c", "xi_c", "gamma_gc")
    arrays = {f"judged:{n}": posterior[n].values for n in judged}
    arrays |= {f"other:{n}": posterior[n].values for n in other if n in posterior}
    effects = analyzer.Analyzer(meridian).incremental_outcome(aggregate_times=False, aggregate_geos=False)
    mean = np.moveaxis(np.asarray(effects).mean(axis=(0, 1)).reshape(len(given["geos"]), len(given["dates"]), -1), 0, 1)
    np.savez(f"{result}.npz", contributions=mean, **arrays)
    clock.write(
        f"{result}.json",
        divergences=int(stats["diverging"].sum()),
        gradients=int(found.trace["n_steps"].sum()),
    )


if __name__ == "__main__":
    main(*arguments())
