"""What a test changed in a plan, and in money: the plan of one who knows the test against that of one who does not."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.planning.information import CurveTable, plans_for, tabulate
from mmm.planning.result import Plan


@dataclass(frozen=True)
class Lesson:
    """What knowing a test is worth to the plan by what is believed with it.

    ``gain`` with its 90% interval: utility of the best plan that is told of the test, less that of the best plan
    without it, over the plan's horizon and in the unit of its objective. ``moved`` is by channel the money that the
    plan has more because of the test. ``fitted`` says that the belief without it is a fit of its own, not the
    same draws with other weights.
    """

    test: str
    channel: str
    gain: float
    lower: float
    upper: float
    moved: "pd.Series[float]"
    fitted: bool

    @property
    def clear(self) -> bool:
        """Whether the two plans can be told apart in money: the interval of the gain lies above zero."""
        return self.lower > 0

    @property
    def largest(self) -> tuple[str, float]:
        """The channel whose money the test changed most, and by how much."""
        name = str(self.moved.abs().idxmax())
        return name, float(self.moved[name])


def curves(plan: Plan) -> CurveTable:
    """The curves that lessons of a plan are drawn from."""
    return tabulate(plan)


def lesson(name: tuple[str, str], told: CurveTable, without: Floats, plan: Plan, *, fitted: bool) -> Lesson:
    """The lesson of a test (``name``: its own and its channel's).

    ``told`` are the curves of the belief with the test, ``without`` the mean curves [c, k] without it, at the same
    levels.
    """
    best = np.concatenate([plans_for(told, told.worth.mean(axis=0)[None])[:1], plans_for(told, without[None])[:1]])
    worth = told.at(told.worth, best)
    gained = worth[:, 0] - worth[:, 1]
    lower, upper = np.quantile(gained, [0.05, 0.95])
    moved = pd.Series(best[0] - best[1], index=pd.Index(plan.problem.channels, name="channel"))
    return Lesson(name[0], name[1], max(0.0, float(gained.mean())), float(lower), float(upper), moved, fitted)
