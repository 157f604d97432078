"""Examples on simulated data: with what `make example-data` writes, every one could be fitted."""

import shutil
import sys
from pathlib import Path

import pytest

from mmm.reporting.runs.inputs import checked_request
from mmm.settings import load_settings

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
NAMES = ("daily", "experiment", "funnel", "monthly", "nested", "reach_frequency", "treatments", "two_outcomes")


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import example_data

    folder = tmp_path_factory.mktemp("examples")
    example_data.write(folder / "data")
    for name in NAMES:
        shutil.copy(ROOT / f"configs/examples/{name}.yaml", folder)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_an_example_can_be_fitted(name: str, examples: Path) -> None:
    request = checked_request(load_settings(examples / f"{name}.yaml"))
    assert len(request.beliefs.mixture(request.dataset).members) > 1
    if name == "daily":
        assert request.dataset.frequency.unit == "day"
    if name == "experiment":
        (told,) = request.beliefs.evidence.experiments
        assert (told.channel, told.geos) == ("search", ("Dresden", "Faro", "Haarlem", "Porto"))
        assert told.measured > 2 * told.error
    if name == "reach_frequency":
        assert request.dataset.exposures is not None
    if name == "monthly":
        assert len(request.dataset.rows().places) == 35
    if name == "funnel":
        assert set(request.beliefs.model.stages["branded_queries"].reached_by) == {"tv", "video"}
        assert request.dataset.gaps.sum() > 5
    if name == "two_outcomes":
        assert [stage for stage, _ in request.dataset.outcomes] == ["existing_customers"]
        assert request.beliefs.model.roas.median < 0.8
    if name == "nested":
        assert request.plan.groups["meta"].channels == ("meta_prospecting", "meta_retargeting")
        assert len(request.dataset.nodes) == 3
