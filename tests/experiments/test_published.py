"""Results that others published, on the data that they ship: GeoLift's walkthrough and meridian-geox's examples.

GeoLift: 40 cities, Chicago and Portland treated for 15 days from 2021-04-01; published are an average effect of 155.556
units a day and a p-value about 0.01. meridian-geox 1.0.1 reads its examples by time-based regression: 31,560.10
conversions more in 30 days from 2020-04-01 (90% interval 30,311 to 32,409) in the regions of the design it ships,
which are the mean of 27 regions against that of 86.
"""

import importlib.util
import json
from pathlib import Path

import pandas as pd
import pytest

from mmm.errors import DataError
from mmm.experiments import GeoPanel, GeoTest, MethodSettings, read_out
from mmm.experiments.estimators import ESTIMATORS
from mmm.experiments.panel import Span, pose
from mmm.experiments.placebo import judge


@pytest.fixture(scope="module")
def cities() -> GeoPanel:
    library = pytest.importorskip(
        "causal_marketing",
        reason="no dependency; uv pip install causal-marketing==0.1.*, with the 40 cities, runs this",
    )
    frame = pd.read_csv(Path(library.__file__).parent / "datasets" / "geolift_test.csv", parse_dates=["date"])
    wide = frame.pivot(index="date", columns="location", values="Y").astype(float)
    return GeoPanel(pd.DatetimeIndex(wide.index), tuple(map(str, wide.columns)), wide.to_numpy(), None, 1)


TEST = GeoTest("walkthrough", "social", "heavy_up", ("chicago", "portland"), (), Span(0, 90, 105), 105, None)


def test_the_published_effect_and_p_value_come_out(cities: GeoPanel) -> None:
    treated = cities.mask(TEST.treated)
    posed = pose(cities.outcome, TEST.span, treated[None], ~treated[None], index=False)
    _, _, p = judge(posed, conformal=True)
    found = read_out(cities, TEST, MethodSettings(scale="level", placebos=5))
    control = found.table.loc["sc"]
    assert control["effect"] / 2 / 15 == pytest.approx(155.556, abs=0.002)
    assert p[0, 1, 1] == pytest.approx(0.01, abs=0.006)
    lower, upper = found.interval
    assert 0 < lower < found.effect < upper


@pytest.fixture(scope="module")
def shipped() -> Path:
    # Looked for, not imported: the data are read, and JAX is not needed for that.
    found = importlib.util.find_spec("meridian_geox")
    if found is None or found.origin is None:
        pytest.skip("no dependency; uv pip install --no-deps meridian-geox==1.0.1, which ships the examples, runs this")
    return Path(found.origin).parent / "data"


def test_time_based_regression_gives_what_meridian_geox_says_of_its_example(shipped: Path) -> None:
    frame = pd.read_csv(shipped / "example_analysis_data_single_cell_holdback.csv", parse_dates=["date"])
    design = json.loads((shipped / "example_design_stratified_sampling_holdback.json").read_text(encoding="utf-8"))
    treated = tuple(design["designs"]["cell_1"]["treatment_geos"])
    wide = frame.pivot(index="date", columns="location", values="conversions").astype(float)
    wide.columns = wide.columns.astype(str)
    wide = wide[[*treated, *design["control_geos"]]]
    dates = pd.DatetimeIndex(wide.index)
    panel = GeoPanel(dates, tuple(wide.columns), wide.to_numpy(), None, 1)
    start = int(dates.get_loc(pd.Timestamp("2020-04-01")))
    test = GeoTest("example", "media", "heavy_up", treated, (), Span(0, start, start + 30), start + 30, None)
    assert (len(treated), len(design["control_geos"])) == (27, 86)
    group = panel.mask(treated)
    posed = pose(panel.outcome, test.span, group[None], ~group[None], index=True)
    question, found = posed.question, {}
    for name, estimator in ESTIMATORS.items():
        effect = estimator.answer(question).effect(question)[0, question.before :]
        found[name] = float(effect.sum() * posed.factor[0])
    assert found["tbr"] == pytest.approx(31_560.10, abs=0.2)
    assert all(29_000 < effect < 33_000 for effect in found.values())
    # An interval is another matter: 91 days have no room for windows of 30 with twice as much before each.
    with pytest.raises(DataError, match="91 days before the test of 30; at least 3 windows"):
        read_out(panel, test)
