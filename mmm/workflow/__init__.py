"""From data and beliefs to fits and their judgement: the one way for commands, notebooks, reports and portfolios."""

from mmm.workflow.judgement import Judgement
from mmm.workflow.judging import Judged, Request, judged

__all__ = ["Judged", "Judgement", "Request", "judged"]
