"""How a text file seems to be laid out, where the settings' separator and first line do not show the columns."""

import csv
import io
from collections.abc import Sequence
from itertools import islice

from mmm.data.csv_settings import CsvSettings
from mmm.data.marks import Style, fitting, needed, undressed

_SEPARATORS = (",", ";", "\t", "|")
_MOST_LINES = 100
_SAMPLED = 300


def layout_advice(text: str, options: CsvSettings, columns: Sequence[str]) -> str | None:
    """A sentence and the line to paste, where another separator or a later line gives the header; else None.

    The header is the line with the most of ``columns``, the names that are looked for.
    """
    best: tuple[int, int, str] = (0, 0, options.separator)
    for separator in dict.fromkeys((options.separator, *_SEPARATORS)):
        for number, cells in _lines(text, separator):
            count = len({cell.strip() for cell in cells} & set(columns))
            if count > best[0]:
                best = (count, number, separator)
    count, number, separator = best
    if count < min(2, len(columns)) or (separator, number) == (options.separator, options.skip_rows + 1):
        return None
    changes: dict[str, object] = {}
    said = []
    if separator != options.separator:
        changes["separator"] = separator
        said.append(f"its cells are separated by {_named(separator)}")
    if number != options.skip_rows + 1:
        changes["skip_rows"] = number - 1
        said.append(f"the header stands in line {number}")
    if separator != options.separator and (style := _style(text, separator, number, columns, options)):
        changes |= style
        said.append(f"its decimals stand after a {'comma' if style.get('decimal') == ',' else 'point'}")
    return f"the columns are not there, but {' and '.join(said)}. Set {options.line(**changes)}."


def one_cell_header(header: str, columns: Sequence[str], options: CsvSettings) -> str | None:
    """Advice on a header of one cell that holds another separator."""
    signs = [sign for sign in _SEPARATORS if sign != options.separator and sign in header]
    if not signs or header in columns:
        return None
    sign = max(signs, key=header.count)
    line = options.line(separator=sign)
    return (
        f"the header is one cell, {header[:60]!r}, that holds {_named(sign)}. Set {line} if it separates the columns."
    )


def _lines(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """The first lines as (number, cells)."""
    lines = io.StringIO(text, newline="")
    found = []
    for number, line in enumerate(islice(lines, _MOST_LINES), start=1):
        try:
            found.append((number, next(csv.reader([line], delimiter=separator), [])))
        except csv.Error:
            continue
    return found


def _style(
    text: str, separator: str, header: int, columns: Sequence[str], options: CsvSettings
) -> dict[str, str] | None:
    """Decimal and thousands signs of the wanted columns under another separator, where they need to be stated."""
    lines = io.StringIO(text, newline="")
    rows = list(csv.reader(islice(lines, header - 1, header + _SAMPLED), delimiter=separator))
    names = [cell.strip() for cell in rows[0]]
    found: tuple[Style, ...] | None = None
    for place, name in enumerate(names):
        bodies = [undressed(row[place]).body for row in rows[1:] if len(row) == len(names) and row[place].strip()]
        bodies = [body for body in bodies if any(sign.isdigit() for sign in body)]
        fits = needed(bodies) if name in columns else ()
        if not fits or len(fits) == len(fitting(["1"])):
            continue
        kept = fits if found is None else tuple(style for style in found if style in fitting(bodies))
        found = kept or found
    if not found or options.style in found:
        return None
    style = found[0]
    stated = {} if style.thousands is None else {"thousands": style.thousands}
    return {"decimal": style.decimal, **stated} if len(found) == 1 else None


def _named(separator: str) -> str:
    return {";": "semicolons", ",": "commas", "\t": "tabs", "|": "vertical bars"}.get(separator, repr(separator))
