"""Figures as matplotlib axes, painted by the same code as those of the report.

Each takes ``ax``, axes of your own figure: the figure is painted in their place, names and numbers included. Without it
a figure of the right size is made. Each returns the axes, to change them further. In less than 560 points of room the
narrow form is drawn.
"""

from mmm.plot.of_data import outcome, spend
from mmm.plot.of_fit import curves, decomposition, fit, over_time, prior_posterior, returns
from mmm.plot.of_plan import budgets, gain, plan

__all__ = [
    "budgets",
    "curves",
    "decomposition",
    "fit",
    "gain",
    "outcome",
    "over_time",
    "plan",
    "prior_posterior",
    "returns",
    "spend",
]
