"""A dataset as a table, and the settings that read it back: what was given in memory can be kept beside its results."""

from typing import Any

import numpy as np
import pandas as pd

from mmm.data.dataset import Dataset
from mmm.data.role import PAID


def data_document(dataset: Dataset, source: str) -> dict[str, Any]:
    """The ``data`` section, as plain data, with which :func:`data_frame` reads back as an equal dataset."""
    names = _columns(dataset)
    target: dict[str, Any] = {"column": dataset.outcome_name, "kind": dataset.outcome_kind}
    target["unit"] = dataset.outcome_unit
    if dataset.outcome_kind == "kpi" and dataset.has_value:
        target["value_per_unit"] = names["value"]
    channels = {}
    for c, name in enumerate(dataset.channels):
        role = dataset.channel_roles[c]
        channels[name] = {} if role.name == PAID else {"role": role.name}
        if f"spend {name}" in names:
            channels[name] |= {"spend": names[f"spend {name}"]}
        if f"media {name}" in names:
            channels[name] |= {"media": names[f"media {name}"], "media_unit": dataset.media_unit[c]}
        if f"exposures {name}" in names:
            channels[name] |= {"frequency": names[f"exposures {name}"]}
    document: dict[str, Any] = {
        "source": source,
        "date": names["date"],
        "geo": names["geo"],
        "target": target,
        "currency": dataset.currency,
        "channels": channels,
        "controls": {name: {"column": names[f"control {name}"]} for name in dataset.controls},
        "media_history": _history(dataset) > 0,
        "partial_geos": _partial(dataset),
    }
    return document | ({"population": names["population"]} if dataset.has_population else {})


def data_frame(dataset: Dataset) -> pd.DataFrame:
    """One row a date and geo, in columns that :func:`data_document` names."""
    names, data = _columns(dataset), dataset.data
    periods, geos = len(dataset.dates), len(dataset.geos)
    seen = data["observed"].values.astype(bool)
    found: dict[str, Any] = {
        names["date"]: np.repeat(dataset.dates.to_numpy(), geos),
        names["geo"]: np.tile(np.array(dataset.geos, dtype=object), periods),
        dataset.outcome_name: np.where(seen, data["outcome"].values, np.nan).ravel(),
    }
    if "value" in names:
        found[names["value"]] = data["value_per_unit"].values.ravel()
    if dataset.has_population:
        found[names["population"]] = np.tile(data["population"].values, periods)
    kinds = (("spend", "channel"), ("media", "channel"), ("exposures", "channel"), ("control", "control_name"))
    for kind, dim in kinds:
        for i, name in enumerate(str(n) for n in data[dim].values):
            if f"{kind} {name}" in names:
                found[names[f"{kind} {name}"]] = data[kind].values[:, :, i].ravel()
    return pd.DataFrame(found)


def _columns(dataset: Dataset) -> dict[str, str]:
    """Names of columns by what they hold; none of them is that of the outcome."""
    kinds = ["date", "geo", "population"]
    kinds += [
        f"spend {name}"
        for name, role in zip(dataset.channels, dataset.channel_roles, strict=True)
        if "spend" in role.needs
    ]
    spend, media = dataset.data["spend"].values, dataset.data["media"].values
    for c, (name, unit) in enumerate(zip(dataset.channels, dataset.media_unit, strict=True)):
        if unit != dataset.currency or not np.array_equal(spend[:, :, c], media[:, :, c]):
            kinds.append(f"media {name}")
    kinds += [
        f"exposures {name}"
        for name, role in zip(dataset.channels, dataset.channel_roles, strict=True)
        if "frequency" in role.needs
    ]
    kinds += [f"control {name}" for name in dataset.controls]
    if dataset.outcome_kind == "kpi" and dataset.has_value:
        kinds.append("value")
    return {kind: kind if kind != dataset.outcome_name else f"{kind} column" for kind in kinds}


def _history(dataset: Dataset) -> int:
    """Periods before the first outcome of any geo."""
    return int(np.flatnonzero(dataset.data["observed"].values.any(axis=1))[0])


def _partial(dataset: Dataset) -> dict[str, Any]:
    """First and last period of the geos that are observed for a part of the time only."""
    seen = dataset.data["observed"].values.astype(bool)
    found: dict[str, Any] = {}
    for g, geo in enumerate(dataset.geos):
        rows = np.flatnonzero(seen[:, g])
        first, last = int(rows[0]), int(rows[-1])
        span = {}
        if first > _history(dataset):
            span["start"] = dataset.dates[first].date().isoformat()
        if last < len(dataset.dates) - 1:
            span["end"] = dataset.dates[last].date().isoformat()
        if span:
            found[geo] = span
    return found
