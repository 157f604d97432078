"""One usage under every vendor's prices: what it costs, what is paid for and not used, and what moving would save."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.costs.schedule import Schedule, schedule_of
from mmm.costs.settings import UsageSettings, VendorSettings
from mmm.errors import DataError

_ENDS = (0.05, 0.95)
"""90%, equal-tailed, as everywhere."""


@dataclass(frozen=True)
class Comparison:
    """Vendors by name.

    ``table``: cost_per_year with interval, saving (a year, against today's vendor), switching, first_year (the saving
    less switching), each with its interval; chance (of first_year above 0), utilisation, obstacles. Amounts of vendors
    that cannot serve the usage are NaN. ``tiers``: a row a vendor and tier with the periods that end in it and the
    units charged in it, at the stated volumes.
    """

    current: str
    table: pd.DataFrame
    tiers: pd.DataFrame


def draw_volumes(usage: UsageSettings) -> Floats:
    """Volumes [draw, period]: the stated ones times a lognormal factor of median 1 that the periods of a draw share."""
    factors = np.exp(usage.spread * np.random.default_rng(usage.seed).standard_normal((usage.draws, 1)))
    return np.asarray(factors * np.asarray(usage.volumes, dtype=np.float64))


def compare(usage: UsageSettings, vendors: Mapping[str, VendorSettings], volumes: Floats | None = None) -> Comparison:
    """Every vendor of the usage's unit on the same draws of volume, so that differences are of prices alone.

    ``volumes`` [draw, period], such as a plan's own; by default those of :func:`draw_volumes`. Raises DataError where
    they are something else.
    """
    drawn = draw_volumes(usage) if volumes is None else np.asarray(volumes, dtype=np.float64)
    if drawn.ndim != 2 or drawn.size == 0 or not (np.isfinite(drawn) & (drawn >= 0)).all():
        raise DataError(f"volumes are [draw, period], finite and 0 or more; got shape {drawn.shape}.")
    offered = {name: vendor for name, vendor in vendors.items() if vendor.unit == usage.unit}
    schedules = {name: _bought(vendor) for name, vendor in offered.items()}
    # A mean over periods, times the periods of a year.
    a_year = {name: each.costs(drawn).mean(axis=1) * usage.periods_per_year for name, each in schedules.items()}
    today = a_year[usage.current]
    rows: dict[str, dict[str, float | str]] = {}
    for name, vendor in offered.items():
        moves = name != usage.current
        switching = vendor.switching if moves else 0.0
        saving = _difference(today, a_year[name])
        row: dict[str, float | str] = {**_interval("cost_per_year", a_year[name]), **_interval("saving", saving)}
        row["switching"] = switching
        row |= _interval("first_year", saving - switching)
        row["chance"] = float((saving > switching).mean()) if moves and np.isfinite(saving).all() else np.nan
        row["utilisation"] = _utilisation(schedules[name], usage.volumes)
        row["obstacles"] = "; ".join(_obstacles(vendor, schedules[name], usage, drawn))
        rows[name] = row
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("vendor")
    tiers = pd.concat([_tiers(name, vendor, usage) for name, vendor in offered.items()], ignore_index=True)
    return Comparison(usage.current, table, tiers)


def _bought(vendor: VendorSettings) -> Schedule:
    schedule = schedule_of(vendor)
    return schedule.with_purchases() if vendor.prepaid else schedule


def _difference(today: Floats, other: Floats) -> Floats:
    """Today's cost less the other's; NaN in draws that one of them cannot serve."""
    finite = np.isfinite(today) & np.isfinite(other)
    return np.where(finite, np.where(finite, today, 0.0) - np.where(finite, other, 0.0), np.nan)


def _interval(name: str, draws: Floats) -> dict[str, float]:
    names = (name, f"{name}_lower", f"{name}_upper")
    if not np.isfinite(draws).all():
        return dict.fromkeys(names, float("nan"))
    lower, upper = np.quantile(draws, _ENDS)
    return dict(zip(names, (float(draws.mean()), float(lower), float(upper)), strict=True))


def _utilisation(schedule: Schedule, volumes: tuple[int, ...]) -> float:
    """Units used, of those that the same money would have bought; NaN where it buys any number, or too few."""
    if schedule.most is not None and max(volumes) > schedule.most:
        return float("nan")
    reached = [schedule.reach(volume) for volume in volumes]
    if any(units is None for units in reached) or not sum(units or 0 for units in reached):
        return float("nan")
    return sum(volumes) / sum(units or 0 for units in reached)


def _obstacles(vendor: VendorSettings, schedule: Schedule, usage: UsageSettings, drawn: Floats) -> list[str]:
    """Why the vendor cannot serve the usage."""
    lacking = [feature for feature in usage.features if feature not in vendor.features]
    found = [f"lacks {', '.join(lacking)}"] if lacking else []
    if schedule.most is not None:
        beyond = float((np.ceil(drawn) > schedule.most).any(axis=1).mean())
        if beyond > 0:
            found.append(f"sells at most {schedule.most:,} {vendor.unit} a period, too few in {beyond:.0%} of cases")
    return found


def _tiers(name: str, vendor: VendorSettings, usage: UsageSettings) -> pd.DataFrame:
    """Periods that end in each tier, and units in it, at the stated volumes; a tier without periods is not used."""
    volumes = [max(volume, vendor.least_volume) for volume in usage.volumes]
    schedule = schedule_of(vendor)
    if vendor.prepaid:
        volumes = [schedule.purchase(v)[0] if schedule.most is None or v <= schedule.most else v for v in volumes]
    rows = []
    for place, (first, last) in enumerate(vendor.bounds(), start=1):
        ends = [volume for volume in volumes if first <= volume and (last is None or volume <= last)]
        if vendor.kind == "all_units":
            units = sum(ends)
        else:
            top = [volume if last is None else min(volume, last) for volume in volumes]
            units = sum(max(0, volume - max(first - 1, 0)) for volume in top)
        rows.append((name, place, first, last, len(ends), units))
    frame = pd.DataFrame(rows, columns=["vendor", "tier", "first", "last", "periods", "units"])
    return frame.astype({"last": "Int64"})
