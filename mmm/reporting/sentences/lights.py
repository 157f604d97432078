"""Which returns can be relied on: the lights of the channels in words."""

from collections.abc import Sequence

from mmm.assessment.lights import Light
from mmm.reporting.languages.words import mark
from mmm.reporting.notation.formatter import Formatter

LIGHTS = {"green": mark("no reservation"), "amber": mark("with reservation"), "red": mark("do not rely on it")}


def reasons(light: Light, fmt: Formatter) -> str:
    """Why a channel's light is not green; empty where it is."""
    return "; ".join(fmt.made_below(check.said) for check in light.reasons)


def not_to_rely_on(found: Sequence[Light], fmt: Formatter) -> str:
    """The channels whose light is red; empty where there is none."""
    red = [light.channel for light in found if light.colour == "red"]
    if not red:
        return ""
    return fmt.plural(
        "Do not rely on the return of {names}.",
        "Do not rely on the returns of {names}.",
        len(red),
        names=fmt.join([fmt.label(name) for name in red]),
    )
