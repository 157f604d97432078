"""Run one function over many tasks: in this process, on local worker processes, or on a Dask cluster by its address.

Results and failures come back one by one as tasks finish. A task that fails does not stop the others. A task whose
worker dies runs again on another one. Dask gives up a task that was on several workers when they died (its own limit:
four), be it that it ran there or that it queued behind the one that killed them. So a task that was given up runs once
more after all others, alone, and only that ends it. Workers share the cores of their machine: each is told to use its
part only.

This module imports no layer of the package: what is run, and what its results mean, is the caller's business.
"""

import logging
import os
import queue
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from mmm.interrupts import unheard

_PATIENCE = 60.0
"""Seconds without any worker, or an answer of the scheduler, after which the tasks that are left are given up."""
_ANSWER = 10.0
"""Seconds in which a scheduler answers, and has a worker."""
_POLL = 1.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
# os.cpu_count() follows this one from Python 3.13 on, and with it every pool that is as large as the machine.
_CORES = "PYTHON_CPU_COUNT"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """Arguments of one call. Of tasks with the same ``shared`` one runs first, and alone: what it makes, all use."""

    key: str
    arguments: tuple[Any, ...] = ()
    shared: str = ""


@dataclass(frozen=True)
class Done:
    """A finished task: its value, or the error that ended it, the seconds of its last run and how often it began."""

    key: str
    value: Any = None
    error: BaseException | None = None
    seconds: float = 0.0
    starts: int = 1


@dataclass(frozen=True)
class Event:
    """Something that happened to a task while it runs; ``line`` is what it said."""

    key: str
    kind: Literal["started", "said"]
    line: str = ""


@dataclass(frozen=True)
class Here:
    """One task after the other in this process."""


@dataclass(frozen=True)
class Workers:
    """Local worker processes, started for the tasks and stopped after them."""

    count: int


@dataclass(frozen=True)
class Cluster:
    """A running Dask scheduler, such as ``tcp://10.0.0.5:8786``. Its workers see the same files and run one thread."""

    address: str


Place = Here | Workers | Cluster


def run_tasks(
    function: Callable[..., Any],
    tasks: Sequence[Task],
    place: Place,
    *,
    notice: Callable[[Event], None] = lambda _: None,
) -> Generator[Done]:
    """Call ``function(say, *task.arguments)`` for every task, and yield each as it finishes.

    ``say`` sends a line to ``notice``, which is told as well when a task begins; it may be called from another thread.
    Raises ConnectionError where a cluster cannot be reached or has no fit worker, ValueError for a repeated key.
    """
    keys = [task.key for task in tasks]
    if len(set(keys)) < len(keys):
        raise ValueError(f"Keys of tasks must differ; got {keys}.")
    if isinstance(place, Here):
        yield from _here(function, tasks, notice)
        return
    with ExitStack() as stack:
        client = stack.enter_context(_local(place.count) if isinstance(place, Workers) else _remote(place.address))
        yield from _on_cluster(client, function, tasks, notice)


def _here(function: Callable[..., Any], tasks: Sequence[Task], notice: Callable[[Event], None]) -> Iterator[Done]:
    for task in tasks:
        notice(Event(task.key, "started"))
        since = time.perf_counter()
        value, error = None, None
        try:
            value = function(_speaker(task.key, notice), *task.arguments)
        except Exception as caught:  # noqa: BLE001  # Whatever it is, it ends this task alone; the caller decides.
            error = caught
        yield Done(task.key, value, error, time.perf_counter() - since)


def _speaker(key: str, notice: Callable[[Event], None]) -> Say:
    return lambda line: notice(Event(key, "said", line))


# On a cluster


@contextmanager
def _local(count: int) -> Iterator[Any]:
    """A client of worker processes on this machine, each with its part of the cores."""
    from distributed import Client, LocalCluster

    _quiet()
    cores = str(max(1, (os.cpu_count() or 1) // count))
    # What went wrong with a task comes back with it; workers need not say it as well.
    environment = {**dict.fromkeys((*_THREADS, _CORES), cores), "DASK_LOGGING__DISTRIBUTED": "critical"}
    cluster = unheard(
        lambda: LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            host="127.0.0.1",
            # Dask's HTTP server listens in any case: on a free port, as another run may have the usual one.
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs="CRITICAL",
            env=environment,
        )
    )
    with cluster, Client(cluster, set_as_default=False) as client:
        yield client


@contextmanager
def _remote(address: str) -> Iterator[Any]:
    """A client of a running cluster, once it has shown workers that can be used."""
    from distributed import Client

    _quiet()
    try:
        client = Client(address, timeout=_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(f"No Dask scheduler answers at '{address}' ({error}).") from error
    with _closing(client):
        try:
            client.wait_for_workers(1, timeout=_ANSWER)
            threads_of = client.nthreads()
        except TimeoutError as error:
            raise ConnectionError(f"The Dask scheduler at '{address}' has no workers.") from error
        except OSError as error:
            raise ConnectionError(f"The Dask scheduler at '{address}' has gone ({error}).") from error
        many = {name: threads for name, threads in threads_of.items() if threads != 1}
        for name, threads in many.items():
            # Drawing and running notebooks is not safe on several threads of one process.
            raise ConnectionError(
                f"The Dask worker {name} runs {threads} threads; the rule is one thread a worker. "
                "Start it with 'dask worker ADDRESS --nworkers N --nthreads 1'."
            )
        yield client


def _quiet() -> None:
    """Has Dask keep its log to itself: what it meets comes back as an error, and is told in our own words."""
    for name in [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def _closing(client: Any) -> Iterator[None]:
    """Closes the client, and does not wait for a scheduler that no longer answers."""
    try:
        yield
    finally:
        with suppress(OSError, TimeoutError, RuntimeError):
            client.close(timeout=_ANSWER)


@dataclass
class _Batch:
    """Tasks on a cluster: which wait for a first one, which run, which were given up, and what was heard of them."""

    client: Any
    function: Callable[..., Any]
    topic: str
    notice: Callable[[Event], None]
    finished: "queue.SimpleQueue[str]" = field(default_factory=queue.SimpleQueue)
    running: dict[str, Any] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    waiting: dict[str, list[Task]] = field(default_factory=dict)
    suspects: list[str] = field(default_factory=list)
    alone: str | None = None
    starts: dict[str, int] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)

    def offer(self, task: Task) -> None:
        """Starts the task, or has it wait for the one that makes what they share."""
        self.tasks[task.key] = task
        if task.shared in self.waiting:
            self.waiting[task.shared].append(task)
            return
        if task.shared:
            self.waiting[task.shared] = []
        self._submit(task)

    def _submit(self, task: Task) -> None:
        # A name of its own for every submission: Dask takes tasks of one name for one task.
        name = f"{task.key}-{uuid4().hex}"
        future = self.client.submit(
            _attempt, self.function, task.key, self.topic, task.arguments, key=name, pure=False, retries=0
        )
        self.running[task.key] = future
        self._await(task.key)

    def _await(self, key: str) -> None:
        self.running[key].add_done_callback(lambda _: self.finished.put(key))

    def try_suspect(self) -> bool:
        """Starts the next task that was given up, with nothing beside it; False where there is none."""
        if not self.suspects:
            return False
        self.alone = self.suspects.pop(0)
        self._submit(self.tasks[self.alone])
        return True

    def heard(self, message: tuple[float, Mapping[str, str]]) -> None:
        """Passes on what a worker sent."""
        content = message[1]
        key, kind = content["key"], content["kind"]
        if kind == "started":
            self.starts[key] = self.starts.get(key, 0) + 1
            self.since[key] = time.perf_counter()
            self.notice(Event(key, "started"))
        else:
            self.notice(Event(key, "said", content["line"]))

    def done(self, key: str) -> Done | None:
        """The finished task; those that waited for it start now. None where it runs again, now or after all others.

        A result stays with its worker until it is fetched. Where that worker dies in between, Dask computes it anew.
        """
        future, task = self.running[key], self.tasks[key]
        value, error = None, None
        try:
            if future.status == "finished":
                value = future.result(timeout=_ANSWER)
            elif future.status in ("error", "cancelled"):
                if _given_up(future) and key != self.alone:
                    del self.running[key]
                    self.suspects.append(key)
                    return None
                error = _error(future)
            else:
                raise TimeoutError
        except TimeoutError:
            self._await(key)
            return None
        del self.running[key]
        seconds = time.perf_counter() - self.since.get(key, time.perf_counter())
        for follower in self.waiting.pop(task.shared, []) if task.shared else []:
            self._submit(follower)
        return Done(key, value, error, seconds, max(1, self.starts.get(key, 0)))

    def rest(self) -> list[str]:
        """Keys that run or wait."""
        return [*self.running, *self.suspects, *(task.key for group in self.waiting.values() for task in group)]


def _on_cluster(
    client: Any, function: Callable[..., Any], tasks: Sequence[Task], notice: Callable[[Event], None]
) -> Iterator[Done]:
    batch = _Batch(client, function, f"tasks-{uuid4().hex}", notice)
    client.subscribe_topic(batch.topic, batch.heard)
    for task in tasks:
        batch.offer(task)
    watch = _Watch(client)
    try:
        while batch.running or batch.try_suspect():
            try:
                done = batch.done(batch.finished.get(timeout=_POLL))
            except queue.Empty:
                given_up = watch.gone()
                if given_up:
                    for key in batch.rest():
                        yield Done(key, error=ConnectionError(f"{given_up}, so it was given up."))
                    return
                continue
            if done is not None:
                yield done
    finally:
        if watch.answers:
            with suppress(OSError, TimeoutError, RuntimeError):
                client.cancel(list(batch.running.values()))
                client.unsubscribe_topic(batch.topic)


@dataclass
class _Watch:
    """Whether there is still somebody to wait for.

    A scheduler that was killed closes its connection, and Dask cancels what was asked of it. One that stands still, or
    whose machine is gone, closes nothing: Dask's client waits for it without end, so it is asked.
    """

    client: Any
    answers: bool = True
    since: float | None = None
    """When the workers, or the scheduler's answers, were first missed."""

    def gone(self) -> str:
        """Why the tasks that are left will not end; empty while they may."""
        try:
            if self._has_workers():
                self.answers, self.since = True, None
                return ""
            self.answers = True
        except (TimeoutError, OSError):
            self.answers = False
        self.since = self.since or time.perf_counter()
        if time.perf_counter() - self.since <= _PATIENCE:
            return ""
        return "All workers are gone" if self.answers else "The scheduler no longer answers"

    def _has_workers(self) -> bool:
        if self.client.status != "running":
            return False
        # Client.scheduler_info asks the same, but without an end.
        found = self.client.sync(self.client.scheduler.identity, n_workers=1, callback_timeout=_ANSWER)
        return bool(found["workers"])


def _given_up(future: Any) -> bool:
    """Whether Dask blames the task for the death of its workers."""
    from distributed import KilledWorker

    return future.status == "error" and isinstance(future.exception(), KilledWorker)


def _error(future: Any) -> BaseException:
    """Why a future has no result."""
    from distributed import KilledWorker

    if future.status == "cancelled":
        return ConnectionError("The connection to the scheduler was lost.")
    error: BaseException = future.exception()
    if isinstance(error, KilledWorker):
        return RuntimeError(
            f"Its worker died {error.allowed_failures + 1} times while no other task ran, at last on "
            f"{error.last_worker.address}. Most often that is too little memory: use a machine with more."
        )
    return error


def _attempt(function: Callable[..., Any], key: str, topic: str, arguments: tuple[Any, ...]) -> Any:
    """What a worker runs: the call, with its part of the machine's cores, and its lines sent to the client."""
    from distributed import get_worker

    worker = get_worker()

    def send(kind: str, line: str = "") -> None:
        worker.log_event(topic, {"key": key, "kind": kind, "line": line})

    send("started")
    with _share_of_cores():
        return function(lambda line: send("said", line), *arguments)


def _share_of_cores() -> AbstractContextManager[Any]:
    """Limits the thread pools of libraries that are already loaded; processes that start later read the environment.

    A worker of :class:`Workers` has its part in its environment. Any other worker gets one core a thread of its own.
    """
    from threadpoolctl import threadpool_limits

    for name in (*_THREADS, _CORES):
        os.environ.setdefault(name, "1")
    limits: AbstractContextManager[Any] = threadpool_limits(int(os.environ[_THREADS[0]]))
    return limits
