"""Families of carryover and of saturation: what a channel's spend turns into, one file a family.

A family is a record (:mod:`mmm.model.families.record`): its parameters with their priors, its kernels, its graph, what
the planner must know of its shape, and its words. Everything else reads the record and names no family:
:data:`ADSTOCKS` and :data:`SATURATIONS` (:mod:`mmm.model.families.registry`) find it by name and raise on the unknown.
docs/extending.md adds one step by step.
"""

from mmm.model.families.record import HALF, Adstock, Family, Parameter, Saturation, Shape
from mmm.model.families.registry import ADSTOCKS, SATURATIONS, register

__all__ = ["ADSTOCKS", "HALF", "SATURATIONS", "Adstock", "Family", "Parameter", "Saturation", "Shape", "register"]
