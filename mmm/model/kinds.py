"""The numbers that stand for families among posterior draws (:class:`mmm.model.response.ResponseDraws`)."""

from mmm.model.families import ADSTOCKS, SATURATIONS
from mmm.model.kernels import evaluate


def adstock_kind(family: str, *, normalised: bool, saturation_first: bool = False) -> int:
    """The number that stands for a carryover in :class:`ResponseDraws`. Raises SettingsError for an unknown family."""
    order = evaluate.SATURATION_FIRST * int(saturation_first)
    return evaluate.FAMILY * ADSTOCKS.number(family) + order + int(normalised)


def saturation_kind(family: str) -> int:
    """The number that stands for a curve in :class:`ResponseDraws`. Raises SettingsError for an unknown family."""
    return SATURATIONS.number(family)


def adstock_family(kind: int) -> str:
    """The name of the family of a carryover's number (:func:`adstock_kind`)."""
    number = int(kind) // evaluate.FAMILY
    return next(family.name for family in ADSTOCKS if ADSTOCKS.number(family.name) == number)


def saturation_family(kind: int) -> str:
    """The name of the family of a curve's number (:func:`saturation_kind`)."""
    return next(family.name for family in SATURATIONS if SATURATIONS.number(family.name) == int(kind))
