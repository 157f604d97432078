"""Numbers, money, percentages and intervals as text: rounded for reading, in the report's own notation.

Rounding follows the uncertainty: an amount is shown with the digits that its 90% interval leaves meaning to, and an
estimate and the ends of its interval share one unit and one number of decimals. How many those are is counted in
:mod:`mmm.digits`, for every output alike.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from babel import Locale
from babel.numbers import get_currency_precision, get_currency_symbol

from mmm import digits
from mmm.reporting.languages.symbols import (
    COUNT_SCALES,
    MINUS,
    MONEY_SCALES,
    NO_BREAK,
    NUMBERS,
    OF_AFTER,
    SEPARATORS,
    Scale,
)
from mmm.reporting.languages.words import Words, words
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.notation.identity import Identity, Point, bare
from mmm.settings.report import DateFormat, Language, NumberFormat

Amount = float | Estimate
"""A number, or an estimate, which is written with the digits that its interval leaves meaning to."""
Ends = float | Estimate
"""The lower end of an interval, whose upper end is then given too, or the estimate that it belongs to."""


@functools.cache
def locale_of(language: Language) -> Locale:
    """Babel's knowledge of a language."""
    return Locale.parse(language)


@dataclass(frozen=True)
class Amounts:
    """Writes numbers for one report. ``currency`` is an ISO code, or any other text that then stands by the amount.

    ``numbers`` and ``dates`` are those of the language where not given.
    """

    currency: str
    outcome_unit: str
    money_outcome: bool
    numbers: NumberFormat | None = None
    dates: DateFormat | None = None
    period: str = "week"
    row: str = ""
    """What an outcome row is where it covers several periods: ``month``, or ``span`` for another length; else empty."""
    return_base: float = 1.0
    """Money that returns are stated per; above 1 where one unit of money wins only a fraction of a unit of outcome."""
    value_returns: bool = True
    """Whether returns are money, so that 1 is break-even."""
    language: Language = "en"
    break_even: float = 1.0
    """The return from which on money pays for itself: one over the margin."""
    margin_known: bool = True
    """Whether that is known; else it is the return that brings in what it costs, whatever is left of that."""
    marks: bool = False
    """Whether numbers carry their identity: in the text of chapters, and nowhere else."""

    @property
    def t(self) -> Words:
        """The texts of the report's language."""
        return words(self.language)

    @property
    def percent_sign(self) -> str:
        """The sign with the space before it that the language asks for."""
        return str(locale_of(self.language).percent_formats[None].pattern).rpartition("0")[2]

    def number(self, value: float, decimals: int = 0) -> str:
        """A plain number with thousands separators, such as 1,234.5; in powers of ten after too many zeros."""
        if not math.isfinite(value):
            return "n/a"
        thousands, point = SEPARATORS[self.numbers or NUMBERS[self.language]]
        english = digits.written(abs(value), decimals)
        text = english.replace(",", "\0").replace(".", point).replace("\0", thousands).replace("e-", f"e{MINUS}")
        return (MINUS if value < 0 and _shown(text) else "") + text

    def fine(self, value: float) -> str:
        """A number that stands alone, with three significant digits: 0.00412, 26.9, 1,234."""
        return self.number(value, digits.decimals(value, own=3))

    def _said(self, text: str, of: Amount, value: float, unit: float = 1.0, end: str = "") -> str:
        """The text of a number with the identity that it was given with, where chapters ask for it."""
        q = getattr(of, "q", "") if self.marks else ""
        return Identity(f"{q}{end}", value, unit).mark(text) if q else text

    def percent(self, value: Amount, decimals: int | None = None, *, sign: bool = False) -> str:
        """A share as a percentage; below 10% with one decimal unless told otherwise."""
        mean, *ends = _parts(value)
        if not math.isfinite(mean):
            return "n/a"
        places = _share_decimals(mean, *ends) if decimals is None else decimals
        text = self._signed(mean, sign) + self.number(abs(mean) * 100, places)
        return self._said(text, value, mean, 0.01) + self.percent_sign

    def probability(self, p: float) -> str:
        """A probability that never claims certainty: from 'less than 1%' to 'more than 99%'."""
        if not math.isfinite(p):
            return "n/a"
        if 0.01 <= p <= 0.99:
            return self.percent(p, 0)
        if p < 0.01:
            return self.t("less than {share}", share=self.percent(0.01, 0))
        return self.t("more than {share}", share=self.percent(0.99, 0))

    def ratio(self, value: Amount) -> str:
        """A ratio such as a return per unit of money: two significant digits, more where its interval has room."""
        mean, *_ = _parts(value)
        if not math.isfinite(mean):
            return "n/a"
        return self._said(self.number(mean, _ratio_decimals(*_parts(value))), value, mean)

    def ratio_range(self, value: Ends, upper: float | None = None) -> str:
        """The ends of an interval of a ratio, with equal decimals."""
        return self.span(*self.ratio_ends(value, upper))

    def ratio_ends(self, value: Ends, upper: float | None = None) -> tuple[str, str]:
        """The two ends of an interval of a ratio, each as text."""
        several = _several(value, upper)
        if not all(math.isfinite(v) for v in several):
            return "n/a", "n/a"
        places = _ratio_decimals(*several)
        lower, upper = several[-2:]
        return (
            self._said(self.number(lower, places), value, lower, end="/lower"),
            self._said(self.number(upper, places), value, upper, end="/upper"),
        )

    def percent_range(self, value: Ends, upper: float | None = None, decimals: int | None = None) -> str:
        """The ends of an interval of a share, with equal decimals."""
        several = _several(value, upper)
        places = _share_decimals(*several) if decimals is None else decimals
        lower, upper = several[-2:]
        q = getattr(value, "q", "")
        first, last = (Point(v, f"{q}/{end}" if q else "") for v, end in ((lower, "lower"), (upper, "upper")))
        return self.span(self.percent(first, places), self.percent(last, places))

    def span(self, first: str, last: str) -> str:
        """Two ends as a phrase: 5 to 8."""
        return self.t("{first} to {last}", first=first, last=last)

    @property
    def next_amount(self) -> str:
        """The money whose return is stated: €1, or €1,000."""
        return self._money_text(self.number(self.return_base), "")

    def returned(self, value: Amount) -> str:
        """A return per :attr:`next_amount`: money (€2.40), or units of the outcome (3.1 orders)."""
        mean, *ends = _parts(value)
        if not math.isfinite(mean):
            return "n/a"
        text = self.number(abs(mean), _ratio_decimals(mean, *ends))
        negative = mean < 0 and _shown(text)
        if self.value_returns:
            return self._said(self._with_sign(mean, self._money_text(text, ""), negative), value, mean)
        return f"{self._said(f'{MINUS if negative else ""}{text}', value, mean)} {self.outcome_unit}"

    def returned_range(self, value: Ends, upper: float | None = None) -> str:
        """The ends of an interval of returns, the unit once."""
        first, last = self.ratio_ends(value, upper)
        if self.value_returns and self.currency_first:
            several = _several(value, upper)
            places = _ratio_decimals(*several)
            ends = []
            for number, end in zip(several[-2:], ("/lower", "/upper"), strict=True):
                text = self.number(abs(number), places)
                full = self._with_sign(number, self._money_text(text, ""), number < 0 and _shown(text))
                ends.append(self._said(full, value, number, end=end))
            return self.span(*ends)
        unit = self.currency_text.strip() if self.value_returns else self.outcome_unit
        return f"{self.span(first, last)}{NO_BREAK if self.value_returns else ' '}{unit}"

    # amounts

    def scale(self, *values: float, money: bool = True) -> Scale:
        """The scale in which the largest of ``values`` has one to three digits before the point (to 10,000 plain)."""
        top = max((abs(v) for v in values if math.isfinite(v)), default=0.0)
        for scale in (MONEY_SCALES if money else COUNT_SCALES)[self.language]:
            # 999,950 reads better as 1 million than as 1,000 thousand.
            if top >= scale.divisor * 0.9995 and top >= 9995:
                return scale
        return Scale()

    def money(self, value: Amount, *, sign: bool = False, short: bool = False) -> str:
        """An amount of money in words, such as €1.24 million (``short``: €1.24m)."""
        return self._amount(value, sign=sign, short=short, money=True)

    def outcome(self, value: Amount, *, sign: bool = False, short: bool = False) -> str:
        """An amount of the outcome: money, or a number of units such as 12,400 orders."""
        if self.money_outcome:
            return self.money(value, sign=sign, short=short)
        amount = self._amount(value, sign=sign, short=short, money=False)
        return amount if short else self._with_unit(amount)

    def count(self, value: Amount) -> str:
        """An amount of the outcome without its unit: 679 thousand."""
        return self._amount(value, sign=False, short=False, money=False)

    def signed_count(self, value: Amount) -> str:
        """A change of the outcome without its unit: +12 thousand."""
        return self._amount(value, sign=True, short=False, money=False)

    def money_range(self, value: Ends, upper: float | None = None, *, short: bool = False) -> str:
        """The ends of an interval, such as €0.85 to €1.61 million."""
        return self._range(value, upper, short, money=True)

    def outcome_range(self, value: Ends, upper: float | None = None, *, short: bool = False) -> str:
        """As :meth:`money_range`, in the unit of the outcome."""
        text = self._range(value, upper, short, money=self.money_outcome)
        return text if self.money_outcome or short else self._with_unit(text)

    def _with_unit(self, amount: str) -> str:
        """The unit of the outcome after an amount, by 'of' where the language wants it after a word of scale."""
        return f"{amount} {self.t.of(self.outcome_unit) if bare(amount).endswith(OF_AFTER) else self.outcome_unit}"

    def exact(self, value: float, *, sign: bool = False) -> str:
        """An amount of money that is added up or paid: to the unit, below ten units in full."""
        text = self.number(abs(value), 0 if abs(value) >= 1000 else self._decimals((value,), Scale(), money=True))
        negative = value < 0 and _shown(text)
        return self._with_sign(value, self._money_text(text, ""), negative, plus=sign)

    def axis(self, values: Sequence[float], *, money: bool, sign: bool = False) -> list[str]:
        """Labels of an axis: one scale and as few decimals as tell the ticks apart."""
        scale = self.scale(*values, money=money)
        shown = [v / scale.divisor for v in values]
        decimals = digits.tell_apart(shown)
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
        return str(locale_of(self.language).currency_formats["standard"].pattern).startswith("¤")

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

    def _amount(self, value: Amount, *, sign: bool, short: bool, money: bool) -> str:
        several = _parts(value)
        mean = several[0]
        if not math.isfinite(mean):
            return "n/a"
        scale = self.scale(*several, money=money)
        text = self.number(abs(mean) / scale.divisor, self._decimals(several, scale, money))
        suffix = self._suffix(scale, abs(mean), short)
        full = self._money_text(text, suffix) if money else text + suffix
        signed = self._with_sign(mean, full, mean < 0 and _shown(text), plus=sign)
        return self._said(signed, value, mean, scale.divisor)

    def _range(self, of: Ends, upper_end: float | None, short: bool, *, money: bool) -> str:
        several = _several(of, upper_end)
        lower, upper = several[-2:]
        if not (math.isfinite(lower) and math.isfinite(upper)):
            return "n/a"
        scale = self.scale(*several, money=money)
        decimals = self._decimals(several, scale, money)
        ends = []
        first = self.currency_text if money and self.currency_first else ""
        suffix = self._suffix(scale, max(abs(lower), abs(upper)), short)
        # €99 to €312k would be ninety-nine euros: a symbol before each end asks for the scale after each.
        each = suffix if first and (short or scale.divisor == 1e3) else ""
        for value, end in ((lower, "/lower"), (upper, "/upper")):
            text = self.number(abs(value) / scale.divisor, decimals)
            full = self._with_sign(value, first + text + each, value < 0 and _shown(text))
            ends.append(self._said(full, of, value, scale.divisor, end))
        return self.span(*ends) + ("" if each else suffix) + (self._after(suffix) if money else "")

    def _decimals(self, several: tuple[float, ...], scale: Scale, money: bool) -> int:
        """Decimals of an estimate and the ends of its interval, or of one amount, in a scale."""
        sizes = [v / scale.divisor for v in several if math.isfinite(v)]
        top = max((abs(v) for v in sizes), default=0.0)
        if scale.divisor == 1.0:
            small_money = money and top < 100 and get_currency_precision(self.currency) > 0
            return digits.decimals(*sizes, least=2 if small_money and any(v != round(v) for v in sizes) else 0)
        least = 0 if scale.divisor == 1e3 else 2 if top < 10 else 1 if top < 100 else 0
        return digits.decimals(*sizes, least=least) if len(sizes) > 1 else least

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


def _parts(value: Amount) -> tuple[float, ...]:
    """The number, with the ends of its interval where it has one."""
    return tuple(value) if isinstance(value, Estimate) else (value,)


def _several(value: Ends, upper: float | None) -> tuple[float, ...]:
    """The numbers that an interval is written with; its ends come last."""
    if isinstance(value, Estimate):
        return tuple(value)
    if upper is None:
        raise TypeError("an interval has two ends; give the upper one, or an estimate")
    return value, upper


def _shown(text: str) -> bool:
    """Whether a number as it is written is not zero."""
    return any(c in "123456789" for c in text)


def _share_decimals(*several: float) -> int:
    """Decimals of a share in per cent, with those of its interval."""
    per_cent = [100 * v for v in several]
    least = 1 if 0 < abs(several[0]) < 0.0995 and len(several) != 2 else 0
    if len(several) == 2:
        least = 1 if 0 < max(abs(v) for v in several) < 0.0995 else 0
    known = [v for v in per_cent if math.isfinite(v)]
    # A share of 12% does not need the digits of its own rounding, one of 0.04% does.
    return digits.decimals(*known, least=least) if len(known) > 1 or abs(known[0]) < 0.095 else least


def _ratio_decimals(*several: float) -> int:
    """Decimals of a ratio and its interval: two significant digits, more where the interval has room for them."""
    known = [v for v in several if math.isfinite(v)]
    if len(known) == 1:
        value = abs(known[0])
        return max(2, digits.decimals(value)) if 0 < value < 1 else 2 if value < 1 else 1 if value < 100 else 0
    top, width = max(abs(v) for v in known), max(known) - min(known)
    least = 2 if top < 1 or width < 0.4 else 1
    return digits.decimals(*known, least=least)
