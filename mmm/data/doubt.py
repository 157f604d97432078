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
_WHOLE = re.compile(r"^\d{1,15}$", re.ASCII | re.MULTILINE)
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
    """Whole numbers that carry no sign, zeros apart; counted where ``thousands`` are."""
    zeros: int
    jump: float
    """Median of ``without`` over the median of ``thousands``, these read as decimals; 0 where one is missing."""
    regroups: bool
    """Whether the column is evenly grouped if the sign stands between thousands."""


def look_at(bodies: Iterable[str], sign: str) -> Look:
    """Count the texts of a column by what ``sign`` can be in them."""
    texts = list(bodies)
    # One search over the whole column: it may hold a hundred thousand cells.
    joined = "\n".join(text.replace("\n", " ") for text in texts)
    once, only = _patterns(sign)
    grouped = [abs(float(text.replace(sign, "."))) for text in once.findall(joined)]
    decimals = len(only.findall(joined)) - len(grouped)
    whole = [float(text) for text in _WHOLE.findall(joined)] if grouped else []
    without = [value for value in whole if value > 0]
    jump = float(np.median(without) / np.median(grouped)) if without and grouped else 0.0
    regroups = bool(grouped) and not decimals and _regroups(texts, sign)
    return Look(len(grouped), decimals, len(without), len(whole) - len(without), jump, regroups)


@cache
def _patterns(sign: str) -> tuple["re.Pattern[str]", "re.Pattern[str]"]:
    mark = re.escape(sign)
    once = re.compile(rf"^[+-]?[1-9]\d{{0,2}}{mark}\d{{3}}$", re.ASCII | re.MULTILINE)
    only = re.compile(rf"^[+-]?(?:\d+{mark}\d*|{mark}\d+)(?:[eE][+-]?\d+)?$", re.ASCII | re.MULTILINE)
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
