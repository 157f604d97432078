"""Interrupts and kills at random moments of real processes: nothing half-done stays, and the next run is right.

A scenario is a command on a folder of its own, hit a few times at moments drawn uniformly over the time that it takes
undisturbed, and then run to its end. Samples are the same bit for bit on one machine, so the answer at the end must be
that of a folder that was never hit.
"""

import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fuzz.command import Fault
from fuzz.pool import Found
from fuzz.worlds import write_worlds

DRAWS = 4000
HITS = 4
"""Hits of a scenario, before its command runs to the end."""
_END = 60.0
"""Seconds in which a command ends that was told to."""
_WHOLE = 600.0
_ALLOWED = {
    signal.SIGINT: {0, 130},
    signal.SIGTERM: {0, 143},
    signal.SIGHUP: {0, 129},
    signal.SIGKILL: {0, -signal.SIGKILL},
}
_COMMANDS: dict[str, list[str]] = {
    "check": ["check", "national.yaml"],
    "fit": ["fit", "national.yaml"],
    "plan": ["plan", "national.yaml"],
    "report": ["report", "national.yaml"],
    "portfolio": ["portfolio", "portfolio.yaml"],
    "backtest": ["backtest", "national.yaml"],
}
_WEIGHTS = {"check": 1, "fit": 4, "plan": 3, "report": 3, "portfolio": 2, "backtest": 2}


def prepared(folder: Path) -> None:
    """Settings and data for every command; enough draws that a moment within sampling is likely."""
    from mmm.settings.text import write_yaml

    for name, document in write_worlds(folder).items():
        made = {**document, "sampler": {**document["sampler"], "draws": DRAWS, "tune": 500}}
        (folder / f"{name}.yaml").write_text(write_yaml(made), encoding="utf-8")
    for place, name in enumerate(("first", "second")):
        market = (folder / "national.yaml").read_text(encoding="utf-8")
        market = market.replace("name: national", f"name: {name}").replace("seed: 1", f"seed: {place + 1}")
        (folder / f"{name}.yaml").write_text(market, encoding="utf-8")
    text = "name: both\nmarkets: [first.yaml, second.yaml]\ncurrency: EUR\n"
    (folder / "portfolio.yaml").write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Run:
    """A process that ended: by itself, or after a signal."""

    code: int | None
    err: str
    seconds: float
    waited: float
    """Seconds from the signal to the end."""
    orphans: list[str]


@dataclass
class Place:
    """A folder in which commands run, with a temporary folder and a home of its own: leftovers are seen."""

    folder: Path

    @cached_property
    def mark(self) -> str:
        return uuid.uuid4().hex

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "TMPDIR": str(self.folder / "tmp"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            "MMM_FUZZ": self.mark,
        }
        return {**os.environ, **own}

    def run(self, argv: list[str], number: signal.Signals | None = None, after: float = 0.0) -> Run:
        """Run ``mmm argv`` to its end, or signal it after some seconds; an interrupt goes to its whole group."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        command = [str(Path(sys.executable).parent / "mmm"), *argv]
        started, told = time.monotonic(), 0.0
        with (self.folder / "err.log").open("wb") as err:
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=err,
                start_new_session=True,
            )
            if number is not None:
                try:
                    process.wait(after)
                except subprocess.TimeoutExpired:
                    told = time.monotonic()
                    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
            code = self._ended(process, _END if number is not None else _WHOLE)
        ended = time.monotonic()
        text = (self.folder / "err.log").read_text(encoding="utf-8", errors="replace")
        return Run(code, text, ended - started, ended - told if told else 0.0, self.orphans())

    @staticmethod
    def _ended(process: "subprocess.Popen[bytes]", limit: float) -> int | None:
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None

    def orphans(self) -> list[str]:
        """Processes that the command started and left running; they get some seconds to end, and are then ended."""
        for _ in range(30):
            left = self._children()
            if not left:
                return []
            time.sleep(0.5)
        names = []
        for pid in left:
            try:
                names.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:120])
                os.kill(pid, signal.SIGKILL)
            except (OSError, ProcessLookupError):
                continue
        return names

    def _children(self) -> list[int]:
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"MMM_FUZZ={self.mark}".encode() in path.read_bytes():
                    state = (path.parent / "stat").read_text().rpartition(")")[2].split()[0]
                    if state != "Z":
                        found.append(int(path.parent.name))
            except OSError:
                continue
        return found

    def leftovers(self) -> list[str]:
        """Files that stand for something unfinished: temporary ones, hidden ones, runtime files of kernels."""
        found = [f"tmp/{p.name}" for p in (self.folder / "tmp").glob("*")]
        for root in ("reports", ".mmm"):
            found += [
                str(p.relative_to(self.folder))
                for p in (self.folder / root).rglob(".*")
                if not p.name.startswith((".z", ".lock"))
            ]
        found += [f"runtime/{p.name}" for p in (self.folder / "runtime").glob("kernel-*")]
        return sorted(re.sub(r"[0-9a-f]{8,}", "#", name) for name in found)

    def parts_stored(self) -> list[str]:
        """Fits under a final name that hold fewer draws than were asked for."""
        found = []
        for fit in (self.folder / ".mmm" / "fits").glob("[0-9a-f]*"):
            shapes = [
                json.loads(p.read_text(encoding="utf-8"))["shape"]
                for pattern in ("**/posterior/draw/.zarray", "**/posterior/draw/zarr.json")
                for p in fit.glob(pattern)
            ]
            if any(shape != [DRAWS] for shape in shapes):
                found.append(f"{fit.name[:12]}: {shapes} of {DRAWS}")
        return found

    def answer(self, command: str) -> dict[str, Any]:
        """The numbers that a command wrote, by file and cell."""
        found: dict[str, Any] = {}
        names = {"plan": "plan/allocation.csv", "report": "allocation.csv", "portfolio": "*.csv", "backtest": "*.csv"}
        for path in sorted((self.folder / "reports").rglob(names.get(command, "no file"))):
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.reader(file))
            found[path.name] = [[_rounded(cell) for cell in row] for row in rows]
        return found


def _rounded(cell: str) -> Any:
    try:
        return float(f"{float(cell):.5g}")
    except ValueError:
        return cell


@dataclass(frozen=True)
class Reference:
    """What a command does undisturbed: how long it takes, what it says, and what it leaves in the temporary folder."""

    seconds: float
    answer: dict[str, Any]
    leftovers: list[str]


def reference(command: str, warm: bool, out: Path) -> Reference:
    """Of a run that nobody disturbs; ``warm`` with the fits in the store. Kept in ``out`` for all scenarios."""
    place = Place(out / "undisturbed" / f"{command}-{'warm' if warm else 'cold'}")
    kept = place.folder / "reference.json"
    if not kept.exists():
        shutil.rmtree(place.folder, ignore_errors=True)
        place.folder.mkdir(parents=True)
        prepared(place.folder)
        if warm:
            place.run(_COMMANDS[command])
            shutil.rmtree(place.folder / "reports", ignore_errors=True)
        ran = place.run(_COMMANDS[command])
        if ran.code != 0:
            raise RuntimeError(f"{command} without any interrupt ends with {ran.code}: {ran.err[-500:]}")
        document = {"seconds": ran.seconds, "answer": place.answer(command), "leftovers": place.leftovers()}
        kept.write_text(json.dumps(document), encoding="utf-8")
    return Reference(**json.loads(kept.read_text(encoding="utf-8")))


def chosen(index: int, seed: int) -> tuple[str, bool, list[tuple[signal.Signals, float]]]:
    """Command, whether its fits are stored, and the hits of one scenario: signal, and moment as a share of the time."""
    rng = random.Random(f"{seed}:interrupts:{index}")
    command = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    signals = (*[signal.SIGINT] * 4, *[signal.SIGTERM] * 2, *[signal.SIGKILL] * 2, signal.SIGHUP)
    return command, rng.random() < 0.3, [(rng.choice(signals), rng.random()) for _ in range(HITS)]


def scenario(index: int, seed: int, out: Path) -> tuple[list[Fault], dict[str, Any]]:
    """The faults of one scenario, and what was hit how."""
    command, warm, hits = chosen(index, seed)
    usual = reference(command, warm, out)
    place = Place(out / f"scenario-{index}")
    shutil.rmtree(place.folder, ignore_errors=True)
    place.folder.mkdir(parents=True)
    prepared(place.folder)
    if warm:
        place.run(_COMMANDS[command])
        shutil.rmtree(place.folder / "reports", ignore_errors=True)
    found: list[Fault] = []
    log = []
    for number, share in hits:
        # What a killed command left is the next one's to remove, unless that ends before it comes to it.
        before = place.leftovers()
        ran = place.run(_COMMANDS[command], number, share * usual.seconds)
        log.append(f"{number.name} at {share:.0%} of {usual.seconds:.0f} s: {ran.code}")
        found += [
            Fault(f"{command}, {fault.kind}", f"{log[-1]}\n{fault.seen}")
            for fault in after_hit(place, usual, number, ran, before)
        ]
        if not warm and share < 0.5:
            shutil.rmtree(place.folder / ".mmm", ignore_errors=True)
    shutil.rmtree(place.folder / "reports" / "index.html", ignore_errors=True)
    ran = place.run(_COMMANDS[command])
    found += [
        Fault(f"{command}, the run after it: {fault.kind}", f"{log}\n{fault.seen}")
        for fault in at_the_end(place, usual, command, ran)
    ]
    if not found:
        shutil.rmtree(place.folder)
    return found, {"command": command, "warm": warm, "hits": log, "codes": [entry.rpartition(": ")[2] for entry in log]}


def after_hit(
    place: Place, usual: Reference, number: signal.Signals, ran: Run, before: Sequence[str] = ()
) -> list[Fault]:
    name = number.name
    found = [Fault("a part of a sample is stored as the whole", part) for part in place.parts_stored()]
    if ran.code is None:
        return [*found, Fault(f"{name} and still there after {_END:.0f} s", ran.err[-600:])]
    if ran.code not in _ALLOWED[number]:
        found.append(Fault(f"{name} ends with {ran.code}", ran.err[-600:]))
    if "Traceback" in ran.err:
        found.append(Fault(f"{name} gives a traceback", ran.err[-900:]))
    if ran.code in (129, 130, 143) and not re.search("Interrupted|Ended by", ran.err):
        found.append(Fault(f"{name} ends without a sentence", ran.err[-300:]))
    if ran.code == 0 and ran.waited > 0.3 * usual.seconds and ran.waited > 4:
        found.append(Fault(f"{name} is not heard", f"{ran.waited:.0f} s after it the run ended as if nothing had been"))
    if number != signal.SIGKILL:
        left = Counter(place.leftovers()) - Counter(usual.leftovers) - Counter(before)
        found += [Fault(f"{name} leaves {_general(sample)}", ", ".join(left)[:400]) for sample in list(left)[:1]]
    found += [Fault(f"{name} leaves a process running", text) for text in ran.orphans[:1]]
    return found


def at_the_end(place: Place, usual: Reference, command: str, ran: Run) -> list[Fault]:
    found = [Fault("a part of a sample is stored as the whole", part) for part in place.parts_stored()]
    if ran.code != 0:
        return [*found, Fault(f"ends with {ran.code}", ran.err[-800:])]
    if "Traceback" in ran.err:
        found.append(Fault("a traceback", ran.err[-900:]))
    left = Counter(place.leftovers()) - Counter(usual.leftovers)
    found += [Fault(f"leaves {_general(sample)}", ", ".join(left)[:400]) for sample in list(left)[:1]]
    answer = place.answer(command)
    wrong = [name for name, cells in usual.answer.items() if answer.get(name) != cells]
    if wrong:
        name = wrong[0]
        found.append(Fault(f"another answer in {name}", f"{answer.get(name)}\nnot\n{usual.answer[name]}"[:1500]))
    return found


def _general(name: str) -> str:
    """A leftover's kind: its name without what differs from run to run."""
    return re.sub(r"\d+|#|(?<=tmp)[\w]{6,}", "*", name)


def many(count: int, seed: int, out: Path, workers: int) -> tuple[dict[str, Any], list[Found]]:
    """Scenarios until ``count`` hits were made, over a few threads: what runs are processes of their own."""
    from concurrent.futures import ThreadPoolExecutor

    place = out / "interrupts"
    shutil.rmtree(place, ignore_errors=True)
    since = time.monotonic()
    scenarios = range(-(-count // HITS))
    for command, warm in sorted({chosen(index, seed)[:2] for index in scenarios}):
        reference(command, warm, place)
    failed: list[Found] = []
    codes = Counter[str]()
    wrong = 0
    with ThreadPoolExecutor(workers) as pool:
        for index, (found, about) in zip(
            scenarios, pool.map(lambda i: scenario(i, seed, place), scenarios), strict=True
        ):
            codes.update(f"{about['command']} {code}" for code in about["codes"])
            wrong += bool(found)
            failed += [Found("interrupts", index, seed, fault.kind, fault.seen) for fault in found]
            for fault in found:
                print(f"interrupts:{index} seed {seed}: {fault.kind}\n    {fault.seen[:300]}", flush=True)
    (out / "interrupts.json").write_text(json.dumps([f.__dict__ for f in failed], indent=1), encoding="utf-8")
    row = {
        "kind": "interrupts",
        "cases": len(scenarios) * HITS,
        "wrong": wrong,
        "exit codes": dict(sorted(codes.items())),
    }
    return {**row, "seconds": round(time.monotonic() - since)}, failed
