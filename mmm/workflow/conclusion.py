"""All that follows from a request: from data and beliefs to a plan, and what stands around it."""

from dataclasses import dataclass

from mmm.analysis import Analysis
from mmm.assessment.gate import demand_pass
from mmm.data.dataset import Dataset
from mmm.inference.fit import Fit
from mmm.planning.lesson import Lesson
from mmm.planning.result import Plan
from mmm.workflow.analysing import analysed
from mmm.workflow.deciding import explored, planned
from mmm.workflow.judging import Judged, judged
from mmm.workflow.kept import Say
from mmm.workflow.options import Options
from mmm.workflow.request import Request
from mmm.workflow.taught import taught


@dataclass(frozen=True)
class Conclusion:
    """The results of a request, each as plain data beside its fit."""

    dataset: Dataset
    judged: Judged
    analysis: Analysis
    plan: Plan
    options: Options
    lessons: tuple[Lesson, ...] = ()
    """What each experiment changed in the plan."""

    @property
    def fit(self) -> Fit:
        return self.judged.fit


def concluded(
    request: Request, found: Judged | None = None, *, progress: bool = False, say: Say = lambda _: None
) -> Conclusion:
    """Fit, judgement, analysis, plan and options of a request; whatever was made of it before is found.

    ``found`` is its judged fit where that is at hand. Raises GateError where the gate failed and ``gate.override`` is
    not set, and what each step raises.
    """
    found = found or judged(request, progress=progress, say=say)
    demand_pass(found.gate, request.gate)
    analysis = analysed(found.fit, request.store, say=say)
    plan = planned(found.fit, request.plan, request.store, worth=request.worth, say=say)
    options = explored(found.fit, plan, request.store, say=say)
    return Conclusion(request.dataset, found, analysis, plan, options, taught(request, found.fit, plan, say=say))
