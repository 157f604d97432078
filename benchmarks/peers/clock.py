"""Wall and CPU seconds by phase of one benchmark cell; standard library alone, as every environment imports it."""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Given by the runner, so that the start of the interpreter counts.
STARTED = float(os.environ.get("BENCH_STARTED", time.time()))


def cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


class Clock:
    """Seconds by phase; a phase may be entered several times."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        self.done: dict[str, Any] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        begun, used = time.perf_counter(), cpu()
        yield
        self.wall[name] = self.wall.get(name, 0.0) + time.perf_counter() - begun
        self.cpu[name] = self.cpu.get(name, 0.0) + cpu() - used

    def fitted(self) -> None:
        """The posterior is in hand: the whole fit, imports included, ends here."""
        self.done = {"fit_wall": time.time() - STARTED, "fit_cpu": cpu(), "fit_end": time.time()}

    def write(self, path: str, **more: Any) -> None:
        Path(path).write_text(json.dumps({"wall": self.wall, "cpu": self.cpu, **self.done, **more}))


def per_call(function: Callable[[], Any], batch: float = 0.05) -> dict[str, float]:
    """Seconds per call over batches of about ``batch`` seconds: the shortest by the wall, the median one by CPU."""
    begun, calls = time.perf_counter(), 0
    while time.perf_counter() - begun < batch:
        function()
        calls += 1
    wall, used = [], []
    for _ in range(15):
        begun, before = time.perf_counter(), time.process_time()
        for _ in range(calls):
            function()
        wall.append((time.perf_counter() - begun) / calls)
        used.append((time.process_time() - before) / calls)
    return {"gradient_wall": min(wall), "gradient_cpu": statistics.median(used)}


def arguments() -> tuple[str, dict[str, Any], str]:
    """Problem's path, the cell's settings, and the path without suffix under which results are written."""
    return sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
