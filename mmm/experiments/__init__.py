"""Tests of media by region: how to run them, and what they said."""

from mmm.experiments.panel import GeoPanel
from mmm.experiments.readout import Readout, read_out
from mmm.experiments.settings import DeskSettings, MethodSettings
from mmm.experiments.source import GeoTest, posed_test

__all__ = ["DeskSettings", "GeoPanel", "GeoTest", "MethodSettings", "Readout", "posed_test", "read_out"]
