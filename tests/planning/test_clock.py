"""The limit of a plan's time counts computing, so that neither other programs nor a first use change a plan."""

import subprocess
import sys

MEASURED = """
import time

import numba
import numpy as np

from mmm.planning.clock import now

before = now()
time.sleep(0.3)
assert now() - before < 0.1, "waiting counts"


@numba.njit
def total(values: numba.float64[:]) -> float:
    added = 0.0
    for value in values:
        added += value**1.5
    return added


before, started = now(), time.process_time()
total(np.ones(3))
compiling = time.process_time() - started
assert compiling > 0.02, "nothing was compiled"
assert now() - before < 0.5 * compiling, "compiling counts"

before, started = now(), time.process_time()
while time.process_time() - started < 0.1:
    pass
assert now() - before >= 0.1, "computing does not count"
"""


def test_waiting_and_compiling_do_not_count_and_computing_does() -> None:
    # In a process of its own: threads that other tests left behind compute while this one waits.
    ran = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
