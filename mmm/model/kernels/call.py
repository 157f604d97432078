"""Calling a family's kernels by their number, and compiling them for it.

A family is compiled by itself, to C functions whose addresses stand in one table of the process. Compiled code that
uses families knows the table by its symbol alone: it is compiled once a machine, whatever families there are, and a
family of one's own costs its own two kernels. A call takes about 25 nanoseconds, once a channel.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import boolean, cfunc, float64, int64, njit, types
from numba.core.caching import FunctionCache
from numba.extending import intrinsic

from mmm.model.kernels import discard_stale_code
from mmm.model.kernels.series import FASTMATH

MOST = 512
"""Families in one process."""

_VECTOR, _MATRIX = float64[::1], float64[:, ::1]
SIGNATURES = {
    "weights": types.void(_VECTOR, boolean, _VECTOR, _MATRIX),
    "recursion": types.void(_VECTOR, boolean, int64, int64, _VECTOR, _VECTOR, _MATRIX),
    "response": types.void(_VECTOR, _VECTOR, _VECTOR, _VECTOR, _MATRIX),
    "curve": types.void(_MATRIX, _VECTOR, _VECTOR, _VECTOR, _VECTOR),
}
# Rows of the table: an adstock's number has the first two kernels, a saturation's the others.
_ROWS = {"weights": 0, "recursion": 1, "response": 0, "curve": 1}
_SYMBOL = "mmm_families"
_addresses = np.zeros((MOST, 2), dtype=np.int64)
llvm.add_symbol(_SYMBOL, _addresses.ctypes.data)
# Compiled functions stay alive as long as they are used: the table has only their addresses.
_made: dict[tuple[int, str], tuple[Callable[..., None], Any]] = {}


def load(number: int, kernels: dict[str, Callable[..., None] | None], wanted: str) -> None:
    """Put the address of a family's kernel into the table, compiled if that has not been done on this machine."""
    kernel = kernels[wanted]
    if kernel is None or _made.get((number, wanted), (None,))[0] is kernel:
        return
    _made[number, wanted] = kernel, compiled(kernel, wanted)
    _addresses[number, _ROWS[wanted]] = _made[number, wanted][1].address


def compiled(kernel: Callable[..., None], wanted: str) -> Any:
    """The kernel as a C function; kept on disk where its source is a file, and made anew where that has changed."""
    options: dict[str, Any] = {"error_model": "numpy", "fastmath": FASTMATH}
    try:
        _follow_sources(Path(kernel.__code__.co_filename).parent, Path(FunctionCache(kernel).cache_path))
    except (RuntimeError, OSError):
        # Written where there is no file, or where none can be written beside it.
        return cfunc(SIGNATURES[wanted], **options)(kernel)
    return cfunc(SIGNATURES[wanted], cache=True, **options)(kernel)


@functools.cache
def _follow_sources(folder: Path, cache: Path) -> None:
    discard_stale_code(folder, cache)


@intrinsic
def _table(typingctx):  # noqa: ARG001
    """Address of the table, found by its name whenever compiled code is loaded."""

    def codegen(context, builder, signature, args):  # noqa: ARG001
        known = builder.module.globals.get(_SYMBOL)
        return ir.GlobalVariable(builder.module, ir.IntType(64), _SYMBOL) if known is None else known

    return types.CPointer(int64)(), codegen


@intrinsic
def _call(typingctx, address, arguments):  # noqa: ARG001
    """Call the C function at ``address`` with a tuple of arguments, of the types that it was compiled for."""

    def codegen(context, builder, signature, values):
        kinds = [context.get_value_type(kind) for kind in signature.args[1]]
        result = context.get_value_type(types.none)
        function = builder.inttoptr(values[0], ir.FunctionType(result, kinds).as_pointer())
        builder.call(function, [builder.extract_value(values[1], i) for i in range(len(kinds))])
        return context.get_dummy_value()

    return types.void(address, arguments), codegen


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _address(number, row):
    address = _table()[2 * number + row]
    if address == 0:
        raise RuntimeError("A family's kernel is called that has not been loaded.")
    return address


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def has_recursion(number):
    """Whether the adstock has a recursion."""
    return _table()[2 * number + 1] != 0


@njit(cache=True, nogil=True, error_model="numpy")
def weights(number, p, normalised, w, by):
    """Weights of an adstock by lag to ``w``, adding up to one where ``normalised``, and derivatives to ``by``."""
    _call(_address(number, 0), (p, normalised, w, by))
    if not normalised:
        return
    total = w.sum()
    for lag in range(w.shape[0]):
        w[lag] /= total
    for k in range(by.shape[0]):
        change = by[k].sum()
        for lag in range(w.shape[0]):
            by[k, lag] = (by[k, lag] - w[lag] * change) / total


@njit(cache=True, nogil=True, error_model="numpy")
def recursion(number, p, normalised, lags, geos, x, a, by):
    """The adstock of the flat panel ``x`` by its recursion; see :mod:`mmm.model.families.record`."""
    _call(_address(number, 1), (p, normalised, lags, geos, x, a, by))


@njit(cache=True, nogil=True, error_model="numpy")
def response(number, p, a, value, slope, by):
    """Saturation with derivatives by adstock and parameters; see :mod:`mmm.model.families.record`."""
    _call(_address(number, 0), (p, a, value, slope, by))


@njit(cache=True, nogil=True, error_model="numpy")
def curve(number, p, a, value, slope, bend):
    """Saturation with two derivatives, parameters by place; see :mod:`mmm.model.families.record`."""
    _call(_address(number, 1), (p, a, value, slope, bend))
