"""A channel whose effect is stated to be negative: fitted as such, told with its sign, and left out of plans."""

from dataclasses import replace

import numpy as np
import pytest
from seeds import seeded

from mmm.analysis import analyse
from mmm.assessment.free_signs import free_signs
from mmm.data.dataset import Dataset
from mmm.errors import PlanError
from mmm.inference.engine import log_posterior
from mmm.inference.fit import Fit
from mmm.inference.sample import fit_model
from mmm.model.build import build
from mmm.model.settings import ModelSettings
from mmm.model.spec import make_spec
from mmm.planning import PlanSettings, plan
from mmm.planning.prepare import prepare
from mmm.simulate import library_world, simulate

LOSING = ModelSettings.model_validate({"mixture": None, "channels": {"radio": {"sign": "negative"}}})


@pytest.fixture(scope="module")
def dataset(dataset_of) -> Dataset:
    world = library_world("well_specified", replicate=96)
    channels = tuple(replace(c, roas=-3.0) if c.name == "radio" else c for c in world.channels)
    return dataset_of(simulate(replace(world, channels=channels)))


@pytest.fixture(scope="module")
def fit(dataset: Dataset) -> Fit:
    return fit_model(dataset, make_spec(dataset, LOSING), seeded(draws=300, tune=300, chains=2))


def test_the_loss_is_found_and_is_not_against_its_sign(fit: Fit) -> None:
    roas = analyse(fit).channels["roas"]
    assert -5.0 < roas["radio"] < -1.5
    assert (roas.drop("radio") > 0).all()
    assert (free_signs(fit.dataset, fit.spec)["against"] < 3.0).all()
    assert free_signs(fit.dataset, make_spec(fit.dataset, ModelSettings()))["against"].idxmax() == "radio"


def test_engine_and_graph_are_one(dataset: Dataset) -> None:
    spec = make_spec(dataset, LOSING)
    problem = log_posterior(spec, dataset, integrated=False)
    model = build(spec, dataset)
    compiled = model.compile_fn(model.logp(), mode="FAST_COMPILE")
    rng = np.random.default_rng(2)
    for _ in range(3):
        x = 0.3 * rng.standard_normal(problem.layout.dim)
        assert compiled(problem.layout.pymc_point(x)) == pytest.approx(problem.value_and_gradient(x)[0], rel=1e-6)


def test_a_plan_leaves_it_as_it_is_and_says_so(fit: Fit) -> None:
    made = plan(fit, PlanSettings(horizon="4 weeks"))
    assert "radio" not in made.problem.channels
    assert len(made.problem.channels) == 4
    assert ("radio",) in [note.values.get("names") for note in made.problem.notes if note.kind == "lowering"]
    assert not any(note.kind == "media_recent" for note in made.problem.notes)
    with pytest.raises(PlanError, match=r"which lowers the outcome by model\.channels\.radio\.sign"):
        prepare(fit, PlanSettings.model_validate({"channels": {"radio": {"relative": [0.5, 1.5]}}}))


def test_a_stated_sign_that_is_the_roles_changes_nothing(dataset: Dataset) -> None:
    stated = ModelSettings.model_validate({"channels": {"radio": {"sign": "positive"}}})
    assert make_spec(dataset, stated) == make_spec(dataset, ModelSettings())
    assert "sign" not in make_spec(dataset, stated).model_dump()["channels"][0]


def test_the_share_of_its_ceiling_is_above_zero(fit: Fit) -> None:
    assert 0.0 < analyse(fit).channels.loc["radio", "saturation"] < 1.0
