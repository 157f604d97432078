"""Limits over periods of the calendar, by hand."""

import datetime as dt

import pytest
from register_cases import content

from mmm.errors import SettingsError
from mmm.register.record import Content
from mmm.register.rules import Spent, bounds, broken, shared, spent
from mmm.settings import settings_from


def limit(per: str, channels: tuple[str, ...] = ("tv",), **values: float) -> dict[str, object]:
    return {"limits": [{"name": "rule", "channels": list(channels), "per": per, **values}]}


def only(found: Content, label: str) -> Spent:
    return next(one for one in spent(found) if one.label == label)


@pytest.mark.parametrize(
    ("per", "first", "last"),
    [
        ("week", "2025-02-24", "2025-03-02"),
        ("month", "2025-02-01", "2025-02-28"),
        ("quarter", "2025-01-01", "2025-03-31"),
        ("year", "2025-01-01", "2025-12-31"),
    ],
)
def test_periods_of_the_calendar(per: str, first: str, last: str) -> None:
    assert bounds(dt.date(2025, 2, 27), per) == (dt.date.fromisoformat(first), dt.date.fromisoformat(last))  # type: ignore[arg-type]


def test_a_week_across_a_border_is_shared_by_days() -> None:
    weeks = (dt.date(2024, 12, 30), dt.date(2025, 1, 6))
    assert shared(weeks, 7, dt.date(2025, 1, 1), dt.date(2025, 1, 6)) == pytest.approx([5 / 7, 1 / 7])


def test_a_quarter_counts_what_was_spent_before_the_plan() -> None:
    # The first quarter of 2025: 5 days of the week of 30 December at 80 a week, then 85 days of the plan at 100 a week.
    found = only(content(limit("quarter", at_most=1270.0)), "2025-Q1")
    assert found.before == pytest.approx(80 * 5 / 7)
    assert found.planned == pytest.approx(100 * 85 / 7)
    assert found.covered == pytest.approx(1.0)
    assert found.problem == "'rule': tv spend 1,271 in 2025-Q1, 57 of it before the plan, more than 1,270"
    assert broken(content(limit("quarter", at_most=1272.0))) == []


def test_a_minimum_counts_for_the_days_that_are_known() -> None:
    # The plan ends on 6 April: 6 of the 91 days of the second quarter.
    found = only(content(limit("quarter", at_least=1400.0)), "2025-Q2")
    assert found.covered == pytest.approx(6 / 91)
    assert found.planned == pytest.approx(100 * 6 / 7)
    assert "less than 92" in found.problem
    assert "(7% of 1,400, by days)" in found.problem


def test_channels_of_a_limit_count_together_and_over_all_geos() -> None:
    assert broken(content(limit("horizon", ("tv", "search"), at_most=13 * 150.0))) == []
    assert len(broken(content(limit("horizon", ("tv", "search"), at_most=13 * 150.0 - 1)))) == 1


def test_a_channel_that_the_plan_does_not_have_is_said() -> None:
    assert broken(content(limit("horizon", ("tvv",), at_least=1.0)))[0].endswith("Did you mean 'tv'?")


def test_limits_in_the_settings_name_channels() -> None:
    document = {
        "name": "demo",
        "data": {
            "source": "demo", "date": "date", "target": {"column": "revenue"}, "currency": "EUR",
            "channels": {"tv": "tv_spend"},
        },
        "plan_register": limit("week", ("tvv",), at_most=1.0),
    }  # fmt: skip
    with pytest.raises(SettingsError, match=r"plan_register.limits.0.channels: 'tvv' is not a channel"):
        settings_from(document)


@pytest.mark.parametrize(
    ("values", "words"),
    [({}, "at_least, at_most or both"), ({"at_least": 5.0, "at_most": 4.0}, "is above at_most")],
)
def test_a_limit_limits_something(values: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        content(limit("week", **values))
