"""Google Trends: interest over time, a column a search term, 0 to 100 within one download; a control."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mmm.data.exports.names import header_of
from mmm.data.exports.record import Amount, Raw, Reader

_TIME, _MONTH = "time", "month"
_TERM = re.compile(r"(.+): \((.+)\)")


def _is_it(cells: Sequence[str], _above: Sequence[str]) -> bool:
    """By the terms, as the first column is called Day, Week or Month in the language of whoever downloaded it."""
    named = [cell for cell in cells[1:] if cell.strip()]
    one_word = bool(cells) and re.fullmatch(r"[^\W\d]+", cells[0].strip()) is not None
    return one_word and bool(named) and all(map(_TERM.fullmatch, named))


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
    """'<1' is more than nothing and less than 1: a half; the first column under one name."""
    frame = raw.frame.map(lambda cell: "0.5" if isinstance(cell, str) and cell.strip() == "<1" else cell)
    first = frame.iloc[:, 0]
    months = bool(len(first)) and all(re.fullmatch(r"\d{4}-\d{2}", str(cell).strip()) for cell in first)
    return replace(raw, frame=frame.rename(columns={frame.columns[0]: _MONTH if months else _TIME}))


RECORD = Reader(
    title="Google Trends",
    source="support.google.com/trends; multiTimeline.csv of public repositories",
    needs=(),
    date=(_TIME, _MONTH),
    amounts={},
    gives="panel",
    absent="error",
    prepare=_small,
    every=_terms,
    recognise=_is_it,
)
