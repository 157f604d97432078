"""Google Trends: interest over time, a column a search term, 0 to 100 within one download; a control."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mmm.data.exports.names import header_of
from mmm.data.exports.record import Amount, Raw, Reader

_TIME = (
    "day",
    "week",
    "month",
    "time",
    "tag",
    "woche",
    "monat",
    "jour",
    "semaine",
    "mois",
    "d\u00eda",
    "semana",
    "mes",
)
_TERM = re.compile(r"(.+): \((.+)\)")


def _is_it(cells: Sequence[str], _above: Sequence[str]) -> bool:
    named = [cell for cell in cells[1:] if cell.strip()]
    return len(cells) > 1 and cells[0].strip().casefold() in _TIME and bool(named) and all(map(_TERM.fullmatch, named))


def _terms(cells: Sequence[str]) -> Mapping[str, Amount]:
    """One amount a term: 'running shoes: (Germany)' is trends_running_shoes."""
    found: dict[str, Amount] = {}
    for cell in cells[1:]:
        match = _TERM.fullmatch(cell.strip())
        if match is not None:
            word = re.sub(r"\W+", "_", match[1].casefold()).strip("_")
            name = f"trends_{word}" if f"trends_{word}" not in found else f"trends_{word}_{len(found)}"
            found[name] = Amount(header_of([cell]).names, over_time="mean")
    return found


def _small(raw: Raw) -> Raw:
    """'<1' is more than nothing and less than 1: a half."""
    frame = raw.frame.map(lambda cell: "0.5" if isinstance(cell, str) and cell.strip() == "<1" else cell)
    return replace(raw, frame=frame)


RECORD = Reader(
    title="Google Trends",
    source="support.google.com/trends; multiTimeline.csv of public repositories",
    needs=(),
    date=_TIME,
    amounts={},
    gives="panel",
    absent="error",
    prepare=_small,
    every=_terms,
    recognise=_is_it,
)
