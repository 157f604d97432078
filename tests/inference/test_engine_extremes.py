"""Data that pass the checks, however extreme, give finite densities, gradients and draws."""

import numpy as np
import pandas as pd
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmm.data.calendar import Frequency
from mmm.data.dataset import Dataset
from mmm.inference.engine import log_posterior, preview
from mmm.inference.engine.prior_draws import unconstrained_draws, without_data
from mmm.model.settings import AdstockSettings, ModelSettings, SaturationSettings
from mmm.model.spec import make_spec

COURSES = ("even", "one week", "last week", "spikes", "same as the first", "nearly nothing")


def course(kind: str, rng: np.random.Generator, weeks: int) -> np.ndarray:
    """Spend of one channel by week; even spend for what is not named."""
    out = np.ones(weeks)
    if kind in ("one week", "last week"):
        out[:] = 0.0
        out[weeks // 2 if kind == "one week" else -1] = 1.0
    elif kind == "spikes":
        out = np.exp(6.0 * rng.standard_normal(weeks))
    elif kind == "nearly nothing":
        out = np.where(np.arange(weeks) == 3, 1.0, 1e-9)
    return out


@st.composite
def panels(draw: st.DrawFn) -> tuple[Dataset, ModelSettings]:
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    weeks, geos = draw(st.sampled_from([20, 53, 130])), draw(st.sampled_from([1, 2, 7]))
    kinds = draw(st.lists(st.sampled_from(COURSES), min_size=1, max_size=4))
    money, size = (10.0 ** draw(st.integers(-3, 9)) for _ in range(2))
    noise = 10.0 ** draw(st.integers(-6, 1))
    spend = np.stack([course(k, rng, weeks) for k in kinds], axis=1)[:, None, :] * rng.uniform(0.01, 10, (1, geos, 1))
    outcome = size * (1.0 + noise * np.abs(rng.standard_normal((weeks, geos)))) * 10.0 ** rng.uniform(-3, 3, geos)
    observed = np.ones((weeks, geos), dtype=bool)
    observed[: draw(st.sampled_from([0, 5])), geos - 1] = geos == 1
    control = np.stack([np.ones((weeks, geos)), 1e6 * rng.standard_normal((weeks, geos))], axis=2)
    panel = ("date", "geo")
    data = xr.Dataset(
        {
            "outcome": (panel, np.where(observed, outcome, np.nan)),
            "value_per_unit": (panel, np.ones((weeks, geos))),
            "spend": ((*panel, "channel"), money * spend),
            "media": ((*panel, "channel"), money * spend),
            "control": ((*panel, "control_name"), control),
            "observed": (panel, observed),
            "population": (("geo",), np.full(geos, np.nan)),
        },
        coords={
            "date": pd.date_range("2022-01-03", periods=weeks, freq="7D"),
            "geo": [f"g{i}" for i in range(geos)],
            "channel": [f"c{i}" for i in range(len(kinds))],
            "control_name": ["constant", "large"],
        },
    )
    dataset = Dataset(data, "revenue", "EUR", "revenue", "EUR", Frequency("week", 0), ("EUR",) * len(kinds))
    model = ModelSettings(
        adstock=AdstockSettings(family=draw(st.sampled_from(["geometric", "delayed"])), normalise=draw(st.booleans())),
        saturation=SaturationSettings(family=draw(st.sampled_from(["hill", "logistic"]))),
        likelihood=draw(st.sampled_from(["normal", "student_t"])),
    )
    return dataset, model


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(case=panels())
def test_no_panel_gives_nan(case: tuple[Dataset, ModelSettings]) -> None:
    dataset, model = case
    spec = make_spec(dataset, model)
    problem = log_posterior(spec, dataset)
    values, gradients = problem.many(unconstrained_draws(without_data(problem), 20, 1))
    assert np.isfinite(values).all()
    assert np.isfinite(gradients).all()
    drawn = preview(spec, dataset, count=20)["posterior"].to_dataset()
    for name, variable in drawn.items():
        assert np.isfinite(variable).all(), name
