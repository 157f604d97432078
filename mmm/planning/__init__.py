"""What to do: the budget decision, its certificate, and how sure it is."""

from mmm.planning.planner import plan
from mmm.planning.result import Gain, Interval, Plan
from mmm.planning.settings import PlanSettings

__all__ = ["Gain", "Interval", "Plan", "PlanSettings", "plan"]
