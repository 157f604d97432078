"""Ways of writing a cell that are not the stated one."""

import random
from collections.abc import Callable
from typing import Any

_DIGITS = "0123456789"
FULL_WIDTH = {ord(digit): 0xFF10 + int(digit) for digit in _DIGITS}
_ARABIC = {ord(digit): 0x0660 + int(digit) for digit in _DIGITS}
_AROUND = (
    "€ {}",
    "{} €",
    "${}",
    "{}%",
    "({})",
    "{}-",
    "+{}",
    "-{}",
    "\u2212{}",
    " {} ",
    "\u00a0{}",
    "'{}",
    "{}k",
    "{} EUR",
    "0{}",
)
_AROUND += ("{}.", "{},00", "{}e3")
_INSTEAD = (
    "",
    "-",
    "--",
    "NaN",
    "n/a",
    "NULL",
    "#REF!",
    "TRUE",
    "inf",
    "1e400",
    "1e-400",
    "0x1F",
    "1,2,3",
    "1.2.3",
    "\u00bd",
    "1e15",
)
_INSTEAD += (
    "999999999999999999",
    "=1+1",
    "\x1b[31m5",
    "\0",
    "5\n",
    "x" * 70_000,
    "1" + " " * 70_000 + "x",
    "1" * 70_000 + "x",
    "1,1" * 30_000,
    "-0",
    "0",
    "0.0001",
    ".5",
    "5.",
    "1.234",
    "12,34,567",
)
_WITHIN = ("_", " ", ".", ",", "'", "\u00a0")
_SWAPPED: tuple[dict[int, Any], ...] = (FULL_WIDTH, _ARABIC, {46: ","}, {44: "."}, {46: ",", 44: "."}, {46: ""})


def odd_way(rng: random.Random) -> Callable[[str], str]:
    """One way of writing a cell that is not the stated one."""
    around, instead, within, swapped = (rng.choice(pool) for pool in (_AROUND, _INSTEAD, _WITHIN, _SWAPPED))
    ways: tuple[Callable[[str], str], ...] = (
        around.format,
        lambda _: instead,
        lambda cell: cell[:2] + within + cell[2:],
        lambda cell: cell.translate(swapped),
    )
    return rng.choice(ways)
