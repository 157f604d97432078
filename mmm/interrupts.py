"""Signals that end a command: one sentence, its exit code, nothing half-made left behind.

Ctrl-C, a termination and a hang-up raise :class:`Interrupted` in the main thread, once. Where that is not enough the
process is left at once, after its unfinished files are removed: while modules are being imported (libraries turn the
exception into an ImportError, or swallow it), at a second signal, and where the command does not end in time because
it is inside compiled code or waits for others.

This module imports nothing slow: it stands guard from the first moment.
"""

import atexit
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from mmm import scratch

PATIENCE = 10.0
"""Seconds that a command has to end by itself after a signal."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if sys.platform != "win32" else (signal.SIGINT,)
_IMPORTING = "<frozen importlib._bootstrap>"


class Interrupted(KeyboardInterrupt):
    """The signal ``number`` asked for an end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass
class _State:
    """What this process knows of signals: the first one, and whether to leave at once at the next."""

    received: int | None = None
    told: bool = False
    at_once: bool = True
    deferred: bool = False
    sockets: tuple[socket.socket, ...] = ()


_state = _State()


def run(program: Callable[[], object]) -> int:
    """Run ``program`` and return the exit code of the process: 128 + n where signal n ended it."""
    _install()
    _state.at_once = False
    code: int = 0
    try:
        program()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt as error:
        _state.received = _state.received or getattr(error, "number", signal.SIGINT)
    except BaseException:
        # What a signal breaks may come out as any error of any library.
        if _state.received is None:
            raise
    finally:
        _state.at_once = True
    if _state.received is None:
        return code
    _clean(spared=_resource_tracker())
    return 128 + tell()


def tell(number: int | None = None) -> int:
    """Say on stderr, once, that the command was interrupted; returns the number of the signal."""
    number = _state.received or number or signal.SIGINT
    if _state.told:
        return number
    _state.told = _state.received is not None
    how = "Interrupted" if number == signal.SIGINT else f"Ended by {signal.Signals(number).name}"
    # Not through sys.stderr: the signal may have come in the middle of one of its calls.
    with suppress(OSError):
        os.write(2, f"Error: {how}. What was complete is kept, nothing half-made is.\n".encode())
    return number


@contextmanager
def deferred() -> Iterator[None]:
    """While it lasts, a signal waits: for the few renames that belong together."""
    before, _state.deferred = _state.deferred, True
    try:
        yield
    finally:
        _state.deferred = before
    if _state.received is not None and not before:
        raise Interrupted(_state.received)


def _install() -> None:
    """Handle the signals that end a command, other than those that whoever started this process has it ignore.

    Python runs a handler in the main thread alone, and not before that leaves compiled code. So a thread hears of every
    signal too, and ends the process where the main one has not in a while.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)
    # The first that is registered is the last that runs.
    atexit.register(_deafen)
    heard, woken = socket.socketpair()
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
    _state.sockets = (heard, woken)
    with suppress(RuntimeError):  # no memory for a thread: the rest holds without
        threading.Thread(target=_watch, args=(heard,), name="mmm-interrupts", daemon=True).start()


def _deafen() -> None:
    """Hear nothing more: Python puts the default handlers back before it clears its modules, so that a signal then
    would end, without a word and with another exit code, a command that is complete."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _watch(heard: socket.socket) -> None:
    while True:
        found = set(heard.recv(16)) & set(_SIGNALS)
        if found:
            time.sleep(PATIENCE)
            _state.received = _state.received or min(found)
            _leave()


def _on_signal(number: int, frame: FrameType | None) -> None:
    if _state.received is not None or _state.at_once or _importing(frame):
        _state.received = _state.received or number
        _leave()
    _state.received = number
    _hush()
    if not _state.deferred:
        raise Interrupted(number)


def _hush() -> None:
    """What breaks from now on breaks because the command ends: no library logs it, no thread prints it."""
    if "logging" in sys.modules:
        sys.modules["logging"].disable()
    threading.excepthook = lambda _: None
    sys.unraisablehook = _unraisable


def _unraisable(found: "sys.UnraisableHookArgs") -> None:
    """Python drops what is raised in a destructor or a callback: then the process is left at once."""
    if isinstance(found.exc_value, Interrupted):
        _leave()


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False


def _leave() -> None:
    """End this process, and those that it started, now."""
    _clean()
    number = tell()
    with suppress(Exception):
        sys.stdout.flush()
    os._exit(128 + number)


def _resource_tracker() -> int | None:
    """The process, if there is one, in which Python keeps the names of semaphores until this one has removed them.

    It ends by itself after that. Where it is gone, Python starts another, which writes a traceback for every name.
    """
    module = sys.modules.get("multiprocessing.resource_tracker")
    return None if module is None else getattr(module._resource_tracker, "_pid", None)


def _clean(spared: int | None = None) -> None:
    """End the processes that this one started, and remove what they and it were making."""
    with suppress(Exception):
        import psutil

        started = [child for child in psutil.Process().children(recursive=True) if child.pid != spared]
        for child in started:
            with suppress(psutil.Error):
                child.kill()
        psutil.wait_procs(started, timeout=1.0)
    scratch.discard_all()
    scratch.sweep_temporary()


@contextmanager
def with_its_processes() -> Iterator[None]:
    """Whatever processes this one starts in it end with it where an error or an interrupt ends it."""
    import psutil

    this = psutil.Process()
    before = set(this.children())
    try:
        yield
    except BaseException:
        for child in set(this.children()) - before:
            with suppress(psutil.Error):
                child.kill()
        raise


def unheard[T](make: Callable[[], T]) -> T:
    """What ``make`` gives; Ctrl-C does not come to the threads and processes that it starts, then or later.

    A terminal sends it to every process, and each would write a traceback: it is this one that ends the others.
    Signals that a thread blocks are blocked in what it starts; a thread of its own leaves the main one listening.
    """
    from concurrent.futures import Future
    from multiprocessing import resource_tracker

    made: Future[T] = Future()

    def run() -> None:
        if hasattr(signal, "pthread_sigmask"):
            # Python starts this process of its own before others, and hears signals again after that.
            resource_tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            made.set_result(make())
        except BaseException as error:  # noqa: BLE001  # it is raised where the result is asked for
            made.set_exception(error)

    threading.Thread(target=run, name="mmm-unheard", daemon=True).start()
    return made.result()
