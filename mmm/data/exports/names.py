"""Headers of exports: names without case, spaces and currency."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_CURRENCY = re.compile(r"\s*[(\[]([A-Z]{3})[)\]]\s*$")
_SPACES = re.compile(r"[\s\u00a0\u202f]+")


@dataclass(frozen=True)
class Header:
    """The columns of a file, by the name under which readers look for them."""

    names: tuple[str, ...]
    currencies: dict[str, str]
    """Currency that stands in brackets behind a name."""

    def find(self, wanted: Iterable[str]) -> int | None:
        """The place of the first of the wanted names that is there."""
        return next((self.names.index(name) for name in wanted if name in self.names), None)


def header_of(cells: Sequence[str]) -> Header:
    """Names in lower case with single spaces; 'Amount spent (EUR)' is 'amount spent', in EUR."""
    names, currencies = [], {}
    for cell in cells:
        text = cell.lstrip("\ufeff")
        found = _CURRENCY.search(text)
        plain = _SPACES.sub(" ", text[: found.start()] if found else text).strip().casefold()
        names.append(plain)
        if found:
            currencies[plain] = found[1]
    return Header(tuple(names), currencies)
