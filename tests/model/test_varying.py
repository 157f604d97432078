"""Effects that vary in time: engine against plain graph, exact priors, contributions, forecasts, plans and quarters."""

from dataclasses import replace

import engine_cases as cases
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from plain_model import density_and_gradient
from scipy import stats

from mmm.analysis import analyse, better
from mmm.analysis.effects import effect, log_effects, marginal_effect, observed
from mmm.analysis.prior import prior_fit
from mmm.analysis.quarters import quarters
from mmm.data.dataset import Dataset
from mmm.errors import FitError, SettingsError
from mmm.inference.engine import log_posterior
from mmm.inference.engine.prior_draws import unconstrained_draws
from mmm.inference.fit import Fit
from mmm.model import response
from mmm.model.build import build
from mmm.model.draws import baseline_draws, expected_by_period, response_draws, stacked
from mmm.model.evidence import contrasts, effects
from mmm.model.mixture import make_mixture
from mmm.model.settings import ChannelModelSettings, ModelSettings
from mmm.model.spec import ModelSpec, make_spec
from mmm.model.varying import VariesSettings, VaryingSettings
from mmm.planning.prepare import prepare
from mmm.planning.settings import PlanSettings

EACH = VaryingSettings(spacing="8 weeks")
SHARED = VaryingSettings(spacing="8 weeks", paths="shared")


def spec_of(data: Dataset, varying: VaryingSettings | None = EACH, **varies: bool | VariesSettings) -> ModelSpec:
    own = {name: ChannelModelSettings(varies=stated) for name, stated in varies.items()}
    return make_spec(data, ModelSettings(mixture=None, lookback="5 weeks", varying=varying, channels=own))


@pytest.fixture(scope="module")
def believed() -> Fit:
    """Draws of the prior, which are draws like any other."""
    data = cases.dataset("national_history")
    settings = cases.settings(mixture=None, varying=EACH)
    settings.channels["c2"] = settings.channels["c2"].model_copy(update={"varies": False})
    return prior_fit(data, make_mixture(data, settings), draws=200, seed=1)


def test_what_is_not_asked_for_changes_nothing() -> None:
    data = cases.dataset("national")
    spec = spec_of(data, None)
    assert spec.varying is None
    assert "varying" not in spec.model_dump(mode="json")
    assert spec_of(data, None, c1=False).varying is None


def test_channels_vary_alone_or_together() -> None:
    data = cases.dataset("national")
    some = spec_of(data, None, c1=True, c3=VariesSettings(sd=0.2)).varying
    assert some is not None
    assert (some.channels, some.sd, some.labels) == (("c1", "c3"), (0.5, 0.2), ("c1", "c3"))
    assert [some.path_of(name) for name in ("c0", "c1", "c3")] == [-1, 0, 1]
    shared = spec_of(data, SHARED, c1=False).varying
    assert shared is not None
    assert (shared.labels, shared.sd, shared.path_of("c1"), shared.path_of("c4")) == (("shared",), (0.5,), -1, 0)
    with pytest.raises(SettingsError, match=r"model\.channels\.c3\.varies\.sd.*share one path"):
        spec_of(data, SHARED, c3=VariesSettings(sd=0.2))


def test_more_rows_leave_old_rows_and_the_walk_has_the_stated_spread() -> None:
    spec = spec_of(cases.dataset("national")).varying
    assert spec is not None
    last = pd.Timestamp(spec.last)
    dates = pd.date_range(end=last, periods=40, freq="7D")
    later = pd.date_range(dates[0], periods=140, freq="7D")
    longer = spec.design(later, spec.knots(later[-1]))
    known = len(spec.own_knots)
    assert np.array_equal(longer[:40, :known], spec.design(dates))
    assert not longer[:40, known:].any()
    assert not spec.design(dates)[-1].any()
    # A year on, the walk has moved by about the yearly standard deviation, less what its splines smooth away.
    ahead = spec.design(pd.DatetimeIndex([last + pd.Timedelta(days=365.25)]), spec.knots(later[-1]))
    assert 0.85 < np.sqrt((ahead**2).sum()) < 1.0


@pytest.mark.parametrize(
    ("shape", "varying", "varies"),
    [
        ("national_history", EACH, {}),
        ("geo_history", SHARED, {"c1": False}),
        ("geo", None, {"c1": VariesSettings(sd=0.2), "c3": True}),
    ],
)
def test_density_and_gradient_equal_the_plain_model(
    shape: str, varying: VaryingSettings | None, varies: dict[str, bool | VariesSettings]
) -> None:
    """With experiments, of which some lie outside of the window."""
    data, evidence = cases.dataset(shape), cases.evidence(shape)
    spec = spec_of(data, varying, **varies)
    p = log_posterior(spec, data, evidence, integrated=False)
    model = build(spec, data, evidence, fused=shape == "geo")
    plain = density_and_gradient(model, p)
    for x in 0.7 * np.random.default_rng(3).standard_normal((2, p.layout.dim)):
        expected, gradient = plain(x)
        value, grad = p.value_and_gradient(x)
        assert value == pytest.approx(expected, rel=1e-9)
        assert np.abs(grad - gradient).max() < 1e-9 * max(1.0, np.abs(gradient).max())


def test_gradient_equals_finite_differences() -> None:
    data = cases.dataset("geo_ragged")
    p = log_posterior(spec_of(data, EACH, c2=False), data, cases.evidence("geo_ragged"))
    x = 0.5 * np.random.default_rng(5).standard_normal(p.layout.dim)
    x[p.layout.of("varying_sd")] -= 1.0
    _, grad = p.value_and_gradient(x)
    step = 1e-5
    for i in [*range(*p.layout.of("varying_sd").indices(p.layout.dim)), p.layout["varying_raw"].start + 2, 0, 4]:
        ends = [p.value_and_gradient(x + sign * step * np.eye(len(x))[i])[0] for sign in (1, -1)]
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(grad[i], rel=1e-5, abs=1e-5)


def test_priors_of_returns_are_exact_with_the_multiplier_in_them(believed: Fit) -> None:
    samples = stacked(believed.main.posterior)
    draws = believed.response()
    error = np.abs(log_effects(believed, draws) - np.log(samples["roas"].values))
    # A delay far out leaves next to nothing to count; such a draw's digits are few, with or without a path.
    assert np.quantile(error, 0.99) < 1e-9
    assert error[:, :2].max() < 1e-9
    paths = draws.course(believed.dataset.dates)
    assert paths is not None
    assert not paths[:, :, 2].any()
    assert paths[:, 0, :2].std(axis=0).min() > 0.1
    assert not paths[:, believed.window.stop - 1].any()


def test_prior_draws_have_the_stated_scale() -> None:
    data = cases.dataset("national")
    p = log_posterior(spec_of(data, None, c1=VariesSettings(sd=0.2)), data)
    x = unconstrained_draws(p, 4000, 1)
    found = stats.kstest(np.exp(x[:, p.layout.of("varying_sd")][:, 0]), stats.halfnorm(scale=0.2).cdf)
    assert found.pvalue > 0.001


def test_contributions_add_up_and_totals_and_slopes_are_theirs(believed: Fit) -> None:
    spec, samples = believed.spec, stacked(believed.main.posterior, 40)
    draws, data = response_draws(spec, samples), believed.dataset
    window = believed.window
    media = data.data["media"].values
    by_date = response.contributions(draws, media, course=draws.course(data.dates))
    expected = expected_by_period(spec, samples, data, window, 1)
    constant = replace(draws, walks=None)
    plain = response.contributions(constant, media)
    assert by_date / np.exp(draws.course(data.dates))[:, :, None] == pytest.approx(plain)
    whole = sum(believed_baseline(believed, samples).values())
    assert np.abs(whole + by_date[:, window].sum(axis=3) - expected).max() < 1e-6 * np.abs(expected).max()
    panel = observed(believed)
    course, ones = panel.course(draws), panel.ones
    both = [response.contributions(draws, m, course=course).sum(axis=1) for m in (panel.media, panel.history)]
    assert effect(draws, panel, ones) == pytest.approx(both[0] - both[1], rel=1e-9)
    ends = [
        response.totals(draws, panel.history + f * (panel.media - panel.history), ones, course=course).sum(axis=1)
        for f in (1.0 + 1e-5, 1.0 - 1e-5)
    ]
    assert marginal_effect(draws, panel, ones) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4)


def believed_baseline(fit: Fit, samples: xr.Dataset) -> dict[str, np.ndarray]:
    dates, control = fit.dataset.dates[fit.window], fit.dataset.data["control"].values[fit.window]
    return baseline_draws(fit.spec, samples, dates, control, 1)


def test_tables_add_up_to_what_is_expected(believed: Fit) -> None:
    found = analyse(believed, 40)
    parts = found.decomposition.groupby("date")["mean"].sum()
    expected = believed.draws(40).expected(believed.dataset, believed.window, believed.seed).sum(axis=2).mean(axis=0)
    assert np.abs(parts.to_numpy() - expected).max() < 1e-6 * np.abs(expected).max()


def test_a_forecast_goes_on_from_the_last_state(believed: Fit) -> None:
    draws = believed.response()
    last = believed.dataset.dates[believed.window.stop - 1]
    ahead = pd.date_range(last, periods=60, freq="7D")
    paths = draws.course(ahead)
    assert paths is not None
    assert not paths[:, 0].any()
    spread = paths[:, :, 0].std(axis=0)
    assert spread[52] > 1.6 * spread[10] > 0.0
    assert np.abs(np.median(paths[:, 52, 0])) < 0.2 * spread[52]
    # Before the window, effects are as at its begin; what was asked together or apart is the same.
    early = draws.course(believed.dataset.dates)
    assert early is not None
    assert np.array_equal(early[:, 0], early[:, believed.window.start])
    assert np.array_equal(draws.subset(np.arange(5, 9)).course(ahead), paths[5:9])


def test_a_plan_takes_the_last_state_with_its_spread(believed: Fit) -> None:
    asked = PlanSettings(horizon="8 weeks", discrepancy=None)
    draws = prepare(believed, asked).problem.draws
    own = believed.response(asked.draws)
    dates = believed.dataset.frequency.following(believed.dataset.dates[-1], 8)
    paths = own.course(dates)
    assert paths is not None
    assert draws.walks is None
    expected = own.log_beta + np.log(np.exp(paths).mean(axis=1))[:, None]
    assert draws.log_beta == pytest.approx(expected)
    assert (draws.log_beta - own.log_beta).std(axis=0)[0, 2] == 0.0


def test_a_test_measures_the_effect_of_its_time(believed: Fit) -> None:
    evidence, data = cases.evidence("national_history"), believed.dataset
    draws = believed.response().thinned(5)
    found = effects(evidence, data, draws)
    held = contrasts(evidence, data, draws.lookback)[0]
    media = np.zeros((2, len(held.high), 1, 5))
    media[0, :, :, 0], media[1, :, :, 0] = held.high, held.low
    dates = data.dates[np.clip(held.first + np.arange(len(held.high)), 0, believed.window.stop - 1)]
    high, low = (response.contributions(draws, m, course=draws.course(dates))[:, :, 0, 0] for m in media)
    assert found[:, 0] == pytest.approx(((high - low) * held.weights[:, 0]).sum(axis=1))


def test_only_draws_of_the_same_paths_are_joined(believed: Fit) -> None:
    draws = believed.response()
    twice = response.joined([draws, draws])
    assert twice.walks is not None
    assert twice.walks.steps.shape[0] == 2 * draws.n
    with pytest.raises(FitError, match="vary in time"):
        response.joined([draws, replace(draws, walks=None)])
    assert draws.only(["c2"]).walks is None
    fewer = draws.only(["c3", "c2"]).course(believed.dataset.dates)
    assert fewer is not None
    assert np.array_equal(fewer[:, :, 0], draws.course(believed.dataset.dates)[:, :, 3])  # type: ignore[index]


def test_quarters_tell_what_their_money_returned(believed: Fit) -> None:
    table = analyse(believed, 40).quarters
    assert list(dict.fromkeys(table["channel"])) == ["c0", "c1", "c3", "c4"]
    for _, own in table.groupby("channel"):
        assert own["above_least"].isna().sum() == 1
        assert np.isnan(own["above_before"].iloc[0])
        assert own["above_least"].dropna().between(0, 1).all()
    rows = quarters(believed)["2022 Q2"]
    draws, data = believed.response(40), believed.dataset
    after = believed.spec.lookback
    media = data.data["media"].values.copy()
    media[rows.stop :] = 0.0
    without = media.copy()
    without[rows] = 0.0
    course = draws.course(data.dates)
    high, low = (response.contributions(draws, m, course=course)[:, : rows.stop + after] for m in (media, without))
    effect_of = (high - low).sum(axis=(1, 2))[:, 1] / data.data["spend"].values[rows].sum(axis=(0, 1))[1]
    line = table[(table["channel"] == "c1") & (table["quarter"] == "2022 Q2")].iloc[0]
    assert line["roas"] == pytest.approx(effect_of.mean(), rel=1e-9)


def test_two_campaigns_are_compared_with_a_probability(believed: Fit) -> None:
    first, second = ("2022-04-01", "2022-05-31"), ("2022-08-01", "2022-10-31")
    found = better(believed, "c1", first, second)
    assert found["better"].sum() == pytest.approx(1.0)
    assert found["span"].tolist() == ["2022-04-01 to 2022-05-31", "2022-08-01 to 2022-10-31"]
    assert better(believed, "c1", second, first)["better"].to_numpy() == pytest.approx(found["better"].to_numpy()[::-1])
    with pytest.raises(SettingsError, match="'c9' is no channel with a cost"):
        better(believed, "c9", first, second)
    with pytest.raises(SettingsError, match="No period of the data"):
        better(believed, "c1", first, ("2031-01-01", "2031-02-01"))
