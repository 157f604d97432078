"""The last checks, which need the grid, and the panel itself."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from mmm.data.calendar import parse_periods
from mmm.data.cells import BoolArray, Cells, FloatArray, is_token, record_blank
from mmm.data.dataset import Dataset
from mmm.data.edges import record_zero_edges
from mmm.data.filled import lag_note, later
from mmm.data.future import Future
from mmm.data.grid import Grid
from mmm.data.problems import Problems
from mmm.data.records import Records
from mmm.data.role import ROLES
from mmm.data.settings import ChannelSettings, DataSettings
from mmm.data.unpaid import check_channels

_SAME = 0.999
"""Correlation with the target, after removing each geo's mean, at which a control repeats it."""
_FEWEST_TO_CORRELATE = 8


def check_cells(records: Records, grid: Grid, settings: DataSettings, problems: Problems) -> None:
    """Record blank cells where they are not allowed, and outcomes where a geo was declared to have none."""
    rows = len(records.geos)
    out = grid.by_row(grid.declared_out, rows)
    history = grid.by_row(np.broadcast_to(grid.history[:, None], grid.row.shape), rows)
    excused = out | history
    _check_target(records, out, history, settings, problems)
    for name, channel in settings.channels.items():
        spend = channel.spend or f"{settings.long.spend} of {channel.label or name}"
        if name in records.spend:
            cells = records.spend[name]
            record_blank(cells.blank & ~out, records.where, spend, problems, _filling(cells, settings))
        if name in records.media:
            cells = records.media[name]
            known = cells.blank & ~out
            if ROLES[channel.role].mediates:
                # What was not measured is a gap, unless nothing was.
                known = known & bool(cells.blank.all())
            record_blank(known, records.where, str(channel.media), problems, _filling(cells, settings))
    for control, blank in records.control_blank.items():
        record_blank(blank & ~excused, records.where, control, problems)
    if records.value is not None:
        column = str(settings.target.value_per_unit)
        record_blank(records.value.blank & ~excused, records.where, column, problems)
        low = np.flatnonzero(np.nan_to_num(records.value.values, nan=1.0) <= 0)
        if low.size:
            lines = (f"{records.where(int(i))}: {records.value.values[i]:g}" for i in low)
            problems.add(f"Column '{column}', the value per unit, must be above 0.", "Correct it.", lines, low.size)
    if records.population is not None:
        _check_population(records, records.population, str(settings.population), problems)


def panel_of(records: Records, grid: Grid, settings: DataSettings, problems: Problems) -> Dataset:
    """Lay the checked records out as a Dataset. Raises DataError where the outcome cannot be modelled."""
    lay = _Layout(grid)
    outcome = lay.out(records.target, fill=np.nan)
    # Rows of zeros of a geo that was declared closed say the same as no rows.
    outcome[grid.declared_out & (outcome == 0)] = np.nan
    observed = np.isfinite(outcome)
    control, carried, said = _controls(records, lay, (outcome, observed), settings, problems)
    _check_outcome(outcome, observed, grid, settings, problems)
    if settings.geo is not None:
        dates = [str(pd.Timestamp(date).date()) for date in grid.dates]
        record_zero_edges(outcome, dates, grid.geos, settings.partial_geos, problems)
    spend, media, gaps = _amounts(records, lay, settings)
    channels = list(settings.channels)
    check_channels(spend, media, observed, settings, problems)
    problems.stop_if_any()
    data = xr.Dataset(
        {
            "outcome": (("date", "geo"), outcome),
            "value_per_unit": (("date", "geo"), _value(records, settings, lay, observed)),
            "spend": (("date", "geo", "channel"), _stack([spend[c] for c in channels], outcome.shape)),
            "media": (("date", "geo", "channel"), _stack([media[c] for c in channels], outcome.shape)),
            "control": (("date", "geo", "control_name"), _stack(list(control.values()), outcome.shape)),
            "observed": (("date", "geo"), observed),
            "population": (("geo",), _population(records, grid)),
        },
        coords={
            "date": pd.DatetimeIndex(grid.dates),
            "geo": _labels(grid.geos),
            "channel": _labels(channels),
            "control_name": _labels(control),
        },
    )
    target = settings.target
    return Dataset(
        data=data.assign(_exposures(records, lay, channels) | _gaps(gaps, channels)),
        outcome_name=target.column,
        outcome_unit=target.unit or (target.column if target.kind == "kpi" else settings.currency),
        outcome_kind=target.kind,
        currency=settings.currency,
        frequency=grid.frequency,
        media_unit=tuple(_unit(channel, settings.currency) for channel in settings.channels.values()),
        notes=(*records.notes, *said, *_notes(grid, observed), *_gap_notes(gaps)),
        future=carried,
        roles=tuple(c.role for c in settings.channels.values()),
        within=tuple(c.path for c in settings.channels.values()),
    )


def _amounts(
    records: Records, lay: "_Layout", settings: DataSettings
) -> tuple[dict[str, FloatArray], dict[str, FloatArray], dict[str, BoolArray]]:
    """Spend and media by channel, [date, geo], and where mediators were not measured."""
    spend = {name: np.zeros(lay.grid.row.shape) for name in settings.channels}
    spend |= {name: lay.out(cells, fill=0.0) for name, cells in records.spend.items()}
    media = spend | {name: lay.out(cells, fill=0.0) for name, cells in records.media.items()}
    gaps = {}
    for name in (n for n, c in settings.channels.items() if ROLES[c.role].mediates):
        media[name], gaps[name] = lay.measured(records.media[name])
    return spend, media, gaps


def _controls(
    records: Records,
    lay: "_Layout",
    outcome: tuple[FloatArray, BoolArray],
    settings: DataSettings,
    problems: Problems,
) -> tuple[dict[str, FloatArray], Future | None, list[str]]:
    """Controls [date, geo] as they work: later by their lag, what that brings to the periods ahead, and notes of it.

    ``outcome`` is it and where it is observed; a control that repeats it is recorded.
    """
    found: dict[str, FloatArray] = {}
    carried: dict[str, FloatArray] = {}
    notes = []
    frequency, dates = lay.grid.frequency, lay.grid.dates
    for name, cells in records.control.items():
        found[name] = lay.nearest(cells, outcome[1])
        _check_repeats(name, found[name], *outcome, problems)
        lag = settings.control_of(name).lag
        if lag is not None:
            periods = parse_periods(lag, frequency)
            found[name], carried[name] = later(found[name], periods)
            notes.append(lag_note(name, periods))
    if not carried:
        return found, None, notes
    ahead = max(len(values) for values in carried.values())
    return found, Future(frequency.following(pd.Timestamp(dates[-1]), ahead), carried=carried), notes


def _exposures(records: Records, lay: "_Layout", channels: list[str]) -> dict[str, tuple[tuple[str, ...], FloatArray]]:
    """Average contacts of a person reached, NaN for channels without; nothing where there are none."""
    often = {name: lay.out(cells, fill=1.0) for name, cells in records.frequency.items()}
    if not often:
        return {}
    unknown = np.full_like(next(iter(often.values())), np.nan)
    return {"exposures": (("date", "geo", "channel"), np.stack([often.get(c, unknown) for c in channels], axis=-1))}


def _gaps(found: dict[str, BoolArray], channels: list[str]) -> dict[str, tuple[tuple[str, ...], BoolArray]]:
    """Where mediators were not measured; nothing where they all were throughout."""
    if not any(gap.any() for gap in found.values()):
        return {}
    nowhere = np.zeros_like(next(iter(found.values())))
    return {"gaps": (("date", "geo", "channel"), np.stack([found.get(c, nowhere) for c in channels], axis=-1))}


def _gap_notes(found: dict[str, BoolArray]) -> list[str]:
    return [
        f"'{name}' was not measured in {int(gap.sum())} of {gap.size} cells: the model takes what the mediator's own "
        "equation expects of them."
        for name, gap in found.items()
        if gap.any()
    ]


def _unit(channel: ChannelSettings, currency: str) -> str:
    """What the media of a channel count: money where no media units are given."""
    return currency if channel.media is None else (channel.media_unit or channel.media)


@dataclass(frozen=True)
class _Layout:
    grid: Grid

    def out(self, cells: Cells, fill: float) -> FloatArray:
        """[date, geo]; ``fill`` where there is no row or the cell is blank, both of which were declared."""
        values = np.where(self.grid.row >= 0, cells.values[self.grid.row], np.nan)
        return np.where(np.isnan(values), fill, values)

    def measured(self, cells: Cells) -> tuple[FloatArray, BoolArray]:
        """[date, geo], and where it was not measured; there the values are on straight lines between their neighbours
        (a geo that has none: the mean), for what is looked at before a model is fitted."""
        values = self.out(cells, np.nan)
        lines = pd.DataFrame(values).interpolate(limit_direction="both").to_numpy(dtype=float)
        known = np.isfinite(values)
        return np.where(np.isfinite(lines), lines, float(np.mean(values[known]))), ~known

    def nearest(self, cells: Cells, observed: BoolArray) -> FloatArray:
        """[date, geo]; where nothing is observed and the cell is blank, the geo's nearest known value in time."""
        values = self.out(cells, np.nan)
        filled = pd.DataFrame(values).ffill().bfill().to_numpy(dtype=float)
        return np.where(observed | np.isfinite(values), values, np.nan_to_num(filled))


def _stack(parts: list[FloatArray], shape: tuple[int, ...]) -> FloatArray:
    return np.stack(parts, axis=-1) if parts else np.zeros((*shape, 0))


def _labels(names: Iterable[str]) -> npt.NDArray[np.object_]:
    # As objects: NumPy's own text type drops trailing null characters.
    return np.array(list(names), dtype=object)


def _value(records: Records, settings: DataSettings, lay: _Layout, observed: BoolArray) -> FloatArray:
    if settings.target.kind != "kpi":
        return np.ones(observed.shape)
    if records.value is not None:
        return lay.nearest(records.value, observed)
    value = settings.target.value_per_unit
    return np.full(observed.shape, value if isinstance(value, float) else np.nan)


def _population(records: Records, grid: Grid) -> FloatArray:
    if records.population is None:
        return np.full(len(grid.geos), np.nan)
    first = [int(column[column >= 0][0]) for column in grid.row.T]
    return records.population.values[first]


def _notes(grid: Grid, observed: BoolArray) -> list[str]:
    notes = []
    absent = int((grid.row < 0).sum())
    if absent:
        notes.append(
            f"{absent} periods of geos declared to start late or end early have no row: spend 0, no outcome, controls "
            f"held at the nearest known value, which nothing is learned from."
        )
    hidden = int(grid.history.sum())
    if hidden:
        notes.append(f"The first {hidden} periods are media history: spend without an outcome.")
    if not observed.all():
        notes.append(f"{int((~observed).sum())} of {observed.size} cells have no outcome and are not learned from.")
    return notes


def _filling(cells: Cells, settings: DataSettings) -> str:
    """What to do about blank cells of spend and media."""
    fix = "Fill them with what was observed (a true zero is written 0)."
    if not is_token(cells.token):
        return fix
    line = settings.csv.line(zero=[*settings.csv.zero, cells.token])
    return f"They hold '{cells.token}'. {fix} If it says that there was nothing, set {line}."


def _check_target(
    records: Records, out: BoolArray, history: BoolArray, settings: DataSettings, problems: Problems
) -> None:
    column = settings.target.column
    blank = records.target.blank & records.usable & ~out & ~history
    fix = "Fill them with what was observed (a true zero is written 0)."
    rows = np.flatnonzero(blank)
    known = records.usable & ~records.target.blank
    if not known.any():
        problems.add(f"Column '{column}', the target, holds no value at all.", "Give the outcome of some periods.")
        return
    if rows.size and (records.dates[rows] < records.dates[known].min()).all():
        fix = "If media begin before the outcome on purpose, set data.media_history to true."
    elif rows.size and settings.geo is not None:
        fix = "Fill them in, or declare a geo that starts late or ends early in data.partial_geos."
    record_blank(blank, records.where, column, problems, fix)
    early = np.flatnonzero(out & known & (records.target.values != 0))
    if early.size:
        problems.add(
            f"Column '{column}' has {early.size} values outside the span declared in data.partial_geos.",
            "Correct the declared start or end, or empty the cells.",
            (f"{records.where(int(i))}: {records.target.values[i]:g}" for i in early),
            early.size,
        )


def _check_population(records: Records, cells: Cells, column: str, problems: Problems) -> None:
    record_blank(cells.blank, records.where, column, problems)
    low = np.flatnonzero(np.nan_to_num(cells.values, nan=1.0) <= 0)
    if low.size:
        lines = (f"{records.where(int(i))}: {cells.values[i]:g}" for i in low)
        problems.add(f"Column '{column}', the population, must be above 0.", "Correct it.", lines, low.size)
    known = records.usable & np.isfinite(cells.values)
    spans = pd.Series(cells.values[known]).groupby(records.geos[known], sort=False).agg(["min", "max"])
    lines_changing = [f"{geo}: from {low:g} to {high:g}" for geo, low, high in spans.itertuples() if low != high]
    if lines_changing:
        problems.add(
            f"Column '{column}', the population, changes within {len(lines_changing)} geos; it scales the geo once.",
            "Give one figure per geo.",
            lines_changing,
            len(lines_changing),
        )


def _check_outcome(
    outcome: FloatArray, observed: BoolArray, grid: Grid, settings: DataSettings, problems: Problems
) -> None:
    values = outcome[observed]
    if values.size and np.ptp(values) == 0:
        problems.add(
            f"Column '{settings.target.column}', the target, is {values[0]:g} in every period.",
            "Nothing can be learned from an outcome that never changes. Check the column.",
        )
    for g, geo in enumerate(grid.geos):
        found = outcome[observed[:, g], g]
        if not found.size:
            problems.add(f"Geo '{geo}' has no outcome in any period.", "Leave the geo out, or correct its dates.")
        elif settings.population is None and found.mean() <= 0:
            problems.add(
                f"The outcome of geo '{geo}' is {found.mean():g} on average; without a population its mean is the "
                f"geo's size, which must be above 0.",
                "Give data.population, or check the target.",
            )


def _check_repeats(name: str, values: FloatArray, outcome: FloatArray, observed: BoolArray, problems: Problems) -> None:
    """A control that is the target in other units explains everything and leaves nothing to the channels."""
    if observed.sum() < _FEWEST_TO_CORRELATE + observed.shape[1]:
        return
    weights = observed.sum(axis=0)
    centred = []
    for panel in (values, outcome):
        known = np.where(observed, panel, 0.0)
        scale = max(float(np.abs(known).max()), np.finfo(float).tiny)
        known = known / scale
        mean = known.sum(axis=0) / np.maximum(weights, 1)
        centred.append(np.where(observed, known - mean, 0.0))
    size = np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum())
    # Rounding of a constant column must not pass for variation.
    if size > 1e-12 and abs((centred[0] * centred[1]).sum()) / size > _SAME:
        problems.add(
            f"Control '{name}' repeats the target: their correlation is above {_SAME}.",
            "Leave it out; a control must not be computed from the outcome.",
        )
