"""Small panels that together have every family, shape and likelihood, for the tests of the fast engine."""

import numpy as np
import pandas as pd
import xarray as xr

from mmm.data.calendar import Frequency
from mmm.data.dataset import Dataset
from mmm.model.evidence import Evidence, Experiment
from mmm.model.priors import LogNormalPrior
from mmm.model.settings import AdstockSettings, ChannelModelSettings, ModelSettings, SaturationSettings

SHAPES = ("national", "national_history", "national_wide", "geo", "geo_ragged", "geo_history")
WIDE = 30
"""Controls of the wide panel: more columns of fixed scale than the drift has."""


def dataset(shape: str, *, seed: int = 1, periods: int = 45, channels: int = 5) -> Dataset:
    """A panel of random media with pauses, some geos without some channels; outcome of the right size."""
    rng = np.random.default_rng(seed)
    geos = 1 if shape.startswith("national") else 4
    history = 6 if shape.endswith("history") else 0
    t = periods + history
    controls = ["price", "promo", *(f"other {i}" for i in range(WIDE - 2 if shape.endswith("wide") else 0))]
    names = [f"c{i}" for i in range(channels)]
    spend = rng.gamma(2.0, 50.0, (t, geos, channels)) * (rng.random((t, geos, channels)) < 0.6)
    if geos > 1:
        spend[:, 1, 2] = 0.0
    spend[:, :, 0] = np.where((np.arange(t) > t // 3)[:, None], spend[:, :, 0], 0.0)
    observed = np.ones((t, geos), dtype=bool)
    observed[:history] = False
    if shape == "geo_ragged":
        observed[:7, 2] = False
        observed[-4:, 3] = False
    size = rng.uniform(0.5, 2.0, geos)
    outcome = size * (1000 + 100 * rng.standard_normal((t, geos))) + spend.sum(axis=2)
    dates = pd.date_range("2022-01-03", periods=t, freq="7D")
    data = xr.Dataset(
        {
            "outcome": (("date", "geo"), np.where(observed, outcome, np.nan)),
            "value_per_unit": (("date", "geo"), np.ones((t, geos))),
            "spend": (("date", "geo", "channel"), spend),
            "media": (("date", "geo", "channel"), spend),
            "control": (("date", "geo", "control_name"), rng.standard_normal((t, geos, len(controls)))),
            "observed": (("date", "geo"), observed),
            "population": (("geo",), np.full(geos, np.nan)),
        },
        coords={
            "date": dates,
            "geo": [f"g{i}" for i in range(geos)],
            "channel": names,
            "control_name": controls,
        },
    )
    return Dataset(data, "revenue", "EUR", "revenue", "EUR", Frequency("week", 0), ("EUR",) * channels)


def settings(likelihood: str = "normal", **changes: object) -> ModelSettings:
    """Every family at once: both carryovers, normalised or not, and the three curves."""
    free = LogNormalPrior(lower=0.5, upper=2.0)
    own = {
        "c1": ChannelModelSettings(
            adstock=AdstockSettings(normalise=False), saturation=SaturationSettings(family="logistic")
        ),
        "c2": ChannelModelSettings(adstock=AdstockSettings(family="delayed")),
        "c3": ChannelModelSettings(saturation=SaturationSettings(slope=free)),
        "c4": ChannelModelSettings(
            adstock=AdstockSettings(family="delayed", normalise=False), saturation=SaturationSettings(slope=free)
        ),
    }
    return ModelSettings(channels=own, likelihood=likelihood, lookback="5 weeks", **changes)


def evidence(shape: str, df: float | None = None) -> Evidence:
    """A test of every channel, so of every family, and of every kind; inside the data and before them."""
    data = dataset(shape)
    some = data.geos[-2:]
    day = [str(d.date()) for d in (data.dates[0] - pd.Timedelta(weeks=40)) + pd.to_timedelta(7 * np.arange(99), "D")]
    first = 40 + (6 if shape.endswith("history") else 0)
    return Evidence(
        experiments=(
            Experiment(
                name="held", channel="c0", geos=data.geos, start=day[first + 30], end=day[first + 34], kind="hold_out",
                measured=300.0, error=90.0,
            ),
            Experiment(
                name="dark", channel="c1", geos=some, start=day[first + 2], end=day[first + 6], kind="go_dark",
                spend=700.0, counted=0, measured=-50.0, error=150.0,
            ),
            Experiment(
                name="late", channel="c2", geos=some, start=day[first + 40], end=day[first + 43], kind="hold_out",
                measures="value", counted=2, measured=200.0, error=60.0,
            ),
            Experiment(
                name="heavy", channel="c3", geos=data.geos[:1], start=day[first + 12], end=day[first + 20],
                kind="heavy_up", spend=150.0, measured=80.0, error=30.0,
            ),
            Experiment(
                name="old", channel="c4", geos=data.geos, start=day[3], end=day[7], kind="hold_out", spend=900.0,
                measured=500.0, error=200.0,
            ),
            Experiment(
                name="old_heavy", channel="c3", geos=some, start=day[9], end=day[12], kind="heavy_up", spend=400.0,
                measured=90.0, error=70.0,
            ),
        ),
        df=df,
    )  # fmt: skip
