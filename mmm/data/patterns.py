"""Texts with a star, which stand for every name that they match."""

from fnmatch import fnmatchcase

STAR = "*"


def matches(name: str, pattern: str) -> bool:
    """Whether a text matches a pattern in which ``*`` alone stands for any number of signs; case counts."""
    return fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]"))
