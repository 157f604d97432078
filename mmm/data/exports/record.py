"""What a reader states of a platform's exports. To add a reader, write one file with its record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from mmm.records import Records


@dataclass(frozen=True)
class Amount:
    """A column of numbers. ``names`` are those of the header, in lower case and without a currency in brackets."""

    names: tuple[str, ...]
    money: bool = False
    scale: float = 1.0
    over_time: Literal["sum", "mean"] = "sum"
    less: str = ""
    """Another amount that is taken from this one."""


@dataclass(frozen=True)
class Raw:
    """Cells of a file as texts below its header; ``dropped`` counts rows that are left out, by the reason."""

    frame: pd.DataFrame
    preamble: tuple[str, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader:
    """How the exports of one platform are laid out; all names as in :class:`Amount`."""

    title: str
    source: str
    """Where the layout is documented, or what was read to know it."""
    needs: tuple[tuple[str, ...], ...]
    """Groups of names: a file is of this platform where its header has one of each."""
    date: tuple[str, ...]
    amounts: Mapping[str, Amount]
    end: tuple[str, ...] = ()
    """The last day of a row's span, where it may be longer than a day."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: tuple[str, ...] = ()
    gives: Literal["media", "panel"] = "media"
    """Spend by channel, or columns of the panel: an outcome, controls."""
    absent: Literal["zero", "error"] = "zero"
    """What a day without a row says, between the first and the last."""
    channel: str = ""
    """The one channel of all rows, where the settings have no rules."""
    splits: str = ""
    """The label by which `mmm init` proposes channels."""
    zero: tuple[str, ...] = ("--",)
    totals: tuple[str, ...] = ("total", "totals", "grand total", "summe", "gesamt")
    """How cells of a row begin that sums up others."""
    month_first: bool | None = None
    """The order of day and month in dates such as 03/04/2024, where the platform's documentation says it."""
    prepare: Callable[[Raw], Raw] | None = None
    """What else has to be done with the cells before they are read."""
    every: Callable[[Sequence[str]], Mapping[str, Amount]] | None = None
    """Amounts that follow from the header, where it names what was asked for."""
    recognise: Callable[[Sequence[str], Sequence[str]], bool] | None = None
    """(header, lines above) in place of ``needs``."""


READERS: Records[Reader] = Records("reader", "mmm.data.exports.readers", "mmm.readers")
