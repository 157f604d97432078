"""How names from the data are written: column names as words."""

import re
from collections.abc import Iterable, Mapping

_ACRONYMS = frozenset(
    {"tv", "ctv", "ooh", "dooh", "seo", "sem", "sea", "ppc", "crm", "ott", "vod", "kpi", "uk", "us", "eu", "gdp", "cpi"}
)
_PLAIN_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(_[a-z0-9]+(-[a-z0-9]+)*)*")


def readable(names: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Labels by name: those ``given``; else column names such as ``out_of_home`` written as words (Out of home).

    A name with capitals or spaces was chosen by somebody and stays. Where two names would read the same, both stay.
    """
    labels = {name: given.get(name, _words(name)) for name in names}
    texts = list(labels.values())
    return {name: text if texts.count(text) == 1 else name for name, text in labels.items()}


def _words(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name) is None:
        return name
    words = [w.upper() if w in _ACRONYMS else w for w in name.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
