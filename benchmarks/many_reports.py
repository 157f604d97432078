"""Twelve reports over two workers against twelve times one report: time, peak memory, and what that means for 100.

Four simulated markets with three budgets each: four pairs of fits, twelve reports. Everything is made in a temporary
folder with an empty store, so nothing is found. One report is measured first in the same way, with a store of its own.

    python benchmarks/many_reports.py [--reports 100] [--out FILE]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

MMM = str(Path(sys.executable).with_name("mmm"))
MARKETS, RANGE = 4, (0.9, 1.1)
# One model and fewer draws than the default: the study is about many reports, not about one fit.
LIGHT = {"model": {"mixture": None}, "sampler": {"draws": 500, "tune": 500}, "gate": {"override": True}}


class Memory(threading.Thread):
    """Peak of the proportional set size of a process and all below it, in MB, and that of the largest worker."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process, self.peak, self.running = psutil.Process(pid), 0.0, True
        self.by_time: list[tuple[float, float]] = []

    def run(self) -> None:
        begun = time.perf_counter()
        while self.running:
            total = 0.0
            for process in (self.process, *self.children()):
                try:
                    total += process.memory_full_info().pss / 1e6
                except psutil.Error:
                    continue
            self.peak = max(self.peak, total)
            self.by_time.append((round(time.perf_counter() - begun, 1), round(total)))
            time.sleep(0.5)

    def children(self) -> list[psutil.Process]:
        try:
            return self.process.children(recursive=True)
        except psutil.Error:
            return []


def timed(folder: Path, *arguments: str) -> dict[str, float]:
    """Seconds, CPU seconds of all processes, and peak memory of one call of the command line."""
    before = os.times()
    since = time.perf_counter()
    process = subprocess.Popen([MMM, *arguments], cwd=folder, stderr=subprocess.DEVNULL)  # noqa: S603
    memory = Memory(process.pid)
    memory.start()
    code = process.wait()
    memory.running = False
    seconds, after = time.perf_counter() - since, os.times()
    if code:
        raise SystemExit(f"mmm {' '.join(arguments)} ended with {code}.")
    cpu = sum(after[2:4]) - sum(before[2:4])
    half = [mb for _, mb in memory.by_time[len(memory.by_time) // 2 :]]
    first = [mb for _, mb in memory.by_time[: len(memory.by_time) // 2]]
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_mb": round(memory.peak),
        "peak_mb_first_half": max(first, default=0),
        "peak_mb_second_half": max(half, default=0),
    }


def markets(folder: Path, count: int) -> list[float]:
    """Settings and data of simulated markets; returns today's spend of each over the horizon."""
    from mmm.settings import load_dataset, load_settings
    from mmm.settings.text import read_yaml, write_yaml

    spends = []
    for seed in range(1, count + 1):
        own = folder / f"market_{seed}"
        command = ["simulate", "--out", str(own), "--seed", str(seed), "--weeks", "104", "--channels", "4"]
        subprocess.run([MMM, *command], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        path = own / "settings.yaml"
        document = read_yaml(path.read_bytes(), str(path)) | {"name": f"market_{seed}"} | LIGHT
        path.write_text(write_yaml(document), encoding="utf-8")
        settings = load_settings(path)
        spends.append(float(load_dataset(settings).data["spend"].values[-13:].sum()))
    return spends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--reports", type=int, default=12, help="How many at once: a multiple of the four markets.")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    budgets = chosen.reports // MARKETS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spend = min(markets(folder, MARKETS))
        configs = [f"market_{i}/settings.yaml" for i in range(1, MARKETS + 1)]
        shares = [RANGE[0] + (RANGE[1] - RANGE[0]) * i / max(1, budgets - 1) for i in range(budgets)]
        grid = "total_budget=" + ",".join(str(round(share * spend)) for share in shares)
        # The first call compiles what the machine has not compiled yet; it is not counted.
        timed(folder, "report", configs[0], "--out", "warm", "-p", "sampler.store=warm_store")
        one = timed(folder, "report", configs[0], "--out", "one", "-p", "sampler.store=one_store")
        stored = ["-p", "sampler.store=one_store", "-p", f"total_budget={round(spend)}"]
        budget = timed(folder, "report", configs[0], "--out", "one", *stored)
        many = timed(folder, "report", *configs, "--grid", grid, "--workers", str(chosen.workers), "--out", "many")
    count = MARKETS * budgets
    each = many["seconds"] / count
    found = {
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[2], 1),
        "workers": chosen.workers,
        "reports": count,
        "one_report": one,
        "one_report_with_its_fits_stored": budget,
        "many": many,
        "many_over_count_times_one": round(many["seconds"] / (count * one["seconds"]), 2),
        "seconds_each": round(each, 1),
        "extrapolated_to_100_minutes": round(100 * each / 60, 1),
    }
    print(json.dumps(found, indent=1))
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
