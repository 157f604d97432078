"""A dataset as the input of other tools: a table, and the lines of Python that read it there.

Sources: Meridian 2.1.0 (CsvDataLoader, CoordToColumns), PyMC-Marketing 1.3.0 (MMM); both were run.
"""

import json
import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from mmm.data.dataset import Dataset
from mmm.errors import DataError


class Handed(NamedTuple):
    """A table, the code that reads it, and what could not be handed over."""

    frame: pd.DataFrame
    code: str
    lost: tuple[str, ...]


def _base(dataset: Dataset) -> tuple[dict[str, np.ndarray], list[str], list[str]]:
    """Date and geo of each row, geo by geo; names of channels and controls that are names of columns too."""
    if not bool(dataset.data["observed"].values.all()):
        raise DataError(
            "Some periods have no outcome (partial geos or media history); hand over data that are complete."
        )
    periods, geos = len(dataset.dates), len(dataset.geos)
    dates = dataset.dates.strftime("%Y-%m-%d").to_numpy()
    rows = {"time": np.tile(dates, geos), "geo": np.repeat(np.array(dataset.geos, dtype=object), periods)}
    channels = [_plain(name) for name in dataset.channels]
    controls = [_plain(name) for name in dataset.controls]
    if len({*channels, *controls}) < len(channels) + len(controls):
        raise DataError(
            "Two names of channels or controls are the same once they are plain. Rename one in data.channels."
        )
    return rows, channels, controls


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_") or "unnamed"


def _column(dataset: Dataset, kind: str, place: int) -> np.ndarray:
    values: np.ndarray = dataset.data[kind].values[:, :, place].T.reshape(-1)
    return values


def to_meridian(dataset: Dataset) -> Handed:
    """Columns of Meridian's CsvDataLoader: revenue is a kpi of type revenue, a KPI has its value as revenue_per_kpi."""
    rows, channels, controls = _base(dataset)
    money = dataset.outcome_kind != "kpi"
    rows["kpi"] = dataset.data["outcome"].values.T.reshape(-1)
    if not money and dataset.has_value:
        rows["revenue_per_kpi"] = dataset.data["value_per_unit"].values.T.reshape(-1)
    if dataset.has_population:
        rows["population"] = np.repeat(dataset.data["population"].values, len(dataset.dates))
    paid = [name for name, role in zip(channels, dataset.channel_roles, strict=True) if role.costs]
    others = [name for name in channels if name not in paid]
    for c, name in enumerate(channels):
        rows[f"{name}_media"] = _column(dataset, "media", c)
        if name in paid:
            rows[f"{name}_spend"] = _column(dataset, "spend", c)
    rows |= {name: _column(dataset, "control", k) for k, name in enumerate(controls)}
    frame = pd.DataFrame(rows)
    national = len(dataset.geos) == 1
    if national:
        frame = frame.drop(columns=[c for c in ("geo", "population") if c in frame])
    lost = () if dataset.has_population or national else ("population: Meridian scales media by it; give it yourself",)
    words = {
        "media": [f"{name}_media" for name in paid],
        "media_spend": [f"{name}_spend" for name in paid],
        "organic_media": [f"{name}_media" for name in others] or None,
        "controls": controls or None,
    }
    columns = ["time='time'", "kpi='kpi'"] + ([] if national else ["geo='geo'"])
    columns += ["population='population'"] if "population" in frame else []
    columns += ["revenue_per_kpi='revenue_per_kpi'"] if "revenue_per_kpi" in frame else []
    columns += [f"{key}={json.dumps(value)}" for key, value in words.items() if value]
    pairs = [{f"{name}_{what}": name for name in paid} for what in ("media", "spend")]
    code = "\n".join(
        (
            "from meridian.data import load",
            "",
            "data = load.CsvDataLoader(",
            '    csv_path="meridian.csv",',
            f"    kpi_type={json.dumps('revenue' if money else 'non_revenue')},",
            f"    coord_to_columns=load.CoordToColumns({', '.join(columns)}),",
            f"    media_to_channel={json.dumps(pairs[0])},",
            f"    media_spend_to_channel={json.dumps(pairs[1])},",
            ").load()",
            "",
        )
    )
    return Handed(frame, code, lost)


def to_pymc_marketing(dataset: Dataset, lookback: int, order: int) -> Handed:
    """Columns of PyMC-Marketing's MMM; its channels are driven by one column, so that spend is handed over."""
    rows, channels, controls = _base(dataset)
    rows["y"] = dataset.data["outcome"].values.T.reshape(-1)
    paid = [role.costs for role in dataset.channel_roles]
    rows |= {name: _column(dataset, "spend" if paid[c] else "media", c) for c, name in enumerate(channels)}
    rows |= {name: _column(dataset, "control", k) for k, name in enumerate(controls)}
    frame = pd.DataFrame(rows).rename(columns={"time": "date"})
    national = len(dataset.geos) == 1
    frame = frame.drop(columns="geo") if national else frame
    units = zip(dataset.channels, dataset.media_unit, paid, strict=True)
    driven = [name for name, unit, costs in units if costs and unit != dataset.currency]
    lost = [f"media units of {', '.join(driven)}: spend drives the response there"] if driven else []
    free = [name for name, costs in zip(dataset.channels, paid, strict=True) if not costs]
    if free:
        lost.append(f"roles of {', '.join(free)}: their media are channels, whose return there means nothing")
    if dataset.outcome_kind == "kpi" and dataset.has_value:
        lost.append("value per unit: effects are in units")
    if dataset.has_population:
        lost.append("population: each geo is scaled by its own data")
    words = [
        'date_column="date"',
        f"channel_columns={json.dumps(channels)}",
        'target_column="y"',
        *([f"control_columns={json.dumps(controls)}"] if controls else []),
        *([] if national else ['dims=("geo",)']),
        f"adstock=GeometricAdstock(l_max={lookback + 1})",
        "saturation=MichaelisMentenSaturation()",
        *([f"yearly_seasonality={order}"] if order else []),
    ]
    inner = "".join(f"    {word},\n" for word in words)
    code = (
        "import pandas as pd\n"
        "from pymc_marketing.mmm import MMM, GeometricAdstock, MichaelisMentenSaturation\n\n"
        'data = pd.read_csv("pymc_marketing.csv", parse_dates=["date"])\n'
        f"mmm = MMM(\n{inner})\n"
        'mmm.fit(X=data.drop(columns="y"), y=data["y"])\n'
    )
    return Handed(frame, code, tuple(lost))
