"""Lift tests from settings and tables: read as meant, or refused with every reason."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmm.calibration import read_evidence
from mmm.calibration.settings import ExperimentsSettings
from mmm.data.dataset import Dataset
from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.errors import DataError, SettingsError
from mmm.model.evidence import Evidence
from mmm.settings import settings_from
from mmm.simulate import data_settings, demo_world, experiments_frame, simulate, with_hold_outs

DEMO = simulate(demo_world())
DATA = from_frame(DEMO.frame, DataSettings.model_validate(data_settings(DEMO)))
LOOKBACK = 13

TEST: dict[str, Any] = {
    "name": "search off", "channel": "search", "geos": ["north", "west"], "start": "2023-03-06", "end": "2023-04-02",
    "kind": "hold_out", "outcome": 300_000.0, "error": 60_000.0,
}  # fmt: skip


def read(*tests: dict[str, Any], data: Dataset = DATA, base: Path = Path(), **settings: Any) -> Evidence:
    section = ExperimentsSettings.model_validate({"tests": tests, **settings})
    return read_evidence(section, data, base, LOOKBACK)


def refused(*tests: dict[str, Any], **settings: Any) -> str:
    with pytest.raises(DataError) as caught:
        read(*tests, **settings)
    return str(caught.value)


def spend_of(test: dict[str, Any]) -> float:
    cells = DATA.data["spend"].sel(date=slice(test["start"], test["end"]), geo=test["geos"], channel=test["channel"])
    return float(cells.sum())


def test_a_test_is_read_as_it_stands() -> None:
    (found,) = read(TEST).experiments
    assert (found.start, found.end, found.geos) == ("2023-03-06", "2023-03-27", ("north", "west"))
    assert (found.measured, found.error, found.measures, found.counted) == (300_000.0, 60_000.0, "outcome", None)


def test_the_end_is_the_last_day_or_the_last_weeks_first() -> None:
    assert read({**TEST, "end": "2023-03-27"}) == read(TEST)
    (found,) = read({**TEST, "counted_until": "2023-04-16"}).experiments
    assert found.counted == 2


def test_a_return_is_turned_into_the_value_that_the_money_at_stake_won() -> None:
    rest = {k: v for k, v in TEST.items() if k != "outcome"}
    (found,) = read({**rest, "roas": 2.5, "error": 0.5}).experiments
    assert found.measures == "value"
    assert found.measured == pytest.approx(2.5 * spend_of(TEST))
    assert found.error == pytest.approx(0.5 * spend_of(TEST))
    (found,) = read({**rest, "roas": 2.0, "error": 0.5, "kind": "go_dark", "spend": 50_000.0}).experiments
    assert found.measured == pytest.approx(100_000.0)


def test_age_widens_the_error_and_students_errors_have_four_degrees() -> None:
    found = read(TEST, widen_per_year=0.5, errors="student_t")
    years = (DATA.dates[-1] - pd.Timestamp("2023-03-27")).days / 365.25
    assert found.experiments[0].error == pytest.approx(60_000.0 * (1 + 0.5 * years))
    assert found.df == 4.0


def test_a_test_before_the_data_is_taken_at_its_own_spend() -> None:
    old = {**TEST, "start": "2020-03-02", "end": "2020-03-29", "spend": 80_000.0}
    assert read(old).experiments[0].spend == 80_000.0
    assert "the money at stake" in refused({k: v for k, v in old.items() if k != "spend"})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channel": "serch"}, "'serch' is no channel of the data. Did you mean 'search'?"),
        ({"geos": ["north", "wst"]}, "Did you mean 'west'?"),
        ({"start": "2023-03-07"}, "start 2023-03-07 is inside a week of the data (2023-03-06 to 2023-03-12)"),
        ({"end": "2023-03-30"}, "end 2023-03-30 is inside a week"),
        ({"counted_until": "2023-04-05"}, "counted_until 2023-04-05 is inside a week"),
        ({"end": "2026-01-04"}, "partly outside the data"),
        ({"spend": 1_000.0}, "spend is 1,000, but the data have"),
        ({"kind": "heavy_up", "spend": 1e7}, "was added, but the data have"),
        ({"kind": "go_dark", "spend": 1e7}, "Is it in EUR"),
        ({"outcome": 3e8}, "more than all outcome"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], words: str) -> None:
    assert words in refused({**TEST, **changes})


def test_names_given_twice_and_cells_tested_twice_are_refused() -> None:
    other = {**TEST, "start": "2023-03-27", "end": "2023-04-16", "geos": ["west"]}
    told = refused(TEST, other)
    assert "2 experiments are named 'search off'" in told
    assert "both test search in west between 2023-03-27 and 2023-03-27" in told
    assert len(read(TEST, {**other, "name": "later", "geos": ["east"]}).experiments) == 2


def test_all_problems_are_told_at_once() -> None:
    told = refused(
        {**TEST, "channel": "x"}, {**TEST, "name": "b", "geos": ["y"]}, {**TEST, "name": "c", "outcome": 1e9}
    )
    assert "3 problems" in told
    assert all(f"experiments.tests.{i}" in told for i in range(3))


def test_a_return_needs_a_value_per_unit() -> None:
    unknown = dataclasses.replace(DATA, data=DATA.data.assign(value_per_unit=np.nan * DATA.data["value_per_unit"]))
    rest = {k: v for k, v in TEST.items() if k != "outcome"}
    assert "no value per unit" in refused({**rest, "roas": 1.0, "error": 0.1}, data=unknown)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"error": 0}, "experiments.tests.0.error: must be greater than 0"),
        ({"kind": "dark"}, "experiments.tests.0.kind"),
        ({"roas": 1.0}, "give outcome or roas; both given"),
        ({"kind": "go_dark"}, "needs spend: the money that was withheld"),
        ({"end": "2023-01-01"}, "comes before start"),
        ({"counted_until": "2023-03-12"}, "comes before end"),
        ({"geos": ["west", "west"]}, "lists each geo once"),
        ({"channel": "serch"}, "experiments.tests.0.channel: 'serch' is not a channel of this analysis"),
    ],
)
def test_settings_refuse_what_needs_no_data_to_see(changes: dict[str, Any], words: str) -> None:
    document = {"name": "trial", "data": data_settings(DEMO), "experiments": [{**TEST, **changes}]}
    with pytest.raises(SettingsError) as caught:
        settings_from(document)
    assert words in str(caught.value)


def test_a_table_gives_the_same_tests(tmp_path: Path) -> None:
    (tmp_path / "tests.csv").write_text(
        "name,channel,geos,start,end,kind,spend,outcome,error\n"
        "search off,search,north; west,2023-03-06,2023-04-02,hold_out,,300000,60000\n",
        encoding="utf-8",
    )
    assert read(source="tests.csv", base=tmp_path) == read(TEST)


def test_a_tables_mistakes_name_their_lines(tmp_path: Path) -> None:
    (tmp_path / "tests.csv").write_text(
        "name,channel,start,end,kind,outcome,error,chanel\n"
        "a,search,2023-03-06,2023-04-02,hold_out,300000,-1,x\n"
        "b,tv,2023-03-06,soon,hold_out,many,2,x\n"
        "c,tv,2023-03-06,2023-04-02,hold_out,,2,x\n",
        encoding="utf-8",
    )
    told = refused(source="tests.csv", base=tmp_path)
    assert "column 'chanel' is unknown. Did you mean 'channel'?" in told
    assert "tests.csv, line 2: error:" in told
    assert "tests.csv, line 3: end:" in told
    assert "tests.csv, line 3: outcome:" in told
    assert "tests.csv, line 4: a test has a result" in told
    assert "experiments.source" in refused(source="none.csv", base=tmp_path)


def test_simulated_tests_are_read_and_near_the_truth() -> None:
    world = simulate(with_hold_outs(DEMO, ("search", "display"), error=0.05))
    assert world.frame.equals(DEMO.frame)
    found = read(*[{k: v for k, v in row.items() if v != ""} for row in experiments_frame(world).to_dict("records")])
    roas = dict(zip(DEMO.truth.channels, DEMO.truth.roas, strict=True))
    for experiment in found.experiments:
        spend = DATA.data["spend"].sel(date=slice(experiment.start, experiment.end), channel=experiment.channel).sum()
        # A six-week burst saturates: its return is that of the whole panel, or up to a third less.
        assert 0.6 < experiment.measured / float(spend) / roas[experiment.channel] < 1.15


def peers_table(folder: Path, row: str, head: str = "channel,x,delta_x,delta_y,sigma,start,end") -> Path:
    (folder / "tests.csv").write_text(f"{head}\n{row}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("row", "kind", "spend", "measured"),
    [
        ("search,50000,-20000,-30000,6000,2023-03-06,2023-04-02", "go_dark", 80_000.0, 120_000.0),
        ("search,50000,20000,30000,6000,2023-03-06,2023-03-27", "heavy_up", 80_000.0, 120_000.0),
    ],
)
def test_rows_of_a_peer_are_amounts_a_period(
    tmp_path: Path, row: str, kind: str, spend: float, measured: float
) -> None:
    """Four weeks, whether the end is a week's last day or its first; what less money lost is what the money won."""
    (found,) = read(source="tests.csv", base=peers_table(tmp_path, row)).experiments
    assert (found.kind, found.spend, found.measured, found.error) == (kind, spend, measured, 24_000.0)
    assert (found.start, found.end, found.channel) == ("2023-03-06", "2023-03-27", "search")


def test_rows_of_a_peer_without_dates_or_change_are_refused(tmp_path: Path) -> None:
    base = peers_table(tmp_path, "search,5,1,2,1", "channel,x,delta_x,delta_y,sigma")
    assert "add the columns start and end" in refused(source="tests.csv", base=base)
    base = peers_table(tmp_path, "search,5,0,2,1,2023-03-06,2023-04-02")
    assert "delta_x must be a number other than 0" in refused(source="tests.csv", base=base)
