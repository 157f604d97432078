"""Tenfold slips in spend and media units, and costs per unit that make no sense."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.data.dataset import Dataset
from mmm.data.quality.report import Finding, day
from mmm.data.quality.tenfold import BoolArray, FloatArray, tenfold_scores
from mmm.data.settings import QualitySettings
from mmm.digits import amount

_FEWEST_PERIODS = 20
_MOST_TOO_LOW = 20.0
"""A value that is lower than expected by more than this is small rather than slipped."""
_LOW_DOUBT = 2.0
"""Without units to compare with, a low value needs this many times the evidence: most low values are real."""
_PER_RIVAL = 2.0
_HIGH_GAP, _LOW_GAP, _PRICE_GAP = 1.2, 3.0, 2.0


@dataclass(frozen=True)
class ChannelPanel:
    """One channel's spend and media units [date, geo]; media is None where spend itself drives the response."""

    dataset: Dataset
    name: str
    spend: FloatArray
    media: FloatArray | None
    media_unit: str

    @classmethod
    def of(cls, dataset: Dataset, name: str) -> "ChannelPanel":
        """Take the channel out of the dataset."""
        c = dataset.channels.index(name)
        unit = dataset.media_unit[c]
        media = None if unit == dataset.currency else dataset.data["media"].to_numpy()[:, :, c]
        return cls(dataset, name, dataset.data["spend"].to_numpy()[:, :, c], media, unit)

    def national(self) -> "ChannelPanel":
        """The sum over geos, as a panel of one geo."""
        media = None if self.media is None else self.media.sum(axis=1, keepdims=True)
        return ChannelPanel(self.dataset, self.name, self.spend.sum(axis=1, keepdims=True), media, self.media_unit)


@dataclass(frozen=True)
class _Slip:
    t: int
    g: int
    evidence: float
    what: str
    """'spend', or the media unit."""
    value: float
    expected: float

    @property
    def factor(self) -> float:
        return max(self.value / self.expected, self.expected / self.value)


@dataclass(frozen=True)
class _Test:
    """One way in which values of one kind may have slipped; arrays are [date, geo]."""

    what: str
    high: bool
    values: FloatArray
    expected: FloatArray
    evidence: FloatArray
    allowed: BoolArray


def slip_findings(channel: ChannelPanel, settings: QualitySettings) -> Iterator[Finding]:
    """Values in single geos, values of the national sum that no single geo explains, and odd costs per unit."""
    geos = channel.dataset.geos
    slips = {(s.t, geos[s.g]): s for s in _slips(channel, settings, settings.tenfold_evidence + np.log(len(geos)))}
    if len(geos) > 1:
        known = {t for t, _ in slips}
        everywhere = _slips(channel.national(), settings, settings.tenfold_evidence)
        slips |= {(s.t, ""): s for s in everywhere if s.t not in known}
    for (t, geo), slip in sorted(slips.items(), key=lambda item: item[0]):
        yield _finding(channel, slip, channel.dataset.dates[t], geo if len(geos) > 1 else "")
    yield from _odd_prices(channel, settings, {(s.t, s.g) for s in slips.values()})


def _slips(channel: ChannelPanel, settings: QualitySettings, threshold: float) -> list[_Slip]:
    """The values that a tenfold slip explains better than their own pattern, by at least ``threshold``."""
    best: dict[tuple[int, int], _Slip] = {}
    for test in _tests(channel):
        for t, g in np.argwhere((test.evidence > threshold) & test.allowed).tolist():
            value, expected = float(test.values[t, g]), float(test.expected[t, g])
            slip = _Slip(t, g, float(test.evidence[t, g]), test.what, value, expected)
            plausible = slip.factor >= settings.tenfold_factor and (value > expected) == test.high
            if not test.high and slip.factor > _MOST_TOO_LOW:
                plausible = False
            if plausible and ((t, g) not in best or best[t, g].evidence < slip.evidence):
                best[t, g] = slip
    # Several such values in one series are rather its tail than several slips: each then needs more evidence.
    series = [g for _, g in best]
    return [s for s in best.values() if s.evidence > threshold + _PER_RIVAL * (series.count(s.g) - 1)]


def _tests(channel: ChannelPanel) -> list[_Test]:
    spend, media = channel.spend, channel.media
    of_spend = tenfold_scores(spend)
    if media is None:
        # With other geos to compare with, a value can be wrong within the range of its own.
        alone = spend.shape[1] == 1
        peak = _stands_apart(spend, high=True, factor=_HIGH_GAP) if alone else np.ones(spend.shape, dtype=bool)
        dip = _stands_apart(spend, high=False, factor=_LOW_GAP)
        return [
            _Test("spend", True, spend, of_spend.expected_if_high, of_spend.high, peak),
            _Test("spend", False, spend, of_spend.expected_if_low, of_spend.low / _LOW_DOUBT, dip),
        ]
    # Spend and units are recorded apart: a slip in one of them moves their ratio too, a real burst does not.
    both = (spend > 0) & (media > 0)
    price = np.where(both, spend / np.where(both, media, 1.0), 0.0)
    of_price, of_media = tenfold_scores(price), tenfold_scores(media)
    dear = both & _stands_apart(price, high=True, factor=_PRICE_GAP)
    cheap = both & _stands_apart(price, high=False, factor=_PRICE_GAP)
    unit = channel.media_unit
    return [
        _Test("spend", True, spend, of_spend.expected_if_high, _sum(of_spend.high, of_price.high), dear),
        _Test("spend", False, spend, of_spend.expected_if_low, _sum(of_spend.low, of_price.low), cheap),
        _Test(unit, True, media, of_media.expected_if_high, _sum(of_media.high, of_price.low), cheap),
        _Test(unit, False, media, of_media.expected_if_low, _sum(of_media.low, of_price.high), dear),
    ]


def _sum(own: FloatArray, price: FloatArray) -> FloatArray:
    """Evidence of a value's own pattern and of its ratio; the own pattern alone cannot rule a slip out."""
    return np.maximum(own, -3.0) + price


def _stands_apart(values: FloatArray, *, high: bool, factor: float) -> BoolArray:
    """At most two positive values of a geo that lie beyond its third most extreme one by ``factor``.

    What stays within the channel's own range, however odd its place, is taken as it is. Amounts near zero are common
    in some channels, so a low value alone says little and must lie further out.
    """
    if len(values) < _FEWEST_PERIODS:
        return np.zeros(values.shape, dtype=bool)
    ordered = np.sort(np.where(values > 0, values, -np.inf if high else np.inf), axis=0)
    out: BoolArray = values > ordered[-3] * factor if high else (values > 0) & (values < ordered[2] / factor)
    return out


def _finding(channel: ChannelPanel, slip: _Slip, date: pd.Timestamp, geo: str) -> Finding:
    dataset = channel.dataset
    direction = "high" if slip.value > slip.expected else "low"
    money = slip.what == "spend"
    figure = f"a spend of {amount(slip.value)} {dataset.currency}" if money else f"{amount(slip.value)} {slip.what}"
    place = f" in {geo}" if geo else ""
    return Finding(
        "warning",
        "tenfold_value",
        f"{channel.name} has {figure} in the {dataset.frequency.unit} of {day(date)}{place}: about {slip.factor:.0f} "
        f"times too {direction} by its own pattern, which suggests about {amount(slip.expected)}.",
        "Compare it with the invoice. If it is a slip, correct the source; if it is real, keep it. Nothing is changed.",
        channel=channel.name,
        geos=(geo,) if geo else (),
        dates=(date,),
    )


def _odd_prices(channel: ChannelPanel, settings: QualitySettings, known: set[tuple[int, int]]) -> Iterator[Finding]:
    """Cost per unit far from its usual level, in one finding; values reported as slips are left out."""
    if channel.media is None:
        return
    both = (channel.spend > 0) & (channel.media > 0)
    if both.sum() < _FEWEST_PERIODS:
        return
    price = np.log(np.where(both, channel.spend, 1.0) / np.where(both, channel.media, 1.0))
    odd = both & (np.abs(price - np.median(price[both])) > np.log(settings.tenfold_factor))
    for t, g in known:
        odd[t, g] = False
    if not odd.any():
        return
    geos = channel.dataset.geos
    yield Finding(
        "warning",
        "odd_cost_per_unit",
        f"The cost per unit of {channel.name} is more than {settings.tenfold_factor:g} times above or below its usual "
        f"level in {int(odd.sum())} of {int(both.sum())} active rows.",
        "Check that spend and units are booked in the same period and in the same unit.",
        channel=channel.name,
        geos=tuple(geo for geo, some in zip(geos, odd.any(axis=0), strict=True) if some) if len(geos) > 1 else (),
        dates=tuple(channel.dataset.dates[odd.any(axis=1)]),
    )
