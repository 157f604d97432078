"""One light a channel: how far the interval of its return can be relied on, made of the checks that name the channel.

A light is red where a check fails for the channel, or its return is far from what was expected, which in worlds with
known truth went with an interval that misses more often than not; amber where any other check warns of it; green where
none does. docs/studies/promises.md counts how often each was right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mmm.assessment.checks import Check

Colour = Literal["green", "amber", "red"]
_RED = ("surprise",)


@dataclass(frozen=True)
class Light:
    """The light of one channel; ``reasons`` are the checks that made it so, none where it is green."""

    channel: str
    colour: Colour
    reasons: tuple[Check, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data, reasons by their names."""
        return {"channel": self.channel, "colour": self.colour, "reasons": [check.name for check in self.reasons]}


def lights(checks: Sequence[Check], channels: Sequence[str]) -> tuple[Light, ...]:
    """The light of every channel, in the order given; its reasons those of its colour first."""
    out = []
    for channel in channels:
        raised = [check for check in checks if check.status != "pass" and channel in check.channels]
        bad = [check for check in raised if check.status == "fail" or check.name in _RED]
        rest = [check for check in raised if check not in bad]
        colour: Colour = "red" if bad else "amber" if rest else "green"
        out.append(Light(channel, colour, (*bad, *rest)))
    return tuple(out)
