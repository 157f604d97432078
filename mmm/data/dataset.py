"""The observed panel: one xarray Dataset with named dims, units, one currency and a fingerprint of its content."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from mmm.cards import facts, lines, listed
from mmm.data.calendar import Frequency, parse_periods
from mmm.data.future import Future
from mmm.data.nested import nodes_of
from mmm.data.role import PAID, ROLES, Role
from mmm.data.steps import FROM, UNTIL, OutcomeRows, outcome_rows
from mmm.digits import amount
from mmm.errors import DataError

OutcomeKind = Literal["revenue", "profit", "kpi"]

_DIMS: dict[str, tuple[str, ...]] = {
    "outcome": ("date", "geo"),
    "value_per_unit": ("date", "geo"),
    "spend": ("date", "geo", "channel"),
    "media": ("date", "geo", "channel"),
    "control": ("date", "geo", "control_name"),
    "observed": ("date", "geo"),
    "population": ("geo",),
}


@dataclass(frozen=True, repr=False)
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
    - ``population[geo]``: NaN where not given (all or none);
    - ``exposures[date, geo, channel]``, where a channel is known by reach and frequency: average contacts of a person
      reached (its media), NaN for all other channels;
    - ``gaps[date, geo, channel]``, where a mediator was not measured throughout: True where it was not;
    - ``outcome_from[date]`` and ``outcome_until[date]``, where the outcome is coarser than the periods: first and last
      day of the outcome row that ends in a period (NaT where none does), which holds that row's total.

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
    roles: tuple[str, ...] = ()
    """Role by channel (:mod:`mmm.data.role`); all of them paid media where it is empty."""
    within: tuple[tuple[str, ...], ...] = ()
    """By channel, what it is a part of (:mod:`mmm.data.nested`); one empty path each by default."""
    future: Future | None = None
    """What is known of the periods after; no part of the fingerprint, as nothing is learned from it."""

    outcomes: tuple[tuple[str, "Dataset"], ...] = ()
    """Further outcomes of the same periods and channels, by name, each as a panel of its own; no part of the
    fingerprint, as each is learned from by an equation of its own."""

    def __post_init__(self) -> None:
        for name, dims in _DIMS.items():
            if name not in self.data:
                raise DataError(f"A dataset needs the variable '{name}' with dims {dims}; it is missing.")
            if self.data[name].dims != dims:
                raise DataError(f"Variable '{name}' has dims {self.data[name].dims}; the rule is {dims}.")
        if len(self.media_unit) != len(self.channels):
            raise DataError(f"media_unit has {len(self.media_unit)} entries for {len(self.channels)} channels.")
        if not self.within:
            object.__setattr__(self, "within", ((),) * len(self.channels))
        if len(self.within) != len(self.channels):
            raise DataError(f"within has {len(self.within)} entries for {len(self.channels)} channels.")
        if len(self.roles) not in (0, len(self.channels)):
            raise DataError(f"roles has {len(self.roles)} entries for {len(self.channels)} channels.")

    @property
    def dates(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.data["date"].to_index())

    @property
    def coarse(self) -> bool:
        """Whether an outcome row covers several periods, as of a month with weekly media."""
        return FROM in self.data

    def rows(self, periods: slice | None = None) -> OutcomeRows:
        """The outcome rows that end in ``periods`` (all of the panel by default): where they are, how they add up."""
        bounds = (self.data[FROM].values, self.data[UNTIL].values) if self.coarse else None
        return outcome_rows(self.dates, self.frequency.days, slice(None) if periods is None else periods, bounds)

    @property
    def window(self) -> slice:
        """Periods from the first that an observed outcome covers to the last."""
        seen = np.flatnonzero(self.data["observed"].values.any(axis=1))
        first = self.rows(slice(int(seen[0]), int(seen[0]) + 1)).first
        return slice(first, int(seen[-1]) + 1)

    @property
    def outcome_rate(self) -> npt.NDArray[np.float64]:
        """Outcome of a period, [date, geo]: of a row that covers several its total over their number; NaN elsewhere."""
        known = np.where(self.data["observed"].values, self.data["outcome"].values, np.nan)
        rows = self.rows()
        spans = np.ones(len(known))
        spans[rows.places] = rows.spans
        return np.asarray(known / spans[:, None])

    @property
    def rows_per_year(self) -> int:
        """Outcome rows in a year, rounded down to whole ones of 52 weeks where every period is a row."""
        if not self.coarse:
            return 52 * 7 // self.frequency.days
        return round(365.25 / (float(self.rows().spans.mean()) * self.frequency.days))

    @property
    def geos(self) -> tuple[str, ...]:
        return tuple(str(g) for g in self.data["geo"].values)

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(str(c) for c in self.data["channel"].values)

    @property
    def channel_roles(self) -> tuple[Role, ...]:
        """The record of each channel's role. Raises SettingsError for a role that is not known here."""
        return tuple(ROLES[name] for name in self.roles or (PAID,) * len(self.channels))

    @property
    def paid(self) -> tuple[str, ...]:
        """The channels that spend is the price of."""
        return tuple(name for name, role in zip(self.channels, self.channel_roles, strict=True) if role.costs)

    @property
    def names(self) -> tuple[str, ...]:
        """Whatever has a name: channels, groups of them, geos, controls, outcomes."""
        groups = [path[-1] for path in self.nodes]
        outcomes = [self.outcome_name, *(name for name, _ in self.outcomes)]
        return tuple(dict.fromkeys([*self.channels, *groups, *self.geos, *self.controls, *outcomes]))

    @property
    def nodes(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        """Channels that have parts, and groups within them, with their parts."""
        return nodes_of(self.channels, self.within)

    def with_channels(self, names: Sequence[str]) -> "Dataset":
        """The same panel with these channels alone, in this order."""
        if tuple(names) == self.channels:
            return self
        places = [self.channels.index(name) for name in names]
        return replace(
            self,
            data=self.data.isel(channel=places),
            media_unit=tuple(self.media_unit[i] for i in places),
            roles=tuple(self.roles[i] for i in places) if self.roles else (),
            within=tuple(self.within[i] for i in places),
            outcomes=tuple((name, other.with_channels(names)) for name, other in self.outcomes),
        )

    @property
    def exposures(self) -> npt.NDArray[np.float64] | None:
        """Average contacts of a person reached, [date, geo, channel]; None where no channel is known by them."""
        return self.data["exposures"].values if "exposures" in self.data else None

    @property
    def gaps(self) -> npt.NDArray[np.bool_]:
        """Where a mediator was not measured, [date, geo, channel]."""
        if "gaps" in self.data:
            return np.asarray(self.data["gaps"].values)
        return np.zeros(self.data["media"].shape, dtype=bool)

    @property
    def mediators(self) -> tuple[str, ...]:
        """The channels that media move on their way to the outcome."""
        return tuple(name for name, role in zip(self.channels, self.channel_roles, strict=True) if role.mediates)

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
        if set(self.roles) - {PAID}:
            header["roles"] = list(self.roles)
        if any(self.within):
            header["within"] = ["/".join(path) for path in self.within]
        digest.update(json.dumps(header, sort_keys=True, ensure_ascii=False).encode())
        beside = [name for name in ("exposures", "gaps") if name in self.data]
        for name in (*sorted(_DIMS), *beside):
            # "+ 0.0" turns -0.0 into 0.0, which would otherwise hash differently.
            digest.update((np.asarray(self.data[name].values, dtype="<f8") + 0.0).tobytes())
        for name in (FROM, UNTIL) if self.coarse else ():
            digest.update(self.data[name].values.astype("datetime64[D]").astype("<i8").tobytes())
        return digest.hexdigest()

    @property
    def geo_size(self) -> xr.DataArray:
        """Size of each geo [geo]: its population, else its mean outcome over the observed periods."""
        if self.has_population:
            return self.data["population"]
        return self.data["outcome"].copy(data=self.outcome_rate).mean("date").rename("geo_size")

    def cost_per_unit(self, last: str = "13 weeks") -> xr.DataArray:
        """Money per media unit [geo, channel] over the last periods, such as "13 weeks"; 1 where spend drives.

        Where a channel did not run in a geo in that time, its cost there over all dates counts, else its national
        cost over all dates; NaN where it never ran. Raises SettingsError for a text that is no duration.
        """
        recent = self.data.isel(date=slice(-parse_periods(last, self.frequency), None))
        spend, media = self.data["spend"], self.data["media"]
        choices = [
            (recent["spend"].sum("date"), recent["media"].sum("date")),
            (spend.sum("date"), media.sum("date")),
            (spend.sum(("date", "geo")), media.sum(("date", "geo"))),
        ]
        found = xr.full_like(choices[0][0], np.nan)
        for money, units in choices:
            usable = (money > 0) & (units > 0)
            found = found.fillna((money / units.where(usable)).where(usable))
        found[:, [unit == self.currency for unit in self.media_unit]] = 1.0
        return found.rename("cost_per_unit")

    def national(self) -> xr.Dataset:
        """Sums over geos: ``outcome[date]`` and ``value[date]`` (money) of the observed geos, ``spend``, ``media``.

        Outcome and value are NaN where no geo is observed; value is NaN where the outcome has none.
        """
        seen = self.data["outcome"].where(self.data["observed"])
        return xr.Dataset(
            {
                "outcome": seen.sum("geo", min_count=1),
                "value": (seen * self.data["value_per_unit"]).sum("geo", min_count=1),
                "spend": self.data["spend"].sum("geo"),
                "media": self.data["media"].sum("geo"),
            }
        )

    def between(self, start: str | dt.date | None = None, end: str | dt.date | None = None) -> "Dataset":
        """The periods that start from ``start`` to ``end`` (dates, or texts such as "2023-01-02"), both inclusive.

        Raises DataError where a text is no date or fewer than two periods are left.
        """
        try:
            bounds = [None if day is None else dt.date.fromisoformat(str(day)[:10]) for day in (start, end)]
        except ValueError as error:
            raise DataError(f"Between '{start}' and '{end}': {error}. Write dates as 2021-04-03.") from error
        chosen = self.data.sel(date=slice(*(None if day is None else pd.Timestamp(day) for day in bounds)))
        if chosen.sizes["date"] < 2:
            raise DataError(
                f"Between {start} and {end} the data have {chosen.sizes['date']} periods; at least two are needed. "
                f"They run from {self.dates[0].date()} to {self.dates[-1].date()}."
            )
        return replace(self, data=chosen, outcomes=tuple((n, other.between(start, end)) for n, other in self.outcomes))

    def with_outcome_hidden(self, last: int) -> "Dataset":
        """The same panel with the outcome of the last ``last`` periods hidden (media and controls stay known)."""
        if not 0 < last < len(self.dates):
            most = len(self.dates) - 1
            raise DataError(f"Cannot hide the last {last} of {most + 1} periods: give 1 to {most}.")
        hidden = self.data.copy(deep=True)
        hidden["outcome"][-last:] = np.nan
        hidden["observed"][-last:] = False
        return replace(self, data=hidden)

    def __repr__(self) -> str:
        return lines("Dataset", self._facts())

    def _repr_html_(self) -> str:
        """A short card for notebooks; names from the data are escaped."""
        return facts("Dataset", self._facts())

    def _facts(self) -> list[tuple[str, str]]:
        spend = self.data["spend"].sum(("date", "geo")).to_numpy()
        channels = [
            f"{name} ({amount(money)} {self.currency}{'' if unit == self.currency else f', {unit}'})"
            for name, money, unit in zip(self.channels, spend, self.media_unit, strict=True)
        ]
        hidden = int((~self.data["observed"]).sum())
        first, last = self.dates[0].date(), self.dates[-1].date()
        return [
            ("Outcome", f"{self.outcome_name} in {self.outcome_unit}"),
            ("Periods", f"{len(self.dates)} ({self.frequency}), {first} to {last}"),
            ("Geos", listed(self.geos)),
            ("Channels", listed(channels)),
            ("Controls", listed(self.controls) or "none"),
            ("Not observed", f"{hidden} rows" if hidden else "none"),
            ("Fingerprint", self.fingerprint[:12]),
        ]
