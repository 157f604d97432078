"""Dates are read only where there is one way to read them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from mmm.data.dates import DateOptions, parse_dates
from mmm.data.frequency import infer_frequency
from mmm.data.problems import Problems


def read(cells: list[object], date_format: str | None = None) -> tuple[list[str], str]:
    problems = Problems("t")
    found, usable = parse_dates(
        pd.Series(cells, dtype=object), DateOptions(date_format), lambda i: f"row {i}", "date", problems
    )
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


def advice(cells: list[object], date_format: str | None = None) -> str:
    return read(cells, date_format)[1]


@pytest.mark.parametrize("write", ["%G-W%V", "%GW%V", "%G-W%V-1"])
def test_iso_weeks_are_their_mondays(write: str) -> None:
    mondays = pd.date_range("2019-12-02", "2027-02-01", freq="7D")
    assert read([day.strftime(write) for day in mondays]) == ([str(day.date()) for day in mondays], "")


@pytest.mark.parametrize(
    ("write", "date_format"), [("%G%V", "%G%V"), ("%G-W%V", "%G-W%V"), ("KW %V/%G", "KW %V/%G"), ("%GW%V", "%GW%V")]
)
def test_iso_weeks_in_a_stated_format(write: str, date_format: str) -> None:
    mondays = pd.date_range("2019-12-02", "2027-02-01", freq="7D")
    assert read([day.strftime(write) for day in mondays], date_format)[0] == [str(day.date()) for day in mondays]
    assert read([int(day.strftime("%G%V")) for day in mondays], "%G%V")[0] == [str(day.date()) for day in mondays]


@pytest.mark.parametrize("label", ["2023-W53", "2024-W00", "2024-W54"])
def test_a_week_that_its_year_does_not_have(label: str) -> None:
    found, message = read([label, "2024-W01"])
    assert found == ["NaT", "2024-01-01"]
    assert "weeks that their ISO year does not have" in message
    assert "no dates" in advice(["202353", "202401"], "%G%V")


@pytest.mark.parametrize("sign", [" - ", " \u2013 ", "\u2013", "/", " to ", ".."])
def test_a_range_is_its_first_day(sign: str) -> None:
    weeks = [(f"2023-01-{a:02d}", f"2023-01-{a + 6:02d}") for a in (2, 9, 16)]
    assert read([f"{a}{sign}{b}" for a, b in weeks]) == ([a for a, _ in weeks], "")


def test_ranges_share_the_order_of_day_and_month_and_their_length() -> None:
    assert read(["02/01/2023 - 08/01/2023", "09/01/2023 - 15/01/2023"])[0] == ["2023-01-02", "2023-01-09"]
    _, message = read(["2023-01-02 - 2023-01-08", "2023-01-09 - 2023-01-15", "2023-01-16 - 2023-01-19"])
    assert "1 ranges do not have 7 days as the others have" in message
    assert "row 2: '2023-01-16 - 2023-01-19', 4 days" in message


def test_weeks_labelled_by_their_last_day() -> None:
    problems = Problems("t")
    cells = pd.Series(["2023-01-07", "2023-01-14"], dtype=object)
    found, _ = parse_dates(cells, DateOptions(week_label="end"), str, "date", problems)
    assert [str(d)[:10] for d in found] == ["2023-01-01", "2023-01-08"]
    parse_dates(pd.Series(["2023-W01", "2023-W02"]), DateOptions(week_label="end"), str, "date", problems)
    assert "says itself when the week starts" in str(problems.error())


MONDAYS = pd.date_range("2023-01-02", periods=60, freq="7D")


@pytest.mark.parametrize(
    ("write", "line"),
    [
        ("%m/%d/%y", '"%m/%d/%y"'),
        ("%d.%m.%y", '"%d.%m.%y"'),
        ("%d %b %y", '"%d %b %y"'),
        ("%a, %b %d, %Y", '"%a, %b %d, %Y"'),
        ("%G%V", '"%G%V"'),
        ("KW %V/%G", '"KW %V/%G"'),
        ("Week %V, %G", '"Week %V, %G"'),
    ],
)
def test_the_format_that_is_advised_reads_the_column(write: str, line: str) -> None:
    cells: list[object] = [day.strftime(write) for day in MONDAYS]
    assert f"set data.date_format: {line}" in advice(cells).replace("Set ", "set ")
    assert read(cells, line.strip('"'))[0] == [str(day.date()) for day in MONDAYS]


def test_serial_numbers_of_a_spreadsheet() -> None:
    cells: list[object] = ["44928", "44935"]
    assert "44928 is 2023-01-02 in Excel" in advice(cells)
    assert read([44928, 44935.0, "44942"], "excel")[0] == ["2023-01-02", "2023-01-09", "2023-01-16"]


@pytest.mark.parametrize("write", ["%Y-%m", "%b %Y", "%B %Y", "%m/%Y", "%YM%m", "%Y%m", "%b-%y"])
def test_months_get_one_answer(write: str) -> None:
    message = advice([day.strftime(write) for day in pd.date_range("2020-01-01", periods=30, freq="MS")])
    assert "They look like months. Better export the same figures" in message
    assert "by day or by week" in message


def test_dates_beyond_what_python_and_pandas_hold() -> None:
    far = pd.Series(np.array(["18029-01-01", "18029-01-08"], dtype="datetime64[us]"))
    problems = Problems("t")
    parse_dates(far, DateOptions(), lambda i: f"row {i}", "date", problems)
    assert "2 dates are not between 1900 and 2199" in str(problems.error())
    assert "are not between" in read([np.datetime64("2300000-01-01"), "2021-01-04"])[1]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("cell", ["2023-01-02" + " " * 60_000 + "x", " - 1" * 20_000, "Jan " + "-" * 60_000])
def test_no_date_is_searched_for_ever(cell: str) -> None:
    assert "1 dates are no dates" in read(["2023-01-02", "2023-01-09", cell])[1]
