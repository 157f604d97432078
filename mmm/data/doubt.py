"""Whether a sign before three digits is a decimal sign or stands between thousands: '1.234' can be either.

Read the wrong way, a column is a thousandth of itself, or worse: cells below a thousand carry no sign, so that 998 and
1.234 change their order. A column is judged by its own cells, and by whether another column of the file proves what the
sign is; what stays open is asked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from mmm.data.marks import Style, amount, uneven

_JUMP = 20.0
"""Ratio of the numbers without the sign to those with it, read as decimals, that no one column has."""
_MANY = 20
"""With so many decimals and none that ends in 0, a program that drops final zeros did not write them (0.9^20 = 12%)."""


@dataclass(frozen=True)
class Look:
    """How the decimal sign stands in the texts of one column."""

    thousands: int
    """Texts with the sign once, before exactly three digits and after one to three: 1.234."""
    decimals: int
    """Texts in which it can only be a decimal sign: 12.5, 0.125, 1234.567."""
    without: int
    """Whole numbers that carry no sign; zeros are not counted."""
    zeros: int
    jump: float
    """Median of ``without`` over the median of ``thousands``, these read as decimals; 0 where one is missing."""
    regroups: bool
    """Whether the column is evenly grouped if the sign stands between thousands."""


def look_at(bodies: Iterable[str], sign: str) -> Look:
    """Count the texts of a column by what ``sign`` can be in them."""
    once, only = _patterns(sign)
    grouped: list[float] = []
    whole: list[float] = []
    decimals = zeros = 0
    texts = list(bodies)
    for text in texts:
        if text.isdecimal():
            value = float(text)
            whole.append(value)
            zeros += value == 0
        elif once.fullmatch(text):
            grouped.append(abs(float(text.replace(sign, "."))))
        elif only.fullmatch(text):
            decimals += 1
    without = [value for value in whole if value > 0]
    jump = float(np.median(without) / np.median(grouped)) if without and grouped else 0.0
    regroups = bool(grouped) and not decimals and _regroups(texts, sign)
    return Look(len(grouped), decimals, len(without), zeros, jump, regroups)


@cache
def _patterns(sign: str) -> tuple["re.Pattern[str]", "re.Pattern[str]"]:
    mark = re.escape(sign)
    once = re.compile(rf"[+-]?[1-9]\d{{0,2}}{mark}\d{{3}}", re.ASCII)
    only = re.compile(rf"[+-]?(\d+{mark}\d*|{mark}\d+)([eE][+-]?\d+)?", re.ASCII)
    return once, only


def _regroups(texts: Iterable[str], sign: str) -> bool:
    other = Style("," if sign == "." else ".", sign)
    read = [amount(text, other) for text in set(texts)]
    known = [a for a in read if a is not None]
    return len(known) == len(read) and uneven(known) is None


def doubtful(look: Look, *, proven: bool, scale_matters: bool) -> bool:
    """Whether the column must be asked about.

    ``proven``: another column of the file holds the sign where it can only be a decimal sign. ``scale_matters``: a
    wrong factor of 1000 on all cells changes results, as it does for all but controls.
    """
    if look.decimals or not look.thousands:
        return False
    if look.without:
        return look.jump > _JUMP or (look.regroups and not proven)
    if not look.regroups or not scale_matters:
        return False
    return not proven or (look.zeros > 0 and look.thousands >= _MANY)
