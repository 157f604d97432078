"""What is asked: data, what is believed of them, and how to sample, judge, backtest and plan."""

from dataclasses import dataclass, field, replace

from mmm.assessment.backtest import BacktestSettings
from mmm.assessment.causes import require_known
from mmm.assessment.graph import read_graph
from mmm.assessment.settings import GateSettings
from mmm.data.dataset import Dataset
from mmm.inference.fit import Fit
from mmm.inference.settings import SamplerSettings
from mmm.inference.store import obtain
from mmm.model.mixture import Beliefs
from mmm.model.settings import ModelSettings
from mmm.planning.possible import require_possible
from mmm.planning.settings import PlanSettings
from mmm.planning.worth import UnitWorth
from mmm.workflow.kept import Say


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


def checked(request: Request) -> Request:
    """The request, once all that can be wrong with it before a fit was looked at; nothing is fitted.

    Raises SettingsError, DataError or PlanError.
    """
    request.beliefs.mixture(request.dataset)
    require_possible(request.dataset, request.plan)
    if request.gate.graph is not None:
        require_known(read_graph(request.gate.graph), request.dataset)
    return request


def fitted(request: Request, *, progress: bool = False, say: Say = lambda _: None) -> Fit:
    """The fit of a request, from its store or made and then stored there.

    ``say`` receives lines on what happens, ``progress`` shows the sampler's. Raises DataError for data that cannot be
    fitted, FitError where sampling fails or the store cannot be used.
    """
    mixture = request.beliefs.mixture(request.dataset)
    found = obtain(request.dataset, mixture, request.sampler, progress=progress, report=say)
    # No part of a fit: what is known ahead may change without one.
    return replace(found, dataset=replace(found.dataset, future=request.dataset.future))
