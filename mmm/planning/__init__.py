"""What to do: the budget decision, its certificate, and how sure it is."""

from mmm.planning.planner import plan
from mmm.planning.result import Gain, Interval, Plan
from mmm.planning.settings import PlanSettings
from mmm.planning.worth import UnitWorth, read_worth

__all__ = ["Gain", "Interval", "Plan", "PlanSettings", "UnitWorth", "plan", "read_worth"]
