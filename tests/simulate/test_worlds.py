"""Random worlds, the library of broken worlds, and writing them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmm.errors import DataError, SettingsError
from mmm.simulate import (
    MediaUnit,
    WorldPriors,
    data_settings,
    demo_world,
    library,
    library_names,
    library_world,
    random_world,
    simulate,
    write_world,
)


def test_random_worlds_follow_the_stated_distributions() -> None:
    rng = np.random.default_rng(11)
    worlds = [random_world(rng, geos=2, channels=5) for _ in range(120)]
    channels = [channel for world in worlds for channel in world.channels]
    log_roas = np.log([channel.roas for channel in channels if channel.roas is not None])
    alphas = np.array([channel.adstock.alpha for channel in channels])
    log_half = np.log([channel.saturation.k for channel in channels])
    assert log_roas.mean() == pytest.approx(0.0, abs=0.15)
    assert log_roas.std() == pytest.approx(0.978, abs=0.12)
    assert alphas.mean() == pytest.approx(2.0 / 4.5, abs=0.035)
    assert log_half.mean() == pytest.approx(0.091, abs=0.13)
    assert np.mean([channel.geo_sd for channel in channels]) == pytest.approx(0.3 * np.sqrt(2 / np.pi), abs=0.03)


def test_random_worlds_repeat_and_take_other_priors() -> None:
    assert random_world(np.random.default_rng(1)) == random_world(np.random.default_rng(1))
    priors = WorldPriors(roas=(2.0, 0.0), slope=(0.5, 0.0), unit_share=1.0, controls=0)
    world = random_world(np.random.default_rng(1), priors, channels=12, weeks=80)
    assert len(world.channels) == 12
    assert world.controls == ()
    for channel in world.channels:
        assert channel.roas == pytest.approx(np.exp(2.0))
        assert channel.saturation.slope == pytest.approx(np.exp(0.5))
        assert isinstance(channel.unit, MediaUnit)


@pytest.mark.parametrize("geos", [1, 3])
def test_every_world_of_the_library_gives_usable_data(geos: int) -> None:
    for world in library(geos=geos):
        simulated = simulate(world)
        frame, truth = simulated.frame, simulated.truth
        assert len(frame) == world.weeks * geos, world.name
        assert np.isfinite(frame.select_dtypes("number").to_numpy()).all(), world.name
        assert truth.baseline.min() > 0, world.name
        assert np.isfinite(truth.roas).all(), world.name
        assert world.note, world.name


def test_library_worlds_are_seeded_and_named() -> None:
    names = library_names()
    assert len(set(names)) == len(names) >= 18
    assert library() == library()
    assert library_world("synergy") != library_world("synergy", replicate=1)
    assert len({world.seed for world in library() + library(geos=2)}) == 2 * len(names)
    with pytest.raises(SettingsError, match="holds well_specified"):
        library_world("nonsense")
    with pytest.raises(SettingsError, match="geos is 9"):
        library_world("synergy", geos=9)


def test_each_world_breaks_what_it_says() -> None:
    truth = {name: simulate(library_world(name)).truth for name in library_names()}

    def spend(name: str, channel: str) -> np.ndarray:
        found: np.ndarray = truth[name].spend[:, 0, truth[name].channels.index(channel)]
        return found

    together = [np.corrcoef(spend("collinear_flighting", "tv"), spend("collinear_flighting", c))[0, 1] for c in
                ("search", "social", "display", "radio")]  # fmt: skip
    assert min(together) > 0.9
    unexplained = truth["hidden_demand"].baseline[:, 0] - truth["hidden_demand"].control_effects[:, 0].sum(axis=1)
    assert np.corrcoef(unexplained, spend("hidden_demand", "search"))[0, 1] > 0.5
    assert (spend("sparse_channels", "radio") > 0).mean() < 0.2
    display = truth["noise_channel"].channels.index("display")
    assert truth["noise_channel"].roas[display] == 0.0
    assert truth["negative_channel"].roas[display] == pytest.approx(-1.0)
    assert truth["synergy"].contributions.sum() > (truth["synergy"].expected - truth["synergy"].baseline).sum() * 1.05
    assert len(truth["few_weeks"].dates) == 60


def test_written_files_hold_the_data_and_the_truth(tmp_path: Path) -> None:
    simulated = simulate(demo_world())
    paths = write_world(simulated, tmp_path / "world")
    assert sorted(p.name for p in (tmp_path / "world").iterdir()) == [
        "data.csv", "truth.json", "truth_contributions.csv",
    ]  # fmt: skip
    read = pd.read_csv(paths["data"], parse_dates=["date"])
    pd.testing.assert_frame_equal(read, simulated.frame, check_dtype=False)
    truth = json.loads(paths["truth"].read_text())
    assert truth["channels"]["search"]["roas"] == pytest.approx(3.2)
    assert truth["world"]["name"] == "demo_retailer"
    parts = pd.read_csv(paths["contributions"])
    total = parts.drop(columns=["date", "geo"]).to_numpy().sum()
    assert total == pytest.approx(simulated.truth.expected.sum())


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(DataError, match="can be written"):
        write_world(simulate(library_world("few_weeks")), tmp_path / "taken")


def test_settings_name_every_column() -> None:
    simulated = simulate(demo_world())
    settings = data_settings(simulated)
    assert settings["channels"]["tv"] == {
        "spend": "tv_spend", "media": "tv_impressions", "media_unit": "impressions",
    }  # fmt: skip
    columns = {v for c in settings["channels"].values() for k, v in c.items() if k != "media_unit"}
    columns |= {settings["date"], settings["geo"], settings["population"], settings["target"]["column"]}
    assert columns | set(settings["controls"]) == set(simulated.frame.columns)
