"""How many digits a number is written with: those that its uncertainty, or its own size, leaves meaning to.

The report, the terminal, the workbook and the sentences of the planner count them here, so that a rate, an index, a
small count or an amount in millions is never written as 0.
"""

import math
from collections.abc import Iterable

_STEPS = 3.0
"""An interval spans at least so many units of the last place that is written, so that its two ends differ visibly."""
_MOST = 7
"""Numbers that need more decimals than this are written in powers of ten."""


def decimals(*values: float, least: int = 0, own: int = 2) -> int:
    """Decimals for numbers that are written together: an estimate and the ends of its interval, or one number.

    At least ``least``; so many more that the numbers' range spans three units of the last place. Where there is no
    range, a number that is not whole has at least ``own`` significant digits.
    """
    known = [v for v in values if math.isfinite(v)]
    top = max((abs(v) for v in known), default=0.0)
    width = max(known) - min(known) if known else 0.0
    # A range that is rounding alone asks for nothing.
    if width > 1e-9 * top:
        return max(least, math.ceil(math.log10(_STEPS / width) - 1e-9))
    if top == 0.0 or top == round(top):
        return least
    return max(least, own - 1 - math.floor(math.log10(top)))


def of_column(values: Iterable[float], significant: int = 4) -> int:
    """Decimals of a column of amounts: so many that its largest has ``significant`` digits."""
    top = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
    return 0 if top == 0.0 else max(0, significant - 1 - math.floor(math.log10(top)))


def tell_apart(values: Iterable[float]) -> int:
    """Fewest decimals with which evenly spaced numbers, such as the ticks of an axis, are written without rounding."""
    shown = list(values)
    near = 1e-9 * max((abs(v) for v in shown), default=0.0)
    return next((d for d in range(20) if all(abs(v - round(v, d)) <= near for v in shown)), 20)


def written(value: float, places: int) -> str:
    """The number in English notation, such as 1,234.5; in powers of ten (2.7e-14) where too many zeros would lead."""
    if value != 0.0 and places > _MOST:
        power = math.floor(math.log10(abs(value)))
        # What rounds to nothing at this place is nothing.
        if power + places < 0:
            return "0"
        return f"{value:.{power + places}e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    return f"{value:,.{min(places, _MOST)}f}"


def amount(value: float, *within: float, sign: bool = False) -> str:
    """An amount in English for sentences made below the report: with the digits that the interval ``within`` asks for.

    The ends of the interval are written by calling it with the same numbers.
    """
    text = written(value, decimals(value, *within))
    shown = any(c in "123456789" for c in text)
    if not shown:
        return text.lstrip("-")
    return f"+{text}" if sign and value > 0 else text


def interval(mean: float, lower: float, upper: float, *, sign: bool = False) -> str:
    """An estimate with its interval, in one number of decimals: 26,900 (21,300 to 33,100)."""
    several = (mean, lower, upper)
    first, low, high = (amount(v, *several, sign=sign) for v in several)
    return f"{first} ({low} to {high})"
