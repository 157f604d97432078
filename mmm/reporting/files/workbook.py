"""The plan as a workbook that calculates: a changed spend shows at once what it changes.

Formulas are written here and nowhere else, from row and column numbers alone; every text from the data stays text. Each
formula carries its result, so that a program that does not calculate shows the numbers of the plan.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from mmm import digits
from mmm.reporting.content.material import spend_by_channel
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.pages.telling import Telling
from mmm.reporting.sentences import answers
from mmm.reporting.sentences.headings import (
    MONEY,
    PLAN,
    RATIO,
    SIGNED,
    ends_of_moves,
    fitting,
    heading,
    plan_heading,
    sheet_names,
)
from mmm.reporting.sentences.statements import told
from mmm.tables import FORMULA_STARTS

_FIRST_POINT = 5
"""Row of the curves' first points, counted from zero."""
_SPEND, _WON = 3, 8
"""Columns of the sheet Allocation that others refer to: your spend, and what it wins."""


def write_workbook(m: Telling, path: Path) -> None:
    """Sheets: allocation with live formulas, the plan in full, scenarios, curves and notes."""
    written = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    book = _Book(written, m.gain_fmt, sheet_names(m.fmt.t))
    book.book.set_properties({"title": m.title})
    book.book.set_calc_mode("auto")
    allocation = book.sheet("allocation")
    _plan_in_full(book, m)
    _scenarios(book, m)
    _alternatives(book, m)
    curves = _curves(book, m)
    _allocation(book, allocation, m, curves)
    _notes(book, m)
    book.book.close()


@dataclass
class _Book:
    """The workbook with its words, the names of its sheets, and its formats, each made once."""

    book: Any
    fmt: Formatter
    names: Mapping[str, str]
    formats: dict[tuple[tuple[str, Any], ...], Any] = field(default_factory=dict)

    def format(self, **properties: Any) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(properties)
        return self.formats[key]

    def sheet(self, kind: str) -> Any:
        return self.book.add_worksheet(self.names[kind])

    def place(self, kind: str, cells: str) -> str:
        """Cells of a sheet as a formula names them."""
        quoted = self.names[kind].replace("'", "''")
        return f"'{quoted}'!{cells}"

    def text(self, sheet: Any, row: int, column: int, text: str, **style: Any) -> None:
        """A text that stays one, whatever it starts with."""
        if text.startswith(FORMULA_STARTS):
            style["quote_prefix"] = True
        sheet.write_string(row, column, text, self.format(**style) if style else None)

    def number(self, sheet: Any, place: tuple[int, int], value: float, number_format: str, **style: Any) -> None:
        """A number; an empty cell where there is none."""
        if math.isfinite(value):
            sheet.write_number(*place, value, self.format(num_format=number_format, **style))

    def formula(self, sheet: Any, place: tuple[int, int], formula: str, value: float | str, **style: Any) -> None:
        """A formula with its result."""
        sheet.write_formula(*place, formula, self.format(**style) if style else None, value)

    def heads(self, sheet: Any, names: Iterable[str]) -> None:
        for column, name in enumerate(names):
            self.text(sheet, 0, column, name, bold=True, text_wrap=True, valign="bottom")
            sheet.set_column(column, column, 24 if column == 0 else 15)
        sheet.freeze_panes(1, 1)


@dataclass(frozen=True)
class _Curve:
    """Where a channel's curve is on its sheet, and its points."""

    book: _Book
    spend: np.ndarray
    won: np.ndarray
    column: int

    @property
    def last(self) -> int:
        return _FIRST_POINT + len(self.spend) - 1

    def reference(self, column: int) -> str:
        return self.book.place("curves", xl_range_abs(_FIRST_POINT, column, self.last, column))

    @property
    def used(self) -> str:
        return self.book.place("curves", xl_rowcol_to_cell(2, self.column, row_abs=True, col_abs=True))

    @property
    def segment(self) -> str:
        return self.book.place("curves", xl_rowcol_to_cell(3, self.column, row_abs=True, col_abs=True))

    @property
    def slope(self) -> str:
        """Won per unit of money in the segment, as a formula."""
        x, y, i = self.reference(self.column), self.reference(self.column + 1), self.segment
        return f"(INDEX({y},{i}+1)-INDEX({y},{i}))/(INDEX({x},{i}+1)-INDEX({x},{i}))"

    @property
    def value(self) -> str:
        """What the spend wins, as a formula: linear between the two points around it."""
        x, y, i = self.reference(self.column), self.reference(self.column + 1), self.segment
        return f"INDEX({y},{i})+({self.used}-INDEX({x},{i}))*{self.slope}"

    def at(self, spend: float) -> tuple[float, float, int, float]:
        """Spend used, what it wins, the segment counted from 1, and its slope: the results of the formulas."""
        used = min(max(spend, 0.0), float(self.spend[-1]))
        segment = min(int(np.searchsorted(self.spend, used, side="right")), len(self.spend) - 1)
        width = self.spend[segment] - self.spend[segment - 1]
        slope = float((self.won[segment] - self.won[segment - 1]) / width)
        return used, float(self.won[segment - 1] + (used - self.spend[segment - 1]) * slope), segment, slope


def _curves(book: _Book, m: Telling) -> dict[str, _Curve]:
    """The response curves on a sheet of their own, two columns a channel, with the spend that is looked up."""
    sheet, t = book.sheet("curves"), book.fmt.t
    caption = t("Expected outcome of each channel by its spend over the horizon; linear between the points.")
    book.text(sheet, 0, 0, caption)
    found = {}
    for i, name in enumerate(m.plan.allocation.index):
        points = m.plan.response[m.plan.response["channel"] == name]
        curve = _Curve(book, points["spend"].to_numpy(float), points["won"].to_numpy(float), 3 * i)
        book.text(sheet, 1, curve.column, book.fmt.label(str(name)), bold=True)
        for row, text in ((2, t("Spend, within the curve")), (3, t("Segment"))):
            book.text(sheet, row, curve.column + 1, text, italic=True)
        book.text(sheet, 4, curve.column, t("Spend"), bold=True)
        book.text(sheet, 4, curve.column + 1, t("Won by it"), bold=True)
        of_spend, of_won = (fitting("#,##0", column) for column in (curve.spend, curve.won))
        for row, (spend, won) in enumerate(zip(curve.spend, curve.won, strict=True), start=_FIRST_POINT):
            book.number(sheet, (row, curve.column), float(spend), of_spend)
            book.number(sheet, (row, curve.column + 1), float(won), of_won)
        used, _, segment, _ = curve.at(float(m.plan.allocation.loc[name, "spend"]))
        own = book.place("allocation", xl_rowcol_to_cell(1 + i, _SPEND, row_abs=True, col_abs=True))
        spends = curve.reference(curve.column)
        book.formula(sheet, (2, curve.column), f"=MIN(MAX({own},0),MAX({spends}))", used, num_format=of_spend)
        lookup = f"=MIN(MATCH({curve.used},{spends},1),{len(curve.spend) - 1})"
        book.formula(sheet, (3, curve.column), lookup, segment)
        sheet.set_column(curve.column, curve.column + 1, 16)
        found[str(name)] = curve
    return found


def _allocation(book: _Book, sheet: Any, m: Telling, curves: dict[str, _Curve]) -> None:
    table = m.plan.allocation
    t = m.fmt.t
    unit = m.fmt.currency if m.gain_fmt.money_outcome else m.gain_fmt.outcome_unit
    heads = [t("Channel"), t("Spend today"), t("Spend recommended"), t("Your spend (change it)"), t("Change")]
    heads += [t("Change, relative"), t("Allowed from"), t("Allowed to")]
    heads += [t("Won with your spend ({unit})", unit=unit), t("Won today ({unit})", unit=unit), t("Won more")]
    book.heads(sheet, [*heads, t("Next {amount}", amount=m.fmt.one), t("Remark")])
    formats = _Formats.of(table, curves)
    for row, (name, line) in enumerate(table.iterrows(), start=1):
        _channel_row(book, sheet, row, (str(name), line, curves[str(name)]), formats)
    last = len(table)
    sheet.data_validation(
        1, _SPEND, last, _SPEND, {"validate": "decimal", "criteria": ">=", "value": 0, "error_title": t("Spend")}
    )
    _totals(book, sheet, m, curves, formats)


@dataclass(frozen=True)
class _Formats:
    """Number formats of the sheet Allocation: those of money, of what it wins, and of returns."""

    money: str
    money_change: str
    won: str
    won_change: str
    next_money: str
    exact: int
    """Decimals to which sums are rounded: those that rounding of the computer leaves."""

    @classmethod
    def of(cls, table: pd.DataFrame, curves: Mapping[str, _Curve]) -> "_Formats":
        """Formats that show what stands in the table."""
        spent = table[["reference", "spend"]].to_numpy(float).ravel()
        won = table[["reference_effect", "effect"]].to_numpy(float).ravel()
        slopes = [curves[str(name)].at(float(line["spend"]))[3] for name, line in table.iterrows()]
        return cls(
            fitting(MONEY, spent), fitting(SIGNED, spent), fitting(MONEY, won), fitting(SIGNED, won),
            fitting(RATIO, slopes), 4 + max(digits.of_column(spent), digits.of_column(won)),
        )  # fmt: skip


def _channel_row(book: _Book, sheet: Any, row: int, content: tuple[str, pd.Series, _Curve], formats: _Formats) -> None:
    name, line, curve = content
    today, planned = float(line["reference"]), float(line["spend"])
    low, high = float(line["lower_bound"]), float(line["upper_bound"])
    _, won, _, slope = curve.at(planned)
    before = float(line["reference_effect"])
    n = row + 1
    book.text(sheet, row, 0, book.fmt.label(name))
    book.number(sheet, (row, 1), today, formats.money)
    book.number(sheet, (row, 2), planned, formats.money)
    book.number(sheet, (row, _SPEND), planned, formats.money, font_color="#0b5cad", bg_color="#eef5fc", bold=True)
    book.formula(
        sheet,
        (row, 4),
        f"=ROUND(D{n}-B{n},{formats.exact})",
        round(planned - today, formats.exact),
        num_format=formats.money_change,
    )
    share: float | str = round(planned / today - 1, 6) if today else ""
    book.formula(sheet, (row, 5), f'=IF(B{n}=0,"",ROUND(D{n}/B{n}-1,6))', share, num_format="+0.0%;-0.0%;0.0%")
    book.number(sheet, (row, 6), low, formats.money)
    book.number(sheet, (row, 7), high, formats.money)
    book.formula(sheet, (row, _WON), f"={curve.value}", won, num_format=formats.won)
    book.number(sheet, (row, 9), before, formats.won)
    book.formula(sheet, (row, 10), f"=I{n}-J{n}", won - before, num_format=formats.won_change)
    book.formula(sheet, (row, 11), f"={curve.slope}", slope, num_format=formats.next_money)
    slack = 1e-6 * max(abs(low), abs(planned), 1e-12)
    limit = f"D{n}<G{n}-{slack!r}" + (f",D{n}>H{n}+{slack!r}" if math.isfinite(high) else "")
    beyond = f"D{n}>MAX({curve.reference(curve.column)})+{slack!r}"
    t = book.fmt.t
    off, outside = (_quoted(x) for x in (t("beyond the curve: counted up to its end"), t("outside what was allowed")))
    book.formula(sheet, (row, 12), f'=IF({beyond},{off},IF(OR({limit}),{outside},""))', "")


def _quoted(text: str) -> str:
    """A text as part of a formula."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _totals(book: _Book, sheet: Any, m: Telling, curves: dict[str, _Curve], formats: _Formats) -> None:
    """Sums, the gain, and what it is net of the money."""
    table, d, t = m.plan.allocation, m.decision, m.fmt.t
    last, row = len(table), len(table) + 1
    won = sum(curves[str(name)].at(float(line["spend"]))[1] for name, line in table.iterrows())
    today = float(table["reference_effect"].sum())
    style: dict[str, Any] = {"bold": True, "top": 1}
    book.text(sheet, row, 0, t("All channels"), **style)
    sums = {1: d.spend_today, 2: d.spend_planned, _SPEND: d.spend_planned, 4: d.spend_change, _WON: won, 9: today}
    kinds = {4: formats.money_change, _WON: formats.won, 9: formats.won, 10: formats.won_change}
    for column, value in {**sums, 10: won - today}.items():
        area = f"{xl_rowcol_to_cell(1, column)}:{xl_rowcol_to_cell(last, column)}"
        # Sums of changes may differ from zero by rounding, which a signed format shows as -0.
        total, rounded = f"=ROUND(SUM({area}),{formats.exact})", round(value, formats.exact)
        book.formula(sheet, (row, column), total, rounded, num_format=kinds.get(column, formats.money), **style)
    n = row + 1
    share: float | str = round(d.spend_planned / d.spend_today - 1, 6) if d.spend_today else ""
    book.formula(
        sheet, (row, 5), f'=IF(B{n}=0,"",ROUND(D{n}/B{n}-1,6))', share, num_format="+0.0%;-0.0%;0.0%", bold=True, top=1
    )
    gained = formats.won_change
    lines: list[tuple[str, str, float, str]] = [(t("Expected gain over today’s plan"), f"=K{n}", won - today, gained)]
    if d.margin is not None:
        net = d.margin * (won - today) - d.spend_change
        lines.append((t("The same, net of the money spent more"), f"={d.margin!r}*K{n}-E{n}", net, gained))
    budget, left = d.spend_planned + d.unspent, round(d.unspent, formats.exact)
    formula = f"=ROUND({budget!r}-D{n},{formats.exact})"
    lines.append((t("Left of the budget"), formula, left, formats.money_change))
    for place, (words, formula, value, kind) in enumerate(lines, start=row + 2):
        book.text(sheet, place, 0, words, bold=place == row + 2)
        book.formula(sheet, (place, _SPEND), formula, value, num_format=kind, bold=place == row + 2)
    hints = (
        t(
            "Change the blue numbers; the rest of this sheet follows. Amounts are totals over the horizon ({horizon}).",
            horizon=d.horizon,
        ),
        t(
            "Expected values only: their 90% intervals are in the report and on the sheet “{sheet}”.",
            sheet=book.names["plan"],
        ),
    )
    for i, text in enumerate(hints):
        book.text(sheet, row + 3 + len(lines) + i, 0, text, italic=True)


def _plan_in_full(book: _Book, m: Telling) -> None:
    """The allocation as plain numbers, with intervals."""
    sheet, fmt = book.sheet("plan"), m.fmt
    book.heads(sheet, [fmt.t("Channel"), *(plan_heading(name, message, fmt) for name, message, _ in PLAN)])
    for row, (channel, line) in enumerate(m.plan.allocation.iterrows(), start=1):
        book.text(sheet, row, 0, fmt.label(str(channel)))
        for column, (name, _, kind) in enumerate(PLAN, start=1):
            book.number(sheet, (row, column), float(line[name]), fitting(kind, m.plan.allocation[name]))


def _scenarios(book: _Book, m: Telling) -> None:
    """One row a scenario: its money, what it wins, and how it is split."""
    found = m.plan.scenarios
    table = pd.DataFrame({"scenario": [s.name for s in found], "budget": [s.budget for s in found]})
    ends = ("", "_lower", "_upper")
    unknown = (float("nan"),) * 3
    for name, triples in (
        ("won", [tuple(s.won) for s in found]),
        ("gain", [tuple(s.gain) for s in found]),
        ("net_gain", [tuple(s.net or unknown) for s in found]),
    ):
        for i, end in enumerate(ends):
            table[f"{name}{end}"] = [triple[i] for triple in triples]
    table["probability"] = [s.probability for s in found]
    # Beside each other, not by name: a channel may be called as one of the table's own columns.
    spend = spend_by_channel(found).set_axis(table["scenario"], axis=0)
    _frame(book, "scenarios", pd.concat([table.set_index("scenario"), spend], axis=1))


def _alternatives(book: _Book, m: Telling) -> None:
    """Sheets of what stands around the plan: other budgets, moves, tests, timing, and the plan in detail."""
    found = m.plan.foresight
    _frame(book, "budgets", m.plan.curve.set_index("budget").dropna(axis="columns", how="all"))
    ends = ends_of_moves(m.fmt.t)
    _frame(book, "moves", m.plan.moves.replace({"source": ends, "destination": ends}))
    _frame(book, "information", found.information)
    for kind, table in (("timing", found.timing), ("periods", found.periods), ("geos", found.geos)):
        if table is not None:
            _frame(book, kind, table)


def _frame(book: _Book, kind: str, table: pd.DataFrame) -> None:
    """A table as it is."""
    sheet, fmt = book.sheet(kind), book.fmt
    heads = [heading(str(column), fmt) for column in (table.index.name or "", *table.columns)]
    book.heads(sheet, [text for text, _ in heads])
    columns = [table.index.to_series(), *(table.iloc[:, i] for i in range(table.shape[1]))]
    kinds = [fitting(kind, _numbers_of(column)) for (_, kind), column in zip(heads, columns, strict=True)]
    for row, (label, line) in enumerate(table.iterrows(), start=1):
        if isinstance(label, int | float | np.number):
            book.number(sheet, (row, 0), float(label), kinds[0])
        else:
            book.text(sheet, row, 0, f"{label:%Y-%m-%d}" if isinstance(label, pd.Timestamp) else fmt.label(str(label)))
        for column, value in enumerate(line, start=1):
            if isinstance(value, str):
                book.text(sheet, row, column, fmt.label(value))
            else:
                book.number(sheet, (row, column), float(value), kinds[column])


def _numbers_of(column: "pd.Series[Any]") -> list[float]:
    """The numbers of a column; none where it holds texts or dates."""
    return column.astype(float).tolist() if pd.api.types.is_numeric_dtype(column) else []


def _notes(book: _Book, m: Telling) -> None:
    sheet = book.sheet("notes")
    head = m.teller.headline()
    planned = [told(said, m.fmt) for said in (*m.plan.notes, *m.plan.constraints, m.plan.certificate)]
    believed = answers.belief(m.gate.passed, len(m.gate.warnings), float("nan"), 0, 0, m.fmt)
    lines = [m.title, head.lead, head.sentence, *planned, believed]
    for row, text in enumerate(t for t in lines if t):
        book.text(sheet, row, 0, text)
    sheet.set_column(0, 0, 120)
