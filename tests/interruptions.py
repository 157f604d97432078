"""Commands that are interrupted at chosen moments, and what must hold then; `make fuzz` takes many at random.

Every command runs in a folder of its own with a small analysis. It gets a signal, to its process alone or to its group
as from a terminal; then the same command runs to its end. Wrong is: another exit code than 128 + n (unless it was done
before), anything but one sentence at the end of stderr, a traceback, a process that is left, a wait above the limit,
files in the making, a fit that cannot be read, and a second run that fails.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

LIMIT = 30.0
"""Seconds in which an interrupted command ends, on a busy machine."""
MMM = [sys.executable, "-c", "from mmm.cli import main; main()"]
CONFIG = {
    "name": "small",
    "data": {
        "source": "world/data.csv",
        "date": "date",
        "target": {"column": "revenue", "kind": "revenue"},
        "currency": "EUR",
        "channels": {"tv": {"spend": "tv_spend"}, "search": {"spend": "search_spend"}},
    },
    "model": {"mixture": None, "lookback": "4 weeks"},
    "sampler": {"draws": 60, "tune": 60, "chains": 2, "attempts": 1, "store": "store"},
    "gate": {"override": True},
    "plan": {"draws": 50, "objective": "expected_outcome", "curve_points": 3},
    "backtest": {"refreshes": 2, "least": "40 weeks"},
    "report": {"formats": ["html"], "figures": False, "what_if": False},
}
COMMANDS = {
    "check": ["check", "small.json"],
    "fit": ["fit", "small.json"],
    "long fit": ["fit", "small.json", "-p", "sampler.draws=20000"],
    "plan": ["plan", "small.json", "--out", "plan"],
    "report": ["report", "small.json", "--out", "reports"],
    "reports": ["report", "small.json", "second.json", "--out", "reports", "--workers", "2"],
    "portfolio": ["portfolio", "portfolio.json", "--out", "reports", "--workers", "2"],
    "backtest": ["backtest", "small.json", "--out", "reports"],
    "simulate": ["simulate", "--out", "made", "--weeks", "60", "--channels", "2"],
    "schema": ["schema", "--out", "schema.json"],
}


def prepare(folder: Path) -> Path:
    """A folder with the analyses that the commands name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "world").mkdir()
    rng = random.Random(1)
    rows = ["date,revenue,tv_spend,search_spend"]
    for week in range(60):
        tv, search = rng.uniform(50, 150), rng.uniform(20, 60)
        day = date(2024, 1, 1) + timedelta(weeks=week)
        rows.append(f"{day},{1000 + 1.5 * tv + 2 * search + rng.gauss(0, 30):.2f},{tv:.2f},{search:.2f}")
    (folder / "world" / "data.csv").write_text("\n".join(rows) + "\n")
    (folder / "small.json").write_text(json.dumps(CONFIG))
    second = {**CONFIG, "name": "second", "sampler": {**CONFIG["sampler"], "seed": 5}}
    (folder / "second.json").write_text(json.dumps(second))
    markets = ["small.json", "second.json"]
    (folder / "portfolio.json").write_text(json.dumps({"name": "both", "currency": "EUR", "markets": markets}))
    return folder


@dataclass(frozen=True)
class Moment:
    """When a command is interrupted, and how: after a line of stderr that holds ``line``, and ``delay`` seconds."""

    command: str
    delay: float
    number: int = signal.SIGINT
    line: str = ""
    group: bool = True


@dataclass(frozen=True)
class Outcome:
    """How it ended: exit code (None: it was done before the signal), seconds until then, stderr, and what is wrong."""

    moment: Moment
    code: int | None
    seconds: float
    stderr: str
    problems: tuple[str, ...] = field(default=())


def interrupt(moment: Moment, folder: Path) -> Outcome:
    """Run a command in ``folder``, interrupt it, and look at what is left."""
    with (folder / "stderr.log").open("wb") as errors:
        running = subprocess.Popen(
            [*MMM, *COMMANDS[moment.command]],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(_temporary(folder))},
        )
    while moment.line and running.poll() is None and moment.line not in (folder / "stderr.log").read_text():
        time.sleep(0.02)
    time.sleep(moment.delay)
    done = running.poll() is not None
    since = time.perf_counter()
    if not done:
        (os.killpg if moment.group else os.kill)(running.pid, moment.number)
    try:
        code = running.wait(LIMIT)
        stuck = False
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        code, stuck = running.wait(), True
    seconds = time.perf_counter() - since
    stderr = (folder / "stderr.log").read_text(errors="replace")
    problems = tuple(_problems(moment, code, stderr, folder)) if not done else ()
    if stuck:
        problems = (f"it had not ended after {LIMIT:.0f} s", *problems)
    return Outcome(moment, None if done else code, seconds, stderr, problems)


def _temporary(folder: Path) -> Path:
    path = folder / "tmp"
    path.mkdir(exist_ok=True)
    return path


def _problems(moment: Moment, code: int, stderr: str, folder: Path) -> list[str]:
    found = []
    killed = moment.number == signal.SIGKILL
    # Until Python has loaded the program itself, a signal does what it does to every Python.
    early = code == -moment.number or "init_import_site" in stderr
    early = early and "mmm/cli/commands" not in stderr and "interrupts.py" not in stderr
    wanted = -moment.number if killed else 128 + moment.number
    if code != wanted and not early:
        found.append(f"exit code {code} instead of {wanted}")
    if "Traceback" in stderr and not early:
        found.append("a traceback")
    if not killed and not early:
        errors = [line for line in stderr.splitlines() if line.startswith("Error: ")]
        if len(errors) != 1 or not stderr.rstrip().endswith(errors[0]):
            found.append(f"not one sentence at the end: {stderr.splitlines()[-3:]}")
    if not killed:
        found += [f"left behind: {path}" for path in leftovers(folder)]
    return found


def leftovers(folder: Path) -> list[str]:
    """Files in the making, as seen from ``folder``."""
    # Zarr hides its own metadata.
    hidden = [p for p in folder.rglob(".*") if "fit.zarr" not in p.parts]
    temporary = list((folder / "tmp").glob("mmm-*")) if (folder / "tmp").exists() else []
    return sorted(str(p.relative_to(folder)) for p in {*hidden, *temporary} if "dask" not in str(p))


def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether ``holds`` within some seconds."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def run(command: str, folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """A command run to its end."""
    environment = {**os.environ, "TMPDIR": str(_temporary(folder))}
    line = [*MMM, *COMMANDS[command], *more]
    return subprocess.run(line, cwd=folder, check=False, capture_output=True, text=True, env=environment)


def again(moment: Moment, folder: Path) -> list[str]:
    """What is wrong with the same command, run to its end in the folder in which it was interrupted."""
    done = run(moment.command, folder)
    found = [f"left behind after the next run: {path}" for path in leftovers(folder)]
    if done.returncode:
        found.append(f"the next run ended with {done.returncode}: {done.stderr[-500:]}")
    if any(word in done.stderr for word in ("cannot be read", "damaged", "holds another")):
        found.append(f"the next run found something wrong: {done.stderr[-500:]}")
    return found
