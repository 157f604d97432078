"""How a text file is laid out: encoding, separator, lines above the header, totals below, signs in numbers."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from mmm.data.doubt import doubtful, look_at
from mmm.data.marks import STYLES, Style, amount, fitting, undressed
from mmm.errors import DataError

TOTAL = ("total", "totals", "summe", "gesamt", "sum", "average", "durchschnitt", "insgesamt", "somme", "grand")
"""How rows below a table begin that sum it up."""
SEPARATORS = (",", ";", "\t", "|")
_SAMPLED = 2_000
_MOST_FOOT = 10
_MANY = 20.0


@dataclass(frozen=True)
class Layout:
    """What ``data.csv`` has to say of a file before its cells are looked at."""

    encoding: str
    separator: str
    skip_rows: int
    skip_footer: int
    preamble: tuple[str, ...] = ()
    """Lines above the header."""

    @property
    def options(self) -> dict[str, object]:
        """The keys of ``data.csv`` that are not as they are by default."""
        usual = {"encoding": "utf-8", "separator": ",", "skip_rows": 0, "skip_footer": 0}
        return {key: getattr(self, key) for key in usual if getattr(self, key) != usual[key]}


def decoded(content: bytes) -> tuple[str, str]:
    """The text and its encoding as ``data.csv`` calls it: UTF-16 by its mark, UTF-8 where it is, else cp1252."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", errors="replace"), "utf-16"
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), "cp1252"


def layout_of(content: bytes, name: str) -> Layout:
    """The layout under which most lines are rows of one width below a header of texts.

    Raises DataError where no separator makes a table of it.
    """
    text, encoding = decoded(content)
    best: tuple[float, Layout] | None = None
    for separator in SEPARATORS:
        found = _under(text, separator, encoding)
        if found is not None and (best is None or found[0] > best[0]):
            best = found
    if best is None:
        raise DataError(f"{name} {_why_no_table(text)}")
    return best[1]


def _why_no_table(text: str) -> str:
    """What a text without rows below a header has instead."""
    if not text.strip():
        return "is empty. Export it again, or leave it out."
    for separator in SEPARATORS:
        line, cells = list(_rows(text, separator))[-1]
        if len(cells) > 1 and _is_header(cells):
            names = ", ".join(cell.strip() for cell in cells[:6])
            return f"has a header in line {line} ({names}), and no rows below it. Export it again, or leave it out."
    return "is no table that can be recognised: no separator makes rows of one width of it."


def _under(text: str, separator: str, encoding: str) -> tuple[float, Layout] | None:
    rows = list(_rows(text, separator))
    widths = Counter(len(cells) for _, cells in rows)
    widths.pop(1, None)
    if not widths:
        return None
    width = max(widths, key=lambda size: widths[size] * (size - 1) ** 0.5)
    place = next((i for i, (_, cells) in enumerate(rows) if len(cells) == width and _is_header(cells)), None)
    if place is None or place + 1 >= len(rows):
        return None
    body = rows[place + 1 :]
    foot = _foot([cells for _, cells in body], width)
    score = widths[width] / len(rows) * (1 + 0.05 * min(width, 10)) * (1.0 if place < 30 else 0.1)
    above = tuple(text.splitlines()[: rows[place][0] - 1])
    return score, Layout(encoding, separator, rows[place][0] - 1, foot, above)


def _rows(text: str, separator: str) -> Iterable[tuple[int, list[str]]]:
    """(line on which it starts, cells) of the rows with a cell that is not empty."""
    lines = io.StringIO(text, newline="")
    reader, start = csv.reader(lines, delimiter=separator), 1
    try:
        for cells in reader:
            if any(cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error:
        return


def _is_header(cells: Sequence[str]) -> bool:
    """Names, of which none is a number with a currency or a day."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    numbers = sum(_numeric(cell) for cell in filled)
    return len(filled) >= max(2, 0.6 * len(cells)) and numbers == 0 and len(set(filled)) > 0.5 * len(filled)


def _numeric(cell: str) -> bool:
    body = undressed(cell).body
    return any(amount(body, style) is not None for style in STYLES) or (
        len(cell) >= 8 and sum(c.isdigit() for c in cell) >= 6
    )


def _foot(rows: Sequence[Sequence[str]], width: int) -> int:
    """Number of last rows that are totals or remarks."""
    count = 0
    for cells in reversed(rows[1:][-_MOST_FOOT:]):
        first = re.findall(r"[^\W\d_]+", cells[0].casefold())
        # A row without its first cell is one of a total too, where the rows above have it.
        if len(cells) == width and cells[0].strip() and not (first and first[0] in TOTAL):
            break
        count += 1
    return count if count < _MOST_FOOT else 0


@dataclass(frozen=True)
class Signs:
    """How the numbers of a file are written: what ``data.csv`` has to state, and other readings that are possible."""

    stated: dict[str, str]
    others: tuple[dict[str, str], ...] = ()
    example: str = ""


def signs_of(columns: Sequence[Sequence[str]], separator: str) -> Signs:
    """The signs under which all columns of numbers are numbers; several readings where the cells allow them.

    ``columns`` are the texts of each column that holds numbers.
    """
    bodies = [[undressed(cell.strip()).body for cell in islice(cells, _SAMPLED)] for cells in columns]
    bodies = [[body for body in each if any(c.isdigit() for c in body)] for each in bodies]
    bodies = [each for each in bodies if each]
    default = Style(".", None)
    looks = [look_at(each, ".") for each in bodies]
    plain = all(amount(body, default) is not None for each in bodies for body in each)
    doubt = [
        i
        for i, look in enumerate(looks)
        if doubtful(look, proven=any(o.decimals for j, o in enumerate(looks) if j != i), scale_matters=True)
    ]
    if not bodies or (plain and not doubt):
        return Signs({})
    if plain:
        look, each = looks[doubt[0]], bodies[doubt[0]]
        example = next(body for body in each if look_at([body], ".").thousands)
        thousands, decimal = {"thousands": "."}, {"decimal": "."}
        grouped = look.without > 0 or look.jump > _MANY or separator == ";"
        return Signs(*((thousands, (decimal,)) if grouped else (decimal, (thousands,))), example=example)
    fits = [style for style in STYLES if all(style in fitting(each) for each in bodies)]
    everything = "".join(body for each in bodies for body in each)
    fits = [style for style in fits if style.thousands is None or style.thousands_in(everything)]
    if not fits:
        # Columns that no style suits (codes, texts with digits) do not decide.
        fits = [style for style in STYLES if sum(style in fitting(each) for each in bodies) > len(bodies) / 2]
    stated = [_stated(style) for style in fits]
    example = next((body for each in bodies for body in each if amount(body, default) is None), "")
    return Signs(stated[0], tuple(stated[1:]), example) if stated else Signs({})


def _stated(style: Style) -> dict[str, str]:
    found = {} if style.decimal == "." else {"decimal": style.decimal}
    return found | ({} if style.thousands is None else {"thousands": style.thousands})
