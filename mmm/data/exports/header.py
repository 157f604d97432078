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
