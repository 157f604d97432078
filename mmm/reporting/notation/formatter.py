"""Names, lists, dates and sentences of other layers as text, beside the numbers of ``amounts.py``."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from babel.dates import format_date

from mmm.reporting.languages.symbols import DATES, LONG_DATES, MINUS
from mmm.reporting.notation.amounts import Amounts

_NUMBER = re.compile(r"([-\u2212]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(%?)")
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


@dataclass(frozen=True)
class Formatter(Amounts):
    """Writes numbers, names, lists and dates for one report."""

    labels: Mapping[str, str] = field(default_factory=dict)

    # words

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

    def rows(self, count: int) -> str:
        """A number of outcome rows: of periods, or where rows are coarser of months or rows."""
        if self.row == "month":
            return self.plural("{n} month", "{n} months", count)
        if self.row:
            return self.plural("{n} row of outcomes", "{n} rows of outcomes", count)
        return self.periods(count)

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

    def label(self, name: str) -> str:
        """How a name from the data is written in the report."""
        return self.labels.get(name, name)

    # dates

    def date_range(self, first: dt.date, last: dt.date) -> str:
        """Two dates as a phrase."""
        return self.t("{first_day} to {last_day}", first_day=self.date(first), last_day=self.date(last))

    def date(self, day: dt.date) -> str:
        """A date in the report's notation, months in its language."""
        pattern = LONG_DATES[self.language] if self.dates is None else DATES[self.dates]
        text = format_date(day, pattern, locale=self.language)
        # The first of a month is the only day that French counts in order.
        return f"1er{text[1:]}" if self.language == "fr" and day.day == 1 and text.startswith("1 ") else text

    def month(self, day: dt.date) -> str:
        """Month and year for axes: May 2025."""
        return format_date(day, "MMM y", locale=self.language)
