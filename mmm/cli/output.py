"""Tables and lines on the terminal. Texts that come from data are shown, never interpreted."""

import io
import os
import sys
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mmm.errors import DataError
from mmm.files import write_whole

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

_WIDTH_IN_FILES = 200
_SPACES = {0xA0: " ", 0x202F: " "}
"""Spaces that hold a number and its unit together on a page."""


def sentences_alone() -> None:
    """Keeps the process's terminal to what this package says.

    Warnings of libraries speak of code, not of the user's data: they are shown with --debug, or where Python is told so
    (PYTHONWARNINGS). A letter that the output's encoding lacks is spelled out.
    """
    if "--debug" not in sys.argv and not sys.warnoptions:
        warnings.simplefilter("ignore")
        # What fails while an object of a library is thrown away, as where memory ends, has no one to be told to.
        sys.unraisablehook = lambda _: None
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def plain(text: str) -> str:
    """The text with control characters spelled out, line ends kept: data cannot move the cursor or change colours."""
    text = text.translate(_SPACES)
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def say(line: str) -> None:
    """Tell what is happening, on stderr: standard output holds results only."""
    typer.echo(plain(line), err=True)


def console() -> "Console":
    """Standard output without markup: a channel called ``[red]`` is printed as such."""
    from rich.console import Console

    shown = Console(markup=False, emoji=False, highlight=False)
    if not shown.is_terminal and "COLUMNS" not in os.environ:
        shown.width = _WIDTH_IN_FILES
    return shown


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], right: Iterable[str] = ()) -> None:
    """Print a table; columns named in ``right`` are aligned to the right, and columns without names have no head."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    shown = Table(title=plain(title), box=SIMPLE_HEAD, title_justify="left", pad_edge=False, show_header=any(columns))
    for column in columns:
        shown.add_column(column, justify="right" if column in set(right) else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(plain(str(cell)) for cell in row))
    console().print(shown)


def counted(number: int, noun: str) -> str:
    """``1 warning``, ``2 warnings``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def write_table(path: Path, frame: "pd.DataFrame") -> Path:
    """The table as CSV, whole or not at all; an index that has names is written too. Raises DataError."""
    from mmm.tables import csv_text

    try:
        return write_whole(path, csv_text(frame, index=frame.index.name is not None or frame.index.nlevels > 1))
    except OSError as error:
        raise DataError(f"'{path}' cannot be written ({error.strerror}). Choose another folder with --out.") from error
