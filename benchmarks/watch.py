"""How soon does `mmm monitor --watch` show a change in the database? Three years, 20 channels, 20 geos.

A world of that size lies in a SQLite database that `data.source` queries. A quick model (two chains of 250 draws: what
is timed is the look, not the fit) is fitted, its plan approved, and `mmm monitor --watch 1` started; then weeks are
written into the database, one after another, and the time from each commit to the finished page is taken, by the clock
and of the processor: on a machine that does other things the clock tells of those.

    python benchmarks/watch.py [--weeks 5]      # prints the seconds; docs/operations.md has those of one machine
"""

import argparse
import os
import shlex
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from mmm.simulate import data_settings, simulate
from mmm.simulate.prior import random_world

WEEKS, HORIZON, CHANNELS, GEOS = 156, 13, 20, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weeks", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=None)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = wanted.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["MMM_WATCH_DB"] = f"sqlite:///{folder / 'panel.db'}"
        measure(folder, wanted.weeks)


def measure(folder: Path, weeks: int) -> None:
    world = replace(
        random_world(np.random.default_rng(3), weeks=WEEKS + HORIZON, channels=CHANNELS, geos=GEOS), unseen_weeks=0
    )
    made = simulate(world)
    frame = made.frame.assign(date=made.frame["date"].dt.strftime("%Y-%m-%d"))
    days = sorted(frame["date"].unique())
    database = folder / "panel.db"
    database.unlink(missing_ok=True)
    with sqlite3.connect(database) as connection:
        frame[frame["date"].isin(days[:WEEKS])].to_sql("panel", connection, index=False)
    data = data_settings(made)
    data["source"] = {"address": "MMM_WATCH_DB", "query": "select * from panel order by date"}
    settings = {
        "name": "watch",
        "data": data,
        "model": {"mixture": None, "lookback": "13 weeks"},
        "sampler": {"draws": 250, "tune": 250, "chains": 2, "attempts": 1, "store": "./fits"},
        "gate": {"override": True, "holdout": None},
        "plan": {"horizon": f"{HORIZON} weeks", "draws": 200, "objective": "expected_outcome"},
        "plan_register": {"four_eyes": False},
        "monitor": {"draws": 500},
    }
    (folder / "watch.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    if not (folder / "reports/plans.db").exists():
        for line in ("save watch.yaml", "submit watch-1", "approve watch-1", "activate watch-1"):
            run(folder, f"plans {line} --by Anna")
    page = folder / "reports/watch/monitor/control_room.html"
    page.unlink(missing_ok=True)
    watching = subprocess.Popen(command("monitor watch.yaml --watch 1"), cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        wait(page, 0.0, watching)
        seconds = []
        for day in days[WEEKS : WEEKS + weeks]:
            time.sleep(1.7)  # another moment of the waiting each time
            before = page.stat().st_mtime_ns
            with sqlite3.connect(database) as connection:
                frame[frame["date"] == day].to_sql("panel", connection, index=False, if_exists="append")
            since, used = time.perf_counter(), processor(watching.pid)
            wait(page, before, watching)
            seconds.append(time.perf_counter() - since)
            work = processor(watching.pid) - used
            print(f"week of {day}: {seconds[-1]:.1f} s from the commit to the page, {work:.1f} s of work", flush=True)
    finally:
        watching.terminate()
        watching.wait()
    print(
        f"{len(seconds)} changes: median {np.median(seconds):.1f} s, at most {max(seconds):.1f} s (looks every second)"
    )


def processor(pid: int) -> float:
    """Seconds of the processor that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def command(line: str) -> list[str]:
    return [str(Path(sys.executable).parent / "mmm"), *shlex.split(line)]


def run(folder: Path, line: str) -> None:
    since = time.perf_counter()
    subprocess.run(command(line), cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    print(f"mmm {line}: {time.perf_counter() - since:.1f} s", flush=True)


def wait(page: Path, before: float, watching: "subprocess.Popen[bytes]") -> None:
    while not page.exists() or page.stat().st_mtime_ns <= before:
        if watching.poll() is not None:
            raise SystemExit(f"mmm monitor ended with {watching.returncode}")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
