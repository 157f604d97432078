"""The observed panel: one xarray Dataset with named dims, units, one currency and a fingerprint of its content."""

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from mmm.data.calendar import Frequency
from mmm.errors import DataError

OutcomeKind = Literal["revenue", "kpi"]

_DIMS: dict[str, tuple[str, ...]] = {
    "outcome": ("date", "geo"),
    "value_per_unit": ("date", "geo"),
    "spend": ("date", "geo", "channel"),
    "media": ("date", "geo", "channel"),
    "control": ("date", "geo", "control_name"),
    "observed": ("date", "geo"),
    "population": ("geo",),
}


@dataclass(frozen=True)
class Dataset:
    """What was observed, by date and geo.

    ``data`` holds

    - ``outcome[date, geo]``: the target in its own unit, NaN where not observed;
    - ``value_per_unit[date, geo]``: currency per unit of outcome (1 for revenue, NaN everywhere for a KPI whose
      value is unknown);
    - ``spend[date, geo, channel]``: money spent in the period, in the currency, never negative;
    - ``media[date, geo, channel]``: what drives the response: the media unit where there is one, else the spend;
    - ``control[date, geo, control_name]``;
    - ``observed[date, geo]``: False where the geo has no outcome (declared late start or early end, or media
      history before the first outcome);
    - ``population[geo]``: NaN where not given (all or none).

    A date is the start of its period, without time zone. A national dataset has one geo.
    """

    data: xr.Dataset
    outcome_name: str
    outcome_unit: str
    outcome_kind: OutcomeKind
    currency: str
    frequency: Frequency
    media_unit: tuple[str, ...]
    """Unit of ``media`` by channel; equal to the currency where spend itself drives the response."""
    notes: tuple[str, ...] = ()
    """What the loader decided while reading, in sentences; not part of the fingerprint."""

    def __post_init__(self) -> None:
        for name, dims in _DIMS.items():
            if name not in self.data:
                raise DataError(f"A dataset needs the variable '{name}' with dims {dims}; it is missing.")
            if self.data[name].dims != dims:
                raise DataError(f"Variable '{name}' has dims {self.data[name].dims}; the rule is {dims}.")
        if len(self.media_unit) != len(self.channels):
            raise DataError(f"media_unit has {len(self.media_unit)} entries for {len(self.channels)} channels.")

    @property
    def dates(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.data["date"].to_index())

    @property
    def geos(self) -> tuple[str, ...]:
        return tuple(str(g) for g in self.data["geo"].values)

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(str(c) for c in self.data["channel"].values)

    @property
    def controls(self) -> tuple[str, ...]:
        return tuple(str(c) for c in self.data["control_name"].values)

    @property
    def has_value(self) -> bool:
        """Whether outcome converts to money, so that ROAS and profit mean something."""
        return bool(np.isfinite(self.data["value_per_unit"].values).all())

    @property
    def has_population(self) -> bool:
        return bool(np.isfinite(self.data["population"].values).all())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of values, labels and units: equal content gives equal fingerprints on every machine."""
        digest = hashlib.sha256()
        header = {
            "outcome": [self.outcome_name, self.outcome_unit, self.outcome_kind],
            "currency": self.currency,
            "frequency": str(self.frequency),
            "media_unit": list(self.media_unit),
            "dates": [d.isoformat() for d in self.dates],
            "geos": list(self.geos),
            "channels": list(self.channels),
            "controls": list(self.controls),
        }
        digest.update(json.dumps(header, sort_keys=True, ensure_ascii=False).encode())
        for name in sorted(_DIMS):
            # "+ 0.0" turns -0.0 into 0.0, which would otherwise hash differently.
            digest.update((np.asarray(self.data[name].values, dtype="<f8") + 0.0).tobytes())
        return digest.hexdigest()

    def with_outcome_hidden(self, last: int) -> "Dataset":
        """The same panel with the outcome of the last ``last`` periods hidden (media and controls stay known)."""
        if not 0 < last < len(self.dates):
            most = len(self.dates) - 1
            raise DataError(f"Cannot hide the last {last} of {most + 1} periods: give 1 to {most}.")
        hidden = self.data.copy(deep=True)
        hidden["outcome"][-last:] = np.nan
        hidden["observed"][-last:] = False
        return Dataset(
            hidden,
            self.outcome_name,
            self.outcome_unit,
            self.outcome_kind,
            self.currency,
            self.frequency,
            self.media_unit,
        )
