"""The table of what many tasks are doing: live on a terminal, a line an event elsewhere."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.table import Table

from mmm.cli.output import plain, say
from mmm.execution import Event

_ROWS_BESIDE = 6
"""Lines of a terminal that the table leaves free."""


@dataclass
class _Line:
    state: str = "waits"
    words: str = ""
    since: float = 0.0
    seconds: float = 0.0


class Board:
    """Shows every task with its state, what it said last, and its time, on stderr."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.lines = {key: _Line() for key in keys}
        self.console = Console(stderr=True, markup=False, emoji=False, highlight=False)
        self.live = Live(get_renderable=self._table, console=self.console, refresh_per_second=2, transient=False)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.console.is_terminal:
            self.live.stop()

    def heard(self, event: Event) -> None:
        """A task began, or said something."""
        line = self.lines[event.key]
        if event.kind == "started":
            line.words = "" if line.state == "waits" else "began again: its worker died"
            line.state, line.since = "runs", time.perf_counter()
        else:
            line.words = event.line
        self._tell(event.key)

    def finished(self, key: str, state: str, words: str, seconds: float) -> None:
        """A task is done."""
        self.lines[key] = _Line(state, words, 0.0, seconds)
        self._tell(key)

    def _tell(self, key: str) -> None:
        line = self.lines[key]
        if not self.console.is_terminal:
            say(f"{key}: {line.state}{', ' if line.words else ''}{line.words}")

    def _table(self) -> Table:
        """As many lines as the terminal has room for: what runs and failed before what waits and is done."""
        states = [line.state for line in self.lines.values()]
        done = sum(state in ("made", "found") for state in states)
        title = f"{done} of {len(states)} done, {states.count('failed')} failed"
        table = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
        for name in ("report", "state", "", "time"):
            table.add_column(name, justify="right" if name == "time" else "left", no_wrap=True, overflow="ellipsis")
        order = {"runs": 0, "failed": 1, "waits": 2}
        room = max(self.console.height - _ROWS_BESIDE, 5)
        kept = sorted(self.lines, key=lambda key: order.get(self.lines[key].state, 3))[:room]
        for key, line in self.lines.items():
            if key in kept:
                seconds = time.perf_counter() - line.since if line.state == "runs" else line.seconds
                words = plain(line.words).partition("\n")[0]
                table.add_row(plain(key), line.state, words, f"{seconds:.0f} s" if seconds else "")
        return table
