"""Cases of reading: what the file means, or a sentence that names the setting to write."""

from running import Case, Judge, Ran, ends, reads, says, silent

WEEKLY = {"tv": 1493517.16, "search": 1146574.18, "social": 458239.78}
"""Totals of the panel that the cases 01 to 03 write in many ways; its first week is 2023-01-02."""
FIRST, WEEKS = "2023-01-02", 130


def check(config: str, *more: str) -> tuple[tuple[str, ...], ...]:
    return (("{mmm}", "check", config, *more),)


def right_or_told(ran: Ran, config: str, told: list[str], first: str = FIRST) -> list[str]:
    """Either read with the right totals and dates, or refused as data with a sentence that says all of ``told``."""
    if ran.code == 0:
        return reads(ran, config, WEEKLY, first, WEEKS)
    return [*ends(ran, 3), *says(ran, *told)]


def _advice_reads(ran: Ran, config: str) -> list[str]:
    """Read rightly as it stands, or refused with a line to paste under which it is."""
    return [*ends(ran, 0, 3), *([] if ran.code == 0 else says(ran, PRINTED)), *reads(ran, config, WEEKLY, FIRST, WEEKS)]


def _read_right(config: str, first: str = FIRST) -> Judge:
    return lambda ran: ends(ran, 0) or reads(ran, config, WEEKLY, first, WEEKS)


def _refused_with(*told: str, never: tuple[str, ...] = ()) -> Judge:
    return lambda ran: [*ends(ran, 3), *says(ran, *told), *silent(ran, *never)]


def _integers(ran: Ran) -> list[str]:
    """Thousands points that would be read as decimal points: refused, or a finding that asks."""
    return [*ends(ran, 0, 3), *says(ran, THOUSANDS), *silent(ran, "No findings")]


def _weekday(ran: Ran) -> list[str]:
    return [*ends(ran, 0), *says(ran, r"day[s]? of the week|weekday")]


def _zeros(ran: Ran) -> list[str]:
    return [
        *ends(ran, 0, 3),
        *says(ran, "partial_geos", "east", "tiny", "west", "2024-04-29|2024-04-22", "2025-01-27|2025-02-03"),
    ]


def _organic(checked: Ran, planned: Ran) -> list[str]:
    """Both commands take it, or both refuse it with the same, true reason."""
    wrong = silent(planned, "Nothing can be learned", "without spend or media before")
    if (checked.code == 0) != (planned.code == 0):
        wrong.append(f"check ends with {checked.code}, plan with {planned.code}")
    return wrong


THOUSANDS = r"csv\.thousands|thousands: "
PRINTED = r"data\.csv|csv:"
_ISO = "03-week-labels"

CASES = (
    Case(
        "01-excel-german-bom:nosign",
        check("config_nosign.yaml"),
        "read with the right totals",
        _read_right("config_nosign.yaml"),
    ),
    Case(
        "01-excel-german-bom:septonly",
        check("config_septonly.yaml"),
        "read rightly with the line that it names",
        lambda r: _advice_reads(r, "config_septonly.yaml"),
    ),
    Case(
        "01-excel-german-bom:default",
        check("config_default.yaml"),
        "names separator, not double quotes; read rightly with the line",
        lambda r: [*silent(r, "double quotes"), *says(r, "separator"), *_advice_reads(r, "config_default.yaml")],
    ),
    Case(
        "01-excel-german-bom:euro",
        check("config.yaml"),
        "read rightly, or the currency sign is named",
        lambda r: right_or_told(r, "config.yaml", ["currency( sign)?"]),
    ),
    Case("01-excel-german-bom:int", check("config_int.yaml"), "refused or asked about: thousands", _integers),
    Case(
        "02-ad-platform-export:title-lines",
        check("config.yaml"),
        "names skip_rows: 2, not double quotes",
        _refused_with(r"skip_rows['\"]?\s*[:=]\s*2", never=("double quotes",)),
    ),
    Case(
        "02-ad-platform-export:title-lines-skipped",
        check("config.yaml", "-p", "data.csv.skip_rows=2"),
        "names the totals row",
        _refused_with("total", "line 134|134", never=("Write dates as", "date_format")),
    ),
    Case(
        "02-ad-platform-export:totals-row",
        check("config_nopre.yaml"),
        "names the totals row, not the format of dates",
        _refused_with("totals? row|row[s]? of totals|sum of", "132", never=("Write dates as", "date_format")),
    ),
    Case(
        "02-ad-platform-export:cells",
        check("config_cells.yaml"),
        "read rightly with the line that it names",
        lambda r: _advice_reads(r, "config_cells.yaml"),
    ),
    Case(
        "02-ad-platform-export:us-thousands",
        check("us_thousands.yaml"),
        "read rightly with the line that it names",
        lambda r: _advice_reads(r, "us_thousands.yaml"),
    ),
    Case(
        "02-ad-platform-export:us-thousands-int",
        check("us_thousands_int.yaml"),
        "names thousands: ','",
        lambda r: [*ends(r, 3), *says(r, THOUSANDS)],
    ),
    Case(
        "02-ad-platform-export:newest-first",
        check("newest_first.yaml"),
        "the same panel",
        _read_right("newest_first.yaml"),
    ),
    *(
        Case(
            f"{_ISO}:{name}",
            check(f"{name}.yaml"),
            "the Monday of the ISO week, or how to write it",
            lambda r, n=name: right_or_told(r, f"{n}.yaml", ["week", "%G|first day"]),
        )
        for name in ("isoW", "iso_dash", "yyyyww")
    ),
    Case(
        f"{_ISO}:isoW_fmt",
        check("isoW_fmt.yaml"),
        "date_format %GW%V is read as the Monday",
        _read_right("isoW_fmt.yaml"),
    ),
    Case(
        f"{_ISO}:isoW_fmt1",
        check("isoW_fmt1.yaml"),
        "read rightly, or refused without 'repeat the date'",
        lambda r: [*ends(r, 0, 2, 3), *silent(r, "repeat the date"), *([] if r.code == 0 else says(r, "%G"))],
    ),
    Case(
        f"{_ISO}:range",
        check("range.yaml"),
        "first day of the range, or says so",
        lambda r: right_or_told(r, "range.yaml", ["first day"]),
    ),
    Case(
        f"{_ISO}:excel_serial",
        check("excel_serial.yaml"),
        "read as days, or serial numbers are named",
        lambda r: right_or_told(r, "excel_serial.yaml", ["serial (number|date)|spreadsheet"]),
    ),
    Case(f"{_ISO}:ts_utc", check("ts_utc.yaml"), "names the time zone", _refused_with("time zone")),
    Case(
        f"{_ISO}:us_short",
        check("us_short.yaml"),
        "read rightly, or names date_format",
        lambda r: right_or_told(r, "us_short.yaml", ["date_format"]),
    ),
    Case(f"{_ISO}:us_short_fmt", check("us_short_fmt.yaml"), "read rightly", _read_right("us_short_fmt.yaml")),
    Case(f"{_ISO}:month_name", check("month_name.yaml"), "read rightly", _read_right("month_name.yaml")),
    Case(
        f"{_ISO}:weekend_sat",
        check("weekend_sat.yaml"),
        "asks for week_label",
        lambda r: [*ends(r, 0), *says(r, "week_label")],
    ),
    Case(
        f"{_ISO}:weekend_sat-end",
        check("weekend_sat.yaml", "-p", "data.week_label=end"),
        "first week from 2023-01-01",
        lambda r: [*ends(r, 0), *says(r, "2023-01-01 to 2025-06-22")],
    ),
    Case(
        "04-monthly:labels",
        check("config.yaml"),
        "months are named at once, with the setting",
        lambda r: [*ends(r, 3), *says(r, "look like months.*every: month")],
    ),
    Case(
        "04-monthly:days",
        check("config_day.yaml"),
        "months are named at once, with the setting",
        lambda r: [*ends(r, 3), *says(r, "months or quarters.*every: month")],
    ),
    *(
        Case(
            f"04-monthly:{name}-read",
            check(f"{name}.yaml", "-p", "data.target.every=month"),
            "60 rows by month, with the warning of even media",
            lambda r: [*ends(r, 0), *says(r, "60 outcome rows"), *says(r, "Media are even")],
        )
        for name in ("config", "config_day")
    ),
    Case("05-thousands-point-silent:silent", check("config.yaml"), "refused or asked about: thousands", _integers),
    Case(
        "05-thousands-point-silent:right",
        check("config_right.yaml"),
        "read with the right totals",
        lambda r: ends(r, 0) or reads(r, "config_right.yaml", {"search": 127840, "tv": 341332}, FIRST, WEEKS),
    ),
    Case(
        "12-organic-and-impressions-only:organic",
        (*check("config.yaml"), ("{mmm}", "fit", "config.yaml", "--preview")),
        "check and fit agree, no false reason",
        _organic,
    ),
    Case(
        "12-organic-and-impressions-only:impressions",
        check("config_impressions.yaml"),
        "taken, or refused with a way on",
        lambda r: [*ends(r, 0, 2), *([] if r.code == 0 else says(r, "spend", "control|organic|free"))],
    ),
    Case(
        "12-organic-and-impressions-only:as-spend",
        check("config_impr_as_spend.yaml"),
        "spend above the outcome is a finding",
        lambda r: [*ends(r, 0), *says(r, "youtube"), *silent(r, "No findings")],
    ),
    Case("12-organic-and-impressions-only:control", check("config_control.yaml"), "read", lambda r: ends(r, 0)),
    Case("15-ragged-geo-launch:zeros", check("config.yaml"), "names regions, dates and partial_geos", _zeros),
    Case(
        "15-ragged-geo-launch:missing",
        check("config_missing.yaml"),
        "names regions and the lines of partial_geos",
        _refused_with("partial_geos", "east", "tiny", "west"),
    ),
    Case("15-ragged-geo-launch:declared", check("config_declared.yaml"), "read", lambda r: ends(r, 0)),
    Case("17-daily-leap-weekday:zone", check("config_tz.yaml"), "names the time zone", _refused_with("time zone")),
    Case(
        "17-daily-leap-weekday:no-weekday",
        check("config_weekday.yaml", "-p", "data.controls={}"),
        "weekdays are asked for",
        _weekday,
    ),
    Case("17-daily-leap-weekday:weekday", check("config_weekday.yaml"), "read", lambda r: ends(r, 0)),
    Case(
        "faults:thousands",
        check("thousands.yaml"),
        "refused: marks that are not at groups of three",
        _refused_with("20893.98", "thousands|groups? of three"),
    ),
    Case("faults:year", check("year_beyond_9999.yaml"), "refused as data: the year", _refused_with("year|1900|2199")),
)
