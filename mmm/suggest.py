"""Names that somebody misspelt, and those that they may have meant. This module imports nothing of the package."""

import difflib
from collections.abc import Iterable


def close(name: str, known: Iterable[str], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """The at most ``most`` known names that are similar to ``name``, the nearest first.

    ``cutoff`` is the least similarity, from 0 to 1 (:func:`difflib.get_close_matches`).
    """
    return difflib.get_close_matches(name, list(known), n=most, cutoff=cutoff)


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The nearest of the known names as a question; empty where none is similar."""
    near = close(name, known, cutoff=cutoff)
    return f"Did you mean '{near[0]}'?" if near else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """The nearest of the known names as a question, else all of them."""
    names = list(known)
    return did_you_mean(name, names) or f"Known: {', '.join(names)}."
