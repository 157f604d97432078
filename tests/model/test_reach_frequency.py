"""Channels known by reach and frequency: how they are read, what the engine makes of them, and how often is best."""

import engine_cases as cases
import numpy as np
import pandas as pd
import pytest
from role_cases import OWN, fit_of

from mmm.analysis import analyse
from mmm.data.load import from_frame
from mmm.data.role import ROLES
from mmm.data.settings import DataSettings
from mmm.data.written import data_document, data_frame
from mmm.errors import DataError, SettingsError
from mmm.model.evidence import contrasts, effects
from mmm.model.exposure import usual_frequency
from mmm.model.frequencies import at_frequency, frequencies
from mmm.model.response import contributions, totals
from mmm.model.settings import ChannelModelSettings, ModelSettings, SaturationSettings
from mmm.model.spec import make_spec
from mmm.planning.prepare import prepare
from mmm.planning.settings import PlanSettings

ROLE = ROLES["reach_frequency"]


def frame(often: list[float] | None = None) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    weeks = 20
    return pd.DataFrame(
        {
            "week": pd.date_range("2023-01-02", periods=weeks, freq="7D"),
            "sales": 1000 + 50 * rng.standard_normal(weeks),
            "tv": rng.gamma(2.0, 50.0, weeks),
            "video": 100 + rng.gamma(2.0, 50.0, weeks),
            "persons": 5000 + rng.gamma(2.0, 500.0, weeks),
            "often": [2.0] * weeks if often is None else often,
        }
    )


SETTINGS = {
    "source": "x.csv",
    "date": "week",
    "target": {"column": "sales"},
    "currency": "EUR",
    "channels": {
        "tv": "tv",
        "video": {"role": "reach_frequency", "spend": "video", "media": "persons", "frequency": "often"},
    },
}


def test_reach_and_frequency_are_read_and_written_back() -> None:
    data = from_frame(frame([1.0 + i / 10 for i in range(20)]), DataSettings.model_validate(SETTINGS))
    assert data.exposures is not None
    np.testing.assert_allclose(data.exposures[:, 0, 1], [1.0 + i / 10 for i in range(20)])
    assert np.isnan(data.exposures[:, 0, 0]).all()
    again = from_frame(data_frame(data), DataSettings.model_validate(data_document(data, "x.csv")))
    assert again.fingerprint == data.fingerprint
    other = from_frame(frame(), DataSettings.model_validate(SETTINGS))
    assert other.fingerprint != data.fingerprint


def test_a_frequency_below_one_is_no_frequency() -> None:
    with pytest.raises(DataError, match="at least 1 where anybody was reached; 1 rows"):
        from_frame(frame([0.5, 0.98, *[2.0] * 18]), DataSettings.model_validate(SETTINGS))
    with pytest.raises(ValueError, match="takes no frequency"):
        DataSettings.model_validate(SETTINGS | {"channels": {"tv": {"spend": "tv", "frequency": "often"}}})


def test_curves_of_frequency_and_of_media_are_not_mixed_up() -> None:
    data = fit_of(ROLE).dataset
    for name, family in ((OWN, "logistic"), ("c0", "frequency")):
        own = ChannelModelSettings(saturation=SaturationSettings(family=family))
        with pytest.raises(SettingsError, match="frequency"):
            make_spec(data, ModelSettings(mixture=None, channels={name: own}))


def test_the_usual_frequency_is_weighted_by_reach() -> None:
    data = fit_of(ROLE).dataset
    at = data.channels.index(OWN)
    reach, often = data.data["media"].values[-13:, :, at], data.exposures[-13:, :, at]
    np.testing.assert_allclose(usual_frequency(data, OWN), (reach * often).sum(axis=0) / reach.sum(axis=0))
    assert usual_frequency(data, "c0") is None


def test_contributions_are_carried_reach_times_the_curve() -> None:
    """By hand, for one draw: sum over lags of weight times reach times f(frequency)."""
    fit = fit_of(ROLE)
    draws, at = fit.draws().response().subset(slice(0, 3)), fit.dataset.channels.index(OWN)
    media = fit.dataset.data["media"].values
    found = contributions(draws, media, fit.dataset.exposures)
    posterior = fit.main.posterior
    for n in range(3):
        alpha = float(posterior["adstock_alpha"].values[0, n, at])
        half = float(posterior["half_frequency"].values[0, n, 0])
        place = list(posterior["hill_slope"].coords["hill_slope_channel"].values).index(OWN)
        slope = float(posterior["hill_slope"].values[0, n, place])
        weights = alpha ** np.arange(draws.lookback + 1)
        weights /= weights.sum()
        often = fit.dataset.exposures[:, 0, at]
        x = media[:, 0, at] / fit.spec.media_scale[0][at] * often**slope / (half**slope + often**slope)
        carried = np.convolve(x, weights)[: len(x)] * np.exp(posterior["log_beta"].values[0, n, 0, at])
        np.testing.assert_allclose(found[n, :, 0, at], carried, rtol=1e-8)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, media.shape[:2])
    summed = totals(draws, media, weights, fit.dataset.exposures)
    np.testing.assert_allclose(summed, np.einsum("ntgc,tg->ngc", found, weights), rtol=1e-9)


def test_the_best_frequency_is_where_the_effect_of_a_contact_is_largest() -> None:
    """Of a Hill curve it is half (slope - 1)^(1 / slope), and 1 where that is less."""
    fit = fit_of(ROLE)
    draws, place = fit.draws().response(), fit.dataset.channels.index(OWN)
    (found,) = frequencies(draws, fit.dataset.data["media"].values.mean(axis=0))
    half, slope = draws.reach.par[:, 0, 0], draws.reach.par[:, 0, 1]
    exact = np.maximum(1.0, half * np.maximum(slope - 1.0, 0.0) ** (1.0 / slope))
    inside = exact < found.frequency[-1]
    np.testing.assert_allclose(found.best_draws[inside], exact[inside], atol=0.03)
    usual = draws.reach.usual[:, 0]
    np.testing.assert_allclose(
        at_frequency(draws, OWN, 3.0).log_beta[:, 0, place] - draws.log_beta[:, 0, place],
        np.log(draws.reach.at(0, np.array([3.0]))[:, 0] / 3.0 * usual[0] / draws.reach.at(0, usual)[:, 0]),
        rtol=1e-9,
    )
    table = analyse(fit).frequency.loc[OWN]
    assert table["best_lower"] <= table["best"] <= table["best_upper"]
    assert table["gain"] >= 0.0


def test_plans_are_made_at_the_frequency_that_is_asked_for() -> None:
    fit = fit_of(ROLE)
    usual = prepare(fit, PlanSettings(draws=120)).problem
    place = usual.channels.index(OWN)
    won = {}
    for wanted in ("optimal", 2.0):
        other = prepare(fit, PlanSettings(draws=120, frequency={OWN: wanted})).problem
        won[wanted] = other.effect_draws(other.reference)[:, place].mean()
        rest = [c for c in range(len(usual.channels)) if c != place]
        np.testing.assert_allclose(
            other.effect_draws(other.reference)[:, rest], usual.effect_draws(usual.reference)[:, rest]
        )
    assert won["optimal"] >= max(won[2.0], usual.effect_draws(usual.reference)[:, place].mean()) * (1 - 1e-6)
    with pytest.raises(SettingsError, match="no channel with reach and frequency"):
        prepare(fit, PlanSettings(draws=120, frequency={"c0": 2.0}))


def test_an_experiment_is_told_at_the_frequency_of_its_time() -> None:
    """The engine against the graph is in the tests of roles; here the analysis tells the same effect."""
    fit = fit_of(ROLE)
    tests = cases.evidence("geo")
    own = tests.without([e.name for e in tests.experiments if e.channel != OWN])
    (contrast,) = contrasts(own, fit.dataset, fit.spec.lookback)
    assert contrast.exposures is not None
    draws = fit.draws().response().subset(slice(0, 4))
    panel = np.zeros((len(contrast.high), len(draws.geos), len(draws.channels)))
    often = np.ones_like(panel)
    often[:, contrast.geos, contrast.channel] = contrast.exposures
    panel[:, contrast.geos, contrast.channel] = contrast.high - contrast.low
    weights = np.zeros(panel.shape[:2])
    weights[:, contrast.geos] = contrast.weights
    expected = totals(draws, panel, weights, often)[:, :, contrast.channel].sum(axis=1)
    np.testing.assert_allclose(effects(own, fit.dataset, draws)[:, 0], expected, rtol=1e-8)
