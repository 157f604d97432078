"""Tasks in process, on local workers and on a real Dask cluster on loopback, one of whose workers is killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import dask
import psutil
import pytest

from mmm import execution
from mmm.execution import Cluster, Done, Event, Here, Place, Task, Workers, run_tasks

Function = Callable[..., Any]


def _work() -> Function:
    """A function inside a function: it travels to a worker by value, as a test module is not importable there."""

    def work(say: Callable[[str], None], folder: str, name: str, how: str = "") -> str:
        import os
        import time
        from pathlib import Path

        say(f"working on {name}")
        with (Path(folder) / "calls.txt").open("a", encoding="utf-8") as file:
            file.write(f"{name} begins {os.getpid()}\n")
        if how == "cores":
            return f"{os.environ['NUMBA_NUM_THREADS']} {os.environ['PYTHON_CPU_COUNT']}"
        if how == "wrong":
            raise ValueError(f"{name} is wrong")
        if how == "dies" or (how == "dies once" and not (Path(folder) / f"{name}.died").exists()):
            (Path(folder) / f"{name}.died").touch()
            # What a worker says leaves it within milliseconds, on another thread.
            time.sleep(0.2)
            os.kill(os.getpid(), 9)
        time.sleep(0.4 if how == "slow" else 0.02)
        with (Path(folder) / "calls.txt").open("a", encoding="utf-8") as file:
            file.write(f"{name} ends {os.getpid()}\n")
        return name.upper()

    return work


def run(folder: Path, place: Place, *tasks: Task) -> tuple[dict[str, Done], list[Event]]:
    heard: list[Event] = []
    found = {done.key: done for done in run_tasks(_work(), tasks, place, notice=heard.append)}
    return found, heard


def calls(folder: Path) -> list[list[str]]:
    return [line.split() for line in (folder / "calls.txt").read_text(encoding="utf-8").splitlines()]


def task(folder: Path, name: str, how: str = "", shared: str = "") -> Task:
    return Task(name, (str(folder), name, how), shared)


@pytest.mark.parametrize("place", [Here(), Workers(2)], ids=["here", "workers"])
def test_a_failing_task_does_not_stop_the_others(place: Place, tmp_path: Path) -> None:
    tasks = [task(tmp_path, "a"), task(tmp_path, "b", "wrong"), task(tmp_path, "c")]
    found, heard = run(tmp_path, place, *tasks)
    assert {key: done.value for key, done in found.items()} == {"a": "A", "b": None, "c": "C"}
    assert isinstance(found["b"].error, ValueError)
    assert str(found["b"].error) == "b is wrong"
    assert found["a"].error is None
    assert {e.key for e in heard if e.kind == "started"} == {"a", "b", "c"}
    assert {e.line for e in heard if e.kind == "said"} == {"working on a", "working on b", "working on c"}


def test_what_several_share_is_made_by_one_first(tmp_path: Path) -> None:
    shared = [task(tmp_path, name, "slow", shared="fit") for name in ("a", "b", "c")]
    failing = [task(tmp_path, "first", "wrong", "other"), task(tmp_path, "next", shared="other")]
    found, _ = run(tmp_path, Workers(2), *shared, task(tmp_path, "alone"), *failing)
    assert len(found) == 6
    # A first one that fails lets the others try.
    assert found["first"].error is not None
    assert found["next"].value == "NEXT"
    order = [(name, what) for name, what, _ in calls(tmp_path)]
    assert order.index(("a", "ends")) < min(order.index(("b", "begins")), order.index(("c", "begins")))
    # The other worker was not kept waiting.
    assert order.index(("alone", "begins")) < order.index(("a", "ends"))


def test_a_worker_that_dies_is_replaced_and_its_task_runs_again(tmp_path: Path) -> None:
    kinds = {"a": "dies once", "b": "slow", "c": "dies", "share": "cores"}
    tasks = [task(tmp_path, name, kind) for name, kind in kinds.items()]
    found, _ = run(tmp_path, Workers(2), *tasks)
    assert found["a"].value == "A"
    assert found["a"].starts >= 2
    assert found["b"].value == "B"
    assert "Its worker died 4 times while no other task ran" in str(found["c"].error)
    part = max(1, (os.cpu_count() or 1) // 2)
    assert found["share"].value == f"{part} {part}"


def test_tasks_queued_on_a_worker_that_dies_are_not_to_blame(tmp_path: Path) -> None:
    # One worker has all tasks, and Dask is told to give up at its first death whatever was on it.
    shared = [task(tmp_path, "first", "dies", "fit"), task(tmp_path, "next", shared="fit")]
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        found, _ = run(tmp_path, Workers(1), *shared, *(task(tmp_path, name) for name in "abc"))
    assert {key: done.value for key, done in found.items() if done.error is None} == {
        "next": "NEXT",
        "a": "A",
        "b": "B",
        "c": "C",
    }
    assert "while no other task ran" in str(found["first"].error)


def test_two_runs_may_start_workers_at_the_same_time(tmp_path: Path) -> None:
    first = run_tasks(_work(), [task(tmp_path, "a", "slow"), task(tmp_path, "b", "slow")], Workers(1))
    with closing(first):
        assert next(first).value == "A"
        found, _ = run(tmp_path, Workers(1), task(tmp_path, "c"))
        assert found["c"].value == "C"
        assert [done.value for done in first] == ["B"]


@pytest.mark.parametrize("running", [False, True], ids=["starting", "running"])
def test_an_interrupt_from_a_terminal_shows_nothing_of_the_workers(running: bool, tmp_path: Path) -> None:
    """It goes to every process; workers that hear it would write a traceback each."""
    script = (
        "import sys, time\nfrom mmm import interrupts\nfrom mmm.execution import Task, Workers, run_tasks\n"
        "def work():\n"
        "    tasks = [Task(str(i), (30.0,)) for i in range(2)]\n"
        "    list(run_tasks(lambda say, s: (say('waits'), time.sleep(s)), tasks, Workers(2), notice=told))\n"
        "def told(event):\n"
        "    print(event.kind, flush=True)\n"
        "sys.exit(interrupts.run(work))"
    )
    with (tmp_path / "err").open("wb") as errors:
        command = [sys.executable, "-c", script]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, start_new_session=True, text=True)
    assert process.stdout is not None
    if running:
        while process.stdout.readline().strip() != "said":
            assert process.poll() is None
    else:
        while not any("spawn_main" in part for part in command_lines(process.pid)):
            assert process.poll() is None
            time.sleep(0.02)
        # In the middle of its imports, on any machine.
        time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    said = (tmp_path / "err").read_text(encoding="utf-8")
    assert said == "Error: Interrupted. What was complete is kept, nothing half-made is.\n"


def command_lines(pid: int) -> list[str]:
    """Words of the command lines of a process's children."""
    found: list[str] = []
    for child in psutil.Process(pid).children(recursive=True):
        # One that has just ended has none.
        with suppress(psutil.NoSuchProcess):
            found += child.cmdline()
    return found


def test_keys_must_differ() -> None:
    with pytest.raises(ValueError, match="must differ"):
        list(run_tasks(_work(), [Task("a"), Task("a")], Here()))


def test_no_scheduler_at_the_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "_ANSWER", 1.0)
    with pytest.raises(ConnectionError, match=r"No Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        list(run_tasks(_work(), [Task("a")], Cluster("tcp://127.0.0.1:9")))


@contextmanager
def _cluster() -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A real scheduler and one worker, each a process of its own."""
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    start = [sys.executable, "-m"]
    scheduler = [*start, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    worker = [*start, "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    with subprocess.Popen(scheduler, **quiet) as one, subprocess.Popen(worker, **quiet) as other:
        try:
            yield one, address
        finally:
            for process in (one, other):
                process.kill()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (signal.SIGKILL, "The connection to the scheduler was lost."),
        (signal.SIGSTOP, "The scheduler no longer answers"),
    ],
)
def test_a_scheduler_that_dies_or_stands_still_ends_the_tasks(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], how: signal.Signals, said: str
) -> None:
    """Every task comes back with an error, whether it ran or waited for another, within the stated patience."""
    monkeypatch.setattr(execution, "_PATIENCE", 4.0)

    def wait(say: Callable[[str], None], seconds: float) -> None:
        import time

        say("waits")
        time.sleep(seconds)

    tasks = [Task("first", (0.01,)), Task("runs", (600.0,)), Task("queues", (600.0,)), Task("a", (600.0,), "one fit")]
    tasks.append(Task("b", (600.0,), "one fit"))
    found: dict[str, Done] = {}
    with _cluster() as (scheduler, address):
        monkeypatch.setattr(execution, "_ANSWER", 60.0)  # a cold start on a busy machine
        for done in run_tasks(wait, tasks, Cluster(address)):
            found[done.key] = done
            if done.key == "first":
                monkeypatch.setattr(execution, "_ANSWER", 2.0)
                scheduler.send_signal(how)
                since = time.perf_counter()
        took = time.perf_counter() - since
    assert found["first"].error is None
    assert set(found) == {task.key for task in tasks}
    for key in ("runs", "queues", "a"):
        assert isinstance(found[key].error, ConnectionError)
        assert said in str(found[key].error)
    assert took < 60
    assert "Traceback" not in capfd.readouterr().err
