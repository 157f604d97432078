"""The panels of the sampling benchmark, as arrays that every library's script reads: see :func:`problem`."""

from pathlib import Path

import numpy as np
import pandas as pd

from mmm.data.load import from_frame
from mmm.data.settings import DataSettings
from mmm.simulate import data_settings, random_world, simulate

SIMULATED = {"S": (1, 6), "M": (20, 8), "L": (50, 12)}
"""Geos and channels; all have 156 weeks."""
PUBLIC = ("small", "growing", "medium", "large")


def problem(name: str, seed: int, shared: Path) -> dict[str, np.ndarray]:
    """Arrays of one panel: outcome [date, geo], media and spend [date, geo, channel], control, population, truth.

    ``name`` is a simulated size or a public data set under ``shared``; ``seed`` draws the world of a simulated one.
    Raises FileNotFoundError where the public data are not there.
    """
    return _simulated(name, seed) if name in SIMULATED else _public(shared / "public_benchmark", name)


def _simulated(name: str, seed: int) -> dict[str, np.ndarray]:
    geos, channels = SIMULATED[name]
    made = simulate(random_world(np.random.default_rng([31, seed]), weeks=156, geos=geos, channels=channels))
    dataset = from_frame(made.frame, DataSettings.model_validate(data_settings(made)))
    panel, truth = dataset.data, made.truth
    order = [truth.geos.index(g) for g in dataset.geos] if geos > 1 else [0]
    return {
        "kind": np.array("revenue"),
        "dates": dataset.dates.strftime("%Y-%m-%d").to_numpy(dtype=str),
        "geos": np.array(dataset.geos, dtype=str),
        "channels": np.array(dataset.channels, dtype=str),
        "outcome": panel["outcome"].values,
        "media": panel["media"].values,
        "spend": panel["spend"].values,
        "control": panel["control"].values,
        "population": truth.mechanism.size[order],
        "truth": truth.contributions[:, order],
    }


def _public(folder: Path, name: str) -> dict[str, np.ndarray]:
    suffix = "csv.gz" if name == "large" else "csv"
    frame = pd.read_csv(folder / f"{name}_business.{suffix}").sort_values(["date", "geo"], kind="stable")
    truth = pd.read_csv(folder / f"{name}_business.truth.{suffix}").sort_values(["date", "geo"], kind="stable")
    dates, geos = frame["date"].unique(), frame["geo"].unique()
    channels = [c for c in frame.columns if c.startswith("x")]
    controls = [c for c in frame.columns if c.startswith("c")]

    def cells(columns: list[str], of: pd.DataFrame = frame) -> np.ndarray:
        return of[columns].to_numpy(dtype=float).reshape(len(dates), len(geos), len(columns))

    spend = cells(channels)
    return {
        "kind": np.array("kpi"),
        "dates": np.array(list(dates), dtype=str),
        "geos": np.array(list(geos), dtype=str),
        "channels": np.array(channels, dtype=str),
        "outcome": cells(["y"])[:, :, 0],
        "media": spend,
        "spend": spend,
        "control": cells(controls),
        "population": np.empty(0),
        "truth": cells([f"contribution_{c}" for c in channels], truth),
    }


def srmse(found: np.ndarray, truth: np.ndarray) -> float:
    """RMSE of contributions over time over the absolute mean true one, averaged over channels and geos with an effect.

    Arrays are [date, geo, channel].
    """
    mean = np.abs(truth.mean(axis=0))
    error = np.sqrt(((found - truth) ** 2).mean(axis=0))
    return float((error[mean > 0] / mean[mean > 0]).mean())
