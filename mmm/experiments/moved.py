"""What changed spend moves, as the posterior has it: in the counted periods, and until when carryover lasts."""

import numpy as np

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.model import response
from mmm.model.response import ResponseDraws

LEFT = 0.05
"""Share of a test's effect that may come after what is counted."""


def moved(draws: ResponseDraws, media: Floats, other: Floats, weights: Floats) -> Floats:
    """What ``media`` bring more than ``other``, both [t, g, c], times ``weights[t, g]``: [n, g, c] in outcome units."""
    return np.asarray(response.totals(draws, media, weights) - response.totals(draws, other, weights))


class Changed:
    """Spend of the panel's last ``length`` periods, changed by a factor: what it brings, by draw, region and channel.

    ``tail`` is how many periods after it can be counted.
    """

    def __init__(self, draws: ResponseDraws, dataset: Dataset, length: int, tail: int = 0) -> None:
        media = dataset.data["media"].values[-(length + draws.lookback) :].astype(float)
        self.draws, self.before, self.length = draws, len(media) - length, length
        self.tail = max(draws.lookback, tail)
        self.usual = np.concatenate([media, np.zeros((self.tail, *media.shape[1:]))])
        self._made: dict[tuple[float, int], Floats] = {}
        self._whole: dict[int, Floats] = {}

    def by(self, factor: float, cool: int | None = None) -> Floats:
        """What the difference brings in the changed periods and ``cool`` more, by default all: [n, g, c].

        Positive where money raises the outcome, whether it is withheld or added.
        """
        key = (factor, self.tail if cool is None else cool)
        if key not in self._made:
            window = slice(self.before, self.before + self.length)
            other = self.usual.copy()
            other[window] *= factor
            weights = np.zeros(self.usual.shape[:2])
            weights[self.before : self.before + self.length + key[1]] = 1.0
            if key[1] not in self._whole:
                self._whole[key[1]] = response.totals(self.draws, self.usual, weights)
            sign = 1.0 if factor < 1.0 else -1.0
            self._made[key] = sign * (self._whole[key[1]] - response.totals(self.draws, other, weights))
        return self._made[key]


def cool_down(draws: ResponseDraws, dataset: Dataset, length: int) -> dict[str, int]:
    """Fewest periods after a go-dark of ``length`` in which all but :data:`LEFT` of its effect has come, by channel.

    Of the mean effect over draws and all regions, on the panel's last periods. A channel that spent nothing then has 0.
    """
    changed = Changed(draws, dataset, length)
    whole = np.abs(changed.by(0.0).sum(axis=1).mean(axis=0))
    found = np.zeros(len(whole), dtype=int)
    for cool in range(draws.lookback):
        short = np.abs(changed.by(0.0, cool).sum(axis=1).mean(axis=0)) < (1.0 - LEFT) * whole
        if not short.any():
            break
        found[short] = cool + 1
    return dict(zip(draws.channels, found.tolist(), strict=True))
