"""A lift test in a world whose spend follows demand that nobody recorded: what it does to a fit."""

import arviz
import numpy as np
import pytest
from seeds import seeded

from mmm.analysis.effects import effect, observed
from mmm.calibration import read_evidence
from mmm.calibration.settings import ExperimentsSettings
from mmm.inference import store
from mmm.inference.fit import Fit
from mmm.inference.keys import fit_key
from mmm.inference.sample import fit_model
from mmm.model.evidence import Evidence, effects
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.simulate import experiments_frame, library_world, simulate, true_effect, with_hold_outs

SAMPLER = seeded(draws=500, tune=400, chains=2)
MODEL = ModelSettings(mixture=None)


@pytest.fixture(scope="module")
def tested(dataset_of):
    world = library_world("hidden_demand", replicate=0)
    simulated = simulate(with_hold_outs(simulate(world), ("search",), error=0.15))
    dataset = dataset_of(simulated)
    rows = [{k: v for k, v in row.items() if v != ""} for row in experiments_frame(simulated).to_dict("records")]
    evidence = read_evidence(ExperimentsSettings.model_validate({"tests": rows}), dataset, None, 13)
    spec = make_spec(dataset, MODEL)
    return simulated, [fit_model(dataset, spec, SAMPLER, told) for told in (Evidence(), evidence)]


def roas(fit: Fit) -> np.ndarray:
    panel = observed(fit)
    return effect(fit.response(), panel, panel.value).sum(axis=1) / panel.spend.sum(axis=0)


@pytest.mark.recovery
def test_the_tested_channel_moves_to_the_truth_and_the_others_respond(tested) -> None:
    simulated, (without, told) = tested
    truth = dict(zip(simulated.truth.channels, simulated.truth.roas, strict=True))
    before, after = (np.quantile(roas(fit), [0.05, 0.5, 0.95], axis=0) for fit in (without, told))
    search = told.dataset.channels.index("search")
    # Demand that drives both is taken for the channel's work: several times the truth, and sure of it.
    assert before[0, search] > 2 * truth["search"]
    assert after[0, search] < truth["search"] < after[2, search]
    assert after[2, search] - after[0, search] < 0.3 * (before[2, search] - before[0, search])
    others = [c for c in range(len(told.dataset.channels)) if c != search]
    shift = np.abs(after[1] - before[1]) / (before[2] - before[0])
    assert shift[others].max() > 0.1
    (experiment,) = told.evidence.experiments
    means = effects(told.evidence, told.dataset, told.response())[:, 0]
    assert abs(means.mean() - true_effect(simulated, simulated.world.tests[0])) < 2 * experiment.error


@pytest.mark.recovery
def test_the_fit_carries_its_evidence(tested, tmp_path) -> None:
    _, (without, told) = tested
    assert told.key != without.key
    assert without.key == fit_key(without.dataset, without.spec, SAMPLER)
    assert told.key == fit_key(told.dataset, told.spec, SAMPLER, told.evidence)
    wider = told.evidence.model_copy(
        update={"experiments": tuple(e.model_copy(update={"error": 2 * e.error}) for e in told.evidence.experiments)}
    )
    assert fit_key(told.dataset, told.spec, SAMPLER, wider) != told.key
    store.save(told, tmp_path / "fit")
    assert store.load(tmp_path / "fit").evidence == told.evidence


@pytest.mark.recovery
def test_a_wide_test_teaches_nothing(tested) -> None:
    """The same likelihood with an error that says nothing: the posterior is the one without it."""
    _, (without, told) = tested
    blunt = told.evidence.model_copy(
        update={"experiments": tuple(e.model_copy(update={"error": 1e9}) for e in told.evidence.experiments)}
    )
    fit = fit_model(told.dataset, told.spec, SAMPLER, blunt)
    now, before = (np.log(roas(one)).reshape(2, 500, -1) for one in (fit, without))
    error = np.hypot(*(arviz.mcse(draws) for draws in (now, before)))
    assert (np.abs(now.mean(axis=(0, 1)) - before.mean(axis=(0, 1))) < 5 * error).all()
    # The test as it was made moves its channel by far more than such an error.
    moved = np.log(roas(told)).mean(axis=0) - before.mean(axis=(0, 1))
    assert np.abs(moved).max() > 5 * error.max()
