"""Files and folders in the making: under a name that says who makes them, removed whoever dies.

What is written stands beside its final place under a hidden name, which holds the machine, the process and the time at
which it started; then it is renamed, so that nothing is ever half there. What this process leaves behind when it is
interrupted is removed at its end (:func:`discard_all`). What a killed one left is removed by the next that writes to
the same folder (:func:`sweep`): its process is gone. What a living process writes is never touched, and what another
machine left only after a day without a change.

This module imports nothing of the package but hashes.
"""

import atexit
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from uuid import uuid4

from mmm.hashes import of_text

OLD = 86_400.0
"""Seconds without a change after which what another machine left is removed."""
_SETTLING, _STAYED = 1.0, 3
_OWNED = re.compile(r"^\..*\.mmm-([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{8}$")
# Names of earlier versions: of fits, of runs, of single files.
_EARLIER = re.compile(r"^\.(?:[0-9a-f]{64}\.[0-9a-f]{8}|[0-9a-f]{12}|.+\.\d+\.tmp)$")
_alive: set[Path] = set()
_gone: set[Path] = set()


def scratch_path(final: Path) -> Path:
    """A path beside ``final`` for what is going to have its name; nothing is made yet.

    Whoever makes something there hands it to :func:`keep` or :func:`discard`.
    """
    host, pid, started = _this_process()
    path = final.with_name(f".{final.name[:120]}.mmm-{host}-{pid}-{started}-{uuid4().hex[:8]}")
    _alive.add(path.absolute())
    return path


def keep(path: Path, final: Path) -> Path:
    """Give what was made its final name. Raises OSError where that is taken by a folder or cannot be written."""
    path.replace(final)
    _alive.discard(path.absolute())
    return final


def discard(path: Path) -> None:
    """Remove what was being made, if it is still there."""
    _remove(path)
    _alive.discard(path.absolute())
    _gone.add(path.absolute())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def scratch_folder(final: Path) -> Iterator[Path]:
    """A new empty folder beside ``final``; removed at the end unless it was kept."""
    path = scratch_path(final)
    try:
        path.mkdir(parents=True)
        yield path
    finally:
        discard(path)


def discard_all() -> None:
    """Remove everything that this process was making.

    Threads of a library that writes (Zarr's) outlive the interrupt of the one that waits for them, and make anew what
    was removed under their hands: so what is gone is looked at until it stays so, for a second at most.
    """
    for path in tuple(_alive):
        discard(path)
    until, stayed = time.monotonic() + _SETTLING, 0
    while _gone and stayed < _STAYED and time.monotonic() < until:
        back = [path for path in _gone if os.path.lexists(path)]
        for path in back:
            _remove(path)
        stayed = 0 if back else stayed + 1
        time.sleep(_SETTLING / 50)


def sweep(folder: Path) -> None:
    """Remove what dead processes were making in ``folder``. Does nothing where it is missing or cannot be written."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name.startswith(".") and _dead(entry):
                discard(Path(entry.path))


def sweep_temporary() -> None:
    """:func:`sweep` of the machine's folder for temporary files."""
    sweep(Path(tempfile.gettempdir()))


@cache
def process_folder(name: str) -> Path:
    """A folder for temporary files that lives as long as the process; those of dead processes are removed."""
    sweep_temporary()
    path = scratch_path(Path(tempfile.gettempdir()) / name)
    path.mkdir()
    atexit.register(discard, path)
    return path


def _dead(entry: os.DirEntry[str]) -> bool:
    owned = _OWNED.match(entry.name)
    if owned is None:
        return bool(_EARLIER.match(entry.name)) and _unchanged(entry)
    host, pid, started = owned[1], int(owned[2]), int(owned[3])
    if host != _this_process()[0]:
        return _unchanged(entry)
    return not _runs(pid, started)


def _unchanged(entry: os.DirEntry[str]) -> bool:
    """Whether nothing in it has changed for long."""
    times = [entry.stat(follow_symlinks=False).st_mtime]
    if entry.is_dir(follow_symlinks=False):
        times += [p.lstat().st_mtime for p in Path(entry.path).rglob("*")]
    return time.time() - max(times) > OLD


def _this_process() -> tuple[str, int, int]:
    """Machine (a hash), process and when it began."""
    pid = os.getpid()
    return _machine(), pid, _started(pid)


@cache
def _machine() -> str:
    """Equal where process numbers mean the same: containers have their own, and may share a folder and a name."""
    space = ""
    with suppress(OSError):
        space = str(Path("/proc/self/ns/pid").readlink())
    return of_text(f"{platform.node()} {space}")[:8]


def _runs(pid: int, started: int) -> bool:
    """Whether the process that began then still runs; yes where it cannot be told."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    found = _started(pid)
    return found == started or not found


def _started(pid: int) -> int:
    """When a process began, in ticks since its machine did: numbers of processes come back. 0 where it is not known.

    -1 for one that has ended and that nobody has asked for its exit code yet.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    # The name, in brackets, may hold anything.
    fields = stat.rpartition(")")[2].split()
    return -1 if fields[0] == "Z" else int(fields[19])
