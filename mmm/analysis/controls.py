"""What a control does: what one more unit brings, its elasticity, and its contribution against its reference."""

import numpy as np
import pandas as pd

from mmm.analysis.intervals import columns
from mmm.arrays import Floats
from mmm.data.names import CONTROL_TERM
from mmm.inference.fit import Fit


def control_table(fit: Fit, terms: dict[str, Floats]) -> pd.DataFrame:
    """One row a control (index control), from the terms [n, t, g] of the baseline over the window.

    ``per_unit``: outcome per period, over all geos, for one more unit everywhere; ``elasticity``: change of the outcome
    in per cent for 1% more, at the means of both (NaN for a control that is not above zero on average); ``total``: its
    contribution over all periods against its reference value; each with its 90% interval. ``reference``: that value;
    ``usual``: its mean; ``least``: its smallest value.
    """
    window = fit.window
    data = fit.dataset.data
    usual = float(np.nanmean(fit.dataset.outcome_rate[window], axis=0).sum())
    rows = []
    for k, name in enumerate(fit.dataset.controls):
        part = terms.get(f"{CONTROL_TERM}{name}")
        if part is None:
            continue
        values = data["control"].values[window][:, :, k]
        reference = fit.spec.baseline.each_control[k].reference
        slope, elasticity = control_draws(part, values, reference, usual)
        mean = float(values.mean())
        row: dict[str, object] = {
            "control": name,
            "reference": reference,
            "usual": mean,
            "least": float(values.min()),
        }
        for column, draws in (
            ("per_unit", slope.sum(axis=1)),
            ("elasticity", elasticity),
            ("total", part.sum(axis=(1, 2))),
        ):
            row |= {key: float(value) for key, value in columns(column, draws).items()}
        rows.append(row)
    table = pd.DataFrame(rows, columns=None if rows else ["control"])
    return table.set_index("control")


def control_draws(part: Floats, values: Floats, reference: float, usual: float) -> tuple[Floats, Floats]:
    """Outcome per unit [n, g] and elasticity [n] of a contribution [n, t, g] by the control's ``values[t, g]``.

    ``usual`` is the mean outcome of a period over all geos. The elasticity is NaN where the mean is not above zero.
    """
    slope = _per_unit(part, values - reference)
    if values.mean() <= 0:
        return slope, np.full(len(slope), np.nan)
    return slope, np.asarray(slope @ values.mean(axis=0) / usual)


def _per_unit(part: Floats, away: Floats) -> Floats:
    """Outcome per unit [n, g] of a contribution [n, t, g] that is linear in how far the control is ``away[t, g]``."""
    furthest = np.abs(away).argmax(axis=0)
    geos = np.arange(away.shape[1])
    far = away[furthest, geos]
    return np.asarray(part[:, furthest, geos] / np.where(far == 0, np.inf, far))
