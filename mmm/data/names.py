"""Names that results use for parts of their own, and that a channel or a control would be mixed up with."""

from collections.abc import Iterable, Iterator

COMPONENTS = {
    "intercept": "a part of the baseline",
    "trend": "a part of the baseline",
    "seasonality": "a part of the baseline",
    "drift": "a part of the baseline",
    "public_holidays": "a part of the baseline",
    "days_of_week": "a part of the baseline",
    "months_of_year": "a part of the baseline",
    "changes_of_slope": "a part of the baseline",
    "common_shocks": "a part of the baseline",
    "baseline": "the sum of the baseline",
    "media": "the sum of all channels",
}
"""What decompositions and totals call their own components. Channels and controls stand beside them by name."""

CONTROL_TERM = "control:"
"""Comes before a control's name among the terms of a baseline."""
EVENT_TERM = "event:"
"""Comes before an event's name there."""


def name_problems(channels: Iterable[str], controls: Iterable[str]) -> Iterator[str]:
    """Channels and controls that have the name of a component, or of each other."""
    channels = list(channels)
    for name in channels:
        if name in COMPONENTS:
            yield f"channels.{name}: '{name}' is what results call {COMPONENTS[name]}. {_rename('channel', name)}"
        elif name.startswith(CONTROL_TERM):
            yield f"channels.{name}: '{CONTROL_TERM}' is how results mark a control. Rename the channel without it."
    for name in controls:
        if name in COMPONENTS:
            yield f"controls.{name}: '{name}' is what results call {COMPONENTS[name]}. {_rename('control', name)}"
        elif name in channels:
            yield f"controls.{name}: '{name}' is the name of a channel too. {_rename('control', name)}"


def _rename(what: str, name: str) -> str:
    return f"Rename the {what}, to '{name}_{what}' for example; its column keeps its name."
