"""Small cards that objects show of themselves: HTML in notebooks, a few lines of text elsewhere."""

from collections.abc import Sequence
from html import escape

_MOST_NAMES = 12


def facts(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """A table of labels and texts under a title, as HTML; every text is escaped."""
    body = "".join(
        f"<tr><th style='text-align:left'>{escape(label)}</th><td style='text-align:left'>{escape(text)}</td></tr>"
        for label, text in rows
    )
    return f"<table><caption>{escape(title)}</caption>{body}</table>"


def lines(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """The same as plain text, for ``print``."""
    width = max((len(label) for label, _ in rows), default=0)
    return "\n".join([title, *(f"  {label:<{width}}  {text}" for label, text in rows)])


def listed(names: Sequence[str]) -> str:
    """The first dozen of the names, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
