"""What the channels and controls can and cannot tell: coverage, variation, collinearity, size of the data."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from mmm.data.dataset import Dataset
from mmm.data.quality.report import Finding, listed
from mmm.data.quality.tenfold import FloatArray
from mmm.data.settings import QualitySettings
from mmm.digits import amount

_RIDGE = 1e-9
_SEASON_AND_TREND = 6
_PER_CHANNEL = 3
"""Effect, carryover and saturation."""


def channel_findings(dataset: Dataset, settings: QualitySettings) -> Iterator[Finding]:
    """Findings on whole channels."""
    for c, name in enumerate(dataset.channels):
        spend = dataset.data["spend"].to_numpy()[:, :, c]
        media = dataset.data["media"].to_numpy()[:, :, c]
        idle = tuple(geo for geo, some in zip(dataset.geos, media.any(axis=0), strict=True) if not some)
        if idle:
            yield _unspent(name, idle)
        yield from _variation(dataset, name, media, settings)
        if dataset.media_unit[c] != dataset.currency and name in dataset.paid:
            yield from _units(dataset, name, dataset.media_unit[c], spend, media)


def _unspent(name: str, geos: tuple[str, ...]) -> Finding:
    return Finding(
        "info",
        "no_spend_in_geos",
        f"{name} never ran in {listed(geos)}. Its effect there comes from the other geos by pooling.",
        "Do not read the channel's return in these geos as measured.",
        channel=name,
        geos=geos,
    )


def _variation(dataset: Dataset, name: str, media: FloatArray, settings: QualitySettings) -> Iterator[Finding]:
    national = media.sum(axis=1)
    active = int((national > 0).sum())
    unit = dataset.frequency.unit
    if active < settings.least_active_periods:
        yield Finding(
            "warning",
            "few_active_periods",
            f"{name} ran in {active} {unit}s only. Little can be learned of its effect, and less of its saturation.",
            "Join it with a similar channel, or bring a prior or an experiment.",
            channel=name,
        )
        return
    level = media.mean(axis=0)
    relative = media[:, level > 0] / level[level > 0]
    variation = float(relative.std())
    if variation < settings.least_variation:
        yield Finding(
            "warning",
            "little_variation",
            f"{name} hardly varies: a standard deviation of {variation:.0%} of its mean. Its effect cannot be told "
            f"from the baseline.",
            "Bring an experiment, or vary the spend from now on.",
            channel=name,
        )


def _units(dataset: Dataset, name: str, unit: str, spend: FloatArray, media: FloatArray) -> Iterator[Finding]:
    for code, rows, text, suggestion in (
        (
            "spend_without_media",
            (spend > 0) & (media == 0),
            f"spend but no {unit}",
            "The model sees no exposure there, so this spend is taken to do nothing. Complete the units.",
        ),
        (
            "media_without_spend",
            (media > 0) & (spend == 0),
            f"{unit} but no spend",
            "This exposure is taken to be free. Complete the spend, or say that it was a bonus.",
        ),
    ):
        if not rows.any():
            continue
        dates = tuple(dataset.dates[rows.any(axis=1)])
        geos = tuple(geo for geo, some in zip(dataset.geos, rows.any(axis=0), strict=True) if some)
        yield Finding(
            "warning",
            code,
            f"{name} has {text} in {int(rows.sum())} rows ({rows.sum() / max((spend + media > 0).sum(), 1):.0%} of "
            f"the active ones).",
            suggestion,
            channel=name,
            geos=geos if len(dataset.geos) > 1 else (),
            dates=dates,
        )


def collinear_findings(dataset: Dataset, settings: QualitySettings) -> Iterator[Finding]:
    """Pairs of channels and controls that move together, and channels that the others explain together.

    Correlations are within geos, of media and controls relative to their scale, which is what separates the effects
    after the intercepts of the geos.
    """
    data, observed = dataset.data, dataset.data["observed"].to_numpy()
    media = data["media"].to_numpy()
    names = list(dataset.channels)
    size = media.mean(axis=0, keepdims=True)
    columns = [media / np.where(size > 0, size, 1.0), data["control"].to_numpy()]
    stacked = np.concatenate(columns, axis=-1)
    centred = stacked - stacked.mean(axis=0, keepdims=True)
    flat = centred[observed]
    norm = np.sqrt((flat**2).sum(axis=0))
    largest = np.abs(stacked).max(axis=(0, 1), initial=0.0)
    moving = norm > 1e-9 * np.maximum(largest, 1e-300) * np.sqrt(max(len(flat), 1))
    unit = flat[:, moving] / norm[moving]
    correlation = unit.T @ unit
    labels = np.array([*names, *dataset.controls], dtype=object)[moving]
    channels = int(moving[: len(names)].sum())
    paired: set[str] = set()
    for i, j in combinations(range(len(labels)), 2):
        if i < channels and abs(correlation[i, j]) >= settings.high_correlation:
            paired |= {str(labels[i]), str(labels[j])}
            kind = "channel" if j < channels else "control"
            yield Finding(
                "warning",
                "collinear_pair",
                f"{labels[i]} and the {kind} {labels[j]} move together (correlation {correlation[i, j]:.2f}). The data "
                f"can tell their joint effect, hardly which of them had it.",
                "Join them, bring an experiment for one, or move their spend apart from now on.",
                channel=str(labels[i]),
            )
    for i, inflation in enumerate(_inflations(correlation, len(unit))[:channels]):
        if inflation >= settings.high_vif and str(labels[i]) not in paired:
            yield Finding(
                "warning",
                "collinear_group",
                f"The other channels and controls explain {1 - 1 / inflation:.0%} of the movement of {labels[i]} "
                f"(variance inflation {amount(inflation)}).",
                "Expect a wide interval for it. Join channels, or bring an experiment.",
                channel=str(labels[i]),
            )


def _inflations(correlation: FloatArray, rows: int) -> list[float]:
    """Variance inflation factors 1 / (1 - R squared) of columns on all others: the diagonal of the inverse."""
    size = len(correlation)
    if size < 2 or size > rows:
        return [1.0] * size
    inverse = np.linalg.inv(correlation + _RIDGE * np.eye(size))
    return [float(np.clip(value, 1.0, 1 / _RIDGE)) for value in np.diag(inverse)]


def control_findings(dataset: Dataset) -> Iterator[Finding]:
    """Controls that do not vary, in time or at all."""
    control, observed = dataset.data["control"].to_numpy(), dataset.data["observed"].to_numpy()
    for k, name in enumerate(dataset.controls):
        values = np.where(observed, control[:, :, k], np.nan)
        low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        if low.min() == high.max():
            text = f"Control {name} is {amount(float(low.min()))} throughout and so explains nothing."
        elif (low == high).all():
            text = f"Control {name} never changes within a geo, so it cannot be told from the geos' own levels."
        else:
            continue
        yield Finding("warning", "constant_control", text, "Leave it out.")


def size_findings(dataset: Dataset, settings: QualitySettings) -> Iterator[Finding]:
    """Too short a history, or too few periods for the parameters of the model."""
    observed = dataset.data["observed"].to_numpy()
    periods = int(observed.any(axis=1).sum())
    unit = dataset.frequency.unit
    years = periods / dataset.frequency.periods_per_year
    if years < 1.9:
        yield Finding(
            "warning",
            "short_history",
            f"There are {periods} {unit}s with an outcome, {years:.1f} years. A season that was seen less than twice "
            f"cannot be told from what happened once.",
            "Add history, at least two years.",
        )
    geos = len(dataset.geos)
    parameters = _PER_CHANNEL * len(dataset.channels) + len(dataset.controls) + _SEASON_AND_TREND + geos
    ratio = observed.sum() / parameters
    if ratio < settings.least_periods_per_parameter:
        rows = f"{periods} {unit}s" if geos == 1 else f"{int(observed.sum())} rows ({periods} {unit}s)"
        yield Finding(
            "warning",
            "few_periods",
            f"{rows} for about {parameters} parameters: {ratio:.1f} each. Much of the result will come from the "
            f"priors.",
            "Join channels, leave out controls that matter little, or add history or geos.",
        )
