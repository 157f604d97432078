"""A world small enough to be fitted in a second."""

from functools import partial

import pytest

from mmm.model.settings import ModelSettings
from mmm.simulate import Adstock, Channel, Control, Flighting, Noise, World
from mmm.study.worlds import Entry, StudyWorld, simulated_world

TINY = World(
    channels=(
        Channel("search", 20_000.0, 2.0, flighting=Flighting(variation=0.4), adstock=Adstock(alpha=0.2, max_lag=8)),
        Channel("social", 15_000.0, 1.0, flighting=Flighting("bursts"), adstock=Adstock(alpha=0.4, max_lag=8)),
    ),
    name="tiny",
    weeks=60,
    controls=(Control("price"),),
    noise=Noise(0.02),
    seed=5,
)


def tiny() -> StudyWorld:
    from dataclasses import replace

    return replace(simulated_world(TINY), model=ModelSettings(mixture=None))


@pytest.fixture(scope="session")
def world() -> StudyWorld:
    return tiny()


@pytest.fixture
def entry() -> Entry:
    return Entry("tiny", "reported", "well_specified", partial(tiny))
