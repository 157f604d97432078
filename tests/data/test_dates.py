"""Dates are read only where there is one way to read them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from mmm.data.dates import infer_frequency, parse_dates
from mmm.data.problems import Problems


def read(cells: list[object], date_format: str | None = None) -> tuple[list[str], str]:
    problems = Problems("t")
    found, usable = parse_dates(pd.Series(cells, dtype=object), date_format, lambda i: f"row {i}", "date", problems)
    assert (usable == ~np.isnat(found)).all()
    return [str(d)[:10] for d in found], str(problems.error()) if problems.found else ""


@pytest.mark.parametrize(
    "cell",
    [
        "2021-04-03",
        "2021/04/03",
        "2021.04.03",
        "20210403",
        " 2021-04-03 ",
        "2021-04-03 00:00:00",
        "2021-04-03T00:00",
        "3 Apr 2021",
        "3 April 2021",
        "Apr 3, 2021",
        "03-Apr-2021",
        dt.date(2021, 4, 3),
        dt.datetime(2021, 4, 3),  # noqa: DTZ001
        pd.Timestamp("2021-04-03"),
        np.datetime64("2021-04-03"),
        pd.Period("2021-04-03", freq="D"),
        20210403,
    ],
)
def test_one_reading(cell: object) -> None:
    assert read([cell]) == (["2021-04-03"], "")


@pytest.mark.parametrize("sign", ["/", ".", "-"])
def test_two_readings_are_refused_with_both_formats(sign: str) -> None:
    _, message = read([f"03{sign}04{sign}2021", f"10{sign}04{sign}2021"])
    assert "is ambiguous" in message
    assert f"'%d{sign}%m{sign}%Y' (day first) or '%m{sign}%d{sign}%Y' (month first)" in message
    assert f"row 0: '03{sign}04{sign}2021'" in message


def test_one_row_decides_for_its_column() -> None:
    assert read(["03/04/2021", "17/04/2021"])[0] == ["2021-04-03", "2021-04-17"]
    assert read(["03/04/2021", "04/17/2021"])[0] == ["2021-03-04", "2021-04-17"]


def test_a_column_that_mixes_the_orders() -> None:
    _, message = read(["17/04/2021", "18/04/2021", "04/19/2021"])
    assert "mixes dates with the day first" in message
    assert "row 2: '04/19/2021'" in message
    assert "row 0" not in message


def test_equal_day_and_month_have_one_reading() -> None:
    assert read(["03/03/2021", "04/04/2021"]) == (["2021-03-03", "2021-04-04"], "")


def test_a_format_settles_it() -> None:
    assert read(["03/04/2021"], "%d/%m/%Y")[0] == ["2021-04-03"]
    assert read(["03/04/2021"], "%m/%d/%Y")[0] == ["2021-03-04"]
    assert read(["2021-W13-6"], "%G-W%V-%u")[0] == ["2021-04-03"]
    assert "1 dates are no dates" in read(["2021-04-03"], "%d/%m/%Y")[1]


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("2021-02-30", "no dates"),
        ("31/02/2021", "no dates"),
        ("03/04/21", "no dates"),
        ("44289", "no dates"),
        (True, "no dates"),
        ("2021-04-03T10:00", "a time of day"),
        ("2021-04-03T00:00:00Z", "a time zone"),
        (pd.Timestamp("2021-04-03", tz="Europe/Berlin"), "a time zone"),
        ("1821-04-03", "between 1900 and 2199"),
        (None, "are empty"),
        (pd.NaT, "are empty"),
    ],
)
def test_no_reading(cell: object, rule: str) -> None:
    found, message = read([cell, "2021-04-10"])
    assert rule in message
    assert found == ["NaT", "2021-04-10"]


def frequency(*geos: list[str]) -> tuple[str, str]:
    problems = Problems("t")
    found = infer_frequency({f"g{i}": np.array(d, dtype="datetime64[ns]") for i, d in enumerate(geos)}, problems)
    return str(found), str(problems.error()) if problems.found else ""


def test_the_frequency_comes_from_steps_within_geos() -> None:
    weeks = ["2021-01-03", "2021-01-10", "2021-01-17"]
    assert frequency(weeks, weeks) == ("week-SUN", "")
    assert frequency(["2021-01-01", "2021-01-02", "2021-01-03"])[0] == "day"


def test_geos_with_different_weekdays() -> None:
    found, message = frequency(["2021-01-03", "2021-01-10", "2021-01-17"], ["2021-01-04", "2021-01-11"])
    assert found == "None"
    assert "weeks start on Sundays, but 2 dates fall on other weekdays" in message
    assert "g1, 2021-01-04, Monday" in message
