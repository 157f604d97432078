"""The plain PyMC model sampled by NumPyro through JAX: on a GPU where JAX has one, else on the processor's cores.

Needs the optional extra ``jax``. Chains run in parallel where JAX sees a device for each (PyMC makes the processor's
cores into devices), and vectorised in one program otherwise, as on a single GPU.
"""

import importlib.util
import time
from typing import Any

import numpy as np
import xarray as xr

from mmm.data.dataset import Dataset
from mmm.errors import SettingsError, sampler_stopped
from mmm.inference.settings import SamplerSettings
from mmm.model.evidence import NO_EVIDENCE, Evidence
from mmm.model.spec import ModelSpec

PACKAGES = ("jax", "numpyro")
# Numbers that one block of draws may hold while the variables that follow from others are computed.
_BLOCK = 4_000_000


def require() -> None:
    """Raise SettingsError where the extra is not installed."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"sampler.engine is 'jax', which needs packages that are not installed: {', '.join(missing)}. Install the "
            "extra with uv pip install --python .venv/bin/python -e '.[jax]' (for a GPU also JAX's build for it), or "
            "set sampler.engine to auto."
        )


def sample(
    spec: ModelSpec,
    dataset: Dataset,
    sampler: SamplerSettings,
    evidence: Evidence = NO_EVIDENCE,
    *,
    progress: bool = False,
) -> xr.DataTree:
    """Posterior of ``spec`` on ``dataset`` and ``evidence``, as from the other engines.

    Groups ``posterior`` and ``sample_stats``; the latter has ``seconds`` by step, of which ``sample`` includes XLA's
    compilation. Raises SettingsError where the extra is not installed, FitError where the sampler cannot start.
    """
    require()
    clock = [time.perf_counter()]
    # Imported before JAX starts: it makes JAX see the cores as devices.
    import jax
    from pymc.sampling.jax import sample_numpyro_nuts

    from mmm.model.build import build

    # The readable graph: the fused operation has no JAX form.
    model = build(spec, dataset, evidence, fused=False)
    clock.append(time.perf_counter())
    try:
        tree = sample_numpyro_nuts(
            draws=sampler.draws,
            tune=sampler.tune,
            chains=sampler.chains,
            target_accept=sampler.target_accept,
            random_seed=sampler.seed,
            model=model,
            var_names=[v.name for v in model.free_RVs],
            progressbar=progress,
            chain_method="parallel" if jax.local_device_count() >= sampler.chains else "vectorized",
            compute_convergence_checks=False,
        )
    except (FloatingPointError, RuntimeError, ValueError) as error:
        raise sampler_stopped(error) from error
    clock.append(time.perf_counter())
    posterior = _with_deterministics(model, tree["posterior"].to_dataset(), dataset)
    clock.append(time.perf_counter())
    # NumPyro's "lp" is the potential energy.
    stats = tree["sample_stats"].to_dataset().rename(acceptance_rate="mean_tree_accept")
    stats = stats.assign(logp=-stats["lp"]).drop_vars("lp").drop_attrs()
    seconds = np.diff(clock).round(4).tolist()
    stats.attrs["seconds"] = dict(zip(("build", "sample", "expand"), seconds, strict=True))
    return xr.DataTree.from_dict({"posterior": posterior.drop_attrs(), "sample_stats": stats})


def _with_deterministics(model: Any, free: xr.Dataset, dataset: Dataset) -> xr.Dataset:
    """The draws with the variables that follow from them, in blocks: they pass through the panel of every draw."""
    import jax
    from pymc.sampling.jax import get_jaxified_graph
    from pytensor.graph.replace import clone_replace

    names = [v.name for v in model.deterministics]
    inputs = [v.type(name=v.name) for v in model.free_RVs]
    outputs = clone_replace(model.deterministics, dict(zip(model.free_RVs, inputs, strict=True)))
    function = get_jaxified_graph(inputs=inputs, outputs=outputs)
    chains, draws = free.sizes["chain"], free.sizes["draw"]
    values = [free[v.name].values.reshape(chains * draws, *free[v.name].shape[2:]) for v in model.free_RVs]
    cells = dataset.data["media"].size
    found = jax.lax.map(lambda draw: tuple(function(*draw)), values, batch_size=max(1, _BLOCK // cells))
    dims = model.named_vars_to_dims
    return free.assign(
        {
            name: (("chain", "draw", *dims[name]), np.asarray(value).reshape(chains, draws, *value.shape[1:]))
            for name, value in zip(names, found, strict=True)
        }
    )
