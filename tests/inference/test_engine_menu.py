"""Every family of carryover and saturation in both orders, with look-backs of their own: engine against graph."""

import itertools

import engine_cases as cases
import numpy as np
import pytest
from plain_model import density_and_gradient

from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.inference.engine import log_posterior
from mmm.model.build import build
from mmm.model.evidence import NO_EVIDENCE
from mmm.model.families import ADSTOCKS, SATURATIONS
from mmm.model.mixture import make_mixture
from mmm.model.settings import (
    AdstockSettings,
    ChannelModelSettings,
    MemberSettings,
    MixtureSettings,
    ModelSettings,
    SaturationSettings,
)
from mmm.model.spec import make_spec

ORDERS = ("carryover_first", "saturation_first")
_of_media = [f for f in SATURATIONS if not f.of_frequency]
_pairs = itertools.zip_longest(ADSTOCKS, _of_media, fillvalue=None)
PAIRS = [(a or ADSTOCKS["delayed"], s or SATURATIONS["hill_sloped"], o) for a, s in _pairs for o in ORDERS]


def every_family(**changes: object) -> ModelSettings:
    """A channel for every family and order; some look back less far than the others."""
    own = {
        f"c{i}": ChannelModelSettings(
            adstock=AdstockSettings(family=a.name, normalise=i % 3 != 0),
            saturation=SaturationSettings(family=s.name),
            order=order,
            lookback="2 weeks" if i % 4 == 1 else None,
        )
        for i, (a, s, order) in enumerate(PAIRS)
    }
    return ModelSettings(channels=own, lookback="5 weeks", mixture=None, **changes)


def data(shape: str) -> Dataset:
    return cases.dataset(shape, channels=len(PAIRS))


@pytest.mark.parametrize("shape", ["national_history", "geo"])
def test_density_and_gradient_equal_the_plain_graph(shape: str) -> None:
    panel = data(shape)
    spec = make_spec(panel, every_family(likelihood="normal"))
    evidence = cases.evidence(shape) if shape == "geo" else NO_EVIDENCE
    engine = log_posterior(spec, panel, evidence, integrated=False)
    model = build(spec, panel, evidence, fused=False)
    plain = density_and_gradient(model, engine)
    for x in 0.7 * np.random.default_rng(3).standard_normal((3, engine.layout.dim)):
        expected, gradient = plain(x)
        value, grad = engine.value_and_gradient(x)
        assert value == pytest.approx(expected, rel=1e-10)
        np.testing.assert_allclose(grad, gradient, rtol=1e-6, atol=1e-8 * np.abs(gradient).max())


def test_members_may_differ_in_order_where_it_is_left_open() -> None:
    members = {"usual": MemberSettings(), "within": MemberSettings(order="saturation_first")}
    settings = ModelSettings(
        mixture=MixtureSettings(members=members), channels={"c1": ChannelModelSettings(order="carryover_first")}
    )
    panel = cases.dataset("national")
    orders = {m.name: [c.order for c in m.spec.channels] for m in make_mixture(panel, settings).members}
    assert orders["usual"] == ["carryover_first"] * 5
    assert orders["within"] == ["saturation_first", "carryover_first", *["saturation_first"] * 3]
    stated = settings.model_copy(update={"order": "saturation_first"})
    assert len(make_mixture(panel, stated).members) == 1


def test_levels_in_money_and_media_are_what_they_are_relative_to_the_mean() -> None:
    panel = cases.dataset("geo")
    media = panel.data["media"].copy()
    media[:, :, 3] = 4.0 * media[:, :, 3]
    panel.data["media"] = media
    spend = panel.data["spend"].values[:, :, 3]
    size = np.nanmean(panel.data["outcome"].values, axis=0)
    size = size / size.mean()
    mean = (spend / size)[spend > 0].mean() * size.sum()
    for unit, factor in (("money", 1.0), ("media", 4.0)):
        half = {"lower": 100.0 * factor, "upper": 900.0 * factor, "unit": unit}
        own = ChannelModelSettings.model_validate({"saturation": {"family": "hill", "half": half}})
        spec = make_spec(panel, ModelSettings(mixture=None, channels={"c3": own}))
        prior = spec.channels[3].saturation.priors["half"]
        assert (prior.lower, prior.upper) == pytest.approx((100 / mean, 900 / mean))
    with pytest.raises(ValueError, match="no unit"):
        SaturationSettings.model_validate({"slope": {"lower": 1, "upper": 2, "unit": "money"}})


def test_a_lookback_longer_than_the_models_is_refused() -> None:
    settings = ModelSettings(lookback="5 weeks", channels={"c0": ChannelModelSettings(lookback="6 weeks")})
    with pytest.raises(SettingsError, match=r"longer than model\.lookback"):
        make_spec(cases.dataset("national"), settings)


def test_half_life_and_retention_are_not_given_together() -> None:
    half_life = {"lower": 1.0, "upper": 4.0}
    assert AdstockSettings.model_validate({"half_life": half_life}).chosen.name == "geometric_half_life"
    assert AdstockSettings.model_validate({"family": "geometric"}).chosen.name == "geometric"
    with pytest.raises(ValueError, match="not given together"):
        AdstockSettings.model_validate(
            {"half_life": half_life, "alpha": {"alpha": 2, "beta": 2}, "family": "geometric"}
        )
    assert SaturationSettings.model_validate({"family": "tanh"}).chosen.name == "logistic"
