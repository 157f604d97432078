"""Scores of intervals against known truth, and the table that sums them up."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from mmm.assessment.scores import interval_score


@dataclass(frozen=True)
class Estimate:
    """One ROAS with its truth: posterior median and 90% interval, and the 90% interval of its prior.

    ``geo`` is empty for the whole panel; the prior's ends are None where the prior is not stated for the cell.
    """

    world: str
    group: str
    channel: str
    geo: str
    truth: float
    median: float
    lower: float
    upper: float
    prior_lower: float | None = None
    prior_upper: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Summary:
    """Scores over a set of estimates. Errors are one standard error, clustered by world; None for a single world.

    ``error``, ``width`` and ``score`` are the median absolute error, the median width and the mean interval score,
    each relative to the truth; ``shrinkage`` is the median width relative to the prior's.
    """

    cells: int
    worlds: int
    coverage: float
    coverage_error: float | None
    error: float
    width: float
    score: float
    shrinkage: float | None


def clustered_error(hits: np.ndarray, cluster: np.ndarray) -> float | None:
    """Standard error of the mean of ``hits``, which may be correlated inside a cluster but not between clusters.

    The square root of ``G / (G - 1)`` times the sum over G clusters of squared sums of residuals, over the count
    (Liang and Zeger 1986, for a mean).
    """
    _, group = np.unique(cluster, return_inverse=True)
    count = int(group.max()) + 1
    if count < 2:
        return None
    sums = np.bincount(group, weights=hits - hits.mean())
    return float(np.sqrt(count / (count - 1) * (sums**2).sum()) / len(hits))


def summarise(estimates: Iterable[Estimate | Mapping[str, Any]]) -> Summary:
    """Scores over ``estimates``, which all need a truth other than zero."""
    rows = [e.to_dict() if isinstance(e, Estimate) else dict(e) for e in estimates]
    frame = pd.DataFrame(rows)
    truth, lower, upper = (frame[name].to_numpy(dtype=float) for name in ("truth", "lower", "upper"))
    hits = ((lower <= truth) & (truth <= upper)).astype(float)
    size, width = np.abs(truth), upper - lower
    prior = (frame["prior_upper"] - frame["prior_lower"]).to_numpy(dtype=float)
    stated = np.isfinite(prior)
    return Summary(
        cells=len(frame),
        worlds=int(frame["world"].nunique()),
        coverage=float(hits.mean()),
        coverage_error=clustered_error(hits, frame["world"].to_numpy()),
        error=float(np.median(np.abs(frame["median"].to_numpy(dtype=float) - truth) / size)),
        width=float(np.median(width / size)),
        score=float(np.mean(interval_score(lower, upper, truth) / size)),
        shrinkage=float(np.median(width[stated] / prior[stated])) if stated.any() else None,
    )


HEADER = (
    "| | worlds | cells | 90% interval holds the truth | median error | width / truth | interval score / truth | "
    "width / prior's |\n|---|---|---|---|---|---|---|---|"
)


def table_row(label: str, found: Summary) -> str:
    """One row of the Markdown table under :data:`HEADER`."""
    error = "" if found.coverage_error is None else f" ± {found.coverage_error:.0%}"
    shrinkage = "" if found.shrinkage is None else f"{found.shrinkage:.2f}"
    return (
        f"| {label} | {found.worlds} | {found.cells} | {found.coverage:.0%}{error} | {found.error:.0%} | "
        f"{found.width:.2f} | {found.score:.2f} | {shrinkage} |"
    )
