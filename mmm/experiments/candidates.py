"""Tests that could be run: designs put to channels, with what the model expects them to find and to cost."""

from dataclasses import dataclass, field

import numpy as np

from mmm.arrays import Floats
from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.data.problems import nearest
from mmm.errors import DataError, SettingsError
from mmm.experiments.design import Design, Rules, Search, search
from mmm.experiments.panel import GeoPanel
from mmm.experiments.settings import DesignSettings
from mmm.experiments.source import LEAST_DONORS
from mmm.model import response
from mmm.model.response import ResponseDraws


@dataclass(frozen=True)
class Candidate:
    """One test that could be run: which channel, how, in which regions, for how many periods.

    ``effect[n]`` is what the money at stake brings by draw in the counted periods, in outcome units and positive;
    ``whole[n]`` the same with all of the carryover, in money where the outcome has a value. ``error`` is the standard
    error of the readout in outcome units, ``detectable`` the least effect that is found with a chance of 80%.
    ``moved`` is the spend withheld or added; ``power`` the chance that the test finds what the model expects,
    ``bias`` and ``coverage`` those of placebo tests.
    """

    channel: str
    kind: str
    regions: tuple[str, ...]
    periods: int
    effect: Floats = field(repr=False)
    whole: Floats = field(repr=False)
    error: float
    detectable: float
    moved: float
    power: float
    bias: float
    coverage: float

    @property
    def name(self) -> str:
        return f"{self.channel} {self.kind}, {self.periods} periods, {'; '.join(self.regions)}"


def candidates(dataset: Dataset, draws: ResponseDraws, settings: DesignSettings) -> list[Candidate]:
    """All tests of the settings, on the panel's last periods as they would be repeated after it.

    Raises DataError where regions are too few, unknown, or their history is too short; SettingsError for durations
    that are not whole periods.
    """
    require_designs(dataset, settings)
    panel = _panel(dataset)
    chosen = settings.channels or draws.channels
    cool = parse_periods(settings.cool_down, dataset.frequency)
    counts = _counts(panel, settings)
    found = []
    for text in settings.lengths:
        length = parse_periods(text, dataset.frequency)
        effects = {kind: _effects(draws, dataset, (length, cool), _factor(kind, settings)) for kind in settings.kinds}
        for count in counts:
            design = search(panel, _rules(panel, count, settings), length + cool, _search(settings))
            for kind in settings.kinds:
                for channel in (c for c in draws.channels if c in chosen):
                    found += _of_design(dataset, design, length, (channel, kind, draws), effects[kind], settings)
    if not found:
        raise DataError(
            "No channel of desk.design.channels spent anything in the last periods of the data, so that there is "
            "nothing to "
            "withhold or to add to."
        )
    return found


def require_designs(dataset: Dataset, settings: DesignSettings) -> None:
    """Raise what :func:`candidates` would of names, durations and numbers of regions; nothing is judged."""
    panel = _panel(dataset)
    for key, names in (("must", settings.must), ("never", settings.never)):
        for name in names:
            if name not in panel.regions:
                raise SettingsError(f"desk.design.{key}: '{name}' is no region. {nearest(name, panel.regions)}")
    for count in _counts(panel, settings):
        _rules(panel, count, settings)
    for text in (*settings.lengths, settings.cool_down):
        parse_periods(text, dataset.frequency)


def _counts(panel: GeoPanel, settings: DesignSettings) -> list[int]:
    return sorted({max(1, round(share * len(panel.regions))) for share in settings.shares})


def _panel(dataset: Dataset) -> GeoPanel:
    return GeoPanel(
        dataset.dates,
        dataset.geos,
        np.where(dataset.data["observed"].values, dataset.data["outcome"].values, np.nan),
        None,
        dataset.frequency.days,
        "the analysis' data",
    )


def _search(settings: DesignSettings) -> Search:
    return Search(settings.draws, settings.kept, settings.seed, settings.estimator)


def _factor(kind: str, settings: DesignSettings) -> float:
    return 0.0 if kind == "go_dark" else 1.0 + settings.heavy_up


def _rules(panel: GeoPanel, count: int, settings: DesignSettings) -> Rules:
    must, never = panel.mask(settings.must), panel.mask(settings.never)
    if len(panel.regions) - count < LEAST_DONORS or int((~never).sum()) < count or int(must.sum()) > count:
        raise DataError(
            f"A test in {count} of {len(panel.regions)} regions leaves no room: {LEAST_DONORS} controls have to be "
            "left, "
            f"{int(must.sum())} must and {int(never.sum())} may never be treated. Change desk.design.shares, must or "
            "never."
        )
    return Rules(count, must, never, settings.largest_share)


def _effects(draws: ResponseDraws, dataset: Dataset, window: tuple[int, int], factor: float) -> tuple[Floats, Floats]:
    """What the spend of the last periods brings against ``factor`` times it, by draw, region and channel.

    In the window and its cool-down, and with all of the carryover, both [n, g, c] in outcome units.
    """
    length, cool = window
    media = dataset.data["media"].values[-(length + draws.lookback) :].astype(float)
    before = len(media) - length
    tail = np.zeros((max(draws.lookback, cool), *media.shape[1:]))
    usual = np.concatenate([media, tail])
    other = usual.copy()
    other[before : before + length] *= factor
    found = []
    for counted in (cool, len(tail)):
        weights = np.zeros(usual.shape[:2])
        weights[before : before + length + counted] = 1.0
        found.append(response.totals(draws, usual, weights) - response.totals(draws, other, weights))
    return found[0], found[1]


def _of_design(
    dataset: Dataset,
    design: Design,
    length: int,
    what: tuple[str, str, ResponseDraws],
    effects: tuple[Floats, Floats],
    settings: DesignSettings,
) -> list[Candidate]:
    """The design's groups for one channel and kind; none where the channel does not run in them."""
    channel, kind, draws = what
    place, sign = draws.channels.index(channel), 1.0 if kind == "go_dark" else -1.0
    spend = dataset.data["spend"].sel(channel=channel).values[-length:].sum(axis=0)
    usual = dataset.data["outcome"].values[-design.length :].sum(axis=0)
    value = dataset.data["value_per_unit"].values[-length:].mean(axis=0) if dataset.has_value else np.ones(len(usual))
    out = []
    for b, group in enumerate(design.groups):
        money = float(spend[group].sum())
        if money <= 0:
            continue
        effect = sign * effects[0][:, group, place].sum(axis=1)
        expected = float(usual[group].sum())
        out.append(
            Candidate(
                channel=channel,
                kind=kind,
                regions=tuple(name for name, one in zip(dataset.geos, group, strict=True) if one),
                periods=length,
                effect=effect,
                whole=sign * (effects[1][:, :, place] * value)[:, group].sum(axis=1),
                error=float(design.error[b]) * expected,
                detectable=float(design.detectable[b]) * expected,
                moved=money if kind == "go_dark" else money * settings.heavy_up,
                power=float(design.power(b, effect / expected).mean()),
                bias=float(design.bias[b]),
                coverage=float(design.coverage[b]),
            )
        )
    return out
