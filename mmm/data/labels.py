"""Labels of periods that are no plain dates: ISO weeks, ranges, months, serial numbers of spreadsheets, formats."""

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

MONTHS = (
    "Better export the same figures by day or by week, as a month mixes weeks with and without media: ad platforms and "
    "shop systems keep them by day. Where the outcome alone is known by month, give it as a table of its own "
    "(data.target.source with every: month); where all is, set data.target.every: month."
)
EXCEL = "excel"
"""What ``data.date_format`` says where dates are serial numbers of a spreadsheet."""

_WEEK = re.compile(r"(\d{4})-?W(\d{2})(?:-?([1-7]))?", re.ASCII | re.IGNORECASE)
_RANGE = re.compile(
    r"(.+?)(?:\s+[-\u2013\u2014]\s+|\s*[\u2013\u2014]\s*|\s*\.\.+\s*|\s+(?:to|bis|until|through)\s+)(.+)"
)
_SLASHED = re.compile(r"(\d{4}-\d{2}-\d{2})/(\d{4}-\d{2}-\d{2})", re.ASCII)
_LONGEST_RANGE = 100
_SERIAL_DAY_0 = dt.datetime(1899, 12, 30)  # noqa: DTZ001
_SERIALS = range(20_000, 80_000)
"""1954 to 2119."""
_MONTH = re.compile(
    r"(19|20)\d{2}[-/. ]?(0?[1-9]|1[0-2])|(0?[1-9]|1[0-2])[-/. ](19|20)\d{2}|(19|20)\d{2}-?M(0?[1-9]|1[0-2])"
    r"|[^\W\d]{3,9}\.?[-/ ']*(\d{2}|\d{4})|\d{4}[-/ ][^\W\d]{3,9}"
)
_WEEKDAY = re.compile("%[aAwu]")
_TRIED = (
    "%Y-%m-%d", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%m-%d-%y", "%d-%m-%y", "%y-%m-%d", "%d-%b-%y", "%d %b %y",
    "%b %d, %y", "%Y %b %d", "%Y-%b-%d", "%a, %b %d, %Y", "%A, %B %d, %Y", "%a %d %b %Y", "%b-%d-%Y", "%d/%b/%Y",
    "%Y_%m_%d", "%d%b%Y",
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d%m%Y",
    "%G W%V", "%G/W%V", "%G_W%V", "%G-%V", "%G/%V", "%G KW%V", "%G-KW%V", "%GKW%V", "KW%V/%G", "KW%V %G", "KW %V/%G",
    "KW %V %G", "W%V %G", "W%V-%G", "W%V/%G", "%V/%G", "%V-%G", "Week %V %G", "Week %V, %G", "%G Week %V",
)  # fmt: skip


@dataclass(frozen=True)
class IsoWeek:
    """A week's first day, or the day that is named within it; None where the year has no such week."""

    start: dt.datetime | None


def iso_week(text: str) -> IsoWeek | None:
    """2024-W05, 2024W05 or 2024-W05-1; None for other text."""
    found = _WEEK.fullmatch(text)
    if found is None:
        return None
    try:
        day = dt.date.fromisocalendar(int(found[1]), int(found[2]), int(found[3] or 1))
    except ValueError:
        return IsoWeek(None)
    return IsoWeek(dt.datetime(day.year, day.month, day.day))  # noqa: DTZ001


def split_range(text: str) -> tuple[str, str] | None:
    """First and last day of '2023-01-02 - 2023-01-08', as texts; None for other text."""
    plain = text.strip()
    # The longest range has two written-out dates; over a long text the search for its middle would take for ever.
    found = (_SLASHED.fullmatch(plain) or _RANGE.fullmatch(plain)) if len(plain) <= _LONGEST_RANGE else None
    return None if found is None else (found[1].strip(), found[2].strip())


def parsed(text: str, date_format: str) -> dt.datetime | None:
    """The date that a text is under a format; the Monday where the format names an ISO week alone."""
    if "%V" in date_format and not _WEEKDAY.search(date_format):
        text, date_format = f"{text} 1", f"{date_format} %u"
    try:
        return dt.datetime.strptime(text, date_format)  # noqa: DTZ007 - a zone is refused afterwards
    except (ValueError, re.error, OverflowError):
        return None


def of_serial(cell: object) -> dt.datetime | None:
    """The date of a spreadsheet's serial number, counted from 1900 as Excel and LibreOffice do by default."""
    number = _serial(cell)
    return None if number is None else _SERIAL_DAY_0 + dt.timedelta(days=number)


def _serial(cell: object) -> int | None:
    try:
        number = float(str(cell))
    except ValueError:
        return None
    return int(number) if number.is_integer() and int(number) in _SERIALS else None


def format_problem(date_format: str) -> str | None:
    """Why a ``date_format`` cannot name a day, or None."""
    if date_format == EXCEL:
        return None
    has = set(re.findall(r"%(.)", date_format))
    day = has & set("djDcx") or ("V" in has and "G" in has) or (has & set("UW") and has & set("aAwu"))
    if "V" in has and "G" not in has:
        problem = "goes by ISO weeks (%V), whose year is %G: around New Year it is not %Y. Write '%G-W%V'"
    elif has & set("UW") and not day:
        problem = (
            "counts weeks of the year (%U or %W) and names no day of the week, so every date is read as 1 January. "
            "For ISO weeks write '%G-W%V'; otherwise write each week's first day into the data"
        )
    elif not has & set("YyGcxD"):
        problem = "has no year. Write it like '%d/%m/%Y'"
    elif not day:
        problem = f"names no day. {MONTHS[:-1]}" if has & set("mbB") else "names no day. Write it like '%d/%m/%Y'"
    elif not has & set("zZ") and not _identifies(date_format):
        problem = "is none that Python reads a day from. Write it like '%d/%m/%Y'"
    else:
        return None
    return problem


def _identifies(date_format: str) -> bool:
    for day in (dt.datetime(2023, 1, 3), dt.datetime(2024, 11, 28)):  # noqa: DTZ001
        try:
            back = parsed(day.strftime(date_format), date_format)
        except (ValueError, UnicodeError):
            return False
        if back is None or not 0 <= (day - back).days < 7:
            return False
    return True


def date_advice(cells: list[object], date_format: str | None, *, whole: bool) -> str:
    """What to do about cells that are no dates; ``whole``: they are most of the column."""
    if not whole:
        return "Correct them, or delete rows that are no periods."
    texts = list(dict.fromkeys(str(cell).strip() for cell in cells))
    for advice in (_serial_advice, _six_digits, _month_advice, _format_advice):
        found = advice(texts)
        if found is not None:
            return found
    if date_format is not None:
        return f"They do not follow data.date_format '{date_format}'. Correct it, or remove it: 2021-04-03 needs none."
    return "Write dates as 2021-04-03, or set data.date_format."


def _serial_advice(texts: list[str]) -> str | None:
    if any(_serial(text) is None for text in texts):
        return None
    return (
        f"They look like serial numbers of a spreadsheet ({texts[0]} is {of_serial(texts[0]):%Y-%m-%d} in Excel): "
        f"format the column as a date and save again, or set data.date_format: {EXCEL}."
    )


def _six_digits(texts: list[str]) -> str | None:
    if not all(re.fullmatch(r"(19|20)\d{4}", text) for text in texts):
        return None
    last = [int(text[4:]) for text in texts]
    weeks = 'set data.date_format: "%G%V".'
    if max(last) > 12:
        return (
            f"They look like years and weeks: if these are ISO weeks, {weeks}"
            if 1 <= min(last) <= max(last) <= 53
            else None
        )
    return f"They look like months. {MONTHS} If they are ISO weeks, {weeks}"


def _month_advice(texts: list[str]) -> str | None:
    words = {"".join(sign for sign in text if sign.isalpha()).casefold() for text in texts}
    counted = len(texts) > 1 and len(words) == 1 and words != {""} and words != {"m"}
    if counted or not all(_MONTH.fullmatch(text) for text in texts):
        return None
    return f"They look like months. {MONTHS}"


def _format_advice(texts: list[str]) -> str | None:
    fits = fitting_formats(texts)
    if len(fits) < 2:
        return f'Set data.date_format: "{fits[0]}".' if fits else None
    listed = " or ".join(f'"{each}"' for each in fits[:3])
    return f"Set data.date_format: {listed}, whichever is meant."


def fitting_formats(texts: list[str]) -> list[str]:
    """Formats under which every text is a day and most steps are a day or a week."""
    found = []
    for date_format in _TRIED:
        days = [parsed(text, date_format) for text in texts]
        known = sorted({day for day in days if day is not None})
        if len(known) < len(texts):
            continue
        steps = Counter((b - a).days for a, b in pairwise(known))
        if not steps or steps.most_common(1)[0][0] in {1, 7}:
            found.append(date_format)
    return found
