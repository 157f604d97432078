"""One command run in this process, with its libraries warm, and what must never be seen of it."""

import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

DOCUMENTED = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 130})
LIMIT = 40.0
"""Seconds of processor time that a command on a tiny panel may take: a hundred times what it needs."""


class Overrun(BaseException):
    """The command took more than its time; no handler of the package catches it."""


@dataclass(frozen=True)
class Outcome:
    """What a command gave; ``crash`` is the traceback of what it did not turn into a sentence."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float
    crash: str = ""
    overrun: bool = False

    @property
    def sentence(self) -> str:
        """The first line of its error."""
        lines = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        return lines[0] if lines else next((line for line in self.err.splitlines() if line.strip()), "")


@dataclass(frozen=True)
class Fault:
    """Something that must not be: its kind, for counting, and what was seen."""

    kind: str
    seen: str


def run(argv: list[str], folder: Path, limit: float = LIMIT) -> Outcome:
    """Run ``mmm argv`` in ``folder``; file descriptors 1 and 2 are captured, since libraries in C write to them."""
    from mmm.cli import app

    before = Path.cwd()
    os.chdir(folder)
    code, crash, overrun = 0, "", False
    since = time.process_time()
    try:
        with _captured() as read, _alarm(limit):
            try:
                app(list(argv))
            except SystemExit as left:
                code = _code_of(left.code)
            except Overrun:
                code, overrun = 1, True
            except BaseException as error:  # noqa: BLE001  # whatever it is, a user would see it as a traceback
                code, crash = 1, "".join(traceback.format_exception(error))
            sys.stdout.flush()
            sys.stderr.flush()
            out, err = read()
    finally:
        os.chdir(before)
    return Outcome(tuple(argv), code, out, err, time.process_time() - since, crash, overrun)


def _code_of(code: Any) -> int:
    return code if isinstance(code, int) else 0 if code is None else 1


@contextmanager
def _alarm(limit: float) -> Iterator[None]:
    def late(_number: int, _frame: FrameType | None) -> None:
        raise Overrun

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def _captured() -> Iterator[Any]:
    """Descriptors 1 and 2, and Python's streams, go to two files while the block runs."""
    import tempfile

    with tempfile.TemporaryFile("w+b") as out, tempfile.TemporaryFile("w+b") as err:
        sys.stdout.flush()
        sys.stderr.flush()
        kept = os.dup(1), os.dup(2), sys.stdout, sys.stderr
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115

        def read() -> tuple[str, str]:
            return _text(out), _text(err)

        try:
            yield read
        finally:
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
            os.close(kept[0])
            os.close(kept[1])
            sys.stdout, sys.stderr = kept[2:]


def _text(file: Any) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


# What must never be seen

_LIBRARY_WARNING = re.compile(r"^.*\b\w+Warning: .*$", re.MULTILINE)
_JARGON = re.compile(
    r"pydantic|validation error|Input should be|NoneType|\bdtype\b|<class '|object at 0x|errno", re.IGNORECASE
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NOT_FINITE = re.compile(r"(?<![\w-])[-+]?(nan|inf)(?![\w-])", re.IGNORECASE)
_LONGEST = 30_000


def faults(outcome: Outcome) -> list[Fault]:
    """What is wrong with any command, whatever it was given."""
    if outcome.overrun:
        return [Fault(f"wait: {outcome.argv[0]} beyond its limit", f"more than {outcome.seconds:.0f} s")]
    if outcome.crash:
        return [Fault(f"traceback: {_place(outcome.crash)}", outcome.crash[-1500:])]
    return [*_ending(outcome), *_told(outcome)]


def _ending(outcome: Outcome) -> list[Fault]:
    """Faults of the exit code, and of what must stand beside it."""
    found = []
    text = outcome.out + outcome.err
    if outcome.code not in DOCUMENTED:
        found.append(Fault(f"exit code {outcome.code}", outcome.sentence))
    if "Traceback (most recent call last)" in text:
        found.append(Fault(f"traceback on the terminal: {_place(text)}", text[-1500:]))
    if outcome.code == 1:
        found.append(Fault(f"exit 1 for an input: {masked(outcome.sentence)[:90]}", outcome.sentence))
    if outcome.code and "Error: " not in outcome.err and "Usage: " not in outcome.err:
        found.append(Fault(f"exit {outcome.code} without a sentence", text[-300:]))
    return found


def _told(outcome: Outcome) -> list[Fault]:
    """Faults of the text on the terminal."""
    found = []
    text = outcome.out + outcome.err
    if warned := _LIBRARY_WARNING.search(text):
        found.append(Fault(f"warning of a library: {masked(warned[0])[-90:]}", warned[0]))
    if jargon := _JARGON.search(outcome.err):
        around = outcome.err[max(0, jargon.start() - 150) : jargon.end() + 80]
        found.append(Fault(f"words of a library: {jargon[0]}", around))
    if control := _CONTROL.search(text):
        around = repr(text[max(0, control.start() - 80) : control.end() + 20])
        found.append(Fault("control characters on the terminal", around))
    if outcome.code == 0 and (loose := _NOT_FINITE.search(outcome.out)):
        found.append(Fault(f"{outcome.argv[0]} prints {loose[1].lower()}", _line(outcome.out, loose.start())))
    if len(outcome.err) > _LONGEST:
        size = f"{len(outcome.err):,} characters: {outcome.err[:200]}"
        found.append(Fault("an error longer than anybody reads", size))
    return found


def masked(text: str) -> str:
    """The text without what is particular to one input: quoted parts and numbers."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "'...'", text)
    return re.sub(r"/\S+", "/...", re.sub(r"\d[\d.,]*", "#", text))


def _line(text: str, place: int) -> str:
    return text[text.rfind("\n", 0, place) + 1 : (text.find("\n", place) + 1 or len(text))].strip()


def _place(trace: str) -> str:
    """The exception, and the innermost function of the package that it came through."""
    last = next((line for line in reversed(trace.splitlines()) if re.match(r"[\w.]+(:|$)", line)), "?")
    frames = re.findall(r'File ".*?/(mmm/[\w/]+\.py)", line (\d+), in (\w+)', trace)
    where = f"{frames[-1][0]} {frames[-1][2]}" if frames else "outside the package"
    return f"{last.partition(':')[0]} in {where}"
