"""Numbers, money, percentages, intervals and dates as text: rounded for reading, in the report's own notation.

Rounding follows the uncertainty: an amount is shown with the digits that its 90% interval leaves meaning to, and an
estimate and the ends of its interval share one unit and one number of decimals.
"""

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mmm.reporting.settings import DateFormat, NumberFormat

MINUS = "\u2212"
DASH = "\u2013"
THIN_SPACE = "\u202f"
NO_BREAK = "\u00a0"

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$", "AUD": "A$", "CAD": "C$"}
_WITHOUT_DECIMALS = frozenset({"JPY", "KRW", "CLP", "ISK", "VND", "HUF", "IDR"})
_SCALES = ((1e12, "trillion", "tn"), (1e9, "billion", "bn"), (1e6, "million", "m"), (1e3, "thousand", "k"))
_SEPARATORS: dict[NumberFormat, tuple[str, str]] = {
    "1,234.5": (",", "."),
    "1.234,5": (".", ","),
    "1 234,5": (THIN_SPACE, ","),
    "1'234.5": ("’", "."),
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """The unit that a group of amounts shares: what to divide by, its word and its letter."""

    divisor: float = 1.0
    word: str = ""
    letter: str = ""


@dataclass(frozen=True)
class Formatter:
    """Writes numbers for one report. ``currency`` is an ISO code, or any other text that then precedes the amount."""

    currency: str
    outcome_unit: str
    money_outcome: bool
    numbers: NumberFormat = "1,234.5"
    dates: DateFormat = "5 May 2025"
    period: str = "week"
    return_base: float = 1.0
    """Money that returns are stated per; above 1 where one unit of money wins only a fraction of a unit of outcome."""
    value_returns: bool = True
    """Whether returns are money, so that 1 is break-even."""
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, name: str) -> str:
        """How a name from the data is written in the report."""
        return self.labels.get(name, name)

    # numbers

    def number(self, value: float, decimals: int = 0) -> str:
        """A plain number with thousands separators, such as 1,234.5."""
        if not math.isfinite(value):
            return "n/a"
        thousands, point = _SEPARATORS[self.numbers]
        text = f"{abs(value):,.{decimals}f}".replace(",", "\0").replace(".", point).replace("\0", thousands)
        negative = value < 0 and any(c in "123456789" for c in text)
        return (MINUS if negative else "") + text

    def percent(self, share: float, decimals: int | None = None, *, sign: bool = False) -> str:
        """A share as a percentage; below 10% with one decimal unless told otherwise."""
        if not math.isfinite(share):
            return "n/a"
        if decimals is None:
            decimals = 1 if 0 < abs(share) < 0.0995 else 0
        return self._signed(share, sign) + self.number(abs(share) * 100, decimals) + "%"

    def probability(self, p: float) -> str:
        """A probability that never claims certainty: from 'less than 1%' to 'more than 99%'."""
        if not math.isfinite(p):
            return "n/a"
        if p < 0.01:
            return "less than 1%"
        if p > 0.99:
            return "more than 99%"
        return f"{round(p * 100)}%"

    def ratio(self, value: float) -> str:
        """A ratio such as a return per unit of money: two significant digits, at most two decimals."""
        if not math.isfinite(value):
            return "n/a"
        return self.number(value, 2 if abs(value) < 1 else 1 if abs(value) < 100 else 0)

    def ratio_range(self, lower: float, upper: float) -> str:
        """The ends of an interval of a ratio, with equal decimals."""
        decimals = 2 if max(abs(lower), abs(upper)) < 1 or abs(upper - lower) < 0.4 else 1
        return f"{self.number(lower, decimals)} to {self.number(upper, decimals)}"

    @property
    def next_amount(self) -> str:
        """The money whose return is stated: €1, or €1,000."""
        return f"{self.currency_text}{self.number(self.return_base)}"

    def returned(self, value: float) -> str:
        """A return per :attr:`next_amount`: money (€2.40), or units of the outcome (3.1 orders)."""
        if not math.isfinite(value):
            return "n/a"
        text = self.ratio(abs(value))
        if self.value_returns:
            return self._with_sign(value, self.currency_text, text, value < 0 and text.strip("0.,") != "")
        return f"{MINUS if value < 0 else ''}{text} {self.outcome_unit}"

    def returned_range(self, lower: float, upper: float) -> str:
        """The ends of an interval of returns, the unit once."""
        if self.value_returns:
            return f"{self.returned(lower)} to {self.returned(upper)}"
        return f"{self.ratio_range(lower, upper)} {self.outcome_unit}"

    # amounts

    def scale(self, *values: float) -> Scale:
        """The scale in which the largest of ``values`` has one to three digits before the point (to 10,000 plain)."""
        top = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
        for divisor, word, letter in _SCALES:
            # 999,950 reads better as 1 million than as 1,000 thousand.
            if top >= divisor * 0.9995 and top >= 9995:
                return Scale(divisor, word, letter)
        return Scale()

    def money(self, value: float, *, sign: bool = False, short: bool = False) -> str:
        """An amount of money in words, such as €1.24 million (``short``: €1.24m)."""
        return self._amount(value, self.currency_text, sign, short)

    def outcome(self, value: float, *, sign: bool = False, short: bool = False) -> str:
        """An amount of the outcome: money, or a number of units such as 12,400 orders."""
        if self.money_outcome:
            return self.money(value, sign=sign, short=short)
        amount = self._amount(value, "", sign, short)
        return amount if short else f"{amount} {self.outcome_unit}"

    def count(self, value: float) -> str:
        """An amount of the outcome without its unit: 679 thousand."""
        return self._amount(value, "", sign=False, short=False)

    def money_range(self, lower: float, upper: float, *, short: bool = False) -> str:
        """The ends of an interval, such as €0.85 to €1.61 million."""
        return self._range(lower, upper, self.currency_text, short)

    def outcome_range(self, lower: float, upper: float, *, short: bool = False) -> str:
        """As :meth:`money_range`, in the unit of the outcome."""
        text = self._range(lower, upper, self.currency_text if self.money_outcome else "", short)
        return text if self.money_outcome or short else f"{text} {self.outcome_unit}"

    def exact(self, value: float) -> str:
        """An amount of money to the unit, for tables that are added up."""
        return self._with_sign(value, self.currency_text, self.number(abs(value)), value < 0 and round(value) != 0)

    def axis(self, values: Sequence[float], *, money: bool, sign: bool = False) -> list[str]:
        """Labels of an axis: one scale and as few decimals as tell the ticks apart."""
        scale = self.scale(*values)
        shown = [v / scale.divisor for v in values]
        decimals = next((d for d in range(3) if all(abs(v - round(v, d)) < 1e-9 for v in shown)), 3)
        prefix = self.currency_text if money else ""
        texts = []
        for value in shown:
            text = self.number(abs(value), decimals if value else 0)
            marked = self._with_sign(value, prefix, text, value < 0, plus=sign)
            texts.append(marked + (scale.letter if value else ""))
        return texts

    @property
    def per_period(self) -> str:
        """The period as an adjective: weekly, daily."""
        return "daily" if self.period == "day" else f"{self.period}ly"

    @property
    def currency_text(self) -> str:
        """The currency's symbol, or its code with a space."""
        return _SYMBOLS.get(self.currency, f"{self.currency}{NO_BREAK}")

    @property
    def one(self) -> str:
        """One unit of the currency: €1."""
        return f"{self.currency_text}1"

    def _amount(self, value: float, prefix: str, sign: bool, short: bool) -> str:
        if not math.isfinite(value):
            return "n/a"
        scale = self.scale(value)
        text = self.number(abs(value) / scale.divisor, self._decimals(value, scale, prefix))
        shown = self._with_sign(value, prefix, text, value < 0 and any(c in "123456789" for c in text), plus=sign)
        return shown + self._suffix(scale, short)

    def _range(self, lower: float, upper: float, prefix: str, short: bool) -> str:
        if not (math.isfinite(lower) and math.isfinite(upper)):
            return "n/a"
        scale = self.scale(lower, upper)
        decimals = self._decimals(max(abs(lower), abs(upper)), scale, prefix)
        width = abs(upper - lower) / scale.divisor
        # Enough decimals that the two ends differ visibly.
        while scale.divisor > 1 and decimals < 3 and width < 5 * 10.0**-decimals:
            decimals += 1
        ends = []
        for value in (lower, upper):
            text = self.number(abs(value) / scale.divisor, decimals)
            negative = value < 0 and any(c in "123456789" for c in text)
            ends.append(self._with_sign(value, prefix, text, negative))
        return f"{ends[0]} to {ends[1]}" + self._suffix(scale, short)

    def _decimals(self, value: float, scale: Scale, prefix: str) -> int:
        size = abs(value) / scale.divisor
        if scale.divisor == 1.0:
            small_money = prefix != "" and size < 100 and self.currency not in _WITHOUT_DECIMALS
            return 2 if small_money and size != round(size) else 0
        if scale.divisor == 1e3:
            return 0
        return 2 if size < 10 else 1 if size < 100 else 0

    def _suffix(self, scale: Scale, short: bool) -> str:
        if not scale.word:
            return ""
        return scale.letter if short else NO_BREAK + scale.word

    @staticmethod
    def _signed(value: float, sign: bool) -> str:
        return MINUS if value < 0 else "+" if sign and value > 0 else ""

    @staticmethod
    def _with_sign(value: float, prefix: str, text: str, negative: bool, *, plus: bool = False) -> str:
        mark = MINUS if negative else "+" if plus and value > 0 else ""
        return f"{mark}{prefix}{text}"

    # dates

    def date(self, day: dt.date) -> str:
        """A date in the report's notation."""
        year, month, number = day.year, day.month, day.day
        name = _MONTHS[month - 1]
        return {
            "5 May 2025": f"{number} {name} {year}",
            "May 5, 2025": f"{name} {number}, {year}",
            "2025-05-05": f"{year:04d}-{month:02d}-{number:02d}",
            "05.05.2025": f"{number:02d}.{month:02d}.{year}",
            "05/05/2025": f"{number:02d}/{month:02d}/{year}",
        }[self.dates]

    def month(self, day: dt.date) -> str:
        """Month and year for axes: May 2025."""
        return f"{_MONTHS[day.month - 1][:3]} {day.year}"


def join(names: Sequence[str], limit: int = 4, last: str = "and") -> str:
    """Names as a phrase: 'TV', 'TV and Search', 'TV, Search and 3 others'."""
    shown = list(names)
    if len(shown) > limit:
        rest = len(shown) - (limit - 1)
        shown = [*shown[: limit - 1], f"{rest} others"]
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: '1 week', '13 weeks'; small numbers stay digits, as in the tables."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def relative(part: float, whole: float) -> float:
    """``part / whole - 1``, NaN where the whole is zero."""
    return part / whole - 1.0 if whole else math.nan


_ACRONYMS = frozenset(
    {"tv", "ctv", "ooh", "dooh", "seo", "sem", "sea", "ppc", "crm", "ott", "vod", "kpi", "uk", "us", "eu", "gdp", "cpi"}
)
_PLAIN_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(_[a-z0-9]+(-[a-z0-9]+)*)*")


def readable(names: Iterable[str], given: Mapping[str, str]) -> dict[str, str]:
    """Labels by name: those ``given``; else column names such as ``out_of_home`` written as words (Out of home).

    A name with capitals or spaces was chosen by somebody and stays. Where two names would read the same, both stay.
    """
    labels = {name: given.get(name, _words(name)) for name in names}
    texts = list(labels.values())
    return {name: text if texts.count(text) == 1 else name for name, text in labels.items()}


def _words(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name) is None:
        return name
    words = [w.upper() if w in _ACRONYMS else w for w in name.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
