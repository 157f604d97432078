"""What channels bring directly, through every stage, and in all, where equations stand beside that of the outcome."""

from dataclasses import replace

import numpy as np
import pandas as pd

from mmm.analysis.effects import Observed, effect
from mmm.analysis.intervals import columns
from mmm.arrays import Floats
from mmm.inference.fit import Fit, StageFit
from mmm.model.response import ResponseDraws, contributions

DIRECT, TOTAL = "direct", "total"
_DRAWS = 200
_COLUMNS = (
    "channel", "way", "effect", "effect_lower", "effect_upper", "roas", "roas_lower", "roas_upper",
    "per_money", "per_money_lower", "per_money_upper", "correlation",
)  # fmt: skip


def way_table(fit: Fit, draws: ResponseDraws, panel: Observed) -> pd.DataFrame:
    """One row a channel and way: effect over the observed periods, return (NaN where the outcome has no value), and
    effect per unit of money.

    ``draws`` and ``panel`` are of the same channels. Only channels with several ways have rows: ``direct``, then the
    stages by name, then ``total``, of which the others are the parts in every draw. ``correlation`` is that of what
    the equations of the outcome and of a further one leave unexplained (NaN of other ways).
    """
    together = {s.name: residual_correlation(fit, s) for s in fit.stages if s.name not in fit.dataset.mediators}
    has_value = fit.dataset.has_value
    parts = {DIRECT: replace(draws, paths=()), **{path.way: path for path in draws.paths}, TOTAL: draws}
    rows = []
    for place, name in enumerate(draws.channels):
        own = panel.only([place])
        here = {way: part for way, part in parts.items() if name in part.channels}
        for way, part in here.items() if len(here) > 2 else ():
            brought = effect(part.only([name]), own, own.ones).sum(axis=(1, 2))
            unknown = np.full_like(brought, np.nan)
            worth = effect(part.only([name]), own, own.value).sum(axis=(1, 2)) if has_value else unknown
            table = columns("effect", brought) | columns("roas", worth / own.spend.sum())
            table |= columns("per_money", brought / own.spend.sum())
            told = {"channel": name, "way": way, "correlation": together.get(way, float("nan"))}
            rows.append(told | {key: float(value) for key, value in table.items()})
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def residual_correlation(fit: Fit, stage: StageFit) -> float:
    """Correlation over time of what the equation of the outcome and a stage's leave unexplained, summed over geos.

    Of a mediator it would say nothing: in the outcome's equation it is a regressor, which residuals are orthogonal to.
    """
    left = []
    for one in (fit, stage.fit):
        whole = slice(0, len(one.dataset.dates))
        expected = one.draws(_DRAWS).expected(one.dataset, whole, one.seed).mean(axis=0)
        left.append((one.dataset.data["outcome"].values - expected).sum(axis=1))
    known = np.isfinite(left[0]) & np.isfinite(left[1])
    return float(np.corrcoef(left[0][known], left[1][known])[0, 1])


def national_parts(fit: Fit, draws: ResponseDraws, media: Floats, direct: Floats) -> Floats:
    """Contributions [n, t, c] summed over geos in which channels have what they bring through mediators.

    ``direct`` are those of the outcome's equation: in them a mediator has all that comes with it. It keeps what no
    channel brought, so that the sum over channels stays as it is. ``draws`` are of the same channels, with all ways.
    """
    out = direct.copy()
    for places, path in draws.ways:
        if path.way not in fit.dataset.mediators:
            continue
        own = draws.channels.index(path.way)
        for where, block in path.blocks(media.size):
            often = fit.dataset.exposures
            seen = None if often is None else often[:, :, places]
            brought = contributions(block, media[:, :, places], seen)[:, -out.shape[1] :].sum(axis=2)
            for k, place in enumerate(places):
                out[where, :, place] += brought[:, :, k]
            out[where, :, own] -= brought.sum(axis=2)
    return out
