"""From data and beliefs to fits, their judgement, analysis and plan: the one way for commands, notebooks, reports,
portfolios and studies.

Each step is a function on what it needs, and keeps its result as plain data beside the fit:

    request = checked(Request(dataset, beliefs))
    found = judged(request)                       # fit, held-out forecast, signals, gate
    analysis = analysed(found.fit, request.store)
    plan = planned(found.fit, request.plan, request.store, worth=request.worth)
    options = explored(found.fit, plan, request.store)

:func:`concluded` is all of them.
"""

from mmm.workflow.analysing import analysed
from mmm.workflow.conclusion import Conclusion, concluded
from mmm.workflow.deciding import explored, planned, priced
from mmm.workflow.fitting import checked, fitted
from mmm.workflow.judgement import Judgement
from mmm.workflow.judging import Judged, backtested, judge, judged
from mmm.workflow.options import Options
from mmm.workflow.request import Request

__all__ = [
    "Conclusion",
    "Judged",
    "Judgement",
    "Options",
    "Request",
    "analysed",
    "backtested",
    "checked",
    "concluded",
    "explored",
    "fitted",
    "judge",
    "judged",
    "planned",
    "priced",
]
