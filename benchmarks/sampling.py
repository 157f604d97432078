"""The fast engine against PyMC-Marketing and Meridian: effective draws a second, on the same data in one run.

    python benchmarks/sampling.py [CELL ...] [--list] [--fresh] [--report] [--peers DIR] [--shared DIR]

A cell is DATA/METHOD/SEED; arguments are patterns such as 'S/*' or '*/workbench/*' (all cells without any). Each
cell runs in a process of its own and leaves one JSON in ``.bench/``, which a rerun skips unless --fresh is given.
It is stopped after ten minutes, and where the machine is shared not before it had ten minutes of CPU, at most twenty
minutes. Compilation caches are emptied where a figure needs them cold (seed 1) and kept for the seeds after it.
--report, and a run of all cells, writes the study's JSON, figure and tables from the cells that are there. Peers run in
their own environments (``make peers``).
"""

import argparse
import datetime as dt
import fnmatch
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sampling_report
import xarray as xr
from sampling_data import PUBLIC, SIMULATED, problem, srmse

HERE = Path(__file__).parent
ROOT = HERE.parent
CACHE = ROOT / ".bench"
LIMIT = 600.0
LONGEST = 1200.0
BUDGET = {"draws": 1000, "tune": 1000, "chains": 4, "target_accept": 0.9}
# Every library's own default where it has one: the workbench warms up for 500 draws.
OWN = {"workbench": {"tune": 500}}
_SCRIPTS = {
    "workbench": "workbench_sampling.py",
    "pymc-marketing": "pymc_marketing_sampling.py",
    "meridian": "meridian_sampling.py",
}
# Method: library, what its script is asked for, the data it runs on.
_REAL = ("small", "growing", "medium")
METHODS: dict[str, tuple[str, dict[str, str], tuple[str, ...]]] = {
    "workbench": ("workbench", {}, (*SIMULATED, *PUBLIC)),
    "pymc-marketing": ("pymc-marketing", {"variant": "default", "sampler": "nutpie"}, ("S", "M", *_REAL)),
    "pymc-marketing-pymc": ("pymc-marketing", {"variant": "default", "sampler": "pymc"}, ("S", "M", *_REAL)),
    "pymc-marketing-pooled": ("pymc-marketing", {"variant": "pooled", "sampler": "nutpie"}, ("M",)),
    "pymc-marketing-published": ("pymc-marketing", {"variant": "published", "sampler": "nutpie"}, _REAL),
    "meridian": ("meridian", {"variant": "default"}, ("S", "M", *_REAL)),
    "meridian-published": ("meridian", {"variant": "published"}, _REAL),
    "workbench-gradient": ("workbench", {"task": "gradient"}, ("S", "M", "L", "large")),
    "pymc-marketing-gradient": (
        "pymc-marketing",
        {"task": "gradient", "variant": "default"},
        ("S", "M", "L", "large"),
    ),
    "meridian-gradient": ("meridian", {"task": "gradient", "variant": "default"}, ("S", "M", "L", "large")),
}


@dataclass(frozen=True)
class Cell:
    data: str
    method: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.data}/{self.method}/{self.seed}"

    @property
    def path(self) -> Path:
        return CACHE / f"{self.name}.json"


def cells() -> list[Cell]:
    """All cells, the cheap ones of each data set first."""
    order = ("S", *_REAL, "M", "L", "large")
    found = []
    for data in order:
        for method, (_, asked, where) in METHODS.items():
            if data in where:
                seeds = 5 if data == "S" and asked.get("task") != "gradient" else 1
                found += [Cell(data, method, seed) for seed in range(1, seeds + 1)]
    return found


@dataclass(frozen=True)
class Ended:
    """What a process left: its JSON (None where it was stopped or failed), seconds, peak memory in bytes, its words."""

    answer: dict[str, Any] | None
    wall: float
    cpu: float
    peak: int
    words: str


def _tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for child in found:
        try:
            threads = list(Path(f"/proc/{child}/task").iterdir())
            found += [int(c) for t in threads for c in (t / "children").read_text().split()]
        except OSError:
            continue
    return found


def _memory(pids: list[int]) -> int:
    """Bytes of resident memory, shared pages split among those who share them."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def _cpu(pids: list[int]) -> float:
    """CPU seconds of living processes and of their children that ended."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(f) for f in fields[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def _over(wall: float, used: float) -> bool:
    return wall > LONGEST or (wall > LIMIT and used > LIMIT)


def run_process(command: list[str], result: Path, environment: dict[str, str]) -> Ended:
    """Run one script to its end or the limit, and watch the memory of its whole tree until its fit ends."""
    seen: list[tuple[float, int]] = []
    used = 0.0
    with tempfile.TemporaryFile("w+") as log:
        begun = time.time()
        process = subprocess.Popen(  # noqa: S603
            command,
            env=environment | {"BENCH_STARTED": str(begun)},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None and not _over(time.time() - begun, used):
                pids = _tree(process.pid)
                seen.append((time.time(), _memory(pids)))
                used = max(used, _cpu(pids))
                time.sleep(0.2)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.seek(0)
        words = log.read()[-2000:]
    path = result.with_suffix(".json")
    answer = json.loads(path.read_text()) if process.returncode == 0 and path.exists() else None
    end = answer["fit_end"] if answer and "fit_end" in answer else np.inf
    peak = max((memory for at, memory in seen if at <= end), default=0)
    return Ended(answer, time.time() - begun, used, peak, words)


def diagnostics(path: Path, truth: np.ndarray) -> dict[str, Any]:
    """Smallest bulk ESS and largest R-hat of what is judged, largest R-hat of all, error of contributions."""
    import arviz

    arrays = np.load(path)
    out: dict[str, Any] = {"srmse": srmse(arrays["contributions"], truth)}
    draws = {}
    for name in arrays.files:
        if ":" in name:
            flat = arrays[name].reshape(*arrays[name].shape[:2], -1).astype(float)
            # What a library fixes is stored as a constant.
            moving = flat[..., np.ptp(flat, axis=(0, 1)) > 0]
            if moving.shape[-1]:
                draws[name] = (("chain", "draw", f"{name}_entry"), moving)
    every = xr.Dataset(draws)
    judged = every[[n for n in every if str(n).startswith("judged:")]]
    ess = arviz.ess(judged, method="bulk")
    smallest = {str(n): float(ess[n].min()) for n in ess.data_vars}
    least = min(smallest, key=lambda n: smallest[n])
    out |= {"ess": smallest[least], "ess_of": least.removeprefix("judged:")}
    out["rhat"] = max(float(v.max()) for v in arviz.rhat(judged).data_vars.values())
    out["rhat_all"] = max(float(v.max()) for v in arviz.rhat(every).data_vars.values())
    out["judged"] = int(sum(v.size for v in ess.data_vars.values()))
    return out


def _interpreter(library: str, peers: Path) -> Path:
    return Path(sys.executable) if library == "workbench" else peers / library / "bin" / "python"


def _version() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip()


def run_cell(cell: Cell, peers: Path, shared: Path) -> dict[str, Any] | None:
    """Fit (or time the gradient of) one cell; None where its library is not installed."""
    library, asked, _ = METHODS[cell.method]
    python = _interpreter(library, peers)
    if not python.exists():
        return None
    given = problem(cell.data, cell.seed, shared)
    settings = {"task": "fit", **BUDGET, **OWN.get(library, {}), "seed": cell.seed, **asked}
    out: dict[str, Any] = {"cell": cell.name, "library": library, "load": os.getloadavg()[0], "code": _version()}
    out["when"] = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    # The workbench's kernels serve every model: they are compiled once.
    caches = CACHE / "caches" / library if library == "workbench" else CACHE / "caches" / cell.data / cell.method
    cold = cell.seed == 1 and settings["task"] == "fit" and (library != "workbench" or cell.data == "S")
    if cold:
        shutil.rmtree(caches, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/problem.npz", **given)
        environment = dict(os.environ, NUMBA_CACHE_DIR=f"{caches}/numba", PYTENSOR_FLAGS=f"base_compiledir={caches}/pt")
        if library == "workbench":
            environment["PYTHONPATH"] = f"{ROOT}{os.pathsep}{environment.get('PYTHONPATH', '')}"

        def ended(name: str, **more: Any) -> Ended:
            wanted = json.dumps(settings | more)
            script = str(HERE / "peers" / _SCRIPTS[library])
            command = [str(python), script, f"{folder}/problem.npz", wanted, f"{folder}/{name}"]
            return run_process(command, Path(f"{folder}/{name}.json"), environment)

        first = ended("first")
        out |= {"wall": first.wall, "cpu": first.cpu, "peak": first.peak, "cold_caches": cold, "fit": first.answer}
        if first.answer is None:
            over = _over(first.wall, first.cpu)
            return out | {"status": "over the limit" if over else "failed", "words": "" if over else first.words}
        if settings["task"] == "gradient":
            seconds = {k: first.answer[k] for k in ("gradient_wall", "gradient_cpu")}
            return out | {"status": "done"} | seconds
        if cold and library == "workbench":
            again = ended("again")
            out |= {"again": again.answer, "peak_again": again.peak}
        elif cold and asked.get("sampler") == "nutpie":
            out["again"] = ended("again", task="compile").answer
        return out | {"status": "done"} | diagnostics(Path(f"{folder}/first.npz"), given["truth"])


def wanted_cells(patterns: list[str]) -> list[Cell]:
    every = cells()
    return [c for c in every if not patterns or any(fnmatch.fnmatch(c.name, p) for p in patterns)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cells", nargs="*", help="patterns of DATA/METHOD/SEED")
    parser.add_argument("--list", action="store_true", help="name the cells and what is known of them")
    parser.add_argument("--fresh", action="store_true", help="run cells again that have a result")
    parser.add_argument("--report", action="store_true", help="write the study from the cells that are there")
    parser.add_argument("--peers", type=Path, default=ROOT / ".peers")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "studies" / "sampling.json")
    args = parser.parse_args()
    chosen = wanted_cells(args.cells)
    if args.list:
        for cell in chosen:
            print(cell.name, json.loads(cell.path.read_text())["status"] if cell.path.exists() else "-")
        return
    for cell in chosen if not args.report else []:
        if cell.path.exists() and not args.fresh and json.loads(cell.path.read_text())["status"] != "failed":
            continue
        begun = time.time()
        result = run_cell(cell, args.peers, args.shared)
        if result is None:
            print(f"{cell.name}: not installed, see make peers", flush=True)
            continue
        cell.path.parent.mkdir(parents=True, exist_ok=True)
        partial = cell.path.with_suffix(".partial")
        partial.write_text(json.dumps(result, indent=1))
        shutil.move(partial, cell.path)
        print(f"{cell.name}: {result['status']}, {time.time() - begun:.0f} s {result.get('words', '')}", flush=True)
    if args.report or not args.cells:
        known = [json.loads(c.path.read_text()) for c in cells() if c.path.exists()]
        sampling_report.write(known, args.out)


if __name__ == "__main__":
    main()
