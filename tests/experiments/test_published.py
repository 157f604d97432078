"""The walkthrough that GeoLift publishes: 40 cities, Chicago and Portland treated for 15 days from 2021-04-01.

Published: an average effect of 155.556 units a day and a p-value about 0.01.
"""

from pathlib import Path

import pandas as pd
import pytest

from mmm.experiments import GeoPanel, GeoTest, MethodSettings, read_out
from mmm.experiments.panel import Span, pose
from mmm.experiments.placebo import judge


@pytest.fixture(scope="module")
def cities() -> GeoPanel:
    library = pytest.importorskip(
        "causal_marketing", reason="causal-marketing (0.1), which carries the 40 cities, is no dependency"
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
    assert found.chosen == "sc"
    assert found.effect / 2 / 15 == pytest.approx(155.556, abs=0.002)
    assert p[0, 1, 1] == pytest.approx(0.01, abs=0.006)
    lower, upper = found.interval
    assert 0 < lower < found.effect < upper
