"""Numbers as people write them: read where there is one reading, asked about where there are two, never scrambled."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmm.data.dataset import Dataset
from mmm.data.load import from_frame, load
from mmm.data.marks import Style, all_plain, amount, fitting, undressed, uneven
from mmm.data.settings import DataSettings
from mmm.errors import DataError

NARROW, NO_BREAK = "\u202f", "\u00a0"


def panel(columns: dict[str, list[str]], **changes: Any) -> tuple[pd.DataFrame, DataSettings]:
    """Weekly text cells; 'sales' is the target, 'index' a control, everything else a channel."""
    weeks = len(columns["sales"])
    dates = pd.date_range("2023-01-02", periods=weeks, freq="7D").strftime("%Y-%m-%d")
    given_settings: dict[str, Any] = {
        "source": "a.csv",
        "target": {"column": "sales"},
        "currency": "EUR",
        "channels": [name for name in columns if name not in {"sales", "index"}],
        "controls": [name for name in columns if name == "index"],
    }
    return pd.DataFrame({"date": dates, **columns}), DataSettings.model_validate(given_settings | changes)


def read(columns: dict[str, list[str]], **csv_options: Any) -> Dataset:
    frame, chosen = panel(columns, csv=csv_options)
    return from_frame(frame, chosen)


def refused(columns: dict[str, list[str]], **csv_options: Any) -> str:
    with pytest.raises(DataError) as error:
        read(columns, **csv_options)
    return str(error.value)


def spend(dataset: Dataset) -> list[float]:
    return dataset.data["spend"].to_numpy()[:, 0, 0].tolist()


@pytest.mark.parametrize(
    ("text", "style", "value", "grouping"),
    [
        ("1234.5", Style(".", None), 1234.5, "none"),
        ("1.234,5", Style(",", "."), 1234.5, "either"),
        ("1,234,567.89", Style(".", ","), 1234567.89, "threes"),
        ("12,34,567.89", Style(".", ","), 1234567.89, "indian"),
        ("1'234'567", Style(".", "'"), 1234567.0, "threes"),
        ("1\u2019234.5", Style(".", "'"), 1234.5, "either"),
        (f"1{NARROW}234{NARROW}567,5", Style(",", " "), 1234567.5, "threes"),
        (f"1{NO_BREAK}234", Style(",", " "), 1234.0, "either"),
        ("-1.234", Style(",", "."), -1234.0, "either"),
        ("20893.98", Style(",", "."), None, None),
        ("1.23", Style(",", "."), None, None),
        ("1234.567,8", Style(",", "."), None, None),
        ("1.234.56", Style(",", "."), None, None),
        ("1,23,45", Style(".", ","), None, None),
        ("1,2345", Style(".", ","), None, None),
        ("1.234,567.8", Style(",", "."), None, None),
        ("1_000", Style(".", None), None, None),
        ("\u0661\u0662", Style(".", None), None, None),
    ],
)
def test_a_sign_between_thousands_stands_at_groups(
    text: str, style: Style, value: float | None, grouping: str | None
) -> None:
    found = amount(text, style)
    assert (value, grouping) == (None, None) if found is None else (found.value, found.grouping) == (value, grouping)


@pytest.mark.parametrize(
    ("texts", "even"),
    [
        (["1.234", "998", "12.345.678"], True),
        (["1.234", "5678"], False),
        (["12.345", "1234"], True),  # Spanish, Italian, Polish and others: four digits are not grouped
        (["12.345", "123456"], False),
    ],
)
def test_a_column_is_grouped_everywhere_or_nowhere(texts: list[str], *, even: bool) -> None:
    read_as = [amount(text, Style(",", ".")) for text in texts]
    assert (uneven(a for a in read_as if a is not None) is None) == even


def test_indian_and_western_groups_do_not_mix() -> None:
    message = refused({"sales": ["1,00,000", "100,000", "200,000"], "tv": ["1", "2", "3"]}, thousands=",")
    assert "the Indian way" in message


@pytest.mark.parametrize(
    ("cell", "affix"),
    [
        ("497.618,13 €", "€"), ("€ 12", "€"), ("$1,234.56", "$"), ("-$5", "$"), ("US$ 5", "US$"), ("CHF 5", "CHF"),
        ("12 kr", "kr"), ("1.67%", "%"), ("1.67", ""), ("Total 5", ""), ("--", ""), ("€", ""),
    ],
)  # fmt: skip
def test_what_stands_around_a_number(cell: str, affix: str) -> None:
    assert undressed(cell).affix == affix


GROUPED = {"sales": ["73.002", "72.505", "74.622", "76.278"], "tv": ["650", "998", "1.198", "501"]}


def test_thousands_points_are_never_read_as_decimals() -> None:
    message = refused(GROUPED)
    assert "Column 'tv' can be read in two ways" in message
    assert 'If 1.198 is 1,198, set data.csv: {thousands: "."}. If it is 1.198, set data.csv: {decimal: "."}.' in message
    assert "row 2, 2023-01-16: '1.198'" in message
    assert spend(read(GROUPED, thousands=".")) == [650, 998, 1198, 501]
    stated = read(GROUPED, decimal=".")
    assert spend(stated) == [650, 998, 1.198, 501]
    assert any("'tv'" in note and "three digits after it" in note for note in stated.notes)


def test_thousands_commas_are_asked_about_under_a_decimal_comma_too() -> None:
    commas = {name: [cell.replace(".", ",") for cell in cells] for name, cells in GROUPED.items()}
    message = refused(commas)
    assert 'If 73,002 is 73.002, set data.csv: {decimal: ","}' in message
    assert 'If 73,002 is 73,002, set data.csv: {thousands: ","}.' in message
    assert 'set data.csv: {thousands: ","}' in refused(commas, decimal=",")
    assert spend(read(commas, thousands=",")) == [650, 998, 1198, 501]
    assert spend(read(commas, thousands=".", decimal=",")) == [650, 998, 1.198, 501]


def test_other_columns_prove_what_the_point_is() -> None:
    proven = {"sales": ["7300.25", "7250.5", "7462.2", "7627.8"], "tv": ["1.250", "2.375", "1.198", "5.010"]}
    assert spend(read(proven)) == [1.25, 2.375, 1.198, 5.01]
    # Yet no column jumps a thousandfold between its cells.
    assert "'tv' can be read in two ways" in refused({**proven, "tv": ["650", "998", "1.198", "501"]})


def test_the_scale_of_a_control_is_not_asked_about() -> None:
    found = read({"sales": ["7300", "7250", "7462"], "tv": ["1", "2", "3"], "index": ["1.459", "1.479", "1.501"]})
    assert found.data["control"].to_numpy().ravel().tolist() == [1.459, 1.479, 1.501]


@pytest.mark.parametrize("cells", [["0.125", "0.250", "0.375"], ["1234.567", "1235.125", "1236.250"]])
def test_decimals_that_can_be_nothing_else(cells: list[str]) -> None:
    assert spend(read({"sales": ["7300", "7250", "7462"], "tv": cells})) == [float(cell) for cell in cells]


def test_a_point_that_is_no_thousands_sign_is_refused() -> None:
    cells = ["2.560,22", "29.169,03", "20893.98", "31.713,81"]
    message = refused({"sales": ["1", "2", "3", "4"], "tv": cells}, decimal=",", thousands=".")
    assert "'20893.98'" in message
    assert "in one way" in message


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["1,234,567.89", "998.00", "12,345.67"], 'data.csv: {thousands: ","}'),
        (["1,492,854", "1,524,002", "998"], 'data.csv: {thousands: ","}'),
        (["12,34,567", "1,00,000", "998"], 'data.csv: {thousands: ","}'),
        (["1.234.567,89", "998,00", "5"], 'data.csv: {decimal: ",", thousands: "."}'),
        (["1 234 567,89", "998,00", "5"], 'data.csv: {decimal: ",", thousands: " "}'),
        ([f"1{NARROW}234{NARROW}567", "998", "5"], 'data.csv: {thousands: " "}'),
        (["1'234'567.80", "998", "5"], 'data.csv: {thousands: "\'"}'),
        (["12,5", "998,25", "5"], 'data.csv: {decimal: ","}'),
        (["497.618,13 €", "1,00 €", "0 €"], 'data.csv: {decimal: ",", thousands: "."}'),
    ],
)
def test_the_advice_is_a_line_that_works(cells: list[str], line: str) -> None:
    columns = {"sales": ["7300", "7250", "7462"], "tv": cells}
    assert line in refused(columns)
    stated = yaml.safe_load(line.removeprefix("data.csv: "))
    digits = [float(re.sub(r"[^\d]", "", cell)) for cell in cells]
    values = spend(read(columns, **stated))
    assert all(
        d == pytest.approx(v * 10 ** (len(str(round(d))) - len(str(round(v)))))
        for d, v in zip(digits, values, strict=True)
    )


def test_signs_that_are_read_and_said() -> None:
    found = read({"sales": ["€7300", "€7250", "€7462"], "tv": ["1 €", "2 €", "0"], "index": ["1.67%", "2.4%", "3%"]})
    assert spend(found) == [1, 2, 0]
    assert any("sign '%'" in note and "2.5% is read as 2.5" in note for note in found.notes)


def test_signs_that_contradict_are_refused() -> None:
    ones = ["7300", "7250", "7462"]
    assert "is in '$', but data.currency is EUR" in refused({"sales": ones, "tv": ["$1", "$2", "$3"]})
    assert "several currencies" in refused({"sales": ones, "tv": ["£1", "€2", "€3"]})
    assert "its cells are percentages" in refused({"sales": ones, "tv": ["1%", "2%", "3%"]})


def test_texts_that_mean_nothing_or_zero() -> None:
    columns = {"sales": ["7300", "7250", "7462"], "tv": ["1", "--", "k.A."]}
    assert spend(read(columns, zero=["--", "k.A."])) == [1, 0, 0]
    assert "is empty in 2 rows" in refused(columns, missing=["k.A."])


LAYOUTS = [
    ("Weekly report\n\nweek;sales;tv\n2023-01-02;1.234,5;1,5\n2023-01-09;998,0;2,5\n",
     'data.csv: {separator: ";", decimal: ",", thousands: ".", skip_rows: 2}'),
    ("week\tsales\ttv\n2023-01-02\t5\t1\n2023-01-09\t6\t2\n", 'data.csv: {separator: "\\t"}'),
    ("week|sales|tv\n2023-01-02|5|1\n2023-01-09|6|2\n", 'data.csv: {separator: "|"}'),
    ("title\n\"January 2, 2023\"\nweek,sales,tv\n2023-01-02,5,1\n2023-01-09,6,2\n", "data.csv: {skip_rows: 2}"),
    ("week,sales,tv\n2023-01-02,5,1\n2023-01-09,6,2\nTotal: Account,11,3\n", "data.csv: {skip_footer: 1}"),
    ("week,sales,tv\n2023-01-02,5,1\n2023-01-09,6,2\n\"made by X, page 1\"\n", "data.csv: {skip_footer: 1}"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line"), LAYOUTS)
def test_the_layout_is_recognised_and_the_line_works(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    given_settings = {
        "source": "a.csv", "date": "week", "target": {"column": "sales"}, "currency": "EUR", "channels": ["tv"]
    }  # fmt: skip
    with pytest.raises(DataError) as error:
        load(DataSettings.model_validate(given_settings), tmp_path)
    assert line in str(error.value)
    stated = DataSettings.model_validate(given_settings | {"csv": yaml.safe_load(line.removeprefix("data.csv: "))})
    assert float(load(stated, tmp_path).data["spend"].sum()) in {3.0, 4.0}


def test_a_total_is_named(tmp_path: Path) -> None:
    rows = "".join(f"2023-01-{2 + 7 * i:02d},{5 + i},{1 + i}\n" for i in range(4))
    (tmp_path / "a.csv").write_text(f"date,sales,tv\n{rows}Total,26,10\n")
    _, chosen = panel({"sales": ["1"], "tv": ["1"]})
    with pytest.raises(DataError, match="Line 6 looks like a total: in 'sales', 'tv' it equals the sum of the rows"):
        load(chosen, tmp_path)


def test_a_geo_that_is_the_total_of_the_others() -> None:
    frame, _ = panel({"sales": ["5", "7", "9"], "tv": ["1", "2", "3"]})
    parts = [frame.assign(geo="a"), frame.assign(geo="b"), frame.assign(geo="All", sales=["10", "14", "18"])]
    _, chosen = panel({"sales": ["1"], "tv": ["1"]}, geo="geo")
    with pytest.raises(DataError, match="Geo 'All' is the sum of the other geos"):
        from_frame(pd.concat(parts, ignore_index=True), chosen)


def written(value: float, style: Style, decimals: int) -> str:
    """An independent writer: Python's own grouping with the signs exchanged."""
    text = f"{value:,.{decimals}f}" if style.thousands else f"{value:.{decimals}f}"
    return text.translate({ord(","): style.thousands or "", ord("."): style.decimal})


STYLES = [Style(".", None), Style(",", None), Style(".", ","), Style(",", "."), Style(",", " "), Style(".", "'")]
amounts = st.floats(0, 3e6) | st.floats(0, 2e3) | st.integers(0, 5000).map(float)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(amounts, amounts, amounts), min_size=3, max_size=12),
    st.sampled_from(STYLES),
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)),
)
def test_an_accepted_file_holds_what_was_written(
    tmp_path: Path, rows: list[tuple[float, float, float]], style: Style, decimals: tuple[int, int, int]
) -> None:
    names = ("sales", "tv", "radio")
    cells = [[written(value, style, d) for value, d in zip(row, decimals, strict=True)] for row in rows]
    frame, _ = panel({name: [row[i] for row in cells] for i, name in enumerate(names)})
    with (tmp_path / "a.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(frame.columns)
        writer.writerows(frame.itertuples(index=False))
    truth = [sum(round(row[i], decimals[i]) for row in rows) for i in range(3)]
    for options in ({}, {"decimal": style.decimal, "thousands": style.thousands}):
        _, chosen = panel({name: [] for name in names}, csv={"separator": ";", **options})
        try:
            found = load(chosen, tmp_path)
        except DataError as error:
            # A file is refused for its marks only where nothing was said of them, or for other faults.
            assert not options or not re.search("no numbers|two ways", str(error))  # noqa: PT017
            continue
        totals = [float(found.data["outcome"].sum()), *found.data["spend"].sum(("date", "geo")).to_numpy().tolist()]
        assert totals == pytest.approx(truth, rel=1e-9, abs=1e-9)


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=8), st.sampled_from(STYLES), st.integers(0, 4))
def test_what_was_written_in_a_style_fits_it(values: list[float], style: Style, decimals: int) -> None:
    assert style in fitting([written(value, style, decimals) for value in values])


def test_settings_give_the_line_with_what_they_hold() -> None:
    _, chosen = panel({"sales": [], "tv": []}, csv={"separator": ";", "skip_rows": 2})
    line: Callable[..., str] = chosen.csv.line
    assert line(thousands=".") == 'data.csv: {separator: ";", thousands: ".", skip_rows: 2}'


@pytest.mark.timeout(30)
@pytest.mark.parametrize("cell", ["x", "1" * 60_000 + "x", "1" + " " * 60_000 + "x", "1,234" * 12_000])
def test_no_cell_is_searched_for_ever(cell: str) -> None:
    whole = [str(value) for value in range(100_000, 104_000)]
    assert not all_plain([*whole, cell], Style(".", None))
    assert undressed(cell).body == cell
    assert [amount(cell, style) for style in STYLES] == [None] * len(STYLES)
    assert fitting([*whole, cell]) == ()


@pytest.mark.parametrize("stated", [{}, {"thousands": "."}, {"decimal": ",", "thousands": "."}])
def test_columns_that_are_written_in_two_ways_get_no_line_that_breaks_the_other(stated: dict[str, str]) -> None:
    columns = {"sales": ["1.027.300,5", "12.250,0", "7.462,5"], "tv": ["9.24", "11.2", "8.02"]}
    said = refused(columns, **stated)
    assert "is written in another way" in said
    assert "Set data.csv" not in said


def test_a_line_takes_back_what_is_not_so() -> None:
    columns = {"sales": ["7300.5", "7250.25", "7462.5"], "tv": ["9.24", "11.2", "8.02"]}
    said = refused(columns, thousands=".")
    assert "Set data.csv: {}." in said
