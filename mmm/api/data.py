"""Panels from tables and files, by keywords instead of a settings file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

import pandas as pd
from pydantic import ValidationError

from mmm.data import load as loading
from mmm.data.dataset import Dataset
from mmm.data.settings import DataSettings
from mmm.data.target import TargetSettings
from mmm.errors import SettingsError
from mmm.settings.explain import settings_error

Names = Sequence[str] | Mapping[str, Any]


class Columns(TypedDict, total=False):
    """What else may be said of a table; docs/data.md explains each, and the settings call them by the same names."""

    date: str
    date_format: str
    week_label: Literal["start", "end"]
    geo: str
    controls: Names
    kind: Literal["revenue", "profit", "kpi"]
    unit: str
    value_per_unit: float | str
    population: str
    partial_geos: Mapping[str, Any]
    media_history: bool
    layout: Literal["wide", "long"]
    long: Mapping[str, Any]
    csv: Mapping[str, Any]


def from_frame(
    frame: pd.DataFrame, *, outcome: str, channels: Names, currency: str, **columns: Unpack[Columns]
) -> Dataset:
    """A panel from a pandas table with a row a period (and geo); the index is not read.

    ``outcome`` is the column of what is to be explained. ``channels``: columns of spend, or a mapping from a channel's
    name to its column, or to ``{"spend": ..., "media": ..., "media_unit": ...}`` where media units drive the response.
    ``currency`` is that of all spend. Further keywords are in :class:`Columns`: ``date`` ("date" by default), ``geo``,
    ``controls``, ``kind`` ("revenue" by default, "profit" or "kpi"), ``value_per_unit`` of a KPI, and so on.

    Raises SettingsError for a keyword that breaks a rule, DataError with everything that stands against the table, each
    with its rule, up to ten rows (counted from 0) and the next step.
    """
    if not isinstance(frame, pd.DataFrame):
        raise SettingsError(
            f"mmm.from_frame: frame is a {type(frame).__name__}; the rule is a pandas DataFrame. A file is read by "
            "mmm.load(path, ...)."
        )
    settings = _settings("mmm.from_frame", "frame", outcome, channels, {"currency": currency, **columns})
    return loading.from_frame(frame, settings)


def load(path: str | Path, *, outcome: str, channels: Names, currency: str, **columns: Unpack[Columns]) -> Dataset:
    """A panel from a .csv, .csv.gz or .parquet file; keywords and errors are those of :func:`from_frame`."""
    settings = _settings("mmm.load", str(path), outcome, channels, {"currency": currency, **columns})
    return loading.load(settings, Path())


def _settings(call: str, source: str, outcome: str, channels: Names, columns: Mapping[str, Any]) -> DataSettings:
    """The data section that the keywords mean. Raises SettingsError that names the keyword."""
    target = {"column": outcome, **{name: columns[name] for name in TargetSettings.model_fields if name in columns}}
    rest = {name: value for name, value in columns.items() if name not in target}
    document = {"source": source, "target": target, "channels": _plain(channels), **rest}
    try:
        return DataSettings.model_validate(document)
    except ValidationError as error:
        raise settings_error(error, call, DataSettings, "the docstring of the call says how") from error


def _plain(names: Names) -> Any:
    return dict(names) if isinstance(names, Mapping) else names if isinstance(names, str) else list(names)


def correlations(dataset: Dataset) -> pd.DataFrame:
    """Correlations of spend between channels over all periods and geos, and with the outcome."""
    data = dataset.data
    found = {name: data["spend"].sel(channel=name).values.ravel() for name in dataset.channels}
    found[dataset.outcome_name] = data["outcome"].values.ravel()
    return pd.DataFrame(found).corr().round(2)
