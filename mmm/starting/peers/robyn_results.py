"""What Robyn's exported model says of its channels: share, return with its bootstrap interval, and its curve."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mmm.data.cells import FloatArray
from mmm.starting.peers.imported import LEVELS, Theirs, carried

SPREAD = "95% ranges over the models of its cluster"
"""``ci_low`` and ``ci_up``: mean of the cluster's returns, plus and minus Student's 97.5% point times the bootstrap's
standard error times the root of the number of models (``.bootci`` of Robyn 3.12.1): how far models differ."""


class Driven(NamedTuple):
    """Columns of a channel: its spend, and what its curve is of."""

    spend: str
    media: str


def window(inputs: Mapping[str, Any], rows: int) -> slice:
    """The rows that coefficients and inflexions are of; all of them where the file does not say."""
    first, last = (inputs.get(f"rollingWindow{which}Which") for which in ("Start", "End"))
    if not (isinstance(first, list) and first and isinstance(last, list) and last):
        return slice(0, rows)
    return slice(int(first[0]) - 1, int(last[0]))


def inflexion(series: FloatArray, gamma: float) -> float:
    """Where Robyn's Hill curve is at half of its height: between least and largest carried-over media."""
    return float(series.min()) * (1 - gamma) + float(series.max()) * gamma


def results(document: Mapping[str, Any], frame: pd.DataFrame, channels: Mapping[str, Driven]) -> list[Theirs]:
    """The channels that the file has a return of, in the order of ``channels``."""
    model = document.get("ExportedModel", {})
    rows = {row.get("variable"): row for row in model.get("summary", []) if isinstance(row, dict)}
    found = []
    for name, driven in channels.items():
        row = rows.get(driven.spend) or rows.get(driven.media)
        if row is None or "performance" not in row:
            continue
        low, high = (float(row.get(key, np.nan)) for key in ("ci_low", "ci_up"))
        share = 100 * float(row.get("decompPer", np.nan))
        steady = _steady(document, frame, driven, float(row.get("coef", np.nan)))
        found.append(Theirs(name, share, float(row["performance"]), low, high, steady))
    return found


def _steady(document: Mapping[str, Any], frame: pd.DataFrame, driven: Driven, height: float) -> tuple[float, ...]:
    """Outcome a period of steady media at multiples of their mean; empty for Weibull or lacking parameters."""
    inputs = document["InputCollect"]
    chosen = document.get("ExportedModel", {}).get("hyper_values", {})
    keys = ("alphas", "gammas", "thetas")
    values = [chosen.get(f"{driven.spend}_{key}", chosen.get(f"{driven.media}_{key}")) for key in keys]
    if inputs.get("adstock") != ["geometric"] or not np.isfinite(height) or any(v is None for v in values):
        return ()
    slope, gamma, theta = (float(np.ravel(v)[0]) for v in values)
    media = pd.to_numeric(frame[driven.media], errors="coerce").fillna(0.0).to_numpy(dtype=np.float64)
    half = inflexion(carried(media, theta)[window(inputs, len(media))], gamma)
    levels = float(media.mean()) * np.array(LEVELS)
    return tuple(float(x) for x in height * levels**slope / (levels**slope + half**slope))
