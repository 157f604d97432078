"""Parts of channels: how alike they are before the data, engine against plain graph, levels, and plans by level."""

from dataclasses import replace

import engine_cases as cases
import numpy as np
import pytest
from plain_model import density_and_gradient
from scipy import stats

from mmm.analysis import analyse
from mmm.analysis.prior import prior_fit
from mmm.data.dataset import Dataset
from mmm.data.settings import DataSettings
from mmm.inference.engine import log_posterior
from mmm.inference.engine.prior_draws import unconstrained_draws
from mmm.model.build import build
from mmm.model.mixture import make_mixture
from mmm.model.nesting import couplings, covariance
from mmm.model.parts_settings import NestingSettings
from mmm.model.priors import LogNormalPrior
from mmm.model.settings import ChannelModelSettings, ModelSettings
from mmm.model.spec import ModelSpec, make_spec
from mmm.reporting.content.from_fit import labels_of
from mmm.settings import Settings
from mmm.settings.report import ReportSettings

WITHIN = (("social", "meta"), ("social", "meta"), ("social", "tiktok"), ("social",), ())


def nested(shape: str = "national") -> Dataset:
    return replace(cases.dataset(shape), within=WITHIN)


def spec_of(data: Dataset, **nesting: float) -> ModelSpec:
    settings = ModelSettings(mixture=None, lookback="5 weeks", nesting=NestingSettings(**nesting))
    return make_spec(data, settings)


def test_variances_stay_and_nearer_parts_are_more_alike() -> None:
    sd = np.array([0.98, 0.98, 0.98, 0.98, 0.5])
    found = covariance([*WITHIN[:4], ("tv",)], sd, np.log(2.0) / 1.6448536)
    assert np.sqrt(np.diag(found)) == pytest.approx(sd)
    correlation = found / np.outer(sd, sd)
    step = (np.log(2.0) / 1.6448536 / 0.98) ** 2
    assert correlation[0, 1] == pytest.approx(1 - step)
    assert correlation[0, 2] == pytest.approx(1 - 2 * step)
    assert correlation[0, 3] == pytest.approx(np.sqrt((1 - 2 * step) * (1 - step)))
    assert correlation[0, 4] == 0.0
    # 90% of what two parts of one group differ by lies within the factor that each differs from the group by.
    apart = np.sqrt(found[0, 0] + found[1, 1] - 2 * found[0, 1])
    assert apart == pytest.approx(np.sqrt(2) * np.log(2.0) / 1.6448536)
    assert np.linalg.eigvalsh(covariance(WITHIN[:4], sd[:4], 5.0)).min() > 0


def test_what_is_added_makes_the_joint_density() -> None:
    found = next(couplings(spec_of(nested())))
    at = found.mean + np.array([0.3, -0.8, 1.1, 0.2])
    away = at - found.mean
    alone = stats.norm(found.mean, found.sd).logpdf(at).sum()
    joint = stats.multivariate_normal(found.mean, found.covariance).logpdf(at)
    assert alone + found.constant - 0.5 * away @ found.excess @ away == pytest.approx(joint)


def test_prior_draws_are_as_stated_and_alike() -> None:
    data = nested()
    spec = spec_of(data, spread=1.5, carryover=1.2)
    p = log_posterior(spec, data)
    x = unconstrained_draws(p, 40_000, 1)
    logs = x[:, p.layout.of("roas")]
    prior = spec.channels[0].effect
    assert np.exp(np.quantile(logs[:, 0], [0.05, 0.95])) == pytest.approx((prior.lower, prior.upper), rel=0.05)
    wanted = next(c for c in couplings(spec) if c.variable == "roas").covariance
    assert np.cov(logs[:, :4].T) == pytest.approx(wanted, abs=0.03)
    assert abs(np.corrcoef(logs[:, 0], logs[:, 4])[0, 1]) < 0.03
    lives = x[:, p.layout.of("adstock_half_life")]
    assert np.corrcoef(lives[:, 0], lives[:, 1])[0, 1] > 0.9
    # The channel that stands alone keeps the family of every other.
    assert [c.adstock.family for c in spec.channels] == ["geometric_half_life"] * 4 + ["geometric"]


@pytest.mark.parametrize("shape", ["national", "geo"])
def test_density_and_gradient_equal_the_plain_model(shape: str) -> None:
    data = nested(shape)
    spec = spec_of(data)
    p = log_posterior(spec, data, integrated=False)
    model = build(spec, data, fused=False)
    plain = density_and_gradient(model, p)
    for x in 0.7 * np.random.default_rng(3).standard_normal((4, p.layout.dim)):
        expected, gradient = plain(x)
        value, grad = p.value_and_gradient(x)
        assert value == pytest.approx(expected, rel=1e-9)
        assert np.abs(grad - gradient).max() < 1e-9 * max(1.0, np.abs(gradient).max())


def test_what_is_known_of_one_part_tells_of_the_others() -> None:
    """The mode of a part without data of its own follows that of its group."""
    data = nested()
    strong = {"c0": ChannelModelSettings(roas=LogNormalPrior(lower=0.2, upper=5.0))}
    settings = ModelSettings(mixture=None, lookback="5 weeks", channels=strong, nesting=NestingSettings(spread=1.2))
    p = log_posterior(make_spec(data, settings), data)
    x = np.zeros((1, p.layout.dim))
    x[0, p.layout.of("roas")][0] = np.log(5.0)
    _, grad = p.value_and_gradient(x[0])
    alone = log_posterior(make_spec(cases.dataset("national"), settings), cases.dataset("national"))
    y = np.zeros(alone.layout.dim)
    y[0] = np.log(5.0)
    _, other = alone.value_and_gradient(y)
    assert grad[1] > other[1] + 1.0
    assert grad[4] == pytest.approx(other[4], abs=0.2)


def test_levels_are_sums_of_their_parts() -> None:
    data = nested()
    fit = prior_fit(data, make_mixture(data, ModelSettings(mixture=None, lookback="5 weeks")), draws=80, seed=1)
    found = analyse(fit)
    levels, channels = found.levels, found.channels
    assert list(levels.index) == ["social", "social / meta", "social / tiktok"]
    assert levels["parts"].tolist() == [4, 2, 1]
    assert levels.loc["social / meta", "effect"] == pytest.approx(channels.loc[["c0", "c1"], "effect"].sum(), rel=1e-9)
    assert levels.loc["social", "spend"] == pytest.approx(channels.loc[["c0", "c1", "c2", "c3"], "spend"].sum())
    assert levels.loc["social / tiktok", "roas"] == pytest.approx(channels.loc["c2", "roas"], rel=1e-9)
    assert levels.loc["social / tiktok", "marginal_roas_upper"] == pytest.approx(
        channels.loc["c2", "marginal_roas_upper"], rel=1e-9
    )
    # An interval of a sum is narrower than the sum of intervals, and wider than that of independent parts.
    ends = levels["effect_upper"] - levels["effect_lower"]
    assert ends["social"] < (channels["effect_upper"] - channels["effect_lower"])[:4].sum()


def test_channels_with_parts_are_written_as_words() -> None:
    data = replace(nested(), within=(("paid_social", "meta"),) * 2 + ((),) * 3)
    labels = labels_of(data, ReportSettings(labels={"meta": "Meta Ads"}))
    assert (labels["paid_social"], labels["meta"]) == ("Paid social", "Meta Ads")


def test_fingerprint_and_channels_keep_what_is_within() -> None:
    data = nested()
    assert data.fingerprint != cases.dataset("national").fingerprint
    assert data.with_channels(["c4", "c2"]).within == ((), ("social", "tiktok"))


BASE = {
    "source": "x.csv", "currency": "EUR", "target": "y",
    "channels": {"a": {"spend": "a", "within": "social / meta"}, "b": {"spend": "b", "within": "social"}, "tv": "tv"},
}  # fmt: skip


def document(**channels: object) -> dict[str, object]:
    return BASE | {"target": {"column": "y"}, "channels": {**BASE["channels"], **channels}}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ({"c": {"spend": "c", "within": "tv"}}, "tv is a channel, and others are within 'tv'"),
        ({"c": {"spend": "c", "within": "video"}}, "it is the only part of 'video'"),
        ({"c": {"spend": "c", "within": "a1/b1/c1"}}, "at most three levels"),
        ({"c": {"spend": "c", "within": "x/meta"}, "d": {"spend": "d", "within": "x"}}, "'meta' is the name of two"),
        ({f"p{i}": {"spend": f"p{i}", "within": "social"} for i in range(60)}, "'social' has 62 parts; at most 60"),
    ],
)
def test_what_cannot_be_nested_is_refused(channels: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DataSettings.model_validate(document(**channels))


def test_plans_have_limits_at_every_level() -> None:
    limits = {"social": {"maximum": 500.0}, "meta": {"minimum_share": 0.1}, "own": {"channels": ["tv"], "maximum": 9.0}}
    settings = Settings.model_validate({"name": "x", "data": document(), "plan": {"groups": limits}})
    assert settings.plan.groups["social"].channels == ("a", "b")
    assert settings.plan.groups["meta"].channels == ("a",)
    assert settings.plan.groups["own"].channels == ("tv",)
