"""Channels known by reach and frequency: the effect of a person reached is a curve of how often.

The media of such a channel are its reach; the response is the carryover of reach times the curve at the frequency of
the period, as in Meridian: Adstock(reach * Hill(frequency)). It is linear in reach, so that at a given frequency such a
channel is one without saturation: what the planner and the curves by spend are told is this, at the usual frequency of
each geo (the mean of the data's last 13 weeks, weighted by reach, pinned with the model).
"""

import numpy as np

from mmm.data.dataset import Dataset
from mmm.errors import SettingsError
from mmm.model.families import SATURATIONS
from mmm.model.settings import ModelSettings, SaturationSettings

_RECENT_DAYS = 91


def frequency_curve(settings: ModelSettings, channel: str) -> SaturationSettings:
    """The curve of a channel with reach and frequency: its own if it states one of frequency, else the default one.

    Raises SettingsError where the channel states a curve of media.
    """
    own = settings.channels.get(channel)
    stated = None if own is None else own.saturation
    if stated is None:
        return SaturationSettings(family="frequency")
    if not stated.of_frequency:
        names = " or ".join(f"'{f.name}'" for f in SATURATIONS if f.of_frequency)
        raise SettingsError(
            f"model.channels.{channel}.saturation is '{stated.chosen.name}', but the channel is known by reach and "
            f"frequency: its curve is one of frequency, {names}."
        )
    return stated


def usual_frequency(dataset: Dataset, channel: str) -> tuple[float, ...] | None:
    """Average contacts of a person reached in the last 13 weeks by geo; of all weeks, or all geos, where none ran.

    None for other channels.
    """
    i = dataset.channels.index(channel)
    if "frequency" not in dataset.channel_roles[i].needs:
        return None
    if dataset.exposures is None:
        raise SettingsError(f"'{channel}' has the role '{dataset.channel_roles[i].name}', but no frequency.")
    reach, often = dataset.data["media"].values[:, :, i], dataset.exposures[:, :, i]
    recent = max(1, _RECENT_DAYS // dataset.frequency.days)
    every = (reach * often).sum() / reach.sum()
    found = np.full(reach.shape[1], every)
    for rows in (slice(None), slice(-recent, None)):
        persons = reach[rows].sum(axis=0)
        contacts = (reach[rows] * often[rows]).sum(axis=0)
        found = np.where(persons > 0, contacts / np.where(persons > 0, persons, 1.0), found)
    return tuple(float(f) for f in found)
