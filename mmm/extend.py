"""What a family of carryover or saturation, or a term of the baseline, of one's own is made of (docs/extending.md)."""

from mmm.model.families import ADSTOCKS, HALF, SATURATIONS, Adstock, Parameter, Saturation, Shape, register
from mmm.model.kernels.elementary import exp, log
from mmm.model.priors import BetaPrior, LogNormalPrior
from mmm.model.terms import Moment, Scale, Term, register_term

__all__ = [
    "ADSTOCKS",
    "HALF",
    "SATURATIONS",
    "Adstock",
    "BetaPrior",
    "LogNormalPrior",
    "Moment",
    "Parameter",
    "Saturation",
    "Scale",
    "Shape",
    "Term",
    "exp",
    "log",
    "register",
    "register_term",
]
