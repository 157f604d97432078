"""How channels' media work, in the sentences of the families that were fitted."""

from collections.abc import Iterable

import numpy as np

from mmm.inference.fit import Fit
from mmm.model.families import ADSTOCKS, SATURATIONS, Saturation
from mmm.model.kinds import adstock_family, saturation_family
from mmm.model.response_planner import turning

Told = tuple[tuple[tuple[str, ...], str], ...]
"""Channels and the sentence that holds for them; every channel once."""
_PLAUSIBLE = 0.1
_DRAWS = 500


def carryovers_and_curves(fit: Fit) -> tuple[Told, Told]:
    """Of every paid channel, over all models that count: the sentence of the commonest family.

    A curve that may begin flat is told as such where one draw in ten or more does; where none does, as the plainer
    family that it extends.
    """
    draws = fit.paid.response(_DRAWS)
    turns = turning(draws)
    carried, curves = {}, {}
    for c, name in enumerate(draws.channels):
        carried[name] = ADSTOCKS[_commonest(adstock_family(k) for k in draws.adstock_kind[:, c])].sentence
        bent = bool(turns[:, c].mean() >= _PLAUSIBLE)
        kinds = draws.saturation_kind[turns[:, c] if bent else ~turns[:, c], c]
        curves[name] = _sentence(SATURATIONS[_commonest(saturation_family(k) for k in kinds)], bent)
    return _grouped(carried), _grouped(curves)


def _sentence(family: Saturation, bent: bool) -> str:
    return family.sentence if bent or not family.extends else SATURATIONS[family.extends].sentence


def _commonest(names: Iterable[str]) -> str:
    values, counts = np.unique(list(names), return_counts=True)
    return str(values[counts.argmax()])


def _grouped(sentences: dict[str, str]) -> Told:
    return tuple(
        (tuple(name for name, said in sentences.items() if said == one), one)
        for one in dict.fromkeys(sentences.values())
    )
