"""A panel with other or further periods: what a prediction is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.errors import DataError
from mmm.suggest import suggestion

NewData = pd.DataFrame | Dataset | None
Held = Literal["recent_mean", "last_year"] | Mapping[str, float] | None
_RECENT_DAYS, _YEAR_DAYS = 91, 364


@dataclass(frozen=True)
class Ahead:
    """The whole panel, the rows that are asked for, and in words where controls were held."""

    dataset: Dataset
    rows: slice
    held: str


@dataclass(frozen=True)
class _Asked:
    """Periods asked for: ``spend[t, g, c]``, ``media[t, g, c]`` where known, and by name [t, g] controls and media of
    channels without a cost."""

    dates: pd.DatetimeIndex
    spend: Floats
    media: Floats | None
    values: dict[str, Floats]


def with_new(dataset: Dataset, new_data: pd.DataFrame | Dataset, controls: Held) -> Ahead:
    """The panel with ``new_data`` in it and after it. Raises DataError where they do not fit together."""
    asked = _of_dataset(dataset, new_data) if isinstance(new_data, Dataset) else _of_frame(dataset, new_data)
    first, periods = _first_row(dataset, asked.dates), len(asked.dates)
    rows = slice(first, first + periods)
    more = max(0, rows.stop - len(dataset.dates))
    data = _longer(dataset, more)
    dates = pd.DatetimeIndex(data["date"].to_index())
    media = _media(dataset, asked, first) if asked.media is None else asked.media
    data["spend"].values[rows], data["media"].values[rows] = asked.spend, media
    held = []
    stated = {name: data["control"].values[:, :, k] for k, name in enumerate(dataset.controls)}
    if asked.media is None:
        places = enumerate(dataset.channels)
        stated |= {name: data["media"].values[:, :, c] for c, name in places if name not in dataset.paid}
    for name, values in stated.items():
        if name in asked.values:
            values[rows] = asked.values[name]
        elif more:
            values[len(dataset.dates) :] = _held(dataset, name, values[: len(dataset.dates)], more, controls)
            held.append(name)
    told = f"{', '.join(held)} held at {controls}" if held else ""
    return Ahead(replace(dataset, data=data.assign_coords(date=dates)), rows, told)


def _longer(dataset: Dataset, more: int) -> xr.Dataset:
    """A copy with ``more`` periods after the last, nothing observed or spent in them."""
    if not more:
        return dataset.data.copy(deep=True)
    dates = dataset.dates.append(dataset.frequency.following(dataset.dates[-1], more))
    wide = dataset.data.reindex(date=dates)
    wide["observed"] = wide["observed"].fillna(value=False).astype(bool)
    last = dataset.data["value_per_unit"].isel(date=-1).values
    wide["value_per_unit"].values[len(dataset.dates) :] = last
    return wide.copy(deep=True)


def _first_row(dataset: Dataset, dates: pd.DatetimeIndex) -> int:
    """Place of the first date among the panel's and those that follow it, where they have no gap."""
    known, unit = dataset.dates, dataset.frequency.unit
    beyond = max(1, int((dates[-1] - known[-1]).days) + 1)
    calendar = known.append(dataset.frequency.following(known[-1], beyond))
    off = dates[~dates.isin(calendar)]
    if len(off):
        raise DataError(
            f"new_data: {off[0]:%Y-%m-%d} is no start of a {unit} of the fit's data, which begin {known[0]:%Y-%m-%d} "
            f"and go on from {calendar[len(known)]:%Y-%m-%d}. Give dates on that calendar."
        )
    first, last = (int(place) for place in calendar.get_indexer(dates[[0, -1]]))
    wanted = calendar[min(first, len(known)) : last + 1]
    missing = wanted[~wanted.isin(dates)]
    if len(missing):
        raise DataError(
            f"new_data: {len(missing)} {unit}s are missing, the first is {missing[0]:%Y-%m-%d}. What is spent in them "
            f"works on in those that follow, so that none may be left out: give all {unit}s up to the last, with 0 "
            "where nothing is spent."
        )
    return first


def _media(dataset: Dataset, asked: _Asked, first: int) -> Floats:
    """Media that the spend buys, [t, g, c]: at each period's own cost where it is known, else at the recent one."""
    cost = np.nan_to_num(dataset.cost_per_unit().transpose("geo", "channel").values, nan=np.inf)
    media = asked.spend / cost
    if (media[asked.spend > 0] == 0).any():
        _, _, c = np.nonzero((asked.spend > 0) & (media == 0))
        names = ", ".join(sorted({dataset.channels[i] for i in c}))
        raise DataError(f"new_data: what media of {names} cost is unknown, as they never ran. Spend 0 on them.")
    known = slice(first, min(first + len(asked.dates), len(dataset.dates)))
    spent, bought = dataset.data["spend"].values[known], dataset.data["media"].values[known]
    now = asked.spend[: len(spent)]
    usable = (spent > 0) & (bought > 0)
    own = np.where(usable, now * bought / np.where(usable, spent, 1.0), media[: len(spent)])
    # Media without a cost stay where their spend stays: nothing was paid for them.
    media[: len(spent)] = np.where((now == spent) & ~usable, bought, own)
    return np.asarray(media)


def _held(dataset: Dataset, name: str, values: Floats, more: int, controls: Held) -> Floats:
    """Over ``more`` periods ahead [t, g] what was ``values[t, g]``: a control, or media without a cost."""
    days = dataset.frequency.days
    if isinstance(controls, Mapping):
        if name in controls:
            return np.full((more, values.shape[1]), float(controls[name]))
    elif controls == "recent_mean":
        return np.broadcast_to(values[-max(1, _RECENT_DAYS // days) :].mean(axis=0), (more, values.shape[1]))
    elif controls == "last_year":
        year = round(_YEAR_DAYS / days)
        if year <= len(values) and more <= year:
            return np.asarray(values[len(values) - year : len(values) - year + more])
        raise DataError(
            f"controls is 'last_year', which needs {year} periods of data and at most as many ahead; there are "
            f"{len(values)} and {more}. Use controls='recent_mean', or give the control's values."
        )
    elif controls is not None:
        raise DataError(f"controls is {controls!r}; the rule is 'recent_mean', 'last_year' or a value by name.")
    what = "a control" if name in dataset.controls else "media without a cost"
    raise DataError(
        f"new_data has no column '{name}', {what}, for periods after the data. Give its values there, or say what "
        f"it is held at: controls='recent_mean', controls='last_year' or controls={{'{name}': ...}}."
    )


def _of_dataset(dataset: Dataset, new: Dataset) -> _Asked:
    for what, have, want in (
        ("channels", new.channels, dataset.channels),
        ("geos", new.geos, dataset.geos),
        ("controls", new.controls, dataset.controls),
    ):
        missing = [name for name in want if name not in have]
        if missing:
            raise DataError(
                f"new_data lacks the {what} {', '.join(missing)}, which the fit has. Read it as the fit's data "
                "were read."
            )
    data = new.data.sel(geo=list(dataset.geos), channel=list(dataset.channels), control_name=list(dataset.controls))
    controls = {name: data["control"].values[:, :, k] for k, name in enumerate(dataset.controls)}
    return _Asked(new.dates, data["spend"].values, data["media"].values, controls)


def _of_frame(dataset: Dataset, frame: pd.DataFrame) -> _Asked:
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"new_data is a {type(frame).__name__}; the rule is a pandas DataFrame, or a Dataset.")
    wide = _widened(dataset, frame)
    geo = "geo" if len(dataset.geos) > 1 or "geo" in wide else None
    needed = ["date", *([geo] if geo else []), *dataset.paid]
    unpaid = [name for name in dataset.channels if name not in dataset.paid]
    known = [*needed, *unpaid, *dataset.controls]
    missing = [name for name in needed if name not in wide]
    unknown = [str(name) for name in wide if name not in known]
    if missing or unknown:
        said = [f"'{name}' is missing" for name in missing]
        said += [f"'{name}' is no channel or control of the fit. {suggestion(name, known)}" for name in unknown]
        raise DataError(f"new_data: the columns are {', '.join(known)}; {'; '.join(said)}")
    wide = wide.assign(date=_dates(wide["date"]))
    index = [wide["date"], wide[geo].astype(str)] if geo else [wide["date"], pd.Series(dataset.geos[0], wide.index)]
    cells = wide.drop(columns=[c for c in ("date", "geo") if c in wide]).set_index(pd.MultiIndex.from_arrays(index))
    twice = cells.index[cells.index.duplicated()]
    if len(twice):
        raise DataError(f"new_data: {len(twice)} rows stand there twice, the first for {_named(twice[0])}. Keep one.")
    dates = pd.DatetimeIndex(sorted(set(wide["date"])))
    whole = pd.MultiIndex.from_product([dates, dataset.geos])
    lost, strange = whole[~whole.isin(cells.index)], cells.index[~cells.index.isin(whole)]
    if len(strange):
        raise DataError(f"new_data: {_named(strange[0])} is no geo of the fit. Known: {', '.join(dataset.geos)}.")
    if len(lost):
        raise DataError(f"new_data: {len(lost)} rows are missing, the first for {_named(lost[0])}. Give all of them.")
    values = {str(name): _numbers(str(name), column) for name, column in cells.reindex(whole).items()}
    shape = (len(dates), len(dataset.geos))
    none = np.zeros(shape)
    spend = np.stack([values[n].reshape(shape) if n in dataset.paid else none for n in dataset.channels], axis=-1)
    if (spend < 0).any():
        t, g, c = (int(i[0]) for i in np.nonzero(spend < 0))
        where = _named((dates[t], dataset.geos[g]))
        raise DataError(f"new_data: '{dataset.channels[c]}' is {spend[t, g, c]:g} for {where}; spend is not negative.")
    stated = {n: values[n].reshape(shape) for n in (*unpaid, *dataset.controls) if n in values}
    low = [name for name in unpaid if name in stated and (stated[name] < 0).any()]
    if low:
        raise DataError(f"new_data: '{low[0]}' holds media units, which are 0 or more; some are below.")
    return _Asked(dates, spend, None, stated)


def _widened(dataset: Dataset, frame: pd.DataFrame) -> pd.DataFrame:
    """A column a channel, where channels are in rows; columns beside ``spend`` (a plan's reference) are left out."""
    if not {"channel", "spend"} <= set(frame.columns) or "channel" in dataset.channels:
        return frame
    by = ["date", *(["geo"] if "geo" in frame else [])]
    if frame.duplicated([*by, "channel"]).any():
        raise DataError("new_data: rows of a period, geo and channel stand there twice. Keep one of each.")
    return frame.pivot(index=by, columns="channel", values="spend").rename_axis(columns=None).reset_index()


def _dates(column: "pd.Series[Any]") -> "pd.Series[pd.Timestamp]":
    try:
        return pd.to_datetime(column, format=None if column.dtype.kind == "M" else "%Y-%m-%d")
    except (ValueError, TypeError) as error:
        raise DataError(f"new_data: 'date' holds no dates ({error}). Write them as 2026-01-05.") from error


def _numbers(name: str, column: "pd.Series[Any]") -> Floats:
    values = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=float)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise DataError(
            f"new_data: '{name}' holds {len(bad)} cells that are no numbers, the first for "
            f"{_named(column.index[int(bad[0])])}. Fill them in (a true zero is written 0)."
        )
    return values


def _named(key: tuple[object, ...]) -> str:
    date, geo = key
    return f"{pd.Timestamp(str(date)):%Y-%m-%d}, '{geo}'"
