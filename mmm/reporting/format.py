"""Numbers, money, percentages, intervals and dates as text: rounded for reading, in the report's own notation.

Rounding follows the uncertainty: an amount is shown with the digits that its 90% interval leaves meaning to, and an
estimate and the ends of its interval share one unit and one number of decimals.
"""

import datetime as dt
import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from babel import Locale
from babel.dates import format_date
from babel.numbers import get_currency_precision, get_currency_symbol

from mmm.reporting.notation import (
    COUNT_SCALES,
    DATES,
    LONG_DATES,
    MINUS,
    MONEY_SCALES,
    NO_BREAK,
    NUMBERS,
    OF_AFTER,
    SEPARATORS,
    Scale,
)
from mmm.reporting.settings import DateFormat, Language, NumberFormat
from mmm.reporting.words import Words, words

_NUMBER = re.compile(r"([-\u2212]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(%?)")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


@functools.cache
def _locale(language: Language) -> Locale:
    return Locale.parse(language)


@dataclass(frozen=True)
class Formatter:
    """Writes numbers for one report. ``currency`` is an ISO code, or any other text that then stands by the amount.

    ``numbers`` and ``dates`` are those of the language where not given.
    """

    currency: str
    outcome_unit: str
    money_outcome: bool
    numbers: NumberFormat | None = None
    dates: DateFormat | None = None
    period: str = "week"
    return_base: float = 1.0
    """Money that returns are stated per; above 1 where one unit of money wins only a fraction of a unit of outcome."""
    value_returns: bool = True
    """Whether returns are money, so that 1 is break-even."""
    labels: Mapping[str, str] = field(default_factory=dict)
    language: Language = "en"

    # words

    @property
    def t(self) -> Words:
        """The texts of the report's language."""
        return words(self.language)

    def plural(self, one: str, many: str, count: int, /, **values: object) -> str:
        """A message by number, ``{n}`` being the count: '1 week', '13 weeks'."""
        return self.t.plural(one, many, count, n=self.number(count), **values)

    def by_period(self, week: str, day: str) -> str:
        """One of two messages, for weekly and for daily data, not yet translated."""
        return day if self.period == "day" else week

    def join(self, names: Sequence[str], limit: int = 4) -> str:
        """Names as a phrase: 'TV', 'TV and Search', 'TV, Search and 3 others'."""
        shown = list(names)
        if len(shown) > limit:
            rest = len(shown) - (limit - 1)
            shown = [*shown[: limit - 1], self.others(rest)]
        if len(shown) < 2:
            return "".join(shown)
        # Spanish says 'e' before the sound of i.
        if self.language == "es" and re.match(r"h?[ií](?!e)", shown[-1], re.IGNORECASE):
            return f"{', '.join(shown[:-1])} e {shown[-1]}"
        return self.t("{first} and {last}", first=", ".join(shown[:-1]), last=shown[-1])

    def others(self, count: int) -> str:
        """How channels are called that are not named one by one."""
        return self.plural("{n} other", "{n} others", count)

    def periods(self, count: int) -> str:
        """A number of periods: 1 week, 13 weeks, 90 days."""
        if self.period == "day":
            return self.plural("{n} day", "{n} days", count)
        return self.plural("{n} week", "{n} weeks", count)

    def made_below(self, text: str) -> str:
        """A sentence that data, checks or planner made, in the report's language, with its notation of numbers."""
        return self.t.made_below(text, self._localised)

    def _localised(self, place: str, part: str) -> str:
        """Names by their labels; numbers and dates written in English in the report's notation, amounts as money."""
        if part in self.labels:
            return self.labels[part]
        if ", " in part and not _NUMBER.fullmatch(part):
            return ", ".join(self._localised(place, one) for one in part.split(", "))
        if _NUMBER.fullmatch(part):
            text = _NUMBER.sub(self._renumbered, part)
            return self._money_text(text, "") if place == "amount" else text
        return _ISO_DATE.sub(lambda found: self.date(dt.date(*(int(g) for g in found.groups()))), part)

    def _renumbered(self, match: re.Match[str]) -> str:
        decimals = match.group(3) or ""
        value = float(f"{match.group(2).replace(',', '')}.{decimals or '0'}")
        text = (MINUS if match.group(1) else "") + self.number(value, len(decimals))
        return text + (self.percent_sign if match.group(4) else "")

    @property
    def percent_sign(self) -> str:
        """The sign with the space before it that the language asks for."""
        return str(_locale(self.language).percent_formats[None].pattern).rpartition("0")[2]

    def label(self, name: str) -> str:
        """How a name from the data is written in the report."""
        return self.labels.get(name, name)

    # numbers

    def number(self, value: float, decimals: int = 0) -> str:
        """A plain number with thousands separators, such as 1,234.5."""
        if not math.isfinite(value):
            return "n/a"
        thousands, point = SEPARATORS[self.numbers or NUMBERS[self.language]]
        text = f"{abs(value):,.{decimals}f}".replace(",", "\0").replace(".", point).replace("\0", thousands)
        negative = value < 0 and any(c in "123456789" for c in text)
        return (MINUS if negative else "") + text

    def percent(self, share: float, decimals: int | None = None, *, sign: bool = False) -> str:
        """A share as a percentage; below 10% with one decimal unless told otherwise."""
        if not math.isfinite(share):
            return "n/a"
        if decimals is None:
            decimals = 1 if 0 < abs(share) < 0.0995 else 0
        return self._signed(share, sign) + self.number(abs(share) * 100, decimals) + self.percent_sign

    def probability(self, p: float) -> str:
        """A probability that never claims certainty: from 'less than 1%' to 'more than 99%'."""
        if not math.isfinite(p):
            return "n/a"
        if p < 0.01:
            return self.t("less than {share}", share=self.percent(0.01, 0))
        if p > 0.99:
            return self.t("more than {share}", share=self.percent(0.99, 0))
        return self.percent(p, 0)

    def ratio(self, value: float) -> str:
        """A ratio such as a return per unit of money: two significant digits, at most two decimals."""
        if not math.isfinite(value):
            return "n/a"
        return self.number(value, 2 if abs(value) < 1 else 1 if abs(value) < 100 else 0)

    def ratio_range(self, lower: float, upper: float) -> str:
        """The ends of an interval of a ratio, with equal decimals."""
        return self.span(*self.ratio_ends(lower, upper))

    def ratio_ends(self, lower: float, upper: float) -> tuple[str, str]:
        """The two ends of an interval of a ratio, each as text."""
        decimals = 2 if max(abs(lower), abs(upper)) < 1 or abs(upper - lower) < 0.4 else 1
        return self.number(lower, decimals), self.number(upper, decimals)

    def percent_range(self, lower: float, upper: float, decimals: int | None = None) -> str:
        """The ends of an interval of a share."""
        return self.span(self.percent(lower, decimals), self.percent(upper, decimals))

    def span(self, first: str, last: str) -> str:
        """Two ends as a phrase: 5 to 8."""
        return self.t("{first} to {last}", first=first, last=last)

    def date_range(self, first: dt.date, last: dt.date) -> str:
        """Two dates as a phrase."""
        return self.t("{first_day} to {last_day}", first_day=self.date(first), last_day=self.date(last))

    @property
    def next_amount(self) -> str:
        """The money whose return is stated: €1, or €1,000."""
        return self._money_text(self.number(self.return_base), "")

    def returned(self, value: float) -> str:
        """A return per :attr:`next_amount`: money (€2.40), or units of the outcome (3.1 orders)."""
        if not math.isfinite(value):
            return "n/a"
        text = self.ratio(abs(value))
        negative = value < 0 and text.strip("0.,") != ""
        if self.value_returns:
            return self._with_sign(value, self._money_text(text, ""), negative)
        return f"{MINUS if negative else ''}{text} {self.outcome_unit}"

    def returned_range(self, lower: float, upper: float) -> str:
        """The ends of an interval of returns, the unit once."""
        if self.value_returns and self.currency_first:
            return self.span(self.returned(lower), self.returned(upper))
        unit = self.currency_text.strip() if self.value_returns else self.outcome_unit
        return f"{self.ratio_range(lower, upper)}{NO_BREAK if self.value_returns else ' '}{unit}"

    # amounts

    def scale(self, *values: float, money: bool = True) -> Scale:
        """The scale in which the largest of ``values`` has one to three digits before the point (to 10,000 plain)."""
        top = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
        for scale in (MONEY_SCALES if money else COUNT_SCALES)[self.language]:
            # 999,950 reads better as 1 million than as 1,000 thousand.
            if top >= scale.divisor * 0.9995 and top >= 9995:
                return scale
        return Scale()

    def money(self, value: float, *, sign: bool = False, short: bool = False) -> str:
        """An amount of money in words, such as €1.24 million (``short``: €1.24m)."""
        return self._amount(value, sign=sign, short=short, money=True)

    def outcome(self, value: float, *, sign: bool = False, short: bool = False) -> str:
        """An amount of the outcome: money, or a number of units such as 12,400 orders."""
        if self.money_outcome:
            return self.money(value, sign=sign, short=short)
        amount = self._amount(value, sign=sign, short=short, money=False)
        return amount if short else self._with_unit(amount)

    def count(self, value: float) -> str:
        """An amount of the outcome without its unit: 679 thousand."""
        return self._amount(value, sign=False, short=False, money=False)

    def signed_count(self, value: float) -> str:
        """A change of the outcome without its unit: +12 thousand."""
        return self._amount(value, sign=True, short=False, money=False)

    def money_range(self, lower: float, upper: float, *, short: bool = False) -> str:
        """The ends of an interval, such as €0.85 to €1.61 million."""
        return self._range(lower, upper, short, money=True)

    def outcome_range(self, lower: float, upper: float, *, short: bool = False) -> str:
        """As :meth:`money_range`, in the unit of the outcome."""
        text = self._range(lower, upper, short, money=self.money_outcome)
        return text if self.money_outcome or short else self._with_unit(text)

    def _with_unit(self, amount: str) -> str:
        """The unit of the outcome after an amount, by 'of' where the language wants it after a word of scale."""
        return f"{amount} {self.t.of(self.outcome_unit) if amount.endswith(OF_AFTER) else self.outcome_unit}"

    def exact(self, value: float) -> str:
        """An amount of money to the unit, for tables that are added up."""
        return self._with_sign(value, self._money_text(self.number(abs(value)), ""), value < 0 and round(value) != 0)

    def axis(self, values: Sequence[float], *, money: bool, sign: bool = False) -> list[str]:
        """Labels of an axis: one scale and as few decimals as tell the ticks apart."""
        scale = self.scale(*values, money=money)
        shown = [v / scale.divisor for v in values]
        decimals = next((d for d in range(3) if all(abs(v - round(v, d)) < 1e-9 for v in shown)), 3)
        texts = []
        for value in shown:
            text = self.number(abs(value), decimals if value else 0)
            letter = scale.letter if value else ""
            full = self._money_text(text, letter) if money else text + letter
            texts.append(self._with_sign(value, full, value < 0, plus=sign))
        return texts

    @property
    def currency_text(self) -> str:
        """The currency's symbol, or its code, as it stands before an amount."""
        symbol = get_currency_symbol(self.currency, self.language)
        return f"{symbol}{NO_BREAK}" if symbol[-1:].isalpha() else symbol

    @property
    def currency_first(self) -> bool:
        """Whether the currency stands before the amount."""
        return str(_locale(self.language).currency_formats["standard"].pattern).startswith("¤")

    @property
    def one(self) -> str:
        """One unit of the currency: €1."""
        return self._money_text("1", "")

    def patterns(self, *, money: bool) -> list[tuple[float, str, str]]:
        """The notation of amounts as data: by divisor, largest first, what stands before and after the number."""
        found = []
        for scale in (*(MONEY_SCALES if money else COUNT_SCALES)[self.language], Scale()):
            text = self._money_text("0", scale.word) if money else self._with_unit(f"0{scale.word}")
            before, _, after = text.partition("0")
            found.append((scale.divisor, before, after))
        return found

    def _after(self, suffix: str) -> str:
        return "" if self.currency_first else self._glue(suffix) + self.currency_text.strip()

    def _glue(self, suffix: str) -> str:
        """French and Spanish write M€ and k€, but M CHF."""
        joined = suffix.strip() in ("M", "k", "Md") and not self.currency_text[:1].isalpha()
        return "" if joined else NO_BREAK

    def _money_text(self, number: str, suffix: str) -> str:
        if self.currency_first:
            return f"{self.currency_text}{number}{suffix}"
        return f"{number}{suffix}{self._after(suffix)}"

    def _amount(self, value: float, *, sign: bool, short: bool, money: bool) -> str:
        if not math.isfinite(value):
            return "n/a"
        scale = self.scale(value, money=money)
        text = self.number(abs(value) / scale.divisor, self._decimals(value, scale, money))
        suffix = self._suffix(scale, abs(value), short)
        full = self._money_text(text, suffix) if money else text + suffix
        return self._with_sign(value, full, value < 0 and any(c in "123456789" for c in text), plus=sign)

    def _range(self, lower: float, upper: float, short: bool, *, money: bool) -> str:
        if not (math.isfinite(lower) and math.isfinite(upper)):
            return "n/a"
        top = max(abs(lower), abs(upper))
        scale = self.scale(lower, upper, money=money)
        decimals = self._decimals(top, scale, money)
        width = abs(upper - lower) / scale.divisor
        # Enough decimals that the two ends differ visibly.
        while scale.divisor > 1 and decimals < 3 and width < 5 * 10.0**-decimals:
            decimals += 1
        ends = []
        first = self.currency_text if money and self.currency_first else ""
        for value in (lower, upper):
            text = self.number(abs(value) / scale.divisor, decimals)
            ends.append(self._with_sign(value, first + text, value < 0 and any(c in "123456789" for c in text)))
        suffix = self._suffix(scale, top, short)
        return self.span(*ends) + suffix + (self._after(suffix) if money else "")

    def _decimals(self, value: float, scale: Scale, money: bool) -> int:
        size = abs(value) / scale.divisor
        if scale.divisor == 1.0:
            small_money = money and size < 100 and get_currency_precision(self.currency) > 0
            return 2 if small_money and size != round(size) else 0
        if scale.divisor == 1e3:
            return 0
        return 2 if size < 10 else 1 if size < 100 else 0

    def _suffix(self, scale: Scale, value: float, short: bool) -> str:
        if short:
            return scale.letter
        # French counts below two, and Spanish exactly one, in the singular.
        if self.language == "fr" and value < 2 * scale.divisor:
            return scale.word.removesuffix("s")
        return scale.word

    @staticmethod
    def _signed(value: float, sign: bool) -> str:
        return MINUS if value < 0 else "+" if sign and value > 0 else ""

    @staticmethod
    def _with_sign(value: float, text: str, negative: bool, *, plus: bool = False) -> str:
        mark = MINUS if negative else "+" if plus and value > 0 else ""
        return f"{mark}{text}"

    # dates

    def date(self, day: dt.date) -> str:
        """A date in the report's notation, months in its language."""
        pattern = LONG_DATES[self.language] if self.dates is None else DATES[self.dates]
        text = format_date(day, pattern, locale=self.language)
        # The first of a month is the only day that French counts in order.
        return f"1er{text[1:]}" if self.language == "fr" and day.day == 1 and text.startswith("1 ") else text

    def month(self, day: dt.date) -> str:
        """Month and year for axes: May 2025."""
        return format_date(day, "MMM y", locale=self.language)
