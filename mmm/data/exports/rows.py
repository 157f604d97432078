"""An export as rows with a span of days, labels, amounts and a currency; what is no row of its own is counted."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mmm.data.cells import BoolArray, FloatArray, texts
from mmm.data.columns import NumberColumns
from mmm.data.csv_settings import CsvSettings
from mmm.data.dates import DateArray, DateOptions, parse_dates
from mmm.data.exports.cells import Found, cells_of, frame_of
from mmm.data.exports.header import fits, recognised, undated
from mmm.data.exports.layout import signs_of
from mmm.data.exports.names import Header, header_of
from mmm.data.exports.record import READERS, Amount, Raw, Reader
from mmm.data.exports.settings import SourceSettings
from mmm.data.labels import MONTHS, parsed
from mmm.data.marks import undressed
from mmm.data.problems import Problems, nearest

TABLE = "table"
_WEEK = frozenset({"week", "woche", "semaine", "semana", "settimana"})
_MONTH = frozenset({"month", "monat", "mois", "mes", "year month"})
_DAYS_OF_WEEK = 7
_US = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")
_SIGNS = {"\u20ac": "EUR", "\u00a3": "GBP", "US$": "USD", "CHF": "CHF", "\u20b9": "INR"}


@dataclass(frozen=True)
class Rows:
    """One file. Arrays have one entry a row; ``amounts`` are numbers, 0 where an advertising platform says nothing."""

    file: str
    kind: str
    reader: Reader
    start: DateArray
    days: npt.NDArray[np.int64]
    labels: Mapping[str, npt.NDArray[np.object_]]
    amounts: Mapping[str, FloatArray]
    currency: npt.NDArray[np.object_]
    """Code by row; '' where the file does not say it."""
    places: npt.NDArray[np.int64]
    place: str
    dropped: Mapping[str, int] = field(default_factory=dict)
    covered: tuple[np.datetime64, np.datetime64] | None = None
    """First and last day that the file says to be about, where it does."""

    def where(self, row: int) -> str:
        return f"{self.file}, {self.place} {self.places[row]}"


def rows_of(path: Path, settings: SourceSettings) -> Rows:
    """Read one file by the reader that its settings name or its content shows.

    Raises DataError with every cell that cannot be read, and where the file is of no reader.
    """
    stated = READERS[settings.kind] if settings.kind not in ("auto", TABLE) else None

    def wanted(cells: Sequence[str], above: Sequence[str]) -> bool:
        if settings.kind == TABLE:
            asked = {taken.column for taken in settings.columns.values()} | {settings.date or ""}
            return bool(asked - {""}) and (asked - {""}) <= {cell.strip() for cell in cells}
        return recognised(cells, above) is not None if stated is None else fits(stated, cells, above)

    found = cells_of(path, settings.sheet, wanted)
    kind = settings.kind
    if kind == "auto":
        kind = recognised(found.header, found.above) or TABLE
    problems = Problems(path.name)
    if kind == TABLE:
        reader = _of_table(settings, found, problems)
    else:
        reader = READERS[kind]
        if not fits(reader, found.header, found.above):
            wants = "; ".join(" or ".join(group) for group in reader.needs)
            problems.add(
                f"It has no header of {reader.title}: columns needed are {wants}.",
                f"Export these columns, or name its columns with kind: table. Found: {', '.join(found.header[:12])}.",
            )
    problems.stop_if_any()
    return _read(path.name, kind, reader, found, settings)


def _of_table(settings: SourceSettings, found: Found, problems: Problems) -> Reader:
    """A plain table as a reader: the columns that the settings name."""
    header = list(found.header)
    for column in [taken.column for taken in settings.columns.values()] + ([settings.date] if settings.date else []):
        if column not in header:
            problems.add(f"Column '{column}' is not there.", nearest(column, header))
    whole = None if settings.columns else undated(header, found.above)
    if whole is not None:
        problems.add(
            f"It looks like {whole.title} without a column of days: a row is the whole span.",
            "Export it again, broken down by day (or by week).",
        )
    elif not settings.columns:
        listed = ", ".join(header[:12])
        problems.add(
            "It is of no platform that is known, and its settings name no columns.",
            f"Set columns: {{name in the panel: column of the file}}. It has: {listed}.",
        )
    amounts = {
        name: Amount((taken.column.casefold(),), over_time=taken.over_time) for name, taken in settings.columns.items()
    }
    date = settings.date or "date"
    return Reader("a table", "", (), (date.casefold(),), amounts, gives="panel", absent="error", zero=(), totals=())


def _read(name: str, kind: str, reader: Reader, found: Found, settings: SourceSettings) -> Rows:
    frame, places, remarks = frame_of(found)
    header = header_of(found.header) if kind != TABLE else Header(tuple(c.casefold() for c in found.header), {})
    frame.columns = pd.Index(header.names)
    frame = frame.loc[:, ~frame.columns.duplicated()].assign(**{"\0place": places})
    raw = Raw(frame, found.above, {"remarks": remarks} if remarks else {})
    raw = _without_totals(raw, reader, header)
    if reader.prepare is not None:
        raw = reader.prepare(raw)
        header = Header(tuple(str(name) for name in raw.frame.columns), header.currencies)
    problems = Problems(name)
    kept_places = raw.frame["\0place"].to_numpy(dtype=np.int64)
    base = Rows(
        name, kind, reader, np.array([], "datetime64[ns]"), np.array([], int), {}, {}, np.array([], object),
        kept_places, found.place, dict(raw.dropped), _covered(found.above),
    )  # fmt: skip
    if raw.frame.empty:
        problems.add(*_nothing(base))
        raise problems.error()
    start, days = _spans(base, reader, header, raw.frame, settings, problems)
    amounts = _amounts(base, reader, found, raw.frame, settings, problems)
    problems.stop_if_any()
    labels = {
        label: texts(raw.frame[header.names[at]])[0]
        for label, names in reader.labels.items()
        if (at := header.find(names)) is not None
    }
    return replace(
        base, start=start, days=days, labels=labels, amounts=amounts,
        currency=_currencies(reader, header, raw.frame, settings),
    )  # fmt: skip


def _nothing(base: Rows) -> tuple[str, str]:
    """What is wrong with a file that has a header alone, or only rows that are no rows of its own, and what to do."""
    left = ", ".join(f"{count} {reason}" for reason, count in base.dropped.items())
    span = f" It says to be about {base.covered[0]} to {base.covered[1]}." if base.covered is not None else ""
    held = f"only {left}" if left else "no rows"
    return (
        f"It has the header of {base.reader.title}, and {held} below it.{span}",
        "Nothing ran in its span, or a filter left everything out: export it again by day or week, or leave it out.",
    )


def _without_totals(raw: Raw, reader: Reader, header: Header) -> Raw:
    """Without rows that sum up others: those called so, and those without any label where others have some."""
    frame = raw.frame
    if frame.empty:
        return raw
    keys = [header.names[at] for names in reader.labels.values() if (at := header.find(names)) is not None]
    at = header.find(reader.date)
    dated = [] if at is None else [header.names[at]]
    said = np.zeros(len(frame), dtype=bool)
    for column in dict.fromkeys([*dated, *keys, *frame.columns[:1]]):
        cells = texts(frame[column])[0]
        said |= np.array([_sums_up(cell, reader.totals) for cell in cells], dtype=bool)
    if keys:
        blank = np.all([texts(frame[column])[1] for column in keys], axis=0)
        said |= blank if not blank.all() else False
    count = int(said.sum())
    dropped = {**raw.dropped, **({"rows of totals": count} if count else {})}
    return replace(raw, frame=frame[~said].reset_index(drop=True), dropped=dropped)


def _sums_up(cell: str, totals: Iterable[str]) -> bool:
    """'Total', 'Total: Campaigns' and 'Total of 12 results' sum up others; a campaign 'Total Wine' does not."""
    folded = cell.casefold().strip()
    return any(
        folded == word or folded.startswith((f"{word}:", f"{word} -", f"{word} of ", f"{word} (")) for word in totals
    )


def _spans(
    base: Rows, reader: Reader, header: Header, frame: pd.DataFrame, settings: SourceSettings, problems: Problems
) -> tuple[DateArray, npt.NDArray[np.int64]]:
    at = header.find(reader.date)
    if at is None:
        problems.add(
            f"It has no column of days: {', '.join(reader.date)}.", "Export it again, broken down by day (or by week)."
        )
        raise problems.error()
    name = header.names[at]
    if name in _MONTH:
        problems.add(f"Its rows are months (column '{name}').", MONTHS)
        raise problems.error()
    start = _days_of(base, frame[name], name, reader, settings, problems)
    end = header.find(reader.end)
    if end is not None and not problems.found:
        last = _days_of(base, frame[header.names[end]], header.names[end], reader, settings, problems)
        length = (last - start).astype("timedelta64[D]").astype(np.int64) + 1
    else:
        known = np.unique(start[~np.isnat(start)])
        steps = np.diff(known).astype("timedelta64[D]").astype(int)
        weekly = name in _WEEK or (steps.size > 0 and bool((steps % _DAYS_OF_WEEK == 0).all()))
        length = np.full(start.size, _DAYS_OF_WEEK if weekly else 1)
    _demand_short(base, start, length, problems)
    return start, length


def _days_of(
    base: Rows, cells: "pd.Series[Any]", name: str, reader: Reader, settings: SourceSettings, problems: Problems
) -> DateArray:
    date_format = settings.date_format
    filled = [cell for cell in cells if isinstance(cell, str) and cell.strip()]
    if (
        date_format is None
        and reader.month_first is not None
        and filled
        and all(_US.fullmatch(c.strip()) for c in filled)
    ):
        date_format = "%m/%d/%Y" if reader.month_first else "%d/%m/%Y"
    return parse_dates(cells, DateOptions(date_format), base.where, name, problems)[0]


def _demand_short(base: Rows, start: DateArray, length: npt.NDArray[np.int64], problems: Problems) -> None:
    wrong = np.flatnonzero((length < 1) | (length > _DAYS_OF_WEEK))
    if wrong.size:
        problems.add(
            f"{wrong.size} rows span more than a week, so that their money cannot be told by week.",
            "Export the report again, broken down by day.",
            (f"{base.where(int(i))}: {start[i].astype('datetime64[D]')}, {length[i]} days" for i in wrong),
            int(wrong.size),
        )


@dataclass(frozen=True)
class _Style:
    csv: CsvSettings
    currency: str


def _amounts(
    base: Rows, reader: Reader, found: Found, frame: pd.DataFrame, settings: SourceSettings, problems: Problems
) -> dict[str, FloatArray]:
    header = Header(tuple(frame.columns), {})
    wanted = dict(reader.amounts) | dict({} if reader.every is None else reader.every(found.header))
    at = {name: header.names[i] for name, amount in wanted.items() if (i := header.find(amount.names)) is not None}
    if not at:
        problems.add("None of its columns holds amounts that are read.", f"Export one of: {', '.join(wanted)}.")
        raise problems.error()
    columns = list(at.values())
    written = [[cell for cell in frame[column] if isinstance(cell, str)] for column in columns]
    style = _Style(_csv(reader, found.separator, written, settings, problems), "")
    reading = NumberColumns.of(frame, columns, style, base.where, problems)
    amounts = {}
    for name, column in at.items():
        cells = reading.read(column, scale_matters=wanted[name].over_time == "sum")
        if reader.gives == "panel" and cells.blank.any():
            rows = np.flatnonzero(cells.blank)
            problems.add(
                f"Column '{column}' is empty in {rows.size} rows.", "Fill in what was observed; a true zero is 0.",
                (base.where(int(i)) for i in rows), int(rows.size),
            )  # fmt: skip
        amounts[name] = np.where(cells.blank, 0.0, cells.values) * wanted[name].scale
        _demand_positive(base, name, column, amounts[name], reader, problems)
    for name, amount in wanted.items():
        if name in amounts and amount.less in amounts:
            amounts[name] = amounts[name] - amounts[amount.less]
    return amounts


def _demand_positive(
    base: Rows, name: str, column: str, values: FloatArray, reader: Reader, problems: Problems
) -> None:
    wrong: BoolArray = np.nan_to_num(values) < 0
    if reader.gives == "media" and wrong.any():
        rows = np.flatnonzero(wrong)
        problems.add(
            f"Column '{column}' ({name}) is negative in {rows.size} rows.",
            "Book refunds and credits in the period that they belong to.",
            (f"{base.where(int(i))}: {values[i]:g}" for i in rows),
            int(rows.size),
        )


def _csv(
    reader: Reader, separator: str, written: list[list[str]], settings: SourceSettings, problems: Problems
) -> CsvSettings:
    """How the amounts are written: as stated, else the one way in which all of them are numbers."""
    if settings.csv is not None:
        return settings.csv
    signs = signs_of([[cell for cell in cells if cell.strip() not in reader.zero] for cells in written], separator)
    if signs.others:
        stated = [signs.stated, *signs.others]
        lines = " or ".join("csv: {" + ", ".join(f'{k}: "{v}"' for k, v in each.items()) + "}" for each in stated)
        problems.add(f"Numbers such as {signs.example} can be read in two ways.", f"Say which in its source: {lines}.")
        raise problems.error()
    return CsvSettings.model_validate({**signs.stated, "zero": reader.zero})


def _currencies(
    reader: Reader, header: Header, frame: pd.DataFrame, settings: SourceSettings
) -> npt.NDArray[np.object_]:
    """The currency of each row: its own column, the header's brackets, the cells' sign, the settings."""
    size = len(frame)
    at = header.find(reader.currency)
    if at is not None:
        codes = texts(frame[header.names[at]])[0]
        return np.array([code.upper() if code else (settings.currency or "") for code in codes], dtype=object)
    money = [name for amount in reader.amounts.values() if amount.money for name in amount.names]
    for name in money:
        if name in header.currencies:
            return np.full(size, header.currencies[name], dtype=object)
    for name in money:
        if name in header.names:
            signs = Counter(undressed(cell).affix for cell in frame[name] if isinstance(cell, str))
            sign = next((s for s, _ in signs.most_common() if s), "")
            code = _SIGNS.get(sign, sign if re.fullmatch(r"[A-Z]{3}", sign) else "")
            if code and settings.currency is None:
                return np.full(size, code, dtype=object)
    return np.full(size, settings.currency or "", dtype=object)


def _covered(above: Sequence[str]) -> tuple[np.datetime64, np.datetime64] | None:
    """The span that a line above the header names: 'January 2, 2023 - June 29, 2025'."""
    for line in above:
        text = line.strip().strip('"')
        parts = [part.strip() for part in re.split(r"\s+[-\u2013]\s+", text)]
        days = [
            next((d for f in ("%B %d, %Y", "%b %d, %Y", "%Y-%m-%d", "%d %B %Y") if (d := parsed(p, f))), None)
            for p in parts
        ]
        if len(days) == 2 and days[0] is not None and days[1] is not None and days[0] <= days[1]:
            return np.datetime64(days[0], "D"), np.datetime64(days[1], "D")
    return None
