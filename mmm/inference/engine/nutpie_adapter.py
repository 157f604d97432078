"""Hands a block to nutpie as a model, without PyTensor. The only place that relies on nutpie's internals.

nutpie samples any pair of C functions through the class that it makes for compiled PyMC models; that class is filled in
here. The pinned version of nutpie in the lock is the one this was written against.
"""

from typing import Any

import numpy as np
import pandas as pd

from mmm.arrays import Floats


def compiled_model(block: Floats, dim: int, spread: float) -> Any:
    """A nutpie model of the block with one variable ``x[entry]``, the unconstrained vector after whitening.

    Chains start at z ~ Normal(0, ``spread``). The model keeps the block alive, whose address it passes on.
    """
    from nutpie.compile_pymc import CompiledPyMCModel

    from mmm.inference.engine.compiled import c_functions

    logp, expand = c_functions()

    def start(seed: int | None) -> Floats:
        return spread * np.random.default_rng(seed).standard_normal(dim)

    return CompiledPyMCModel(
        _n_dim=dim,
        dims={"x": ("entry",)},
        _coords={"entry": pd.RangeIndex(dim)},
        _shapes={"x": (dim,)},
        compiled_logp_func=logp,
        compiled_expand_func=expand,
        initial_point_func=start,
        shared_data={"block": block},
        shared_var_keys={},
        user_data=block,
        n_expanded=dim,
        shape_info=(["x"], [slice(0, dim)], [(dim,)]),
        logp_func=None,
        expand_func=None,
        reparameterized_names=[],
    )
