"""The figure of the study of promises: do stated chances and quantiles come true?"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import stats

from mmm.study.answer import LEVELS
from mmm.study.score import Row

_SHOWN = (("told", "with the discrepancy", "#0072b2", "o"), ("alone", "posterior alone", "#d55e00", "^"))
_EDGES = (0.0, 0.6, 0.8, 0.9, 0.97, 0.995, 1.001)


def share(won: int, of: int) -> tuple[float, float, float]:
    """Share of successes with its 90% interval (Jeffreys: the beta posterior of a prior with counts of a half)."""
    lower, upper = stats.beta.ppf([0.05, 0.95], won + 0.5, of - won + 0.5)
    return won / of, 0.0 if won == 0 else float(lower), 1.0 if won == of else float(upper)


def chances(figure: Any, rows: Sequence[Row]) -> bool:
    """Two reliability diagrams of the plans in new kinds of worlds, on the diagonal where what is said comes true.

    Left: of plans by their stated chance to win, the share that won. Right: the share of gains that came in below each
    stated quantile.
    """
    new = [r for r in rows if r["part"] == "new kinds"]
    if not new:
        return False
    left, right = figure.subplots(1, 2)
    for place, (name, words, colour, mark) in enumerate(_SHOWN):
        chance, came = (np.array([r["plans"][name][key] for r in new]) for key in ("chance", "realised"))
        quantiles = np.array([r["plans"][name]["quantiles"] for r in new])
        style = {"color": colour, "marker": mark, "label": words, "capsize": 2, "linewidth": 1.0, "markersize": 5}
        bins = [(low <= chance) & (chance < high) for low, high in pairwise(_EDGES)]
        said = [(chance[b].mean(), *share(int((came[b] > 0).sum()), int(b.sum()))) for b in bins if b.any()]
        under = (came[:, None] < quantiles).sum(axis=0)
        below = [(level, *share(int(n), len(new))) for level, n in zip(LEVELS, under, strict=True)]
        for axes, points in ((left, said), (right, below)):
            x, y, lower, upper = np.array(points).T
            axes.errorbar(x + 0.006 * place, y, yerr=[y - lower, upper - y], **style)
    for axes in (left, right):
        axes.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle="--")
        axes.set_ylim(-0.02, 1.02)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:.0%}")
    left.set(xlim=(0.48, 1.02), xlabel="Stated chance to beat today's plan", ylabel="Plans that did")
    right.set(xlabel="Stated quantile of the gain", ylabel="Gains that came in below")
    left.legend(frameon=False, loc="lower right", fontsize=8)
    return True
