"""What every kind of stage has to keep, whoever wrote it, from the settings to the plan."""

from dataclasses import replace

import engine_cases as cases
import numpy as np
import pytest
from role_cases import fit_of_prior

from mmm.analysis import analyse
from mmm.analysis.effects import effect, observed
from mmm.analysis.ways import residual_correlation
from mmm.assessment.agreement import expectation
from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.inference.fit import Fit, StageFit
from mmm.model.draws import expected_outcome, stacked
from mmm.model.mixture import Beliefs
from mmm.model.settings import ChannelModelSettings, ModelSettings, StageSettings
from mmm.model.spec import make_spec
from mmm.model.stage import STAGES, Stage, paired
from mmm.model.within import of_part
from mmm.planning.discrepancy import believed
from mmm.planning.planner import plan
from mmm.planning.prepare import prepare
from mmm.planning.settings import PlanSettings
from mmm.workflow import Request
from mmm.workflow.fitting import completed, stage_requests, values
from mmm.workflow.kept import Kind

NAME, REACHING = "visits", ("c3", "c0")
every = pytest.mark.parametrize("stage", STAGES.values(), ids=lambda s: s.name)


def panel(shape: str = "geo", gaps: int = 0) -> Dataset:
    """The tests' panel, in which one channel is what a stage measures; the first ``gaps`` weeks of it are unknown."""
    data = cases.dataset(shape, channels=6)
    renamed = data.data.assign_coords(channel=[*data.channels[:5], NAME]).copy(deep=True)
    renamed["spend"].loc[{"channel": NAME}] = 0.0
    renamed["media"].loc[{"channel": NAME}] = 50.0 + renamed["media"].sel(channel=NAME)
    if gaps:
        where = np.zeros(renamed["media"].shape, dtype=bool)
        where[:gaps, :, 5] = True
        renamed["gaps"] = ("date", "geo", "channel"), where
    roles = ("paid",) * 5 + ("mediator",)
    return replace(data, data=renamed, roles=roles, media_unit=("EUR",) * 5 + ("visits",))


def believed_of(carryover: str = "none", **stage: object) -> ModelSettings:
    reached = StageSettings(reached_by=list(REACHING), carryover={"family": carryover}, **stage)
    return cases.settings(stages={NAME: reached})


WORTH = 2.5


def with_outcome(shape: str) -> Dataset:
    """The tests' panel with a second outcome of the same media, of which a unit is worth more."""
    data = cases.dataset(shape)
    other = data.data.assign(outcome=0.4 * data.data["outcome"], value_per_unit=WORTH * data.data["value_per_unit"])
    return replace(data, outcomes=((NAME, replace(data, data=other, outcome_kind="kpi", outcome_name=NAME)),))


def fit_with(stage: Stage, carryover: str = "geometric", shape: str = "geo") -> Fit:
    """A fit and that of its stage, whose draws are those of the priors."""
    if stage.name == "outcome":
        data, settings = with_outcome(shape), cases.settings()
        own = fit_of_prior(stage.panel(data, settings, NAME), stage.believed(settings, NAME))
        return replace(
            fit_of_prior(data, settings), stages=(StageFit(stage.name, NAME, replace(own, key="stage"), WORTH),)
        )
    data, settings = panel(shape), believed_of(carryover)
    own = fit_of_prior(stage.panel(data, settings, NAME), stage.believed(settings, NAME))
    return replace(fit_of_prior(data, settings), stages=(StageFit(stage.name, NAME, replace(own, key="stage")),))


def test_what_a_plan_and_tables_see_is_what_the_equations_say_together() -> None:
    """The total effect of a channel, draw by draw, as the equations would forecast it: its media taken away, the stage
    expected without them, and the outcome expected with that."""
    fit = fit_with(STAGES["mediator"])
    own, samples = fit.stages[0].fit, stacked(fit.main.posterior)
    pairs = paired(120, 120, fit.seed)
    found = effect(fit.response(), observed(fit), observed(fit).ones)
    for channel in ("c0", "c1"):
        outcomes = []
        for factor in (1.0, 0.0):
            media = fit.dataset.data["media"].copy(deep=True)
            # Spend ends early enough for all of it to have come by the last row.
            media[-(fit.lookback + 1) :, :, :5] = 0.0
            media.loc[{"channel": channel}] *= factor
            outcomes.append(_forecast(fit, own, pairs, media.values))
        brought = (outcomes[0] - outcomes[1]).sum(axis=1)
        ended = replace(fit, dataset=replace(fit.dataset, data=fit.dataset.data.assign(media=_ended(fit))))
        told = effect(fit.response(), observed(ended), observed(ended).ones)[:, :, fit.dataset.channels.index(channel)]
        np.testing.assert_allclose(told, brought, rtol=1e-6, atol=1e-6 * np.abs(brought).max())
    assert found.shape == (120, 4, 6)
    assert samples.sizes["sample"] == 120


def _ended(fit: Fit):
    media = fit.dataset.data["media"].copy(deep=True)
    media[-(fit.lookback + 1) :, :, :5] = 0.0
    return media


def _forecast(fit: Fit, own: Fit, pairs: np.ndarray, media: np.ndarray) -> np.ndarray:
    """Expected outcome [n, t, g]: the stage's equation by draw, then the outcome's with what that expects."""
    known = own.dataset.data.assign(media=own.dataset.data["media"].copy(data=media[:, :, [3, 0]]))
    rows = slice(0, len(fit.dataset.dates))
    visits = expected_outcome(own.spec, stacked(own.main.posterior), replace(own.dataset, data=known), rows, 1)[pairs]
    samples, out = stacked(fit.main.posterior), []
    for n in range(len(pairs)):
        values = media.copy()
        values[:, :, 5] = visits[n]
        data = fit.dataset.data.assign(media=fit.dataset.data["media"].copy(data=values))
        one = samples.isel(sample=[n])
        out.append(expected_outcome(fit.spec, one, replace(fit.dataset, data=data), rows, 1)[0])
    return np.array(out)


@every
def test_parts_add_up_and_ways_are_told(stage: Stage) -> None:
    fit = fit_with(stage)
    found = analyse(fit)
    whole = expected_outcome(fit.spec, stacked(fit.main.posterior), fit.dataset, fit.window, fit.seed)
    parts = found.decomposition.groupby("date")["mean"].sum()
    np.testing.assert_allclose(parts.to_numpy(), whole.sum(axis=2).mean(axis=0), rtol=1e-6)
    ways = found.ways.set_index(["channel", "way"])["effect"]
    reaching = REACHING if stage.name == "mediator" else fit.dataset.channels
    assert set(found.ways["channel"]) == set(reaching)
    for channel in reaching:
        assert ways[channel, "direct"] + ways[channel, NAME] == pytest.approx(ways[channel, "total"])
        assert found.channels.loc[channel, "effect"] == pytest.approx(ways[channel, "total"])
    assert NAME not in found.unpaid.index
    assert set(found.decomposition["component"]) >= set(fit.dataset.channels)
    assert np.isfinite(found.ways["correlation"]).any() == (stage.name == "outcome")
    assert analyse(replace(fit, stages=())).ways.empty


@every
def test_a_plan_is_on_total_effects_and_its_forecast_on_both_equations(stage: Stage) -> None:
    fit = fit_with(stage, shape="national")
    settings = PlanSettings(draws=120, horizon="8 weeks", discrepancy=None)
    prepared = prepare(fit, settings)
    total, direct = prepared.problem.draws, prepare(replace(fit, stages=()), settings).problem.draws
    assert {path.way for path in total.paths} == {NAME}
    assert total.lookback == direct.lookback + (5 if stage.name == "mediator" else 0)
    money = prepared.problem.reference
    of_all = prepared.problem.effect_draws(money).sum(axis=0)
    alone = prepare(replace(fit, stages=()), settings).problem.effect_draws(money).sum(axis=0)
    reaching = REACHING if stage.name == "mediator" else total.channels
    assert set(np.array(total.channels)[of_all > 1.001 * alone]) == set(reaching)
    made = plan(fit, settings)
    assert made.certificate.kind == "gap"
    assert made.certificate.gap < 0.01
    # Without money there is what the equations expect of the horizon when nothing is spent in it.
    assert prepared.without_spend.shape == (120,)


def test_effects_on_several_outcomes_add_up_in_money() -> None:
    """By draw: the effect on each outcome by its own fit, in the worth of its unit; what a plan leaves out as well."""
    fit = fit_with(STAGES["outcome"], shape="national")
    other, pairs = fit.stages[0].fit, paired(120, 120, fit.seed)
    alone = replace(fit, stages=())
    found, first, second = (effect(f.response(), observed(f), observed(f).ones) for f in (fit, alone, other))
    np.testing.assert_allclose(found, first + WORTH * second[pairs], rtol=1e-9)
    # The second is the first's series times 0.4: what both leave unexplained goes together.
    assert residual_correlation(fit, fit.stages[0]) > 0.5
    settings = PlanSettings(draws=120, horizon="8 weeks", discrepancy=None)
    prepared = [prepare(f, settings).without_spend for f in (fit, alone, other)]
    np.testing.assert_allclose(prepared[0], prepared[1] + prepared[2][pairs], rtol=1e-9)


def test_a_test_of_the_first_outcome_is_held_against_it_alone() -> None:
    fit = fit_with(STAGES["outcome"], shape="national")
    asked = cases.evidence("national").experiments[0]
    alone = expectation(replace(fit, stages=()), asked)
    assert expectation(fit, asked) == alone
    mediated = fit_with(STAGES["mediator"], shape="national")
    assert mediated.of_first_outcome is mediated


def test_a_part_of_the_time_is_one_of_all_outcomes() -> None:
    data = with_outcome("national")
    part = data.between(end=data.dates[20].date())
    assert dict(part.outcomes)[NAME].dates.equals(part.dates)
    assert len(part.dates) == 21


def test_a_return_is_stated_of_all_outcomes() -> None:
    data = with_outcome("national")
    value = values(data)
    assert value[NAME] == pytest.approx(WORTH * 0.4 * value[""])
    asked = stage_requests(Request(data, Beliefs(of_part(ModelSettings(), 0.5))))[NAME]
    assert (asked.kind, asked.worth) == ("outcome", pytest.approx(WORTH))
    assert asked.request.beliefs.model.roas.median == pytest.approx(0.5 * ModelSettings().roas.median)
    with pytest.raises(SettingsError, match=r"model\.stages and data\.target\.also are both given"):
        stage_requests(Request(replace(panel("national"), outcomes=data.outcomes), Beliefs(believed_of())))


def test_a_prior_of_a_return_is_of_all_ways() -> None:
    stage = STAGES["mediator"]
    data, settings = panel(), believed_of()
    alone = make_spec(data, settings.model_copy(update={"stages": {}}))
    spec = make_spec(data, settings)
    for before, after in zip(alone.channels, spec.channels, strict=True):
        if before.name in REACHING:
            assert after.effect.lower == pytest.approx(0.1 * before.effect.lower)
            assert after.effect.upper == pytest.approx(before.effect.upper)
        else:
            assert after.effect == before.effect
    fit = fit_with(stage)
    mean = believed(fit, fit.response(), np.zeros((120, 6))).mean
    np.testing.assert_allclose(mean[:5], [c.effect.mu for c in alone.channels[:5]], rtol=1e-9)


def test_gaps_are_what_the_mediator_is_expected_to_be() -> None:
    record = STAGES["mediator"]
    data, settings = panel("national", gaps=6), believed_of()
    own = record.panel(data, settings, NAME)
    assert not own.data["observed"].values[:6].any()
    assert own.channels == REACHING
    assert own.gaps.sum() == 0
    fit = fit_of_prior(own, record.believed(settings, NAME))
    full = completed(data, (StageFit("mediator", NAME, fit),))
    expected = fit.draws().expected(fit.dataset, slice(0, len(data.dates)), fit.seed).mean(axis=0)
    np.testing.assert_allclose(full.data["media"].values[:6, :, 5], np.maximum(expected[:6], 0.0), rtol=1e-6)
    np.testing.assert_array_equal(full.data["media"].values[6:], data.data["media"].values[6:])
    assert full.fingerprint != data.fingerprint


def test_results_are_of_the_fit_with_its_stages() -> None:
    fit = fit_with(STAGES["mediator"])
    kind = Kind("x", ("model",), dict, dict)
    other = replace(fit, stages=(replace(fit.stages[0], fit=replace(fit.stages[0].fit, key="other")),))
    assert len({kind.key(f, {}) for f in (fit, other, replace(fit, stages=()))}) == 3


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ({"clicks": {"reached_by": ["c0"]}}, "model.stages names 'clicks', no channel of the role 'mediator'"),
        ({NAME: {"reached_by": ["c9"]}}, "reached_by names 'c9'"),
        ({NAME: {"reached_by": [NAME]}}, "reached_by names 'visits'"),
        ({NAME: {"reached_by": ["c0"], "controls": ["rain"]}}, "controls names 'rain', no control of the data"),
    ],
)
def test_a_stage_that_does_not_suit_the_data_is_an_error(stages: dict[str, object], message: str) -> None:
    settings = cases.settings(stages={k: StageSettings.model_validate(v) for k, v in stages.items()})
    with pytest.raises(SettingsError, match=message.replace("(", r"\(")):
        make_spec(panel(), settings)


def test_what_a_mediator_cannot_be_is_an_error() -> None:
    bent = {NAME: ChannelModelSettings(saturation={"family": "hill"})}
    with pytest.raises(SettingsError, match="a mediator works in a straight line"):
        make_spec(panel(), cases.settings().model_copy(update={"channels": bent}))
    request = Request(panel("geo"), Beliefs(believed_of(), cases.evidence("geo")))
    with pytest.raises(SettingsError, match="it measured the total effect"):
        stage_requests(request)
    with pytest.raises(ValueError, match="a mediator has no value; state a share"):
        StageSettings.model_validate({"reached_by": {"c0": {"roas": {"lower": 1, "upper": 2}}}})
