"""A table in the layout of Meridian's CsvDataLoader, with the default priors of Meridian 2.1.0, as settings.

Sources: developers.google.com/meridian (CsvDataLoader, PriorDistribution): roi_m LogNormal(0.2, 0.9), alpha_m
Uniform(0, 1), ec_m TruncatedNormal(0.8, 0.8, 0.1, 10), slope_m 1, max_lag 8.
"""

import math
from collections.abc import Mapping

import numpy as np

from mmm.starting.asked import Proposal
from mmm.starting.peers.imported import Imported, active_mean, interval
from mmm.starting.sight import Sight

_Z95 = 1.6448536269514722
_ROI = (0.2, 0.9)
_EC = (0.8, 0.8, 0.1, 10.0)


def import_meridian(sight: Sight, proposal: Proposal) -> Imported:
    """Meridian's default priors on what was found in its table; ``proposal`` is that of the table."""
    found = Imported("Meridian", proposal.document, notes=proposal.notes, comments=proposal.comments)
    data = proposal.document["data"]
    found.note("kpi, revenue_per_kpi, time, geo, population", "data", "same")
    found.note("media, media_spend", "data.channels", "same")
    found.note("controls", "data.controls", "same", "their scale is a prior common to all")
    low, high = (math.exp(_ROI[0] + sign * _Z95 * _ROI[1]) for sign in (-1, 1))
    model = {
        "lookback": "8 weeks",
        "roas": interval(low, high),
        "adstock": {"family": "geometric", "alpha": {"alpha": 1.0, "beta": 1.0}},
        "saturation": {"family": "hill"},
        "channels": _halves(sight, data["channels"]),
    }
    proposal.document["model"] = {key: value for key, value in model.items() if value}
    found.note("roi_m LogNormal(0.2, 0.9)", "model.roas", "same", "on the effect over the window, over its spend")
    found.note("alpha_m Uniform(0, 1)", "model.adstock.alpha", "same", "Beta(1, 1)")
    why = "there in medians over rows with media by inhabitant, here in means over active periods: converted by channel"
    found.note("ec_m TruncatedNormal(0.8, 0.8, 0.1, 10)", "saturation.half", "near", why)
    found.note("slope_m = 1", "model.saturation", "same", "Hill curves with the slope held at 1")
    found.note("max_lag = 8", "model.lookback", "same", "after 8 weeks nothing is left")
    found.note(
        "knots",
        "model.baseline",
        "near",
        "trend, season and a slow drift in place of free knots",
    )
    found.note("eta_m, xi_c: regional spread", "model.geo_scale", "near", "one spread, of log effects")
    if any("reach" in column.lower() for column in sight.columns):
        why = "channels with reach and frequency are driven by impressions or spend"
        found.note("reach, frequency, rf_spend", "data.channels", "not carried over", why)
    found.note("organic_media", "data.channels, role: organic", "near", "where the table has media without spend")
    found.note("non_media_treatments", "data.controls", "near", "controls; state a sign where you believe in one")
    return found


def _halves(sight: Sight, channels: Mapping[str, object]) -> dict[str, object]:
    """Half-saturation of each channel: quantiles of Meridian's truncated normal, in multiples of the channel's mean."""
    from scipy.stats import truncnorm

    loc, scale, low, high = _EC
    prior = truncnorm((low - loc) / scale, (high - loc) / scale, loc=loc, scale=scale)
    ends = prior.ppf([0.05, 0.95])
    found: dict[str, object] = {}
    for name, item in channels.items():
        column = item.get("media", item.get("spend")) if isinstance(item, dict) else item
        values = sight.numbers(str(column))
        if values is None or not (values > 0).any():
            continue
        ratio = float(np.median(values[values > 0])) / active_mean(values[np.isfinite(values)])
        found[name] = {"saturation": {"family": "hill", "half": interval(*(ratio * ends))}}
    return found
