"""Run the tests that sample as another processor would: `make test-elsewhere`.

Samples are the same bit for bit on one machine and differ between processors. Here compiled code is made for a
processor without extensions (numba), the linear algebra is an old processor's (OpenBLAS), NumPy's own extensions are
off, and everything is sampled with another seed (tests/inference/seeds.py). What fails only here asks for the bits of a
sample.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SEED = "1"
SAMPLED = (
    "inference/test_mixture.py",
    "inference/test_attempts.py",
    "inference/test_engine_sampling.py",
    "inference/test_preview.py",
    "assessment/test_gate.py",
    "assessment/test_backtest.py",
    "assessment/test_recovery.py",
    "calibration/test_recovery.py",
    "study/test_run.py",
    "test_cli.py",
)


def environment() -> dict[str, str]:
    """What makes the libraries take other code paths; compiled code is kept apart from the usual one."""
    # NumPy refuses to switch off what the processor lacks, so that only what it has is named.
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    names = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
    found = {
        "MMM_TEST_SEED": os.environ.get("MMM_TEST_SEED", SEED),
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(Path(sys.prefix) / "elsewhere"),
        "NPY_DISABLE_CPU_FEATURES": " ".join(names),
    }
    if platform.machine() in ("x86_64", "AMD64"):
        found["OPENBLAS_CORETYPE"] = "Nehalem"
    return found


def main() -> int:
    """Pytest's exit code; its arguments are those of this script."""
    changed = environment()
    for name, value in changed.items():
        sys.stdout.write(f"{name}={value}\n")
    sys.stdout.flush()
    # Compiled first: two workers would share the machine while both wait for it, and a test may not take ten minutes.
    compile_all = "from mmm.inference.engine.compiled import c_functions; c_functions()"
    subprocess.run([sys.executable, "-c", compile_all], env={**os.environ, **changed}, cwd=ROOT, check=True)
    files = [str(ROOT / "tests" / name) for name in SAMPLED]
    command = [sys.executable, "-m", "pytest", *sys.argv[1:], *files]
    return subprocess.run(command, env={**os.environ, **changed}, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
