"""How right an answer was: numbers of one world and method, and their sums over worlds.

Errors of a return are relative to the truth. Where the true return is zero or negative, relative to the mean size of
the true returns of that world's channels, as a share of nothing means nothing; the page says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from mmm.arrays import Floats
from mmm.assessment.recovery_score import clustered_error
from mmm.assessment.scores import crps, interval_score, seasonal_naive
from mmm.simulate import Allocation, Budget, Truth, best_allocation
from mmm.study.answer import Answer, Decision, Interval, answer_of
from mmm.study.peers import BOUNDS
from mmm.study.worlds import HIDDEN, StudyWorld

Row = dict[str, Any]

_NOTICEABLE = 1e-4
"""A plan ends below today's where it loses more than this share of what today's media bring."""


def score(world: StudyWorld, answer: Mapping[str, Any], best: float | None) -> Row:
    """Plain numbers of one answer; what the method did not say, or nobody knows, is None.

    ``best`` is what :func:`oracle` says of the world, None where nobody knows.
    """
    said = answer_of(answer)
    contribution = None
    if said.contributions is not None and world.contributions is not None:
        contribution = srmse(np.array(said.contributions), world.contributions)
    return {
        "roas": returns(said.roas, world.roas),
        "marginal": returns(said.marginal, world.marginal),
        "rank": None if said.roas is None else rank(said.roas, world.roas),
        "srmse": contribution,
        "totals": _totals(said, world.contributions),
        "forecast": _forecast(world, said),
        "decision": _decision(world.truth, said.decision, best),
        "warnings": list(said.warnings),
        "warned": [bool(said.warnings) and (said.about is None or c in said.about) for c in world.dataset.channels],
    }


def scales(truth: Floats) -> Floats:
    """What errors are divided by: the truth where it is positive, else the mean size of all of the world."""
    return np.where(truth > 0, truth, np.abs(truth).mean())


def returns(said: Sequence[Interval] | None, truth: Floats | None) -> Row | None:
    """By channel: whether the interval holds the truth, its width, its score and the error of the median, relative.

    Entries are None where the method gives no interval.
    """
    if said is None or truth is None:
        return None
    median, lower, upper = np.array(said, dtype=float).T
    size = scales(truth)
    known = np.isfinite(lower) & np.isfinite(upper)
    cells: Row = {
        "hit": (lower <= truth) & (truth <= upper),
        "width": (upper - lower) / size,
        "score": interval_score(lower, upper, truth) / size,
    }
    out = {name: [x if k else None for x, k in zip(v.tolist(), known, strict=True)] for name, v in cells.items()}
    return {**out, "error": (np.abs(median - truth) / size).tolist()}


def rank(said: Sequence[Interval], truth: Floats) -> float | None:
    """Spearman's correlation of the estimated with the true order of the channels; None below three channels."""
    median = np.array([interval[0] for interval in said])
    if len(truth) < 3 or np.ptp(median) == 0:
        return None
    return float(spearmanr(median, truth).statistic)


def srmse(said: Floats, truth: Floats) -> float:
    """As the public benchmark has it: RMSE over time over the size of the mean true contribution, averaged.

    A mean is taken over channels and geos; a channel that does nothing is divided by the mean size of the others.
    """
    error = np.sqrt(((said - truth) ** 2).mean(axis=0))
    mean = np.abs(truth.mean(axis=0))
    positive = truth.mean(axis=0) > 0
    size = np.where(positive, mean, mean.mean())
    return float((error / size).mean())


def _totals(said: Answer, truth: Floats | None) -> list[bool] | None:
    """By geo and channel, whether the interval of the total contribution holds the true one."""
    if said.totals is None or truth is None:
        return None
    _, lower, upper = np.array(said.totals, dtype=float).T
    total = truth.sum(axis=0).ravel()
    return [bool(held) for held in (lower <= total) & (total <= upper)]


def _forecast(world: StudyWorld, said: Answer) -> Row | None:
    """CRPS relative to the mean outcome, and to that of repeating the last year."""
    if said.forecast is None:
        return None
    total = world.dataset.data["outcome"].values.sum(axis=1)
    past, actual = total[: world.seen], total[world.seen :]
    naive = float(crps(seasonal_naive(past, world.hidden, 52), actual).mean())
    return {
        "crps": said.forecast.crps / float(np.abs(actual).mean()),
        "naive": naive / float(np.abs(actual).mean()),
        "coverage": said.forecast.coverage,
    }


def best_plan(truth: Truth) -> Allocation:
    """The best plan under the study's rules, the truth known."""
    today = truth.reference_plan(HIDDEN).sum(axis=(0, 1))
    budget = Budget(float(today.sum()), today * BOUNDS[0], today * BOUNDS[1], HIDDEN)
    return best_allocation(truth, budget, spend_all=True)


def oracle(truth: Truth) -> float:
    """What :func:`best_plan` brings, in money."""
    return best_plan(truth).response * truth.value_per_unit


def _decision(truth: Truth | None, decision: Decision | None, best: float | None) -> Row | None:
    """Realised and promised gain over today's plan, relative to what today's media bring in the horizon."""
    if truth is None or decision is None or best is None:
        return None
    reference = truth.reference_plan(HIDDEN)

    today = truth.response(reference) * truth.value_per_unit
    realised = truth.response(reference * np.array(decision.factors)) * truth.value_per_unit - today
    promise = None
    if decision.lower is not None and decision.upper is not None:
        promise = bool(decision.lower <= realised <= decision.upper)
    return {
        "today": today,
        "realised": realised / today,
        "oracle": (best - today) / today,
        "promised": decision.promised / today,
        "holds": promise,
        "lost": bool(realised < -_NOTICEABLE * abs(today)),
    }


# Sums over worlds


def finite(values: Iterable[Any]) -> Floats:
    """The numbers among the values."""
    return np.array([float(v) for v in values if v is not None and np.isfinite(v)])


def median(values: Iterable[Any]) -> float | None:
    """Median of what is known; None for nothing."""
    found = finite(values)
    return float(np.median(found)) if found.size else None


def estimates(rows: Sequence[Row], what: str = "roas") -> Row | None:
    """Coverage with its standard error clustered by world, medians of width and error, mean interval score."""
    known = [(r["world"], r[what]) for r in rows if r.get(what) is not None]
    cells = [
        (name, *cell)
        for name, x in known
        for cell in zip(x["hit"], x["width"], x["score"], strict=True)
        if cell[0] is not None
    ]
    errors = finite(e for _, x in known for e in x["error"])
    if not errors.size:
        return None
    out: Row = {"worlds": len({name for name, _ in known}), "cells": int(errors.size)}
    out |= {"error": float(np.median(errors)), "coverage": None, "coverage_error": None, "width": None, "score": None}
    if cells:
        names, hits, widths, scores = zip(*cells, strict=True)
        hit = np.array(hits, dtype=float)
        out |= {"coverage": float(hit.mean()), "coverage_error": clustered_error(hit, np.array(names))}
        out |= {"width": float(np.median(widths)), "score": float(np.mean(scores))}
    return out


def decisions(rows: Sequence[Row]) -> Row | None:
    """Of plans: the realised share of the oracle's gain, promises against what came, and how many lost.

    ``share`` is the median over worlds, ``pooled`` the sum of realised over the sum of possible gains. ``promised`` is
    the median ratio of promised to realised gain where something was won.
    """
    found = [r["decision"] for r in rows if r.get("decision") is not None]
    if not found:
        return None
    realised, best = (np.array([d[name] for d in found]) for name in ("realised", "oracle"))
    held = [d["holds"] for d in found if d["holds"] is not None]
    promised = [d["promised"] / d["realised"] for d in found if d["realised"] > _NOTICEABLE]
    return {
        "worlds": len(found),
        "share": median(realised / np.where(best > 0, best, np.nan)),
        "pooled": float(realised.sum() / best.sum()),
        "promised": median(promised) if any(d["promised"] != 0 for d in found) else None,
        "off": median(abs(x - 1.0) for x in promised) if any(d["promised"] != 0 for d in found) else None,
        "holds": float(np.mean(held)) if held else None,
        "lost": float(np.mean([d["lost"] for d in found])),
    }


def gated(rows: Sequence[Row]) -> list[Row]:
    """The rows with today's plan, which wins and promises nothing, where a check of the gate failed."""
    nothing = {"realised": 0.0, "promised": 0.0, "holds": None, "lost": False}
    out = []
    for row in rows:
        failed = any(": fail" in words for words in row["warnings"])
        decision = {**row["decision"], **nothing} if failed and row["decision"] is not None else row["decision"]
        out.append({**row, "decision": decision})
    return out


def warned(rows: Sequence[Row]) -> Row:
    """Of intervals that miss, and of those that hold, how many were warned of: their channel named, or all."""
    known = [r for r in rows if r.get("roas") is not None and r["roas"]["hit"][0] is not None]
    cells = [(hit, told) for r in known for hit, told in zip(r["roas"]["hit"], r["warned"], strict=True)]
    misses, holds = [told for hit, told in cells if not hit], [told for hit, told in cells if hit]
    return {
        "worlds": len(known),
        "alarms": sum(bool(r["warnings"]) for r in known),
        "misses": len(misses),
        "misses_warned": sum(misses),
        "holds": len(holds),
        "holds_warned": sum(holds),
    }


def compared(rows: Sequence[Row], methods: Iterable[str]) -> list[Row]:
    """The rows of those worlds in which every one of the methods has an answer."""
    wanted = set(methods)
    there: dict[str, set[str]] = {}
    for row in rows:
        if row["error"] is None:
            there.setdefault(row["world"], set()).add(row["method"])
    return [r for r in rows if r["error"] is None and wanted <= there.get(r["world"], set())]
