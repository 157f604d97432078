"""Slips in the recorded spend: tenfold values (see slips), isolated zeros, repeated periods."""

from collections.abc import Iterator

import numpy as np

from mmm.data.dataset import Dataset
from mmm.data.quality.report import Finding, day, listed
from mmm.data.quality.slips import ChannelPanel, slip_findings
from mmm.data.quality.tenfold import BoolArray, FloatArray
from mmm.data.settings import QualitySettings

_MOST_ISOLATED_ZEROS = 3
"""More than this is a habit of the channel, not a slip."""
_FEWEST_PERIODS = 20


def spend_findings(dataset: Dataset, settings: QualitySettings) -> Iterator[Finding]:
    """Findings on single values of spend and media."""
    for name in dataset.channels:
        channel = ChannelPanel.of(dataset, name)
        yield from slip_findings(channel, settings)
        yield from _isolated_zeros(channel, settings)
    yield from _repeated(dataset)


def _isolated_zeros(channel: ChannelPanel, settings: QualitySettings) -> Iterator[Finding]:
    """Single periods without spend in a channel that otherwise always runs."""
    dataset, unit = channel.dataset, channel.dataset.frequency.unit
    found: list[tuple[int, tuple[str, ...]]] = []
    everywhere = _single_zeros(channel.spend.sum(axis=1), settings)
    by_geo = np.column_stack([_single_zeros(column, settings) for column in channel.spend.T])
    for t in range(len(dataset.dates)):
        if everywhere[t]:
            found.append((t, ()))
        elif by_geo[t].any():
            found.append((t, tuple(geo for geo, zero in zip(dataset.geos, by_geo[t], strict=True) if zero)))
    if len(found) > _MOST_ISOLATED_ZEROS:
        yield Finding(
            "info",
            "frequent_zeros",
            f"{channel.name} runs almost always, but {len(found)} single {unit}s have no spend in some geos.",
            "Nothing to do if it was paused there; a missing value must not be written 0.",
            channel=channel.name,
            dates=tuple(dataset.dates[t] for t, _ in found),
        )
        return
    for t, geos in found:
        date = dataset.dates[t]
        yield Finding(
            "warning",
            "isolated_zero",
            f"{channel.name} always runs, but spent nothing in the {unit} of {day(date)}"
            f"{' in ' + listed(geos) if geos else ''}.",
            "Find out whether it was paused or the value is missing. If it is missing, fill in the true spend at the "
            "source; nothing is changed.",
            channel=channel.name,
            geos=geos,
            dates=(date,),
        )


def _single_zeros(series: FloatArray, settings: QualitySettings) -> BoolArray:
    """Zeros with spend on both sides, in a series [date] that is almost always active between its ends."""
    active = series > 0
    none = np.zeros(series.size, dtype=bool)
    if active.sum() < _FEWEST_PERIODS:
        return none
    first, last = np.flatnonzero(active)[[0, -1]]
    span = active[first : last + 1]
    if int((~span).sum()) > _MOST_ISOLATED_ZEROS or span.mean() < settings.always_on_share:
        return none
    single = none.copy()
    single[1:-1] = ~active[1:-1] & active[:-2] & active[2:]
    return single


def _repeated(dataset: Dataset) -> Iterator[Finding]:
    """Periods that repeat the one before, in every figure that moves."""
    spend, outcome = dataset.data["spend"].to_numpy(), dataset.data["outcome"].to_numpy()
    # A flat budget repeats by design; only channels that otherwise move can tell a copied row.
    moves = (np.diff(spend, axis=0) == 0).mean(axis=0) < 0.5
    same = ((spend[1:] == spend[:-1]) | ~moves).all(axis=-1)
    telling = ((spend[1:] > 0) & moves).sum(axis=-1)
    equal = outcome[1:] == outcome[:-1]
    copied_row = same & ((telling >= 2) | ((telling == 1) & equal))
    # Small counts repeat by chance.
    copied_outcome = equal & (np.nan_to_num(np.abs(outcome[1:])) >= 1000) & ~copied_row
    yield from _repeats(
        dataset, copied_row, "repeated_period", "All spend that otherwise moves repeats the period before"
    )
    yield from _repeats(dataset, copied_outcome, "repeated_outcome", "The outcome repeats the period before exactly")


def _repeats(dataset: Dataset, rows: BoolArray, code: str, text: str) -> Iterator[Finding]:
    """One finding for ``rows[date - 1, geo]``."""
    if not rows.any():
        return
    dates = tuple(dataset.dates[1:][rows.any(axis=1)])
    geos = tuple(geo for geo, some in zip(dataset.geos, rows.any(axis=0), strict=True) if some)
    if len(dataset.geos) == 1:
        geos = ()
    yield Finding(
        "warning",
        code,
        f"{text}: {listed([day(d) for d in dates])}{' in ' + listed(geos) if geos else ''}.",
        "Check whether a row was copied or carried forward.",
        geos=geos,
        dates=dates,
    )
