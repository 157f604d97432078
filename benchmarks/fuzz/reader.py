"""A reader of its own: what a file says under the stated settings, from the csv module and pyarrow alone.

It is strict. Where it cannot be sure what a cell means it says so (Unreadable), and then the workbench may refuse the
file but must not accept it. It shares no code with the workbench.
"""

import csv
import datetime as dt
import decimal
import gzip
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BLANK = frozenset({"", "--", "na", "n/a", "#n/a", "nan", "null", "none", "<na>", "nat", "-"})
_SPACES = " \u00a0\u202f\u2009"
_AROUND = r"[€£¥]|(?:US|A|C)?\$|[A-Z]{3}|kr|%"
_ISO = re.compile(r"(\d{4})([-/.]?)(\d{2})\2(\d{2})(?:[T ]0{2}:0{2}(?::0{2}(?:\.0+)?)?)?")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_NAMED = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%b %d %Y", "%B %d %Y")
_ISO_WEEK = re.compile(r"(\d{4})-?W(\d{2})")


class Unreadable(Exception):
    """The reader cannot be sure of what is meant; the text says why."""


@dataclass(frozen=True)
class Read:
    """Totals of every numeric column by name, and the dates."""

    totals: dict[str, float]
    first: dt.date
    last: dt.date
    periods: int
    asks: list[str] = field(default_factory=list)
    """What may be accepted only with a finding that says this word."""


def read(path: Path, data: dict[str, Any]) -> Read:
    """The totals that stand in ``path`` under the ``data`` section of the settings."""
    options = {"separator": ",", "thousands": None, "encoding": "utf-8", **data.get("csv", {})}
    options["stated"] = options.get("decimal") is not None
    options["decimal"] = options.get("decimal") or ("," if options["thousands"] == "." else ".")
    header, rows = _parquet(path) if path.suffix == ".parquet" else _text(path, options)
    date = _column(header, data.get("date", "date"))
    wanted = list(dict.fromkeys(_numeric_columns(data)))
    places = {name: _column(header, name) for name in wanted}
    asks: list[str] = []
    totals = {}
    proven = any(_proves(row[place], options["decimal"]) for row in rows for place in places.values())
    for name, place in places.items():
        cells = [row[place] for row in rows]
        totals[name] = float(sum(_number(name, cell, options) for cell in cells))
        texts = [_bare(cell) for cell in cells if isinstance(cell, str)]
        _check_grouping(name, texts, options)
        if not options["stated"] and _looks_grouped(texts, options["decimal"], proven=proven):
            asks.append("thousands")
    dates = _dates([row[date] for row in rows], data.get("date_format"))
    return Read(totals, min(dates), max(dates), len(set(dates)), asks)


def _numeric_columns(data: dict[str, Any]) -> list[str]:
    names = [data["target"]["column"]]
    channels = data["channels"]
    for name, channel in channels.items() if isinstance(channels, dict) else ((n, n) for n in channels):
        full = {"spend": channel} if isinstance(channel, str) else channel
        names += [full.get("spend", name), *([full["media"]] if full.get("media") else [])]
    controls = data.get("controls", [])
    names += [c for c in controls if isinstance(c, str)]
    return names


def _column(header: list[str], name: str) -> int:
    if header.count(name) != 1:
        raise Unreadable(f"column {name!r} stands {header.count(name)} times in the header")
    return header.index(name)


def _text(path: Path, options: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        encoding = "utf-8-sig" if options["encoding"] == "utf-8" else options["encoding"]
        text = raw.decode(encoding)
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=options["separator"], strict=True))
    except (OSError, EOFError, ValueError, csv.Error, LookupError) as error:
        raise Unreadable(f"no text in the stated encoding and quoting: {error}") from error
    except Exception as error:  # zlib.error is no ValueError
        raise Unreadable(f"{type(error).__name__}: {error}") from error
    rows = [record for record in records[options.get("skip_rows", 0) :] if record]
    rows = rows[: len(rows) - options.get("skip_footer", 0)]
    if len(rows) < 2:
        raise Unreadable("no rows")
    header = [cell.strip() for cell in rows[0]]
    for row in rows[1:]:
        if len(row) != len(header):
            raise Unreadable(f"a row of {len(row)} cells under a header of {len(header)}")
    return header, rows[1:]


def _parquet(path: Path) -> tuple[list[str], list[list[Any]]]:
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
        columns = [column.to_pylist() for column in table.columns]
    except Exception as error:  # a damaged file raises many things
        raise Unreadable(f"{type(error).__name__}: {error}") from error
    return list(table.column_names), [list(row) for row in zip(*columns, strict=True)]


def _number(name: str, cell: Any, options: dict[str, Any]) -> float:
    """A number; 0 for a blank one, which adds nothing to a total whether it is allowed or not."""
    if cell is None:
        return 0.0
    if isinstance(cell, bool | dt.date | dt.time | bytes | list | dict):
        raise Unreadable(f"{name}: {cell!r} is no number")
    if isinstance(cell, int | float | decimal.Decimal):
        value = float(cell)
        return 0.0 if value != value else _finite(name, value)
    plain = str(cell).strip()
    if plain.casefold() in BLANK or plain in (*options.get("missing", ()), *options.get("zero", ())):
        return 0.0
    plain = _bare(plain)
    sign, group = re.escape(options["decimal"]), options["thousands"]
    whole = (
        r"\d+"
        if group is None
        else rf"(?:\d{{1,3}}(?:{_mark(group)}\d{{3}})+|\d{{1,2}}(?:{_mark(group)}\d{{2}})+{_mark(group)}\d{{3}}|\d+)"
    )
    if not re.fullmatch(rf"[+-]?(?:{whole}(?:{sign}\d*)?|{sign}\d+)(?:[eE][+-]?\d+)?", plain, re.ASCII):
        raise Unreadable(f"{name}: {cell!r} is no number as stated")
    digits = plain if group is None else re.sub(_mark(group), "", plain)
    return _finite(name, float(digits.replace(options["decimal"], ".")))


def _mark(group: str) -> str:
    """A space may be any of those that spreadsheets write between groups."""
    return {" ": f"[{_SPACES}]", "'": "['\u2019]"}.get(group, re.escape(group))


def _finite(name: str, value: float) -> float:
    if abs(value) == float("inf"):
        raise Unreadable(f"{name}: not finite")
    return value


def _bare(cell: str) -> str:
    """The cell without a sign of money or percent."""
    plain = cell.strip().replace("\u2212", "-")
    return re.sub(rf"^([+-]?)(?:{_AROUND})[{_SPACES}]*|[{_SPACES}]*(?:{_AROUND})$", r"\1", plain)


def _proves(cell: Any, sign: str) -> bool:
    """A cell that can only be read with ``sign`` before its decimals."""
    if not isinstance(cell, str) or sign not in cell:
        return False
    text = _bare(cell)
    return not re.fullmatch(rf"[+-]?[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+", text)


def _check_grouping(name: str, texts: list[str], options: dict[str, Any]) -> None:
    """Marks stand everywhere or nowhere; four digits may stand without one beside larger numbers that have it."""
    if options["thousands"] is None:
        return
    mark = _mark(options["thousands"])
    grouped = [t for t in texts if re.search(rf"\d{mark}\d", t)]
    bare = [t for t in texts if re.match(r"[+-]?\d{4,}(?!\d)", t) and t not in grouped]
    fours = [t for t in grouped if re.match(rf"[+-]?\d{mark}\d{{3}}(?!{mark}|\d)", t)]
    long = [t for t in bare if re.match(r"[+-]?\d{5}", t)]
    if grouped and (long or (bare and fours)):
        raise Unreadable(f"{name}: {grouped[0]!r} is grouped, {bare[0]!r} is not")
    indian = [t for t in grouped if re.match(rf"[+-]?\d{{1,2}}(?:{mark}\d{{2}})+{mark}\d{{3}}", t)]
    threes = [t for t in grouped if re.match(rf"[+-]?(?:\d{{3}}{mark}\d{{3}}|\d{{1,3}}(?:{mark}\d{{3}}){{2}})", t)]
    if indian and threes:
        raise Unreadable(f"{name}: {indian[0]!r} and {threes[0]!r} are grouped in two ways")


def _looks_grouped(texts: list[str], sign: str, *, proven: bool) -> bool:
    """Every mark stands before a group of three, and nothing proves that it is a decimal one; or values jump."""
    marked = [t for t in texts if sign in t]
    if len(marked) < 3 or any(_proves(t, sign) for t in marked):
        return False
    rest = [float(t) for t in texts if re.fullmatch(r"[+-]?\d{1,3}", t) and float(t) != 0]
    usual = sorted(float(t.replace(sign, ".", 1).replace(sign, "")) for t in marked)[len(marked) // 2]
    return not proven or (bool(rest) and max(map(abs, rest)) > 100 * abs(usual))


def _dates(cells: list[Any], date_format: str | None) -> list[dt.date]:
    numeric = [m for c in cells if isinstance(c, str) and (m := _NUMERIC.fullmatch(c.strip()))]
    day = all(_date(int(m[4]), int(m[3]), int(m[1])) for m in numeric)
    month = all(_date(int(m[4]), int(m[1]), int(m[3])) for m in numeric)
    if numeric and date_format is None and day == month and any(m[1] != m[3] for m in numeric):
        raise Unreadable("day and month cannot be told apart")
    return [_one_date(cell, date_format, day_first=day) for cell in cells]


def _one_date(cell: Any, date_format: str | None, *, day_first: bool) -> dt.date:
    if isinstance(cell, dt.datetime):
        if cell.tzinfo is not None or cell.time() != dt.time():
            raise Unreadable(f"date {cell!r} has a time or a zone")
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    text = str(cell).strip() if isinstance(cell, str) else ""
    if date_format is not None:
        return _formatted(
            text, (f"{date_format}-%u" if "%V" in date_format else date_format,), cell, suffix="%V" in date_format
        )
    if iso := _ISO.fullmatch(text):
        made = _date(int(iso[1]), int(iso[3]), int(iso[4]))
    elif match := _NUMERIC.fullmatch(text):
        day, month = (match[1], match[3]) if day_first else (match[3], match[1])
        made = _date(int(match[4]), int(month), int(day))
    elif week := _ISO_WEEK.fullmatch(text):
        made = dt.date.fromisocalendar(int(week[1]), int(week[2]), 1)
    else:
        return _formatted(text, _NAMED, cell)
    if made is None:
        raise Unreadable(f"{cell!r} is no date")
    return made


def _formatted(text: str, formats: tuple[str, ...], cell: Any, *, suffix: bool = False) -> dt.date:
    for pattern in formats:
        try:
            return dt.datetime.strptime(f"{text}-1" if suffix else text, pattern).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise Unreadable(f"{cell!r} is no date")


def _date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
