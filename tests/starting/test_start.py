"""mmm init: what tables are taken for, what is asked, and that the written settings read the panel as it is."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mmm.data.load import load
from mmm.errors import DataError, SettingsError
from mmm.settings import load_settings, settings_from
from mmm.settings.text import read_yaml
from mmm.starting.start import start
from mmm.starting.written import settings_text

WEEKS = pd.date_range("2022-01-03", periods=60, freq="7D").strftime("%Y-%m-%d")


def proposed(named: str | Path, folder: Path, **answers: str) -> dict[str, Any]:
    found = start([str(named)], folder, "analysis", answers)
    text = settings_text(found.document, found.comments, found.notes, found.unused)
    return dict(read_yaml(text, "settings"))


def table(**columns: Any) -> pd.DataFrame:
    wave = [1000 + 37 * (i * i % 11) for i in range(60)]
    return pd.DataFrame(
        {"week": WEEKS, "revenue": [9 * w + 41 * (i % 13) for i, w in enumerate(wave)], "tv": wave} | columns
    )


def saved(folder: Path, frame: pd.DataFrame, name: str = "shop.csv") -> Path:
    path = folder / name
    frame.to_csv(path, index=False)
    return path


def test_pairs_of_spend_and_media_in_three_ways_of_naming(tmp_path: Path) -> None:
    spend = [10.0 * (i % 7) for i in range(60)]
    frame = table(
        radio_spend=spend, radio_impressions=spend, mdsp_dm=spend, mdip_dm=spend, print_S=spend, print_I=spend
    ).drop(columns="tv")
    channels = proposed(saved(tmp_path, frame), tmp_path)["data"]["channels"]
    assert {name: (item["spend"], item["media"], item["media_unit"]) for name, item in channels.items()} == {
        "radio": ("radio_spend", "radio_impressions", "impressions"),
        "dm": ("mdsp_dm", "mdip_dm", "exposures"),
        "print": ("print_S", "print_I", "impressions"),
    }


def test_media_that_say_no_unit_go_with_the_spend_of_their_name(tmp_path: Path) -> None:
    """As Meridian's tables call them, and as `mmm export meridian` writes them."""
    spend = [10.0 * (i % 7) for i in range(60)]
    frame = table(x1_Search_Ads_media=spend, x1_Search_Ads_spend=spend, radio_media=spend, radio_spend=spend)
    channels = proposed(saved(tmp_path, frame.drop(columns="tv")), tmp_path)["data"]["channels"]
    assert channels == {
        "Search_Ads": {"spend": "x1_Search_Ads_spend", "media": "x1_Search_Ads_media"},
        "radio": {"spend": "radio_spend", "media": "radio_media"},
    }
    alone = proposed(saved(tmp_path, table(social_media=spend)), tmp_path)["data"]["channels"]
    assert alone == {"tv": "tv", "social": "social_media"}


def test_media_without_spend_have_a_role_and_competitors_are_not_ones_own(tmp_path: Path) -> None:
    wave = [float(i % 7) for i in range(60)]
    frame = table(newsletter=wave, yt_impr=wave, competitor_tv_spend=wave, competitor_sales=wave)
    data = proposed(saved(tmp_path, frame), tmp_path)["data"]
    assert data["channels"] == {
        "tv": "tv",
        "newsletter": {"role": "organic", "media": "newsletter"},
        "yt": {"role": "organic", "media": "yt_impr", "media_unit": "impressions"},
        "competitor_tv": {"role": "competitor", "media": "competitor_tv_spend"},
    }
    assert data["controls"] == ["competitor_sales"]
    assert len(load(settings_from({"name": "a", "data": data}).data, tmp_path).channels) == 4


def test_calendar_leaks_rates_and_constants_are_left_out_with_their_reason(tmp_path: Path) -> None:
    steps = [float(i % 9) for i in range(60)]
    frame = table(wk_in_yr_nbr=steps, tv_contribution=steps, ctr=steps, stores=12, price=steps, copy=steps)
    frame["copy"] = 2 * frame["revenue"]
    found = start([str(saved(tmp_path, frame))], tmp_path, "a", {})
    assert found.document["data"]["controls"] == ["price"]
    assert set(found.unused) == {"wk_in_yr_nbr", "tv_contribution", "ctr", "stores", "copy"}
    assert "part or a copy" in found.unused["copy"]


def test_text_becomes_a_category_against_its_commonest_level_and_many_alike_become_a_wildcard(tmp_path: Path) -> None:
    promo = ["none"] * 50 + ["sale"] * 6 + ["fair"] * 4
    days = {f"hldy_{name}": [float(i % k == 0) for i in range(60)] for k, name in enumerate(["A", "B", "C", "D"], 5)}
    data = proposed(saved(tmp_path, table(promo=promo, **days)), tmp_path)["data"]
    assert data["controls"] == {
        "hldy_*": "hldy_*",
        "promo": {"column": "promo", "categorical": True, "reference": "none"},
    }
    dataset = load(settings_from({"name": "a", "data": data}).data, tmp_path)
    assert dataset.controls == ("hldy_A", "hldy_B", "hldy_C", "hldy_D", "promo: fair", "promo: sale")


def test_a_wildcard_takes_what_nothing_else_uses_and_fails_where_nothing_matches(tmp_path: Path) -> None:
    path = saved(tmp_path, table(x_a=range(60), x_b=[i % 3 for i in range(60)]))
    given: dict[str, Any] = {"date": "week", "target": {"column": "revenue"}, "currency": "EUR", "channels": ["x_b"]}
    settings = {"name": "a", "data": {"source": path.name, **given, "controls": ["x_*"]}}
    assert load(settings_from(settings).data, tmp_path).controls == ("x_a",)
    settings["data"]["controls"] = ["y_*"]  # type: ignore[index]
    with pytest.raises(DataError, match=r"No column that is not used otherwise matches 'y_\*'"):
        load(settings_from(settings).data, tmp_path)


def test_long_tables_with_absent_rows(tmp_path: Path) -> None:
    rows = [
        {"week": week, "revenue": 100 + i, "channel": name, "spend": 1.0 + i % 5}
        for i, week in enumerate(WEEKS)
        for name in ("tv", "search")
        if not (name == "tv" and i == 7)
    ]
    found = start([str(saved(tmp_path, pd.DataFrame(rows)))], tmp_path, "a", {})
    data = found.document["data"]
    assert data["layout"] == "long"
    assert data["channels"] == {"search": "search", "tv": "tv"}
    assert data["long"]["absent_rows"] == "zero"
    assert any("spent nothing" in note for note in found.notes)
    dataset = load(settings_from({"name": "a", "data": data}).data, tmp_path)
    assert float(dataset.data["spend"].sel(channel="tv").sum()) == sum(1.0 + i % 5 for i in range(60) if i != 7)


def test_what_is_asked_and_what_answers_do(tmp_path: Path) -> None:
    path = saved(tmp_path, table().rename(columns={"revenue": "orders"}))
    found = start([str(path)], tmp_path, "a", {})
    assert [q.key for q in found.questions] == ["kind", "value_per_unit", "currency"]
    found = start([str(path)], tmp_path, "a", {"value_per_unit": "40", "currency": "CHF", "margin": "30%"})
    assert found.document["data"]["target"] == {"column": "orders", "kind": "kpi", "value_per_unit": 40.0}
    assert found.document["plan"] == {"margin": 0.3}
    for answers, message in (
        ({"kind": "revenues"}, "'revenues' is none of the answers. Did you mean 'revenue'"),
        ({"margin": "40", "kind": "revenue"}, "no share above 0 and at most 1"),
        ({"outcome": "order"}, "Did you mean 'orders'"),
    ):
        with pytest.raises(SettingsError, match=message):
            start([str(path)], tmp_path, "a", answers)


def test_files_that_hold_no_analysis_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column is called like an outcome"):
        start([str(saved(tmp_path, table().drop(columns="revenue")))], tmp_path, "a", {})
    with pytest.raises(DataError, match="no column is called like spend"):
        start([str(saved(tmp_path, table().drop(columns="tv")))], tmp_path, "a", {})


@pytest.mark.parametrize("suffix", ["xlsx", "parquet"])
def test_workbooks_and_parquet_are_read_as_their_csv(tmp_path: Path, suffix: str) -> None:
    frame = table().assign(week=pd.to_datetime(WEEKS))
    path = tmp_path / f"shop.{suffix}"
    frame.to_excel(path, index=False, startrow=2) if suffix == "xlsx" else frame.to_parquet(path)
    data = proposed(path, tmp_path)["data"]
    dataset = load(settings_from({"name": "a", "data": data}).data, tmp_path)
    assert (
        dataset.fingerprint
        == load(settings_from(proposed(saved(tmp_path, table()), tmp_path)).data, tmp_path).fingerprint
    )


def test_a_query_over_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path, table())
    monkeypatch.chdir(tmp_path)
    data = proposed("select week, revenue, tv from 'shop.csv'", Path())["data"]
    assert data["source"] == {"query": "select week, revenue, tv from 'shop.csv'"}


def test_names_from_the_data_cannot_leave_their_place(tmp_path: Path) -> None:
    odd = 'a": {b}\n#c'
    frame = table(**{odd: [i % 4 for i in range(60)], "x\ny": 1})
    assert proposed(saved(tmp_path, frame), tmp_path)["data"]["controls"] == [odd.strip()]


# Data that this project did not make

PUBLIC = {
    "public_benchmark/small_business.csv": 4,
    "public_benchmark/growing_business.csv": 6,
    "public_benchmark/medium_business.csv": 8,
    "reach_frequency/geo_media_rf.csv": 4,
    "retail_national/dt_simulated_weekly.csv": 6,
    "wide_national/data.csv": 13,
    "confounded/mmm_roas_data.csv": 2,
    "time_varying/media_tvp_data.csv": 2,
    "worlds/clean.csv": 4,
    "worlds/reach_frequency.csv": 4,
}


@pytest.mark.parametrize("name", PUBLIC)
def test_public_data_need_no_hand(shared_data: Path, name: str, tmp_path: Path) -> None:
    document = proposed(shared_data / name, shared_data)
    assert len(load(settings_from(document).data, shared_data).channels) == PUBLIC[name]


def test_the_dialogue_in_a_terminal(tmp_path: Path) -> None:
    """Typed as a person does: a wrong answer is asked again, an empty one takes the guess, and the answers are kept."""
    import pty
    import select

    weeks = pd.date_range("2022-01-03", periods=80, freq="7D").strftime("%Y-%m-%d")
    rows = [f"{week},{9000 + 211 * (i % 13)},{100 + 37 * (i * i % 11)}" for i, week in enumerate(weeks)]
    (tmp_path / "shop.csv").write_text("\n".join(["week,revenue,tv_spend", *rows, ""]), encoding="utf-8")
    terminal, inner = pty.openpty()
    run = "import sys; from mmm.cli import main; sys.argv = ['mmm', 'init', 'shop.csv']; main()"
    command = [sys.executable, "-c", run]
    child = subprocess.Popen(command, cwd=tmp_path, stdin=inner, stdout=inner, stderr=inner, start_new_session=True)
    os.close(inner)
    answers, seen = ["turnover", "profit"], ""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 1.0)[0]:
            try:
                part = os.read(terminal, 4096).decode("utf-8", "replace")
            except OSError:  # Linux says so where the other end is closed.
                break
            seen += part
            if not part:
                break
        elif seen.endswith(": "):
            os.write(terminal, (answers.pop(0) if answers else "").encode() + b"\r")
    os.close(terminal)
    assert child.wait(timeout=30) == 0, seen
    assert "'turnover' is none of the answers" in seen
    settings = load_settings(tmp_path / "shop.yaml")
    assert settings.data.target.kind == "profit"
    assert settings.data.currency == "USD"


@pytest.mark.parametrize(("days", "every"), [("MS", "month"), ("28D", "4 weeks")])
def test_rows_of_months_or_four_weeks_are_stated(tmp_path: Path, days: str, every: str) -> None:
    starts = pd.date_range("2021-01-01", periods=60, freq=days)
    frame = table().assign(week=starts.strftime("%Y-%m-%d"))
    assert proposed(saved(tmp_path, frame), tmp_path)["data"]["target"]["every"] == every
    assert "every" not in proposed(saved(tmp_path, table()), tmp_path)["data"]["target"]


def test_months_without_a_day_load(tmp_path: Path) -> None:
    starts = pd.date_range("2021-01-01", periods=60, freq="MS")
    frame = table().assign(week=starts.strftime("%Y-%m")).rename(columns={"week": "month"})
    settings = settings_from(proposed(saved(tmp_path, frame), tmp_path))
    dataset = load(settings.data, tmp_path)
    assert (len(dataset.rows().places), dataset.rows_per_year) == (60, 12)
