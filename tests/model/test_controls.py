"""Controls with a sign, a prior in business terms, a reference value and effects by geo."""

from dataclasses import replace

import engine_cases as cases
import numpy as np
import pytest

from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.inference.engine import log_posterior
from mmm.inference.engine.draws import posterior
from mmm.inference.engine.prior_draws import unconstrained_draws, without_data
from mmm.model.baseline import terms
from mmm.model.controls import ControlPrior
from mmm.model.draws import baseline_draws, stacked
from mmm.model.settings import BaselineSettings
from mmm.model.spec import ModelSpec, make_spec
from mmm.model.terms import Scale, Term, scales


def panel(shape: str = "geo") -> Dataset:
    """The tests' panel with a price around 10 and a promotion of up to 30%."""
    data = cases.dataset(shape)
    values = data.data.copy(deep=True)
    rng = np.random.default_rng(7)
    shape_of = values["control"].shape[:2]
    values["control"][..., 0] = 10.0 + rng.standard_normal(shape_of)
    values["control"][..., 1] = np.where(rng.random(shape_of) < 0.2, 0.3, 0.0)
    return replace(data, data=values)


def spec_of(data: Dataset, **own: object) -> ModelSpec:
    return make_spec(data, cases.settings(baseline=BaselineSettings(controls=own)))


def parts(spec: ModelSpec, data: Dataset, count: int = 4000) -> dict[str, np.ndarray]:
    """Contributions drawn from the prior, [n, t, g]."""
    p = without_data(log_posterior(spec, data))
    samples = stacked(posterior(p, unconstrained_draws(p, count, 1)[None], 2))
    return baseline_draws(spec, samples, data.dates, data.data["control"].values, 0)


def test_what_nobody_states_is_as_it_was() -> None:
    data = panel()
    before = make_spec(data, cases.settings())
    assert "controls" not in before.baseline.model_dump()
    own = spec_of(data, price=ControlPrior())
    one, other = (terms(s, data.dates, data.data["control"].values) for s in (before, own))
    for a, b in zip(one, other, strict=True):
        assert a.name == b.name
        np.testing.assert_allclose(a.design, b.design, rtol=1e-12)
        np.testing.assert_allclose(a.sd, b.sd, rtol=1e-12)


def test_an_elasticity_is_the_change_in_per_cent() -> None:
    """90% of the prior of 1% more of the price lies between what was stated, at the mean price and outcome."""
    data = panel("national")
    spec = spec_of(data, price=ControlPrior(elasticity={"lower": -3.0, "upper": -1.0}))
    found = parts(spec, data)["control:price"][:, :, 0]
    price = data.data["control"].values[:, 0, 0]
    per_unit = found[:, 0] / (price[0] - price.mean())
    elasticity = per_unit * price.mean() / float(data.data["outcome"].mean())
    np.testing.assert_allclose(np.quantile(elasticity, [0.05, 0.5, 0.95]), [-3.0, -2.0, -1.0], atol=0.08)
    spec = spec_of(data, promo=ControlPrior(effect={"lower": 0.1, "upper": 0.9}))
    found = parts(spec, data)["control:promo"][:, :, 0]
    promo = data.data["control"].values[:, 0, 1]
    share = found[:, 0] / (promo[0] - promo.mean()) / float(data.data["outcome"].mean())
    np.testing.assert_allclose(np.quantile(share, [0.05, 0.95]), [0.1, 0.9], atol=0.05)


def test_a_contribution_is_against_the_reference_value() -> None:
    data = panel()
    spec = spec_of(data, promo=ControlPrior(sign="positive", reference=0.0), price=ControlPrior(reference=10.0))
    found = parts(spec, data, 50)
    promo, price = (data.data["control"].values[..., k] for k in (1, 0))
    assert not found["control:promo"][:, promo == 0].any()
    assert (found["control:promo"][:, promo > 0] > 0).all()
    at = np.unravel_index(np.argmin(np.abs(price - 10.0)), price.shape)
    assert np.abs(found["control:price"][:, at[0], at[1]]).max() < 0.02 * np.abs(found["control:price"]).max()


def test_shrinkage_takes_those_without_a_prior_of_their_own() -> None:
    """Draws of the prior: most are nearly nothing, none is much beyond the slab."""
    data = panel("national")
    stated = BaselineSettings(
        shrinkage={"relevant": 0.2, "slab": 0.5}, controls={"promo": {"effect": {"lower": 0.1, "upper": 0.9}}}
    )
    spec = make_spec(data, cases.settings(baseline=stated))
    names = [t.name for t in terms(spec, data.dates, data.data["control"].values)]
    assert names[-2:] == ["shrunk_control", "control"]
    p = log_posterior(spec, data)
    samples = stacked(posterior(without_data(p), unconstrained_draws(p, 4000, 1)[None], 2))
    found = np.abs(samples["shrunk_control"].values[:, 0])
    sd = spec.baseline.outcome_sd
    assert np.median(found) < 0.05 * sd
    assert 0.3 * sd < np.quantile(found, 0.995) < 2.0 * sd
    assert spec.baseline.shrinkage is not None
    slab = spec.baseline.shrinkage.slab
    assert slab == pytest.approx(0.5 * sd)
    with pytest.raises(ValueError, match="has two priors"):
        scales([one_scale("a", 1.0), one_scale("b", 2.0)])


def one_scale(name: str, prior: float) -> Term:
    return Term(name, name, ("x",), np.ones((3, 1)), np.zeros(1), np.ones(1), Scale("shared", prior))


def test_a_sign_and_effects_by_geo_have_variables_of_their_own() -> None:
    data = panel()
    spec = spec_of(data, price=ControlPrior(sign="negative"), promo=ControlPrior(by_geo=0.3))
    names = [t.name for t in terms(spec, data.dates, data.data["control"].values)]
    assert names[-3:] == ["local_control", "lowering_control", "local_control_by_geo"]
    found = parts(spec, data, 50)
    price = data.data["control"].values[..., 0]
    assert (found["control:price"] * (price - price.mean()) <= 0).all()
    promo = data.data["control"].values[..., 1]
    active = np.broadcast_to(promo > 0, found["control:promo"].shape)
    assert np.ptp(found["control:promo"].mean(axis=1), axis=1).min() > 0
    assert active.any()


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"scale": 1.0, "elasticity": {"lower": -2, "upper": -1}}, "give scale or elasticity, not both"),
        ({"sign": "positive", "effect": {"lower": 0.1, "upper": 0.2}}, "takes no effect"),
        ({"sign": "negative", "by_geo": 0.2}, "takes no by_geo"),
        ({"effect": {"lower": 0.2, "upper": 0.1}}, "must be below upper"),
    ],
)
def test_contradictions_are_refused(own: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ControlPrior.model_validate(own)


def test_names_and_elasticities_that_mean_nothing_are_errors() -> None:
    data = panel()
    with pytest.raises(SettingsError, match=r"model\.baseline\.controls names 'prise', .*Did you mean 'price'"):
        spec_of(data, prise=ControlPrior())
    low = replace(data, data=data.data.assign(control=data.data["control"] - 100.0))
    with pytest.raises(SettingsError, match=r"has no elasticity\. State its effect per unit"):
        spec_of(low, price=ControlPrior(elasticity={"lower": -2.0, "upper": -1.0}))
