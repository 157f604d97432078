"""Numbers as people and programs write them: decimal signs, thousands signs and what stands around the digits.

A thousands sign is taken only where it stands at groups of three (or at Indian groups: 12,34,567), and in a column
everywhere or nowhere. Anything else is no number, because a sign in another place is the other sign.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

Grouping = Literal["none", "threes", "indian", "either"]

_SPACES = " \u00a0\u202f\u2009"
_SIGNS = {",": ",", ".": ".", " ": _SPACES, "'": "'\u2019"}
# One way to match every text, and none tried twice: over a column of thousands of cells anything else takes for ever.
_PLAIN = re.compile(r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?")
_ALL_PLAIN = re.compile(rf"{_PLAIN.pattern}(?:\n{_PLAIN.pattern})*+", re.ASCII)
_LONGEST = 100
"""Characters of a number with all that may stand around it; a longer cell is a text."""
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)

_MONEY = "$\u00a2-\u00a5\u058f\u060b\u09f2\u09f3\u0e3f\u17db\u20a0-\u20c0\ufdfc\uff04\uffe0\uffe1\uffe5\uffe6"
_WORDS = "kr|z\u0142|K\u010d|Ft|lei|Fr\\.?|\u043b\u0432|\u0440\u0443\u0431\\.?"
_AFFIX = rf"(?:[A-Z]{{0,3}}[{_MONEY}]|[A-Z]{{3}}|{_WORDS}|%)"
_DRESSED = re.compile(
    rf"(?P<first>[+-]?)(?P<before>{_AFFIX})?[{_SPACES}]*(?P<second>[+-]?)(?P<body>[\d.,][\d.,'\u2019{_SPACES}]*?)"
    rf"[{_SPACES}]*(?P<after>{_AFFIX})?"
)


@dataclass(frozen=True)
class Style:
    """The sign before decimals, and the one between thousands (None: there is none)."""

    decimal: str
    thousands: str | None

    def thousands_in(self, text: str) -> bool:
        """Whether the text holds the thousands sign."""
        return self.thousands is not None and any(sign in text for sign in _SIGNS[self.thousands])

    def __str__(self) -> str:
        return ", ".join(
            f"{name}: {sign!r}" for name, sign in (("decimal", self.decimal), ("thousands", self.thousands)) if sign
        )


STYLES = tuple(
    Style(decimal, thousands)
    for decimal, thousands in (
        (".", None), (",", None), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"), (",", "'"),
    )
)  # fmt: skip
"""Every way of writing numbers that settings can state, the plainer first."""


class Amount(NamedTuple):
    """A number that was read; ``digits`` are those before the decimal sign."""

    value: float
    digits: int
    grouping: Grouping


class Dressed(NamedTuple):
    """A cell without what stands around its number: ``affix`` is a currency, ``%``, or nothing."""

    body: str
    affix: str


def undressed(text: str) -> Dressed:
    """The cell without currency or percent sign; as it is where it is something else than such a number."""
    plain = text.strip().replace("\u2212", "-")
    found = _DRESSED.fullmatch(plain) if len(plain) <= _LONGEST else None
    if found is None or (found["before"] and found["after"]) or (found["first"] and found["second"]):
        return Dressed(plain, "")
    affix = found["before"] or found["after"] or ""
    return Dressed(found["first"] + found["second"] + found["body"], affix)


def amount(body: str, style: Style) -> Amount | None:
    """The number that a text without currency is under a style, or None."""
    if style.thousands is None:
        if style.decimal != ".":
            # A point is then no decimal sign: '1.5' must not be read as one and a half.
            body = "?" if "." in body else body.replace(style.decimal, ".")
        # float() alone would also take '1_000' and digits of other scripts.
        if body.isascii() and _PLAIN.fullmatch(body):
            return Amount(float(body), _digits(body), "none")
        return Amount(float(body), 0, "none") if _INFINITE.fullmatch(body) else None
    plain = amount(body, Style(style.decimal, None))
    if plain is not None:
        return plain
    found = _grouped(style).fullmatch(body)
    if found is None:
        return None
    whole = re.sub(f"[{re.escape(_SIGNS[style.thousands])}]", "", found["whole"])
    fraction = found["fraction"] or ""
    shape: Grouping = "indian" if found["indian"] else ("either" if len(whole) <= 5 else "threes")
    return Amount(float(f"{found['sign']}{whole}.{fraction}"), len(whole), shape)


@cache
def _grouped(style: Style) -> "re.Pattern[str]":
    sign = f"[{re.escape(_SIGNS[style.thousands or ''])}]"
    threes = rf"\d{{1,3}}(?:{sign}\d{{3}})+"
    indian = rf"(?P<indian>\d{{1,2}}(?:{sign}\d{{2}})+{sign}\d{{3}})"
    return re.compile(
        rf"(?P<sign>[+-]?)(?P<whole>{threes}|{indian})(?:{re.escape(style.decimal)}(?P<fraction>\d*))?", re.ASCII
    )


def _digits(body: str) -> int:
    return len(re.split(r"[.eE]", body.lstrip("+-"), maxsplit=1)[0])


def all_plain(texts: Sequence[str], style: Style) -> bool:
    """Whether every text is a number without thousands signs; one search over all of them, for large columns."""
    joined = "\n".join(texts)
    return joined.count("\n") == len(texts) - 1 and (style.decimal == "." and _ALL_PLAIN.fullmatch(joined) is not None)


def uneven(amounts: Iterable[Amount]) -> str | None:
    """What is wrong with the grouping of a column, or None.

    Four digits may stand ungrouped beside larger grouped numbers, as programs in Spanish, Italian, Polish and
    others write them (CLDR: minimumGroupingDigits 2).
    """
    seen = {(a.grouping, min(a.digits, 6)) for a in amounts}
    shapes = {grouping for grouping, _ in seen}
    if {"threes", "indian"} <= shapes:
        return "groups some numbers by three digits and others the Indian way (12,34,567)"
    if shapes <= {"none"}:
        return None
    plain = max((digits for grouping, digits in seen if grouping == "none"), default=0)
    fours = any(grouping != "none" and digits == 4 for grouping, digits in seen)
    return "groups the thousands of some numbers and not of others" if plain > 4 or (plain == 4 and fours) else None


def fitting(bodies: Iterable[str]) -> tuple[Style, ...]:
    """The styles under which every text is a number and the column is evenly grouped."""
    distinct = set(bodies)
    found = []
    for style in STYLES:
        read = [amount(body, style) for body in distinct]
        known = [a for a in read if a is not None]
        if known and len(known) == len(read) and uneven(known) is None:
            found.append(style)
    return tuple(found)


def needed(bodies: Iterable[str]) -> tuple[Style, ...]:
    """Of the fitting styles those that state no sign which the column does not hold."""
    text = "".join(set(bodies))
    return tuple(style for style in fitting(bodies) if style.thousands is None or style.thousands_in(text))
