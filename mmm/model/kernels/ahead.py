"""Compile what :mod:`mmm.model.kernels.sampler` needs last, and what is needed after sampling, in a second process.

The first use on a machine compiles for half a minute on one core. This half of it can be done meanwhile: each process
finds the other's code in numba's disk cache when it comes to it, and the little that both need at first is made twice.
"""

from numba import boolean, float64, int64

from mmm.model.kernels.block import unpack
from mmm.model.kernels.draws import coefficients, settle
from mmm.model.kernels.experiments import experiments
from mmm.model.kernels.likelihood import integrated, sampled
from mmm.model.kernels.posterior import constrain

_VECTOR, _MATRIX, _WHOLE = float64[::1], float64[:, ::1], int64[::1]


def _result(function, signature):
    """Compile ``function`` for argument types; return the type that it gives."""
    function.compile(signature)
    return function.overloads[signature].signature.return_type


def compile_rest():
    """Compile the likelihoods, the experiments and the draws of the coefficients."""
    block = _result(unpack, (_VECTOR, _WHOLE))
    for likelihood in (integrated, sampled):
        likelihood.compile((block, _VECTOR, int64, _VECTOR, _VECTOR))
    parameters = _result(constrain, (block, _VECTOR))[0]
    experiments.compile((block, parameters, _MATRIX))
    coefficients.compile((_VECTOR, _WHOLE, _MATRIX, _MATRIX, float64[:, :, ::1], _MATRIX, _MATRIX))
    settle.compile((_VECTOR, _WHOLE, _MATRIX, boolean))
