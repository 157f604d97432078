"""What every channel role has to keep, whoever wrote it, from the settings to the plan; and what a noise is."""

import json
from dataclasses import replace
from pathlib import Path

import engine_cases as cases
import numpy as np
import pandas as pd
import pytest
from role_cases import OWN, believed, fit_of, panel
from seeds import seeded

from mmm.analysis import analyse
from mmm.analysis.effects import effect, observed
from mmm.analysis.predict import predict
from mmm.data.load import from_frame
from mmm.data.role import PAID, ROLES, Role
from mmm.data.settings import ChannelSettings, DataSettings
from mmm.errors import DataError, PlanError, SettingsError
from mmm.inference.engine import log_posterior
from mmm.inference.store import obtain
from mmm.inference.stored import load, save
from mmm.model.build import build
from mmm.model.draws import expected_outcome, stacked
from mmm.model.evidence import contrasts
from mmm.model.mixture import single
from mmm.model.noise import noise_of
from mmm.model.settings import ChannelModelSettings, ModelSettings
from mmm.model.spec import make_spec
from mmm.planning.prepare import prepare
from mmm.planning.settings import PlanSettings
from mmm.simulate import simulate
from mmm.simulate.world import Adstock, Baseline, Channel, Flighting, Noise, World
from mmm.simulate.write import data_settings

ROOT = Path(__file__).parents[2]
every = pytest.mark.parametrize("role", ROLES.values(), ids=lambda r: r.name)
COLUMNS = {"spend": "cost", "media": "sent", "media_unit": "mails", "frequency": "often"}


@every
@pytest.mark.parametrize("shape", ["national", "geo_ragged"])
def test_density_and_gradient_equal_the_plain_model_and_differences(role: Role, shape: str) -> None:
    data = panel(role, shape)
    spec, tests = make_spec(data, believed(role)), cases.evidence(shape)
    tests = tests.without([e.name for e in tests.experiments if e.channel == OWN]) if not role.costs else tests
    p = log_posterior(spec, data, tests, integrated=False)
    x = 0.5 * np.random.default_rng(3).standard_normal(p.layout.dim)
    value, gradient = p.value_and_gradient(x)
    for fused in (True, False):
        model = build(spec, data, tests, fused=fused)
        plain = model.compile_fn(model.logp(), mode="FAST_COMPILE")(p.layout.pymc_point(x))
        assert value == pytest.approx(float(plain), abs=1e-8 * abs(value))
    step = 1e-5 * np.eye(p.layout.dim)[: p.layout["sigma"].stop]
    differences = (p.many(x + step)[0] - p.many(x - step)[0]) / 2e-5
    np.testing.assert_allclose(gradient[: len(step)], differences, rtol=1e-5, atol=1e-5 * np.abs(gradient).max())


@every
def test_the_prior_is_on_what_the_role_says(role: Role) -> None:
    """Of its return where it costs, else of its share of the outcome's value; draws of the prior have exactly it."""
    data = panel(role)
    stated = ChannelModelSettings(share={"lower": 0.01, "upper": 0.05})
    base = believed(role)
    settings = base.model_copy(update={"channels": {**base.channels, OWN: stated}})
    spec = make_spec(data, settings)
    own = spec.channels[data.channels.index(OWN)]
    total, spent = float(data.data["outcome"].sum()), float(data.data["spend"].sel(channel=OWN).sum())
    assert own.denominator == pytest.approx(spent if role.costs else total)
    to_share = own.denominator / total
    assert (own.effect.lower * to_share, own.effect.upper * to_share) == pytest.approx((0.01, 0.05))
    fit = fit_of(role)
    draws = fit.draws().response()
    won = effect(draws, observed(fit), observed(fit).value).sum(axis=1)[:, data.channels.index(OWN)]
    sampled = fit.main.posterior["roas"].sel(channel=OWN).values.ravel() * fit.spec.channels[1].denominator
    np.testing.assert_allclose(won, role.sign * sampled, rtol=1e-6)
    if not role.costs:
        with pytest.raises(SettingsError, match="has no cost, so that it has no return"):
            make_spec(data, settings.model_copy(update={"channels": {OWN: ChannelModelSettings(roas=stated.share)}}))


@every
def test_parts_add_up_and_returns_are_told_where_there_is_a_cost(role: Role) -> None:
    fit = fit_of(role)
    found = analyse(fit)
    whole = expected_outcome(fit.spec, stacked(fit.main.posterior), fit.dataset, fit.window, fit.seed)
    parts = found.decomposition.groupby("date")["mean"].sum()
    np.testing.assert_allclose(parts.to_numpy(), whole.sum(axis=2).mean(axis=0), rtol=1e-6)
    own = found.decomposition[found.decomposition["component"] == OWN]
    assert set(own["kind"]) == {role.part}
    assert (role.sign * own["mean"] >= 0).all()
    assert (OWN in found.channels.index) == role.costs
    assert (OWN in set(found.curves["channel"])) == role.costs
    assert (OWN in set(found.models["channel"])) == role.costs
    assert np.isfinite(found.channels[["roas", "roas_lower", "share", "half_life"]].to_numpy()).all()


@every
def test_a_plan_moves_what_costs(role: Role) -> None:
    fit = fit_of(role)
    problem = prepare(fit, PlanSettings(draws=120)).problem
    assert (OWN in problem.channels) == role.costs
    with_price = PlanSettings(draws=120, prices={OWN: 2.0})
    if role.priceable:
        panel_of, plan = fit.dataset.data, prepare(fit, with_price).problem
        c = plan.channels.index(OWN)
        np.testing.assert_allclose(plan.reference[:, :, c], 2.0 * panel_of["media"].sel(channel=OWN)[-13:])
        np.testing.assert_allclose(plan.unit[:, :, c], 0.5)
        without = [prepare(fit, s).without_spend for s in (PlanSettings(draws=120), with_price)]
        # What it goes on bringing by itself is no longer counted beside the plan.
        assert (without[0] > without[1]).all()
    else:
        with pytest.raises(SettingsError, match=r"plan\.prices names 'c1', which is"):
            prepare(fit, with_price)
    if not role.costs:
        with pytest.raises(SettingsError, match=r"The plan section names 'c1', .* without a cost"):
            prepare(fit, PlanSettings(draws=120, channels={OWN: {"fixed": True}}))
        with pytest.raises(DataError, match="'c1' has no cost, and a test is read as the effect of money"):
            contrasts(cases.evidence("geo"), panel(role), 5)
    if role.sign < 0:
        with pytest.raises(PlanError, match="No money is planned for what lowers the outcome: c1"):
            replace(problem, draws=fit.draws(120).response())


@every
def test_a_fit_is_stored_with_its_roles(role: Role, tmp_path: Path) -> None:
    fit = fit_of(role)
    save(fit, tmp_path / "fit")
    found = load(tmp_path / "fit")
    assert found.dataset.channel_roles == fit.dataset.channel_roles
    assert found.spec == fit.spec
    assert found.dataset.fingerprint == fit.dataset.fingerprint
    assert (found.dataset.fingerprint == panel(ROLES[PAID]).fingerprint) == (role.name == PAID)
    assert ("role" in fit.spec.channels[1].model_dump()) == (role.name != PAID)


@every
def test_settings_ask_for_the_keys_of_the_role(role: Role) -> None:
    given = {key: COLUMNS[key] for key in (*role.needs, *role.takes)}
    rest = {"source": "a.csv", "target": {"column": "sales"}, "currency": "EUR"}
    assert ChannelSettings(role=role.name, **given).role == role.name
    for key in role.needs:
        short = {name: value for name, value in given.items() if name != key and (key, name) != ("media", "media_unit")}
        with pytest.raises(ValueError, match=f"need {key}, its column"):
            DataSettings.model_validate({**rest, "channels": {"news": {"role": role.name, **short}}})
    for key in set(COLUMNS) - set(given):
        with pytest.raises(ValueError, match=f"role '{role.name}' takes no {key}"):
            ChannelSettings(role=role.name, **given, **{key: "more"})


def test_what_media_without_a_cost_did_is_found(tmp_path: Path) -> None:
    """A simulated market: what a newsletter brought, a rival took and television returned lie in their intervals."""
    carry = Adstock(alpha=0.4, max_lag=8)
    pulses = Flighting("pulses", off_weeks=4, floor=0.1)
    world = World(
        channels=(
            Channel("tv", 40_000.0, roas=2.0, flighting=Flighting("bursts"), adstock=carry),
            Channel("news", 90_000.0, roas=0.6, flighting=pulses, adstock=carry, role="organic"),
            Channel("rival", 70_000.0, roas=-0.8, flighting=Flighting("bursts"), adstock=carry, role="competitor"),
        ),
        baseline=Baseline(weekly_outcome=1_000_000.0),
        noise=Noise(0.015),
        seed=5,
    )
    made = simulate(world)
    data = from_frame(made.frame, DataSettings.model_validate(data_settings(made)))
    assert data.paid == ("tv",)
    settings = ModelSettings.model_validate({"mixture": None, "lookback": "8 weeks"})
    sampler = seeded(draws=300, tune=300, chains=2, store=str(tmp_path))
    fit = obtain(data, single(make_spec(data, settings)), sampler)
    found = analyse(fit)
    table = pd.concat([found.channels, found.unpaid])
    for name, truth in zip(made.truth.channels, made.truth.effect, strict=True):
        line = table.loc[name]
        width = line["effect_upper"] - line["effect_lower"]
        assert line["effect_lower"] - 0.5 * width < truth < line["effect_upper"] + 0.5 * width, (name, truth, line)
        assert width < 1.5 * abs(truth), (name, width, truth)
    frame = pd.DataFrame({"date": data.frequency.following(data.dates[-1], 4), "tv": 30_000.0})
    news, rival = data.data["media"].values[-13:, 0, 1:].mean(axis=0)
    held, given, alone = (
        predict(fit, new, controls=controls)["expected"].mean()
        for new, controls in (
            (frame, "recent_mean"),
            (frame.assign(news=news, rival=rival), None),
            (frame.assign(news=news, rival=0.0), None),
        )
    )
    assert float(held) == pytest.approx(float(given), rel=1e-9)
    assert float(alone) > float(given)


def row(role: Role) -> str:
    """A role's line in docs/model.md."""
    keys = ", ".join(f"`{key}`" for key in role.needs) + "".join(f", perhaps `{key}`" for key in role.takes)
    told = "contribution and return" if role.costs else "contribution"
    moved = "yes" if role.costs else "with a price that the plan states" if role.priceable else "no"
    sign = "+" if role.sign > 0 else "-"
    return f"| `{role.name}` | {role.label} | {keys} | {told} | {sign} | {moved} | {role.meaning} |"


@every
def test_docs_and_schema_have_the_role(role: Role) -> None:
    lines = (ROOT / "docs" / "model.md").read_text(encoding="utf-8").splitlines()
    assert row(role) in lines, row(role)
    schema = json.loads((ROOT / "configs" / "schema.json").read_text(encoding="utf-8"))
    assert role.name in schema["$defs"]["ChannelSettings"]["properties"]["role"]["enum"]
    assert role.label
    assert role.meaning.endswith(".")


def test_an_unknown_role_and_an_unknown_noise_are_errors() -> None:
    with pytest.raises(ValueError, match=r"'paidd' is no channel role .* Did you mean 'paid'"):
        ChannelSettings(role="paidd", spend="a")
    with pytest.raises(SettingsError, match=r"'normal_' is no noise of the outcome\. Did you mean 'normal'"):
        noise_of("normal_")
    data = cases.dataset("national")
    with pytest.raises(SettingsError, match="'paidd' is no channel role"):
        make_spec(replace(data, roles=("paidd",) * 5), cases.settings())
