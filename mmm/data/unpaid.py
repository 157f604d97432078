"""Channels of which nothing can be learned: without spend, without media, or without both."""

from collections.abc import Mapping

import numpy as np

from mmm.data.cells import BoolArray, FloatArray
from mmm.data.problems import Problems, yaml_text
from mmm.data.role import ROLES
from mmm.data.settings import DataSettings


def check_channels(
    spend: Mapping[str, FloatArray],
    media: Mapping[str, FloatArray],
    observed: BoolArray,
    settings: DataSettings,
    problems: Problems,
) -> None:
    """Record channels without spend or media up to the last observed outcome; the arrays are [date, geo].

    Every command refuses them, with these words: a return is an effect over a cost, and a response to nothing is
    no response.
    """
    upto = int(np.flatnonzero(observed.any(axis=1))[-1]) + 1 if observed.any() else 0
    for name, channel in settings.channels.items():
        costs = ROLES[channel.role].costs
        paid, seen = bool(spend[name][:upto].any()) or not costs, bool(media[name][:upto].any())
        money = channel.spend or f"{settings.long.spend} of {channel.label or name}"
        if not seen and not (costs and paid):
            has = "neither spend nor media" if costs else f"no media ('{channel.media}')"
            problems.add(
                f"Channel '{name}' has {has} before the end of the outcome.",
                "Nothing can be learned of a channel that never ran: remove it from data.channels.",
            )
        elif not paid:
            problems.add(
                f"Channel '{name}' has media ('{channel.media}') but no spend: column '{money}' is 0 throughout.",
                "A channel's return is its effect over its cost. Owned and organic media have a role of their own: "
                f"data.channels: {{{yaml_text(name)}: {{role: organic, media: {yaml_text(str(channel.media))}}}}}. Or "
                "give what they cost (tools, wages, a price per thousand).",
            )
        elif not seen:
            problems.add(
                f"Channel '{name}' has spend ('{money}') but no media: column '{channel.media}' is 0 throughout.",
                f"Complete the units, or remove media from data.channels.{name}: its spend then drives the response.",
            )
