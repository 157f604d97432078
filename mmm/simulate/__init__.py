"""Worlds with known truth, made with NumPy alone: the independent oracle of tests and studies."""

from mmm.simulate.demo import demo_frame, demo_world
from mmm.simulate.generate import Simulated, simulate
from mmm.simulate.truth import Truth
from mmm.simulate.world import (
    Adstock,
    Baseline,
    Channel,
    Control,
    EffectPath,
    Fee,
    Flighting,
    MediaUnit,
    Noise,
    Saturation,
    Synergy,
    World,
)

__all__ = [
    "Adstock",
    "Baseline",
    "Channel",
    "Control",
    "EffectPath",
    "Fee",
    "Flighting",
    "MediaUnit",
    "Noise",
    "Saturation",
    "Simulated",
    "Synergy",
    "Truth",
    "World",
    "demo_frame",
    "demo_world",
    "simulate",
]
