"""Experiments read into evidence: lift tests from the settings or a table, checked against the panel."""

from mmm.calibration.read import read_evidence

__all__ = ["read_evidence"]
