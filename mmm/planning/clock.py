"""The clock of plan.time_limit: seconds that this process computed, without those that went into compiling.

A plan must not depend on what else the machine does, nor on whether its kernels were compiled before: by the clock on
the wall, a first plan on a busy machine ended at today's plan.
"""

import time

from numba.core import event


class _Compiling(event.Listener):
    """Adds up the computing time of compilations; those inside others count once."""

    def __init__(self) -> None:
        self.depth = 0
        self.since = 0.0
        self.spent = 0.0

    def on_start(self, event: event.Event) -> None:  # noqa: ARG002
        if self.depth == 0:
            self.since = time.process_time()
        self.depth += 1

    def on_end(self, event: event.Event) -> None:  # noqa: ARG002
        self.depth -= 1
        if self.depth == 0:
            self.spent += time.process_time() - self.since


_COMPILING = _Compiling()
event.register("numba:compile", _COMPILING)


def now() -> float:
    """Seconds of computing so far, of all threads, without compiling; only differences mean anything."""
    compiling = time.process_time() - _COMPILING.since if _COMPILING.depth else 0.0
    return time.process_time() - _COMPILING.spent - compiling
