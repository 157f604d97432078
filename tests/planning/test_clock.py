"""The limit of a plan's time counts computing, so that neither other programs nor a first use change a plan."""

import time

import numba
import numpy as np

from mmm.planning.clock import now


def test_waiting_and_compiling_do_not_count_and_computing_does() -> None:
    before = now()
    time.sleep(0.3)
    assert now() - before < 0.1

    @numba.njit
    def total(values: numba.float64[:]) -> float:
        added = 0.0
        for value in values:
            added += value**1.5
        return added

    before, started = now(), time.process_time()
    total(np.ones(3))
    compiling = time.process_time() - started
    assert compiling > 0.02
    assert now() - before < 0.5 * compiling

    before, started = now(), time.process_time()
    while time.process_time() - started < 0.1:
        pass
    assert now() - before >= 0.1
