"""The compiled log posterior: loaded once a process, called from Python or handed to the sampler by its address."""

import ctypes
import functools
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import numpy as np

from mmm.arrays import Floats


@functools.cache
def c_functions() -> tuple[Any, Any]:
    """numba's C callbacks: log density with gradient, and a copy of the sampled vector."""
    # Imported here: the first call on a machine compiles, and `import mmm` must not.
    from mmm.model.kernels.sampler import c_functions as load
    from mmm.model.kernels.sampler import on_disk

    if not on_disk():  # type: ignore[no-untyped-call]
        _compile_apart()
    logp, copy = load()  # type: ignore[no-untyped-call]
    return logp, copy


def _compile_apart() -> None:
    """Compile in two processes at once, each a part, so that this one loads the code like every later one.

    In the process that compiles, the linker takes some functions from their own libraries and not from the finished
    code, which changes the last bit of a gradient: with the same seed the first fit on a machine would differ from all
    later ones. Where the processes cannot run, this one compiles, and only that sameness is lost.
    """
    parts = ("sampler import c_functions as made", "ahead import compile_rest as made")
    commands = [[sys.executable, "-c", f"from mmm.model.kernels.{part}; made()"] for part in parts]
    started: list[subprocess.Popen[bytes]] = []
    with ExitStack() as running, suppress(OSError):
        for command in commands:
            # S603: the commands are these lines, by this interpreter. Leaving the stack waits for them.
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = running.enter_context(subprocess.Popen(command, **quiet))  # type: ignore[call-overload]  # noqa: S603
            started.append(process)
        try:
            for process in started:
                process.wait()
        except BaseException:
            for process in started:
                process.kill()
            raise


@functools.cache
def _log_density() -> Callable[..., int]:
    pointer = ctypes.c_void_p
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, pointer, pointer, pointer, pointer)(
        c_functions()[0].address
    )


def evaluate(block: Floats, z: Floats) -> tuple[float, Floats]:
    """Log density and gradient of a block at ``z``; raises ValueError for a vector of the wrong length."""
    value, grad = np.empty(1), np.empty_like(z)
    code = _log_density()(len(z), z.ctypes.data, grad.ctypes.data, value.ctypes.data, block.ctypes.data)
    if code < 0:
        raise ValueError(f"The vector has {len(z)} entries, which is not the number of the model's parameters.")
    return float(value[0]), grad
