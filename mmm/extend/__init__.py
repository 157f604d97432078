"""What families, terms, constraints, checks, chapters and exports of one's own are made of (docs/extending.md)."""

from mmm.assessment.checks import Check
from mmm.assessment.gate import Asked
from mmm.data.role import Role
from mmm.model.families import ADSTOCKS, HALF, SATURATIONS, Adstock, Parameter, Saturation, Shape, register
from mmm.model.kernels.elementary import exp, log
from mmm.model.priors import BetaPrior, LogNormalPrior
from mmm.model.terms import Moment, Scale, Term, register_term
from mmm.planning.limits import Constraint, Here, Limit
from mmm.reporting.chapters.own import register_chapter
from mmm.reporting.files.export import Export
from mmm.reporting.pages.parts import Chapter
from mmm.section import Section

__all__ = [
    "ADSTOCKS", "HALF", "SATURATIONS", "Adstock", "Asked", "BetaPrior", "Chapter", "Check", "Constraint", "Export",
    "Here", "Limit", "LogNormalPrior", "Moment", "Parameter", "Role", "Saturation", "Scale", "Section", "Shape", "Term",
    "exp", "log", "register", "register_chapter", "register_term",
]  # fmt: skip
