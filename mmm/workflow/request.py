"""What is asked: data, what is believed of them, and how to sample, judge, backtest and plan."""

from dataclasses import dataclass, field, replace

from mmm.assessment.backtest import BacktestSettings
from mmm.assessment.settings import GateSettings
from mmm.data.dataset import Dataset
from mmm.inference.settings import SamplerSettings
from mmm.model.mixture import Beliefs
from mmm.model.settings import ModelSettings
from mmm.planning.settings import PlanSettings
from mmm.planning.worth import UnitWorth


def _default_beliefs() -> Beliefs:
    return Beliefs(ModelSettings())


@dataclass(frozen=True)
class Request:
    """Everything between data and a plan, as plain values; all but the data have defaults.

    ``sampler.store`` is the folder in which fits, and results beside them, are kept and found.
    """

    dataset: Dataset
    beliefs: Beliefs = field(default_factory=_default_beliefs)
    sampler: SamplerSettings = field(default_factory=SamplerSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    backtest: BacktestSettings = field(default_factory=BacktestSettings)
    plan: PlanSettings = field(default_factory=PlanSettings)
    worth: UnitWorth | None = None
    """What units of the outcome are worth by channel, for the plan; by default the data's one value per unit."""

    @property
    def store(self) -> str:
        return self.sampler.store

    def with_store(self, store: str) -> "Request":
        """The same with another store."""
        return replace(self, sampler=self.sampler.model_copy(update={"store": store}))
