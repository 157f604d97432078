"""Priors of levels of media that are stated in money or media units, as the model needs them: relative to a mean."""

import numpy as np

from mmm.data.calendar import parse_periods
from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.model.priors import LevelPrior, LogNormalPrior, Prior
from mmm.model.settings import ModelSettings


def relative_priors(dataset: Dataset, channel: str, priors: dict[str, Prior], stop: int) -> dict[str, Prior]:
    """``priors`` with levels relative to the channel's mean over active periods, in the rows before ``stop``.

    Levels are of all geos together. Raises SettingsError for money where the channel has none.
    """
    return {
        name: _relative(dataset, channel, prior, stop) if isinstance(prior, LevelPrior) else prior
        for name, prior in priors.items()
    }


def _relative(dataset: Dataset, channel: str, prior: LevelPrior, stop: int) -> LogNormalPrior:
    if prior.unit == "relative":
        return LogNormalPrior(lower=prior.lower, upper=prior.upper)
    mean = mean_level(dataset, channel, stop)
    if prior.unit == "money":
        i = dataset.channels.index(channel)
        spend = float(dataset.data["spend"].values[:stop, :, i].sum())
        if not spend > 0:
            raise SettingsError(
                f"model: a level of '{channel}' is stated in money, but the channel has no spend. State it in its "
                "media units (unit: media)."
            )
        mean *= spend / float(dataset.data["media"].values[:stop, :, i].sum())
    return LogNormalPrior(lower=prior.lower / mean, upper=prior.upper / mean)


def mean_level(dataset: Dataset, channel: str, stop: int) -> float:
    """What a relative level of one is in media units of all geos together: see ModelSpec.media_scale."""
    media = dataset.data["media"].values[:stop, :, dataset.channels.index(channel)]
    size = dataset.data["population"].values if dataset.has_population else np.nanmean(dataset.outcome_rate, axis=0)
    size = size / size.mean()
    per_size = media / size
    return float(per_size[per_size > 0].mean() * size.sum())


def own_lookback(dataset: Dataset, channel: str, settings: ModelSettings) -> int | None:
    """The channel's look-back in periods where it is shorter than the model's: its own, or none without carryover.

    Raises SettingsError where its own is longer.
    """
    longest = parse_periods(settings.lookback, dataset.frequency)
    own = settings.channels[channel].lookback if channel in settings.channels else None
    if settings.adstock_of(channel).chosen.name == "none":
        return None if longest == 0 else 0
    if own is None:
        return None
    periods = parse_periods(own, dataset.frequency)
    if periods > longest:
        raise SettingsError(
            f"model.channels.{channel}.lookback is {own}, longer than model.lookback ({settings.lookback}), after "
            "which nothing is left of any spend. Lengthen model.lookback, or shorten the channel's."
        )
    return None if periods == longest else periods
