"""What compiling costs: new rows in the same process, a new process with code on disk, and a machine's first use.

Each from data at hand to the first posterior draws: laying out, the gradient's and the draws' code. In processor
seconds, as the machine may be shared, and wall seconds; importing the packages apart. Writes docs/studies/compile.json.

    python benchmarks/compile.py
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGETS = {"new_rows": 0.5, "warm": 8.0, "cold": 25.0}


def clocks() -> tuple[float, float]:
    used = os.times()
    # Children too: what is compiled, is compiled in a process of its own.
    return time.perf_counter(), used.user + used.system + used.children_user + used.children_system


def measure() -> dict[str, dict[str, float]]:
    """Stages of this process, in its order."""
    found: dict[str, dict[str, float]] = {}

    def stage(name: str, since: tuple[float, float]) -> tuple[float, float]:
        now = clocks()
        found[name] = {"wall": round(now[0] - since[0], 2), "processor": round(now[1] - since[1], 2)}
        return now

    at = clocks()
    import numpy as np
    from growth import dataset

    from mmm.inference.engine import log_posterior
    from mmm.inference.engine.draws import posterior
    from mmm.model.settings import ModelSettings
    from mmm.model.spec import make_spec

    at = stage("import", at)
    for name, weeks in (("first", 156), ("new_rows", 160)):
        panel = dataset(weeks, 1, 6)
        spec = make_spec(panel, ModelSettings())
        at = clocks()
        problem = log_posterior(spec, panel)
        x = np.zeros((1, 2, problem.layout.dim))
        problem.value_and_gradient(x[0, 0])
        posterior(problem, x, 1)
        at = stage(name, at)
    return found


def in_new_process(cache: str) -> dict[str, dict[str, float]]:
    """:func:`measure` in a process that keeps its code in ``cache``."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, __file__, "--measure"],
        env=os.environ | {"NUMBA_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="Only measure this process.")
    parser.add_argument("--out", type=Path, default=Path("docs/studies/compile.json"))
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure()))
        return
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = in_new_process(cache), in_new_process(cache)
    result = {
        "targets": TARGETS,
        "new_rows": warm["new_rows"],
        "warm": warm["first"],
        "cold": cold["first"],
        "import": warm["import"],
    }
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
