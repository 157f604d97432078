"""Cases over a few processes, each watched: one that waits or dies is ended, recorded and passed over."""

import contextlib
import json
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from fuzz.command import Fault

PATIENCE = 300.0
"""Seconds on the clock after which a case is ended from outside: it waits, or is in code that hears no signal."""


@dataclass(frozen=True)
class Found:
    """A fault, and what makes the case again: ``python -m fuzz --only KIND:INDEX --seed SEED``."""

    what: str
    index: int
    seed: int
    kind: str
    seen: str


@dataclass(frozen=True)
class Job:
    what: str
    first: int
    count: int
    seed: int
    step: int = 1

    def indices(self) -> range:
        return range(self.first, self.count, self.step)


def serve(job: Job, folder: Path, pipe: Connection) -> None:
    """A process's work: every case of the job, told to the parent as it begins and as it ends."""
    os.environ["TMPDIR"] = str(folder / "tmp")
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    run = runner(job.what, folder)
    for index in job.indices():
        pipe.send(("start", index, None))
        try:
            found, about = run(index, job.seed)
        except Exception:  # noqa: BLE001  # a fault of the fuzzing itself, or what the workbench does outside a command
            found, about = [Fault("the case itself failed", traceback.format_exc()[-1500:])], {}
        pipe.send(("done", index, (found, about)))
    pipe.send(("end", -1, None))


def runner(what: str, folder: Path) -> Callable[[int, int], tuple[list[Fault], dict[str, Any]]]:
    """The function from (index, seed) to the faults of one case of this kind, and what the case was."""
    from fuzz import parameter_cases, settings_cases, table_cases

    if what == "tables":
        return lambda index, seed: table_cases.case(folder / "table", index, seed)
    bench = settings_cases.Bench(folder / "worlds")
    module = {"settings": settings_cases, "parameters": parameter_cases}[what]
    return lambda index, seed: module.case(bench, index, seed)


@dataclass
class Worker:
    job: Job
    folder: Path
    process: Any = None
    pipe: Any = None
    index: int = -1
    since: float = 0.0

    def start(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self.process = context.Process(target=serve, args=(self.job, self.folder, theirs))
        self.process.start()
        theirs.close()
        self.pipe, self.index, self.since = ours, -1, time.monotonic()

    def lost(self, kind: str) -> Found:
        """Ends the process, and starts one for the cases after the one it was in."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()
        found = Found(self.job.what, self.index, self.job.seed, kind, f"exit code {self.process.exitcode}")
        self.job = Job(
            self.job.what, max(self.index, self.job.first) + self.job.step, self.job.count, self.job.seed, self.job.step
        )
        self.start()
        return found


def cases(job: Job, folder: Path, workers: int) -> Iterator[tuple[int, list[Found], dict[str, Any]]]:
    """(index, faults, what the case was) of every case, as they end."""
    crew = []
    for number in range(workers):
        part = Job(job.what, job.first + number, job.count, job.seed, workers)
        crew.append(Worker(part, folder / f"{job.what}-{number}"))
        crew[-1].start()
    while crew:
        ready = wait([worker.pipe for worker in crew], timeout=5)
        for worker in list(crew):
            if worker.pipe in ready:
                try:
                    word, index, got = worker.pipe.recv()
                except EOFError:
                    yield worker.index, [worker.lost("the process died")], {}
                    continue
                worker.since, worker.index = time.monotonic(), index if index >= 0 else worker.index
                if word == "end":
                    crew.remove(worker)
                    worker.process.join()
                elif word == "done":
                    found = [Found(job.what, index, job.seed, fault.kind, fault.seen) for fault in got[0]]
                    yield index, found, got[1]
            elif time.monotonic() - worker.since > PATIENCE:
                yield worker.index, [worker.lost("wait: ended from outside")], {}


def keep(found: list[Found], about: dict[str, Any], folder: Path) -> None:
    """Writes the input of a case that failed, and what was seen of it."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{found[0].what}-{found[0].seed}-{found[0].index}"
    content = about.pop("content", b"")
    (folder / f"{name}.input").write_bytes(content)
    document = {"found": [asdict(fault) for fault in found], **{k: v for k, v in about.items() if k != "content"}}
    (folder / f"{name}.json").write_text(json.dumps(document, indent=1, default=str), encoding="utf-8")
