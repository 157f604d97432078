"""nutpie's draws: all that were asked for, or none."""

import signal
import threading
import time

import engine_cases as cases
import numpy as np
import pytest
import xarray as xr

from mmm.errors import FitError
from mmm.inference.nuts import require_complete
from mmm.inference.sample import sample_once
from mmm.inference.settings import SamplerSettings
from mmm.model.spec import make_spec

# More than can be drawn in the time of the tests.
LONG = SamplerSettings(draws=100_000, tune=1000, chains=2, seed=1)


def test_an_interrupt_gives_no_part_of_a_sample() -> None:
    data = cases.dataset("national", channels=2)
    spec = make_spec(data, cases.settings().model_copy(update={"channels": {}}))
    quick = SamplerSettings(draws=20, tune=50, chains=1)
    sample_once(data, spec, quick)  # Compiled before: the interrupt is to meet the sampler.

    def interrupt() -> None:
        time.sleep(1.5)
        signal.raise_signal(signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        sample_once(data, spec, LONG)


def test_draws_that_are_missing_are_an_error() -> None:
    data = cases.dataset("national", channels=2)
    spec = make_spec(data, cases.settings().model_copy(update={"channels": {}}))
    tree = sample_once(data, spec, SamplerSettings(draws=20, tune=50, chains=2)).main.tree
    assert require_complete(tree, 2, 20) is tree
    with pytest.raises(FitError, match="asked for 2 chains of 21 draws and returned 2 of 20"):
        require_complete(tree, 2, 21)
    with pytest.raises(FitError, match="asked for 3 chains"):
        require_complete(tree, 3, 20)
    # nutpie fills up chains that were broken off.
    broken = tree["posterior"].to_dataset().copy(deep=True)
    for values in broken.data_vars.values():
        values[1, 7:] = np.nan
    with pytest.raises(FitError, match="13 of 40 draws are missing"):
        require_complete(xr.DataTree.from_dict({"posterior": broken}), 2, 20)
