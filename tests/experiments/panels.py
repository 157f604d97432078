"""A panel of regions with a test in it whose effect is known."""

import numpy as np
import pandas as pd

from mmm.experiments import GeoPanel, GeoTest
from mmm.experiments.panel import Span

TREATED = ("r01", "r05", "r08")


def regions(n: int = 14) -> tuple[str, ...]:
    return tuple(f"r{i:02d}" for i in range(n))


def panel(lift: float = 0.2, *, seed: int = 3, n: int = 14, periods: int = 90, length: int = 6) -> GeoPanel:
    """Sizes that differ, a common season, noise of 3% a region and week; ``lift`` on the treated in the last weeks."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(0.0, 0.7, n)) * 1000
    common = 0.2 * np.sin(np.arange(periods) / 8.0) + 0.03 * rng.standard_normal(periods).cumsum()
    outcome = size * np.exp(common[:, None] + 0.03 * rng.standard_normal((periods, n)))
    spend = np.full((periods, n), 100.0) * size / size.mean()
    treated = np.isin(regions(n), TREATED)
    outcome[-length:, treated] *= 1.0 + lift
    spend[-length:, treated] = 0.0
    dates = pd.date_range("2022-01-03", periods=periods, freq="7D")
    return GeoPanel(dates, regions(n), outcome, spend, 7)


def run(kind: str = "go_dark", periods: int = 90, length: int = 6, **changes) -> GeoTest:
    values = {
        "name": "dark", "channel": "search", "kind": kind, "treated": TREATED, "near": (),
        "span": Span(0, periods - length, periods), "end": periods, "planned_spend": None,
    }  # fmt: skip
    return GeoTest(**(values | changes))
