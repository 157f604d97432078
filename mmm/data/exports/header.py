"""Which reader a header fits."""

from collections.abc import Sequence

from mmm.data.exports.names import header_of
from mmm.data.exports.record import READERS, Reader


def fits(reader: Reader, cells: Sequence[str], above: Sequence[str]) -> bool:
    """Whether a header is one of this reader's."""
    if reader.recognise is not None:
        return reader.recognise(cells, above)
    header = header_of(cells)
    return bool(reader.needs) and all(header.find(group) is not None for group in reader.needs)


def recognised(cells: Sequence[str], above: Sequence[str]) -> str | None:
    """The name of the reader whose demands are met; of several the one that demands most."""
    found = [name for name in READERS if fits(READERS[name], cells, above)]
    return max(found, key=lambda name: len(READERS[name].needs), default=None)


def undated(cells: Sequence[str], above: Sequence[str]) -> Reader | None:
    """The reader that a header would fit if it had a column of days: a report of the whole span."""
    header = header_of(cells)
    found = []
    for reader in map(READERS.__getitem__, READERS):
        others = [group for group in reader.needs if not set(group) & set(reader.date)]
        if len(others) < len(reader.needs) and others and all(header.find(group) is not None for group in others):
            found.append(reader)
    found = [] if recognised(cells, above) else found
    return max(found, key=lambda reader: len(reader.needs), default=None)
