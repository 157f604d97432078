"""Stages: equations beside that of the outcome, each a fit of its own, and what their draws add to its response.

Given what was measured of every stage, the equations share no parameters: with errors that are independent between
them the posterior is a product, so that each is fitted by itself and a draw of one goes with any draw of another. A
kind of stage is one file in ``mmm/model/stages`` with a ``RECORD``; workflow, response, analysis and report go through
the records.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.model.response import ResponseDraws
from mmm.model.settings import ModelSettings
from mmm.records import Records


@dataclass(frozen=True)
class Stage:
    """A kind of equation beside that of the outcome.

    ``panel`` gives the equation's own panel of the analysis's and the stage's name, ``believed`` its settings of the
    analysis's. ``way`` is what its draws add to the response of the outcome, of the outcome's draws, the stage's name
    and its draws (as many): a further way of the media to it, before what a unit of the stage is worth counts.
    ``beside``: it is an outcome of its own, of which what is measured of the first one knows nothing.
    ``meaning`` is its sentence in the documentation.
    """

    name: str
    meaning: str
    panel: Callable[[Dataset, ModelSettings, str], Dataset]
    believed: Callable[[ModelSettings, str], ModelSettings]
    way: Callable[[ResponseDraws, str, ResponseDraws], ResponseDraws]
    beside: bool = False


STAGES: Records[Stage] = Records("stage", "mmm.model.stages")
"""Kinds of stages, one file each with a ``RECORD``."""


@dataclass(frozen=True)
class Ways:
    """A stage's draws as they join those of the outcome: ``kind``, ``name``, its response, what its unit is worth."""

    kind: str
    name: str
    draws: ResponseDraws
    worth: float = 1.0


def paired(n: int, have: int, seed: int) -> np.ndarray:
    """Which of ``have`` draws of a stage go with ``n`` draws of the outcome: each in turn, in an order of chance.

    Draws of a mixture stand model by model, and those of one stage know nothing of another's.
    """
    return np.resize(np.random.default_rng([seed, 7]).permutation(have), n)


def composed(direct: ResponseDraws, stages: Sequence[Ways], seed: int) -> ResponseDraws:
    """The response of the outcome through all ways: direct, and through every stage, by draw."""
    found = []
    for stage in stages:
        own = stage.draws.subset(paired(direct.n, stage.draws.n, seed))
        way = STAGES[stage.kind].way(direct, stage.name, own)
        if stage.worth != 1.0:
            way = scaled(way, np.full((direct.n, 1), np.log(stage.worth)))
        found.append(replace(way, way=stage.name))
    longest = max([direct.lookback, *(reach_of(way) for way in found)])
    own_lookback = tuple(int(lags) for lags in direct.lookbacks)
    return replace(direct, lookback=longest, own_lookback=own_lookback, paths=tuple(found))


def reach_of(way: ResponseDraws) -> int:
    """Periods after which nothing is left of any spend on this way."""
    return way.lookback + (0 if way.after is None else way.after.shape[2] - 1)


def scaled(way: ResponseDraws, logs: Floats) -> ResponseDraws:
    """The way with every effect times exp(``logs[n, g]``)."""
    return replace(way, log_beta=way.log_beta + logs[:, :, None])
