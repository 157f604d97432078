"""nutpie run to its end, or not at all."""

from typing import Any

import numpy as np
import xarray as xr

from mmm.errors import FitError, sampler_stopped
from mmm.inference.settings import SamplerSettings


def nuts(model: Any, sampler: SamplerSettings, *, progress: bool, **options: Any) -> xr.DataTree:
    """Draws of a model that nutpie compiled; ``options`` are further ones of ``nutpie.sample``.

    Raises FitError where the sampler cannot start, and passes an interrupt on: ``nutpie.sample`` itself takes
    KeyboardInterrupt for a wish to see what there is, and returns a part of the draws as if it were all of them.
    """
    # Imported here: it takes a second, and a stored fit needs it as little as a preview.
    import nutpie

    try:
        running = nutpie.sample(
            model,
            draws=sampler.draws,
            tune=sampler.tune,
            chains=sampler.chains,
            seed=sampler.seed,
            target_accept=sampler.target_accept,
            save_warmup=False,
            progress_bar=progress,
            blocking=False,
            **options,
        )
        try:
            tree: xr.DataTree = running.wait()
        except BaseException:
            running.cancel()
            raise
    except RuntimeError as error:
        raise sampler_stopped(error) from error
    return tree


def require_complete(tree: xr.DataTree, chains: int, draws: int) -> xr.DataTree:
    """``tree``, if it has all ``draws`` of all ``chains``. Raises FitError where some are missing.

    nutpie fills chains that were broken off up to the longest one with NaN.
    """
    wanted = {"chain": chains, "draw": draws}
    for name in ("posterior", "sample_stats"):
        if name not in tree.children:
            continue
        found = {str(dim): size for dim, size in tree[name].sizes.items() if dim in wanted}
        if found != wanted:
            raise FitError(
                f"The sampler was asked for {chains} chains of {draws} draws and returned "
                f"{found.get('chain', 0)} of {found.get('draw', 0)} ({name}), so nothing was kept. Fit again."
            )
    empty = [v.isnull().all([d for d in v.dims if d not in wanted]) for v in tree["posterior"].data_vars.values()]
    lost = int(np.logical_and.reduce([part.transpose("chain", "draw").values for part in empty]).sum())
    if lost:
        raise FitError(f"{lost} of {chains * draws} draws are missing in what the sampler returned. Fit again.")
    return tree
