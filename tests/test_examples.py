"""Examples whose data are ours: what the simulator writes is what lies there, and every one could be fitted."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from mmm.reporting.runs.inputs import checked_request
from mmm.settings import load_settings

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))


@pytest.mark.parametrize("name", ["monthly", "nested", "treatments"])
def test_an_example_can_be_fitted(name: str) -> None:
    request = checked_request(load_settings(ROOT / f"configs/examples/{name}.yaml"))
    assert len(request.beliefs.mixture(request.dataset).members) > 1
    if name == "monthly":
        assert len(request.dataset.rows().places) == 35
    if name == "nested":
        assert request.plan.groups["meta"].channels == ("meta_prospecting", "meta_retargeting")
        assert len(request.dataset.nodes) == 3


def test_example_data_are_what_the_simulator_writes() -> None:
    import example_data

    for name, frame in (example_data.monthly() | example_data.nested() | example_data.treatments()).items():
        kept = pd.read_csv(example_data.FOLDER / name)
        made = frame.reset_index(drop=True)
        for column in kept:
            if pd.api.types.is_numeric_dtype(kept[column]):
                assert kept[column].to_numpy() == pytest.approx(made[column].to_numpy(float), rel=1e-6, abs=0.02)
            else:
                assert kept[column].tolist() == made[column].astype(str).str[:10].tolist()
