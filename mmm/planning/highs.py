"""The one door to HiGHS: linear and mixed-integer programs through SciPy, without a word on the terminal."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scipy.optimize import milp

_STDOUT = 1


def solve(*args: Any, **options: Any) -> Any:
    """:func:`scipy.optimize.milp`, whose solver prints nothing."""
    with silent():
        return milp(*args, **options)


@contextmanager
def silent() -> Iterator[None]:
    """Standard output of the process goes nowhere meanwhile.

    HiGHS prints some lines from C past every option ("HighsMipSolverData::transformNewIntegerFeasibleSolution
    tmpSolver.run();" in SciPy 1.18), so that a redirection of Python's own output does not hold them. What the
    workbench says while it works goes to standard error.
    """
    try:
        kept = os.dup(_STDOUT)
    except OSError:  # there is no standard output
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        _flush()
        os.dup2(nowhere, _STDOUT)
        yield
    finally:
        # C keeps what it printed until its buffer is full: out with it before the terminal is back.
        _flush()
        os.dup2(kept, _STDOUT)
        os.close(kept)
        os.close(nowhere)


def _flush() -> None:
    """Empty C's own buffers, where its library is at hand."""
    try:
        ctypes.CDLL(None).fflush(None)
    except (OSError, TypeError, AttributeError):  # pragma: no cover  (Windows)
        return
