"""Which quantity a number in the report is: an identity that travels with its text, from the formatter to the page.

A number of a chapter is written between signs of the private use area with its identity, its value in full and the unit
that it is written in. The page turns that into ``<data data-q="past/tv/roas" value="2.3987" data-unit="1">2.4</data>``;
everything else shows the text alone. Programs find every number so, and a test holds equal what is the same quantity.
"""

import re
from dataclasses import dataclass

from markupsafe import Markup, escape

START, SEP, END = "\ue000", "\ue001", "\ue002"
SIGNS = frozenset((START, SEP, END))
JOINER = "\u2060"
"""Word joiner: no width, and no line may end there."""
_MARKED = re.compile(f"{START}([^{SEP}]*){SEP}([^{SEP}]*){SEP}([^{SEP}]*){SEP}([^{END}]*){END}")
# A line may end between a sign and a currency, but not between a sign and a digit (Unicode's line breaking: PR ÷ PR,
# PR × NU).
# What has an identity is kept together by the page's style.
_PARTING = re.compile(r"(?:(?<=[\s(*][+\u2212])|(?<=^[+\u2212]))(?=[^\s\d+\u2212]{1,4}\u00a0?\d)")


class Point(float):
    """A number that knows which quantity it is."""

    q: str

    def __new__(cls, value: float, q: str = "") -> "Point":
        """``q`` is the quantity's identity."""
        found = super().__new__(cls, value)
        found.q = q
        return found


@dataclass(frozen=True)
class Identity:
    """A quantity: ``q`` names it, ``value`` is it in full, ``unit`` what one of its text stands for (1e6: millions)."""

    q: str
    value: float
    unit: float = 1.0

    def mark(self, text: str) -> str:
        """The text with this identity; the text alone where the quantity has no name."""
        return f"{START}{self.q}{SEP}{self.value!r}{SEP}{self.unit:g}{SEP}{text}{END}" if self.q else text


def bare(text: str) -> str:
    """The text alone, for outputs that are not pages."""
    return _MARKED.sub(r"\4", text) if START in text else text


def in_page(text: str) -> Markup:
    """The text as HTML, escaped, its numbers as ``data`` elements; no line ends between a sign and its amount."""
    safe = _PARTING.sub(JOINER, str(escape(text)))
    if START not in safe:
        return Markup(safe)  # noqa: S704
    return Markup(_MARKED.sub(r'<data data-q="\1" value="\2" data-unit="\3">\4</data>', safe))  # noqa: S704
