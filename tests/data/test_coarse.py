"""Outcomes by month beside media by week or day, and tables that are monthly throughout."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmm.data.coarse import even_media, evened
from mmm.data.dataset import Dataset
from mmm.data.load import load
from mmm.data.quality import quality_report
from mmm.data.settings import DataSettings
from mmm.errors import DataError

WEEKS = pd.date_range("2022-01-03", periods=120, freq="7D")
MONTHS = pd.date_range("2022-01-01", periods=27, freq="MS")


def media(step: str = "week", geos: tuple[str, ...] = ()) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    dates = {"week": WEEKS, "day": pd.date_range("2022-01-03", periods=840), "month": MONTHS}[step]
    parts = []
    for geo in geos or ("",):
        part = pd.DataFrame({"date": dates.strftime("%Y-%m-%d")})
        if geo:
            part["geo"] = geo
        for name in ("tv", "search"):
            part[name] = rng.gamma(2.0, 50.0, len(dates)).round(2)
        part["price"] = rng.normal(10.0, 1.0, len(dates)).round(3)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def outcomes(geos: tuple[str, ...] = ()) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    parts = []
    for geo in geos or ("",):
        part = pd.DataFrame({"month": MONTHS.strftime("%Y-%m"), "sales": rng.normal(4000, 300, len(MONTHS)).round(2)})
        if geo:
            part.insert(1, "geo", geo)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def read(folder: Path, frame: pd.DataFrame, sales: pd.DataFrame | None, **target: object) -> Dataset:
    frame.to_csv(folder / "media.csv", index=False)
    own: dict[str, object] = {"column": "sales", "every": "month"}
    if sales is not None:
        sales.to_csv(folder / "sales.csv", index=False)
        own |= {"source": "sales.csv", "date": "month"}
    document = {
        "source": "media.csv", "date": "date", "currency": "EUR", "target": own | target,
        "channels": ["tv", "search"], "controls": ["price"], "geo": "geo" if "geo" in frame else None,
    }  # fmt: skip
    return load(DataSettings.model_validate(document), folder)


@pytest.mark.parametrize("step", ["week", "day"])
def test_outcomes_of_months_stand_beside_media(step: str, tmp_path: Path) -> None:
    frame, sales = media(step), outcomes()
    data = read(tmp_path, frame, sales)
    rows = data.rows()
    assert data.frequency.unit == step
    # Media begin on Monday 3 January, so that January is not covered.
    assert data.data["outcome"].values[rows.places, 0] == pytest.approx(sales["sales"].to_numpy()[1:])
    assert rows.spans * data.frequency.days == pytest.approx(MONTHS.days_in_month.to_numpy()[1:])
    assert any("2022-01-01" in note for note in data.notes)
    assert data.data["spend"].values.sum() == pytest.approx(frame[["tv", "search"]].to_numpy().sum())
    assert data.rows_per_year == 12


@pytest.mark.parametrize("write", ["%Y-%m", "%b %Y", "%m/%Y", "%Y-%m-15", "%Y-%m-01"])
def test_months_are_read_however_they_are_written(write: str, tmp_path: Path) -> None:
    data = read(tmp_path, media(), outcomes().assign(month=MONTHS.strftime(write)))
    assert len(data.rows().places) == len(MONTHS) - 1


def test_geos_are_laid_by_name(tmp_path: Path) -> None:
    names = ("north", "south 2", "south 10")
    sales = outcomes(names)
    data = read(tmp_path, media(geos=names), sales.sample(frac=1.0, random_state=1))
    for geo in names:
        mine = sales[sales["geo"] == geo]["sales"].to_numpy()[1:]
        assert data.data["outcome"].sel(geo=geo).values[data.rows().places] == pytest.approx(mine)


def test_a_monthly_table_is_spread_by_days(tmp_path: Path) -> None:
    frame = media("month").assign(sales=outcomes()["sales"])
    data = read(tmp_path, frame, None)
    rows = data.rows()
    assert data.frequency.unit == "week"
    assert len(rows.places) == len(MONTHS)
    assert data.data["outcome"].values[rows.places, 0] == pytest.approx(frame["sales"].to_numpy())
    assert data.data["spend"].values[:, 0, 0].sum() == pytest.approx(frame["tv"].sum())
    # A week inside a month has seven of its days, and the month's price.
    inside = int(np.flatnonzero(data.dates == data.dates[data.dates.month == 7][1])[0])
    assert data.data["spend"].values[inside, 0, 0] == pytest.approx(frame["tv"][6] * 7 / 31)
    assert data.data["control"].values[inside, 0, 0] == pytest.approx(frame["price"][6])
    assert even_media(data)
    codes = {finding.code for finding in quality_report(data).warnings}
    assert {"few_rows", "even_media"} <= codes


def test_media_of_their_own_are_not_even(tmp_path: Path) -> None:
    data = read(tmp_path, media(), outcomes())
    assert not even_media(data)
    assert "even_media" not in {finding.code for finding in quality_report(data).findings}
    flat = evened(data)
    whole = data.rows()
    assert not flat.coarse
    even = np.nan_to_num(flat.data["outcome"].values[whole.periods])
    assert whole.totals(even)[3:20, 0] == pytest.approx(data.data["outcome"].values[whole.places, 0][3:20], rel=0.1)


def cut(frame: pd.DataFrame, **changes: object) -> pd.DataFrame:
    return frame.assign(**changes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.drop(index=5), "1 rows do not follow on the one before. Give every month"),
        (lambda s: pd.concat([s, s.iloc[[3]]]), "1 rows stand for a month that another has"),
        (lambda s: s.assign(sales=s["sales"].where(s.index != 4)), "Column 'sales'"),
        (lambda s: s.rename(columns={"sales": "turnover"}), "Column 'sales' .data.target.column. is not there"),
        (
            lambda s: s.assign(sales=s["sales"].astype(object).where(s.index != 2, "many")),
            "1 cells that are no numbers",
        ),
        (lambda s: s.head(2), "Only 1 outcome rows lie within the media's periods"),
    ],
)
def test_what_is_wrong_with_outcomes_is_listed(change: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        read(tmp_path, media(), change(outcomes()))  # type: ignore[operator]


def test_geos_that_differ_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="differ in geos: east, west"):
        read(tmp_path, media(geos=("north", "west")), outcomes(("north", "east")))


def test_settings_say_what_goes_with_what() -> None:
    base = {"source": "x.csv", "currency": "EUR", "channels": ["tv"]}
    for target, said in (
        ({"column": "s", "source": "s.csv"}, "needs every"),
        ({"column": "s", "every": "month", "date": "d"}, "date is the column of a table"),
        ({"column": "s", "every": "7 days"}, "no coarser than media"),
        ({"column": "s", "every": "monthly"}, "Or write 'month'"),
    ):
        with pytest.raises(ValueError, match=said):
            DataSettings.model_validate(base | {"target": target})
