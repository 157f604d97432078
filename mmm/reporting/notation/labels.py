"""How names from the data are written: column names as words."""

import re
from collections.abc import Iterable, Mapping

from mmm.reporting.notation.identity import SIGNS

_ACRONYMS = frozenset(
    {"tv", "ctv", "ooh", "dooh", "seo", "sem", "sea", "ppc", "crm", "ott", "vod", "kpi", "uk", "us", "eu", "gdp", "cpi"}
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MARKS = re.compile(f"[{''.join(SIGNS)}]")
_SIGN = "\ufffd"
_PLAIN_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(_[a-z0-9]+(-[a-z0-9]+)*)*")


def calm(text: str) -> str:
    """The text with a sign in place of characters that turn all text after them, or control what shows it."""
    return _CONTROLS.sub(_SIGN, text)


def own(text: str) -> str:
    """A name from the data, calmed, that cannot pass for a number of the report."""
    return _MARKS.sub(_SIGN, calm(text))


def readable(names: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Labels by name: those ``given``; else column names such as ``out_of_home`` written as words (Out of home).

    A name with capitals or spaces was chosen by somebody and stays. Where two names would read the same, both stay.
    """
    labels = {name: own(given.get(name, _words(name))) for name in names}
    texts = list(labels.values())
    return {name: text if texts.count(text) == 1 else own(name) for name, text in labels.items()}


def _words(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name) is None:
        return name
    words = [w.upper() if w in _ACRONYMS else w for w in name.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
