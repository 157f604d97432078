"""Whether a plan may be approved: by whom, up to which total and change, and within which limits."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmm.digits import amount
from mmm.register.record import Content
from mmm.register.settings import LimitSettings, Per
from mmm.suggest import suggestion

_NEAR = 1e-9


@dataclass(frozen=True)
class Spent:
    """What channels spend in one period of the calendar: before the plan and in it, and the share of its days known."""

    limit: LimitSettings
    first: dt.date
    last: dt.date
    before: float
    planned: float
    covered: float

    @property
    def total(self) -> float:
        return self.before + self.planned

    @property
    def label(self) -> str:
        """The period in words: 2025-Q1, 2025-03, the week of 2025-03-03, 2025, the horizon."""
        day = self.first
        return {
            "week": f"the week of {day}",
            "month": f"{day:%Y-%m}",
            "quarter": f"{day.year}-Q{(day.month + 2) // 3}",
            "year": f"{day.year}",
            "horizon": "the horizon",
        }[self.limit.per]

    @property
    def problem(self) -> str:
        """What is broken, with its figures; empty where nothing is."""
        limit, channels = self.limit, ", ".join(self.limit.channels)
        least = None if limit.at_least is None else limit.at_least * self.covered
        if least is not None and self.total < least * (1 - _NEAR):
            part = "" if self.covered >= 1 else f" ({self.covered:.0%} of {amount(limit.at_least or 0)}, by days)"
            what = f"{channels} spend {amount(self.total)} in {self.label}"
            return f"'{limit.name}': {what}, less than {amount(least)}{part}"
        if limit.at_most is not None and self.total > limit.at_most * (1 + _NEAR):
            earlier = f", {amount(self.before)} of it before the plan" if self.before else ""
            return (
                f"'{limit.name}': {channels} spend {amount(self.total)} in {self.label}{earlier}, more than "
                f"{amount(limit.at_most)}"
            )
        return ""


def bounds(day: dt.date, per: Per) -> tuple[dt.date, dt.date]:
    """First and last day of the period of the calendar that ``day`` lies in; a week begins on Monday."""
    if per == "week":
        first = day - dt.timedelta(days=day.weekday())
        return first, first + dt.timedelta(days=6)
    months = {"month": 1, "quarter": 3, "year": 12}[per]
    index = day.year * 12 + day.month - 1
    begin = index - index % months
    first = dt.date(begin // 12, begin % 12 + 1, 1)
    after = begin + months
    return first, dt.date(after // 12, after % 12 + 1, 1) - dt.timedelta(days=1)


def shared(days: tuple[dt.date, ...], length: int, first: dt.date, last: dt.date) -> list[float]:
    """Share of each period (its first day, ``length`` days) that lies from ``first`` to ``last``, by days."""
    end = dt.timedelta(days=length - 1)
    overlap = [(min(day + end, last) - max(day, first)).days + 1 for day in days]
    return [max(0, found) / length for found in overlap]


def spent(content: Content) -> Iterator[Spent]:
    """Every limit in every period of the calendar that the plan touches."""
    for limit in content.rules.limits:
        columns = [content.channels.index(name) for name in limit.channels if name in content.channels]
        planned = content.money.sum(axis=1)[:, columns].sum(axis=1)
        past = np.array(content.past.spend).reshape(-1, len(content.channels))[:, columns].sum(axis=1)
        day = content.dates[0]
        while day <= content.last_day:
            whole = (content.dates[0], content.last_day)
            first, last = whole if limit.per == "horizon" else bounds(day, limit.per)
            inside = shared(content.dates, content.days, first, last)
            earlier = shared(content.past.dates, content.days, first, last)
            known = content.days * (sum(inside) + sum(earlier)) / ((last - first).days + 1)
            before = float(np.dot(earlier, past)) if len(past) else 0.0
            yield Spent(limit, first, last, before, float(np.dot(inside, planned)), min(1.0, known))
            day = last + dt.timedelta(days=1)


def broken(content: Content) -> list[str]:
    """The limits that a plan breaks, a phrase each."""
    unknown = [
        f"'{limit.name}' names '{name}', no channel of the plan. {suggestion(name, content.channels)}"
        for limit in content.rules.limits
        for name in limit.channels
        if name not in content.channels
    ]
    return unknown + [one.problem for one in spent(content) if one.problem]


def may_approve(content: Content, by: str, involved: set[str]) -> list[str]:
    """Why ``by`` may not approve the plan, a phrase each; ``involved`` are who saved or submitted it."""
    rules, problems = content.rules, []
    if rules.four_eyes and _same(by) in {_same(name) for name in involved}:
        problems.append(f"{by} saved or submitted it, and nobody approves their own plan (plan_register.four_eyes)")
    if not rules.approvers:
        return problems
    named = {_same(name): limits for name, limits in rules.approvers.items()}
    mine = named.get(_same(by))
    if mine is None:
        return [*problems, f"{by} is none of plan_register.approvers ({', '.join(rules.approvers)})"]
    if mine.up_to is not None and content.total > mine.up_to * (1 + _NEAR):
        total = f"{amount(content.total)} {content.currency}"
        problems.append(f"{by} approves up to {amount(mine.up_to)}, and it spends {total}")
    if mine.change is not None and content.change > mine.change * (1 + _NEAR):
        problems.append(
            f"{by} approves changes up to {mine.change:.1%} of today's money, and it moves {content.change:.1%}"
        )
    return problems


def _same(name: str) -> str:
    """Names that differ in case or spaces are one person's."""
    return " ".join(name.split()).casefold()
