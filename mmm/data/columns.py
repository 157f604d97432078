"""Columns of a table as numbers, read the same way throughout the file, with every cell that is none recorded."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from mmm.data.cells import LARGEST, MISSING, SMALLEST, BoolArray, Cells, FloatArray, as_float, is_blank, is_token
from mmm.data.csv_settings import CsvSettings
from mmm.data.doubt import Look, doubtful, look_at
from mmm.data.marks import Dressed, Style, all_plain, amount, fitting, needed, undressed, uneven
from mmm.data.money import affix_problem
from mmm.data.problems import Problems, shown

Where = Callable[[int], str]


class Written(Protocol):
    """How a table writes its numbers, and the currency of those that are money."""

    @property
    def csv(self) -> CsvSettings: ...

    @property
    def currency(self) -> str: ...


@dataclass(frozen=True)
class Texts:
    """The cells of one column that are text, by row; blanks and what states a zero are not among them."""

    cells: Mapping[int, Dressed]
    zero: tuple[int, ...] = ()
    blank: tuple[int, ...] = ()
    token: str = ""
    plain: tuple[str, ...] = ()
    """All cells of the column, where each is a number with nothing to take away; ``cells`` is then empty."""

    @property
    def by_row(self) -> dict[int, str]:
        """The numbers without what stands around them, by row."""
        return dict(enumerate(self.plain)) or {i: cell.body for i, cell in self.cells.items()}

    @property
    def bodies(self) -> list[str]:
        return list(self.plain) or [cell.body for cell in self.cells.values()]

    @classmethod
    def of(cls, column: "pd.Series[Any]", options: CsvSettings) -> "Texts":
        """Sort the text cells of a column."""
        if pd.api.types.is_numeric_dtype(column.dtype):
            return cls({})
        every = list(column)
        if all(type(cell) is str for cell in every) and all_plain(every, options.style):
            return cls({}, plain=tuple(every))
        missing = MISSING | {text.strip().casefold() for text in options.missing}
        zero = {text.strip().casefold() for text in options.zero}
        cells: dict[int, Dressed] = {}
        zeros, blanks, tokens = [], [], Counter[str]()
        for i, cell in enumerate(column):
            if not isinstance(cell, str):
                continue
            text = cell.strip()
            folded = text.casefold()
            if folded in zero:
                zeros.append(i)
            elif folded in missing:
                blanks.append(i)
                tokens[text] += 1
            else:
                cells[i] = undressed(text)
        token = next((text for text, _ in tokens.most_common() if text), "")
        return cls(cells, tuple(zeros), tuple(blanks), token)


@dataclass(frozen=True)
class NumberColumns:
    """Reads columns of one table as numbers. What one column proves of the signs holds for the others."""

    frame: pd.DataFrame
    options: CsvSettings
    currency: str
    where: Where
    problems: Problems
    texts: Mapping[str, Texts]
    looks: Mapping[str, Look]
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls, frame: pd.DataFrame, columns: Iterable[str], settings: Written, where: Where, problems: Problems
    ) -> "NumberColumns":
        """Look at ``columns`` of the table before any is read; ``where`` describes a row by position."""
        options = settings.csv
        texts = {column: Texts.of(frame[column], options) for column in dict.fromkeys(columns)}
        looks = {column: look_at(found.bodies, options.style.decimal) for column, found in texts.items()}
        return cls(frame, options, settings.currency, where, problems, texts, looks)

    def read(self, column: str, *, money: bool = False, scale_matters: bool = True) -> Cells:
        """The column as float64; text that is no number, infinities and absurd magnitudes are recorded.

        Blank cells are not recorded: the caller knows where they are allowed. ``money``: percentages are refused.
        ``scale_matters``: a wrong factor on the whole column would change results.
        """
        cells, texts = self.frame[column], self.texts[column]
        if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_complex_dtype(cells.dtype):
            values = cells.to_numpy(dtype=np.float64, na_value=np.nan)
            blank, wrong = np.isnan(values), np.zeros(len(values), dtype=bool)
        else:
            values, blank, wrong = self._parsed(column)
        self._record_text(column, wrong)
        if not wrong.any():
            self._record_doubt(column, scale_matters=scale_matters)
            self._record_affixes(column, values, money=money)
        with np.errstate(invalid="ignore"):
            infinite, huge = np.isinf(values), np.isfinite(values) & (np.abs(values) > LARGEST)
            small = (values != 0) & (np.abs(values) < SMALLEST)
        self._record(column, infinite, f"Column '{column}' holds infinite values; numbers are finite.")
        self._record(column, huge, f"Column '{column}' holds values above 1e15; give it in a larger unit.")
        self._record(column, small, f"Column '{column}' holds rounding residue, below 1e-30; write 0.")
        return Cells(np.where(wrong | infinite | huge | small, np.nan, values), blank, texts.token)

    def values(self, column: str) -> FloatArray:
        """All cells as numbers, NaN where they are none; nothing is recorded."""
        found = np.array([as_float(cell)[0] for cell in self.frame[column]])
        for row, body in self.texts[column].by_row.items():
            found[row] = _value(body, self.options.style)
        return found

    def _parsed(self, column: str) -> tuple[FloatArray, BoolArray, BoolArray]:
        texts, size = self.texts[column], len(self.frame)
        if texts.plain:
            nothing = np.zeros(size, dtype=bool)
            return np.array([float(cell) for cell in texts.plain]), nothing, nothing.copy()
        values = np.full(size, np.nan)
        blank, wrong = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
        values[list(texts.zero)] = 0.0
        blank[list(texts.blank)] = True
        amounts = []
        for i, cell in texts.cells.items():
            found = amount(cell.body, self.options.style)
            if found is None:
                wrong[i] = True
            else:
                values[i] = found.value
                amounts.append(found)
        if len(texts.cells) + len(texts.zero) + len(texts.blank) < size:
            for i, other in enumerate(self.frame[column]):
                if isinstance(other, str):
                    continue
                if is_blank(other):
                    blank[i] = True
                else:
                    values[i], wrong[i] = as_float(other)
                    blank[i] = np.isnan(values[i]) and not wrong[i]
        self._record_uneven(column, uneven(amounts))
        return values, blank, wrong

    def _record_uneven(self, column: str, reason: str | None) -> None:
        if reason is None:
            return
        style = self.options.style
        sign = _shown_sign(style.thousands)
        rows = [
            i
            for i, cell in self.texts[column].cells.items()
            if (found := amount(cell.body, style)) is not None and found.digits > 3 and found.grouping == "none"
        ] or list(self.texts[column].cells)
        self.problems.add(
            f"Column '{column}' {reason}; a thousands sign stands at groups of three throughout a column or nowhere.",
            f"Write all its numbers in one way; {sign} is then a thousands sign or a decimal sign throughout.",
            (f"{self.where(i)}: {shown(self.frame[column].iloc[i])}" for i in rows),
            len(rows),
        )

    def _record_text(self, column: str, wrong: BoolArray) -> None:
        rows = np.flatnonzero(wrong)
        if rows.size:
            cells = [self.frame[column].iloc[int(i)] for i in rows]
            self.problems.add(
                f"Column '{column}' holds {rows.size} cells that are no numbers.",
                self._advice(column, [str(cell).strip() for cell in cells]),
                (f"{self.where(int(i))}: {shown(cell)}" for i, cell in zip(rows, cells, strict=True)),
                rows.size,
            )

    def _advice(self, column: str, wrong: list[str]) -> str:
        styles = self._styles(column)
        if styles:
            return self._unlike(column, styles) or self._choice(column, styles)
        if all(text.startswith("(") and text.endswith(")") for text in wrong):
            return "Brackets are how spreadsheets write negative amounts: write -1234.50."
        if all(text.endswith("-") for text in wrong):
            return "A minus stands before its number: write -1234.50."
        if len(set(wrong)) == 1 and not any(sign.isdigit() for sign in wrong[0]) and is_token(wrong[0]):
            known = self.options.missing, self.options.zero
            zero = self.options.line(zero=[*known[1], wrong[0]])
            missing = self.options.line(missing=[*known[0], wrong[0]])
            return f"If it says that there was nothing, set {zero}; if the value is missing, {missing}."
        if all("," in text or "." in text for text in wrong):
            return (
                f"Their signs are not what {self.options.KEY}.decimal and {self.options.KEY}.thousands say, "
                "and other cells of the column are written in another way. Write all of them in one way."
            )
        return "Correct them."

    def _styles(self, column: str) -> tuple[Style, ...]:
        """The ways of writing numbers that fit the column, and as far as possible the rest of the file."""
        own = needed(self.texts[column].bodies)
        for other, texts in self.texts.items():
            bodies = texts.bodies
            if other != column and bodies:
                fits = fitting(bodies)
                own = tuple(s for s in own if s in fits) or own
        return own

    def _unlike(self, column: str, styles: tuple[Style, ...]) -> str | None:
        """What to say where another column is written in a way that is not this one's: no line suits both."""
        style = self.options.style
        stated = self.options.decimal is not None or self.options.thousands is not None
        for other, texts in self.texts.items():
            if other == column or not texts.bodies:
                continue
            fits = fitting(texts.bodies)
            as_stated = stated and style in fits and any(style.thousands_in(body) for body in texts.bodies)
            if as_stated or (fits and not set(fits).intersection(styles)):
                example = next((b for b in texts.bodies if not b.isdigit()), texts.bodies[0])
                return (
                    f"Column '{other}' is written in another way ('{example}'), and data.csv holds for all columns: "
                    "write both in one way."
                )
        return None

    def _choice(self, column: str, styles: tuple[Style, ...]) -> str:
        """What to set: one line where the styles agree on the numbers, else one for each reading."""
        bodies = self.texts[column].bodies
        example = next((b for b in bodies if len({_value(b, s) for s in styles}) > 1), bodies[0])
        lines: dict[float, str] = {}
        for style in styles:
            value, line = _value(example, style), self.options.line(**_stated(style))
            lines[value] = min(line, lines.get(value, line), key=len)
        if len(lines) == 1:
            (line,) = lines.values()
            return f"Set {line}."
        return " ".join(f"If {example} is {value:,.10g}, set {line}." for value, line in lines.items())

    def _record_doubt(self, column: str, *, scale_matters: bool) -> None:
        look, style = self.looks[column], self.options.style
        proven = any(other.decimals for name, other in self.looks.items() if name != column)
        if not doubtful(look, proven=proven, scale_matters=scale_matters):
            return
        if self.options.decimal == "." or (self.options.decimal == "," and (self.options.thousands or proven)):
            self.notes.append(
                f"Column '{column}': every cell with a {_word(style.decimal)} has three digits after it; they are read "
                f"as decimals, as {self.options.KEY}.decimal says."
            )
            return
        bodies = self.texts[column].by_row
        once = [i for i, body in bodies.items() if look_at([body], style.decimal).thousands]
        example = bodies[once[0]]
        without = f", and {look.without} cells have none" if look.without else ""
        decimal = {"decimal": style.decimal} | ({"thousands": "."} if style.decimal == "," else {})
        self.problems.add(
            f"Column '{column}' can be read in two ways: {_word(style.decimal)}s stand before exactly three digits, "
            f"as thousands signs do, in {look.thousands} cells{without}.",
            f"If {example} is {_value(example, Style(_other(style.decimal), style.decimal)):,.0f}, set "
            f"{self.options.line(decimal=None, thousands=style.decimal)}. "
            f"If it is {_value(example, style):g}, set {self.options.line(**decimal)}.",
            (f"{self.where(i)}: {shown(self.frame[column].iloc[i])}" for i in once),
            len(once),
        )

    def _record_affixes(self, column: str, values: np.ndarray, *, money: bool) -> None:
        cells = self.texts[column].cells
        affixes = Counter(cell.affix for i, cell in cells.items() if values[i] != 0)
        if not any(affixes):
            return
        found = affix_problem(affixes, self.currency, money=money)
        if found is None:
            sign = next(affix for affix in affixes if affix)
            example = "; 2.5% is read as 2.5" if sign == "%" else ""
            self.notes.append(f"Column '{column}' is read without its sign '{sign}'{example}.")
            return
        self.problems.add(
            f"Column '{column}' {found.rule}",
            found.fix,
            (
                f"{self.where(i)}: {shown(self.frame[column].iloc[i])}"
                for i, c in cells.items()
                if c.affix in found.rows
            ),
            sum(affixes[affix] for affix in found.rows),
        )

    def _record(self, column: str, mask: BoolArray, rule: str) -> None:
        rows = np.flatnonzero(mask)
        if rows.size:
            lines = (f"{self.where(int(i))}: {shown(self.frame[column].iloc[int(i)])}" for i in rows)
            self.problems.add(rule, "Correct these rows.", lines, rows.size)


def _stated(style: Style) -> dict[str, str | None]:
    """What settings have to say for a style: the thousands sign, a decimal comma, and nothing else of the two."""
    return {"decimal": None if style.decimal == "." else style.decimal, "thousands": style.thousands}


def _value(body: str, style: Style) -> float:
    found = amount(body, style)
    return float("nan") if found is None else found.value


def _word(sign: str | None) -> str:
    return {".": "point", ",": "comma"}.get(sign or "", "sign")


def _shown_sign(sign: str | None) -> str:
    return {".": "the point", ",": "the comma", "'": "the apostrophe", " ": "the space"}.get(sign or "", "the sign")


def _other(decimal: str) -> str:
    return "," if decimal == "." else "."
