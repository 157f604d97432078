"""Writing a world to a folder, and describing its columns in the form of the settings."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.errors import DataError
from mmm.files import write_whole
from mmm.simulate.experiments import experiments_frame
from mmm.simulate.generate import Simulated
from mmm.tables import csv_text


def data_settings(simulated: Simulated, source: str = "data.csv") -> dict[str, Any]:
    """The ``data`` section of the settings that reads this world's frame, as plain data."""
    world = simulated.world
    channels: dict[str, Any] = {}
    for channel in world.channels:
        columns = {"spend": f"{channel.name}_spend"}
        if not channel.costs:
            columns = {"role": channel.role, "media": f"{channel.name}_contacts", "media_unit": "contacts"}
        elif channel.unit is not None:
            columns |= {"media": f"{channel.name}_{channel.unit.name}", "media_unit": channel.unit.name}
        channels[channel.name] = columns
    money = world.value_per_unit == 1.0
    target: dict[str, Any] = {"column": world.outcome, "kind": "revenue" if money else "kpi"}
    if not money:
        target |= {"value_per_unit": "value_per_unit", "unit": world.outcome}
    settings: dict[str, Any] = {"source": source, "date": "date", "target": target, "currency": world.currency}
    if len(world.geos) > 1:
        settings |= {"geo": "geo", "population": "population"}
    return settings | {"channels": channels, "controls": [control.name for control in world.controls]}


def truth_document(simulated: Simulated) -> dict[str, Any]:
    """The truth as plain numbers: the world's description, and what follows from it."""
    world = dataclasses.asdict(simulated.world)
    world["start"] = simulated.world.start.isoformat()
    return {"world": world, **simulated.truth.summary()}


def contributions_frame(simulated: Simulated) -> pd.DataFrame:
    """True contributions, one row a date and geo in the order of the data: baseline, then one column a channel."""
    truth = simulated.truth
    weeks, geos = truth.baseline.shape
    columns: dict[str, Any] = {
        "date": np.tile(truth.dates.to_numpy(), geos),
        "geo": np.repeat(np.asarray(truth.geos, dtype=object), weeks),
        "baseline": truth.baseline.T.reshape(-1),
    }
    for c, name in enumerate(truth.channels):
        columns[name] = truth.contributions[:, :, c].T.reshape(-1)
    return pd.DataFrame(columns)


def write_world(simulated: Simulated, folder: Path) -> dict[str, Path]:
    """Write ``data.csv``, ``truth.json`` and ``truth_contributions.csv`` into ``folder``, which is made if missing.

    A world with tests has ``experiments.csv`` besides. Each file is written under a temporary name and renamed.
    Raises DataError where the folder cannot be written.
    """
    contents = {
        "data": ("data.csv", csv_text(simulated.frame)),
        "truth": ("truth.json", json.dumps(truth_document(simulated), indent=1, allow_nan=False) + "\n"),
        "contributions": (
            "truth_contributions.csv",
            csv_text(contributions_frame(simulated)),
        ),
    }
    if simulated.world.tests:
        contents["experiments"] = (
            "experiments.csv",
            csv_text(experiments_frame(simulated)),
        )
    out: dict[str, Path] = {}
    try:
        for key, (name, text) in contents.items():
            out[key] = write_whole(folder / name, text)
    except OSError as error:
        raise DataError(
            f"Cannot write the world to '{folder}': {error.strerror}. Give a folder that can be written."
        ) from error
    return out
