"""What the posterior means: contributions, ROAS, marginal ROAS, response curves and fit, as tables with intervals.

Everything about media goes through :mod:`mmm.model.response`.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from mmm.analysis.controls import control_table
from mmm.analysis.curves import response_curves, today_per_period
from mmm.analysis.effects import Observed, effect, marginal_effect, observed
from mmm.analysis.frequency import frequency_curves, frequency_table
from mmm.analysis.intervals import columns, summary
from mmm.analysis.levels import level_table
from mmm.analysis.models import by_model
from mmm.analysis.quarters import quarter_table
from mmm.analysis.ways import national_parts, way_table
from mmm.arrays import Floats
from mmm.cards import facts, lines
from mmm.data.names import CONTROL_TERM, EVENT_TERM
from mmm.digits import amount, interval
from mmm.inference.fit import Fit
from mmm.inference.preview import refuse_preview
from mmm.model import response
from mmm.model.draws import Draws

MEDIA, BASELINE, CONTROL, PART = "media", "baseline", "control", "part"


TOLD = (CONTROL_TERM, EVENT_TERM)
"""Terms that stand by their own name beside the baseline."""

_ROUNDING = 1e-12


@dataclass(frozen=True, repr=False)
class Analysis:
    """Tables of an analysis; intervals are 90%, equal-tailed, in columns ``_lower`` and ``_upper``.

    - ``channels`` (index channel): spend, effect, share of outcome, roas, marginal_roas, cost_per_unit (currency per
      incremental unit of outcome), half_life (periods), saturation (effect at today's spend over the largest possible
      one), observed_max (largest spend in one period, all geos), today (mean spend per period of the last 13).
      ``roas`` and ``marginal_roas`` are NaN where the outcome has no value; ``marginal_effect`` is the same in units of
      the outcome.
    - ``unpaid``, of channels without a cost: role, effect (negative where it takes from the outcome), share of the
      outcome, half_life, periods in which it ran; no return.
    - ``controls``: as :func:`mmm.analysis.controls.control_table`: what a unit more brings, elasticity, contribution.
    - ``frequency`` (index channel) and ``frequency_curves``, of channels known by reach and frequency: the usual and
      the best frequency, and the effect of the same money by frequency; see :mod:`mmm.analysis.frequency`.
    - ``levels`` (index level), of channels with parts: as :func:`mmm.analysis.levels.level_table`.
    - ``quarters``, of channels whose effect varies in time: as :func:`mmm.analysis.quarters.quarter_table`. Curves,
      saturation and the plan are stated at the last state; returns and contributions are those of their time.
    - ``geo_channels``: geo, channel, spend, effect, roas.
    - where outcome rows cover several periods, as of months, the tables by date are by outcome row, under the period in
      which it ends;
    - ``decomposition``: date, component, kind (media, baseline, control, or the part of a role), mean, lower, upper;
      summed over geos, the means add up to the fitted mean.
    - ``totals``: component, kind, mean, lower, upper of sums over all dates: the baseline as one, each control, each
      channel, then all media together (kind "sum") and what the baseline is made of (kind "part").
    - ``curves``: channel, spend (per period, all geos), effect (per period, of steady spend), marginal (effect, in
      value where there is one, of one more unit of currency), observed.
    - ``fitted``: date, actual, mean, lower, upper of the posterior predictive, summed over geos; ``fitted_geo`` the
      same by geo.
    - ``negative_baseline`` (index date): share of draws in which the baseline is below zero.
    - ``effect_draws``, ``roas_draws`` [sample, channel].
    - ``ways``, of channels that reach the outcome through stages too: direct, by stage and in all, as
      :func:`mmm.analysis.ways.way_table`; every other table has all that a channel brings;
    - ``models``: returns of every channel under every model that counts, as :func:`mmm.analysis.models.by_model`.
    """

    channels: pd.DataFrame
    geo_channels: pd.DataFrame
    decomposition: pd.DataFrame
    totals: pd.DataFrame
    curves: pd.DataFrame
    fitted: pd.DataFrame
    fitted_geo: pd.DataFrame
    negative_baseline: pd.Series
    effect_draws: xr.DataArray
    roas_draws: xr.DataArray
    models: pd.DataFrame
    unpaid: pd.DataFrame
    controls: pd.DataFrame
    frequency: pd.DataFrame
    frequency_curves: pd.DataFrame
    levels: pd.DataFrame
    ways: pd.DataFrame
    quarters: pd.DataFrame
    r_squared: float
    error: float
    """Mean absolute error of the fitted total over the mean of the actual one, as :class:`HoldoutResult` has it."""
    mape: float
    """Mean of the absolute errors relative to each period's outcome; NaN where that is zero in a period."""

    def __repr__(self) -> str:
        return lines("Analysis: effect over the observed periods, mean and 90% interval", self._facts())

    def _repr_html_(self) -> str:
        return facts("Analysis: effect over the observed periods, mean and 90% interval", self._facts())

    def _facts(self) -> list[tuple[str, str]]:
        rows = []
        for name, line in self.channels.iterrows():
            ends = interval(line["effect"], line["effect_lower"], line["effect_upper"])
            per = interval(line["roas"], line["roas_lower"], line["roas_upper"])
            said = f", {per} for each 1 spent" if np.isfinite(line["roas"]) else ""
            rows.append((str(name), f"{ends} from {amount(float(line['spend']))} spent{said}"))
        return [*rows, ("Explained", f"{self.r_squared:.0%} of the variance")]


def analyse(fit: Fit, max_draws: int = 1000) -> Analysis:
    """Analyse a fit on at most ``max_draws`` evenly thinned posterior draws."""
    refuse_preview(fit)
    samples = fit.draws(max_draws)
    whole, paid = fit.response(max_draws), fit.paid
    parts, by_geo, terms = _components(fit, samples, whole)
    draws, panel = whole.only(paid.dataset.channels), observed(paid)
    mean_draws = sum(part for _, part in parts.values())
    fitted, fitted_geo = _fitted(fit, samples, by_geo)
    baseline = np.sum([part for kind, part in parts.values() if kind != MEDIA], axis=0)
    effects = effect(draws, panel, panel.ones)
    value = effect(draws, panel, panel.value) if fit.dataset.has_value else np.full_like(effects, np.nan)
    marginal = marginal_effect(draws, panel, panel.value if fit.dataset.has_value else panel.ones)
    actual = fitted["actual"].to_numpy()
    residual = actual - np.asarray(mean_draws).mean(axis=0)
    known = np.isfinite(actual)
    return Analysis(
        channels=_channel_table(paid, draws, panel, effects, value),
        geo_channels=_geo_table(paid, panel, effects, value),
        decomposition=_decomposition(fit, parts),
        totals=_totals(parts),
        curves=response_curves(paid, draws),
        fitted=fitted,
        fitted_geo=fitted_geo,
        negative_baseline=pd.Series((baseline < 0).mean(axis=0), index=fitted["date"], name="negative_baseline"),
        effect_draws=_labelled(effects.sum(axis=1), paid),
        roas_draws=_labelled(value.sum(axis=1) / panel.spend.sum(axis=0), paid),
        models=by_model(fit),
        unpaid=_unpaid_table(fit, whole),
        controls=control_table(fit, terms),
        frequency=frequency_table(paid, draws),
        frequency_curves=frequency_curves(paid, draws),
        ways=way_table(fit, draws, panel),
        levels=level_table(paid, panel, effects, value, marginal / panel.spend.sum(axis=0)),
        quarters=quarter_table(paid, draws),
        r_squared=float(1 - np.var(residual[known]) / np.var(actual[known])),
        error=_relative(np.abs(residual[known]).mean(), np.abs(actual[known]).mean()),
        mape=float(np.mean(np.abs(residual[known] / actual[known]))) if np.all(actual[known] != 0) else float("nan"),
    )


def _relative(part: float, whole: float) -> float:
    """A share of something; NaN of nothing."""
    return float(part / whole) if whole > 0 else float("nan")


def _labelled(values: Floats, fit: Fit) -> xr.DataArray:
    return xr.DataArray(values, dims=("sample", "channel"), coords={"channel": list(fit.dataset.channels)})


def _components(
    fit: Fit, samples: Draws, draws: response.ResponseDraws
) -> tuple[dict[str, tuple[str, Floats]], Floats, dict[str, Floats]]:
    """Every component of the outcome rows summed over geos, {name: (kind, [n, r])}, and what is expected of them by geo
    [n, r, g]; the baseline's terms by period [n, t, g]. ``draws`` are of the response through all stages."""
    window, ends = fit.window, fit.dataset.rows(fit.window)
    control = fit.dataset.data["control"].values[window]
    terms = samples.baseline(fit.dataset.dates[window], control, fit.seed)
    by_geo = np.sum(list(terms.values()), axis=0)
    parts: dict[str, tuple[str, Floats]] = {
        name: (CONTROL if name.startswith(TOLD) else BASELINE, ends.totals(term.sum(axis=2), axis=1))
        for name, term in terms.items()
    }
    media = fit.dataset.data["media"].values[: window.stop]
    national = np.empty((draws.n, by_geo.shape[1], len(draws.channels)))
    for where, block in replace(draws, paths=()).blocks(media.size):
        course = block.course(fit.dataset.dates[: window.stop])
        contribution = response.contributions(block, media, fit.dataset.exposures, course)[:, window]
        national[where] = contribution.sum(axis=2)
        by_geo[where] += contribution.sum(axis=3)
    national = national_parts(fit, draws, media, national)
    for c, (name, role) in enumerate(zip(draws.channels, fit.spec.roles, strict=True)):
        parts[name] = (role.part, ends.totals(national[:, :, c], axis=1))
    return parts, ends.totals(by_geo, axis=1), terms


def _plain(name: str) -> str:
    """A term's name without what marks a control or an event."""
    return name.removeprefix(CONTROL_TERM).removeprefix(EVENT_TERM)


def _decomposition(fit: Fit, parts: dict[str, tuple[str, Floats]]) -> pd.DataFrame:
    dates = fit.dataset.dates[fit.dataset.rows(fit.window).places]
    tables = []
    for name, (kind, part) in parts.items():
        mean, lower, upper = summary(part)
        label = _plain(name)
        tables.append(
            pd.DataFrame(
                {"date": dates, "component": label, "kind": kind, "mean": mean, "lower": lower, "upper": upper}
            )
        )
    return pd.concat(tables, ignore_index=True)


def _over_time(part: Floats) -> Floats:
    """Sums [n] of a part [n, t]; nothing where what is left of terms that cancel is their rounding."""
    total = part.sum(axis=1)
    return np.where(np.abs(total) < _ROUNDING * np.abs(part).sum(axis=1), 0.0, total)


def _totals(parts: dict[str, tuple[str, Floats]]) -> pd.DataFrame:
    sums = {name: (kind, _over_time(part)) for name, (kind, part) in parts.items()}
    baseline = np.sum([draws for kind, draws in sums.values() if kind == BASELINE], axis=0)
    media = np.sum([draws for kind, draws in sums.values() if kind == MEDIA], axis=0)
    rows = [("baseline", BASELINE, baseline)]
    rows += [(_plain(name), kind, draws) for name, (kind, draws) in sums.items() if kind != BASELINE]
    rows.append(("media", "sum", media))
    rows += [(name, PART, draws) for name, (kind, draws) in sums.items() if kind == BASELINE]
    ends = [dict(zip(("mean", "lower", "upper"), summary(draws), strict=True)) for _, _, draws in rows]
    return pd.DataFrame([{"component": n, "kind": k} | end for (n, k, _), end in zip(rows, ends, strict=True)])


def _fitted(fit: Fit, samples: Draws, by_geo: Floats) -> tuple[pd.DataFrame, pd.DataFrame]:
    ends = fit.dataset.rows(fit.window)
    dates = fit.dataset.dates[ends.places]
    outcome = fit.dataset.data["outcome"].values[ends.places]
    seen = fit.dataset.data["observed"].values[ends.places]
    predictive = samples.predictive(by_geo, fit.seed, ends.spans)
    # A geo that is not observed counts neither in the actual nor in the fitted total.
    total = np.where(seen, predictive, 0.0).sum(axis=2)
    actual = np.where(seen.any(axis=1), np.nansum(outcome, axis=1), np.nan)
    mean, lower, upper = summary(total)
    national = pd.DataFrame({"date": dates, "actual": actual, "mean": mean, "lower": lower, "upper": upper})
    tables = []
    for g, geo in enumerate(fit.spec.geos):
        mean, lower, upper = summary(predictive[:, :, g])
        tables.append(
            pd.DataFrame(
                {"date": dates, "geo": geo, "actual": outcome[:, g], "mean": mean, "lower": lower, "upper": upper}
            )
        )
    return national, pd.concat(tables, ignore_index=True)


def _channel_table(
    fit: Fit, draws: response.ResponseDraws, panel: Observed, effects: Floats, value: Floats
) -> pd.DataFrame:
    spend = panel.spend.sum(axis=0)
    total = effects.sum(axis=1)
    outcome = float(np.nansum(fit.dataset.data["outcome"].values[fit.window]))
    outcome += sum(s.worth * float(np.nansum(s.fit.dataset.data["outcome"])) for s in fit.stages if s.kind == "outcome")
    marginal = marginal_effect(draws, panel, panel.ones) / spend
    valued = (
        marginal_effect(draws, panel, panel.value) / spend if fit.dataset.has_value else np.full_like(total, np.nan)
    )
    window = fit.dataset.data["spend"].values[fit.window].sum(axis=1)
    table: dict[str, Floats] = {"spend": spend}
    table |= columns("effect", total)
    table |= columns("share", total / outcome)
    table |= columns("roas", value.sum(axis=1) / spend)
    table |= columns("marginal_roas", valued)
    table |= columns("marginal_effect", marginal)
    table |= columns("cost_per_unit", spend / total)
    table |= columns("half_life", response.half_life(draws))
    table |= columns("saturation", _saturation_today(fit, draws))
    table |= {"observed_max": window.max(axis=0), "today": today_per_period(fit).sum(axis=0)}
    return pd.DataFrame(table, index=pd.Index(fit.dataset.channels, name="channel"))


def _unpaid_table(fit: Fit, whole: response.ResponseDraws) -> pd.DataFrame:
    # What media brought through a mediator is told of them.
    told = (*fit.spec.paid, *(stage.name for stage in fit.stages))
    names = [name for name in whole.channels if name not in told]
    rest = replace(fit, dataset=fit.dataset.with_channels(names))
    draws, panel = whole.only(names), observed(rest)
    total = effect(draws, panel, panel.ones).sum(axis=1)
    outcome = float(np.nansum(fit.dataset.data["outcome"].values[fit.window]))
    ran = rest.dataset.data["media"].values[fit.window].sum(axis=1) > 0
    table: dict[str, object] = {"role": [role.name for role in rest.dataset.channel_roles]}
    table |= columns("effect", total) | columns("share", total / outcome)
    table |= columns("half_life", response.half_life(draws)) | {"periods": ran.sum(axis=0)}
    return pd.DataFrame(table, index=pd.Index(names, name="channel"))


def _saturation_today(fit: Fit, draws: response.ResponseDraws) -> Floats:
    """Effect of today's steady spend as a share of the largest possible one, [n, c].

    NaN for channels that a draw gives a curve without a largest effect.
    """
    periods = draws.lookback + 1
    media = np.repeat(today_per_period(fit, "media")[None], periods, axis=0)
    last = np.zeros((periods, len(fit.spec.geos)))
    last[-1] = 1.0
    reached = response.totals(draws, media, last).sum(axis=1)
    level = np.abs(reached) / response.ceiling(draws)
    return np.where(response.bounded(draws), level, np.nan)


def _geo_table(fit: Fit, panel: Observed, effects: Floats, value: Floats) -> pd.DataFrame:
    g, c = panel.spend.shape
    with np.errstate(invalid="ignore", divide="ignore"):
        roas = np.where(panel.spend > 0, value / panel.spend, np.nan)
    table: dict[str, object] = {
        "geo": np.repeat(fit.spec.geos, c),
        "channel": np.tile(fit.dataset.channels, g),
        "spend": panel.spend.ravel(),
    }
    table |= columns("effect", effects.reshape(len(effects), -1))
    table |= columns("roas", roas.reshape(len(roas), -1))
    return pd.DataFrame(table)
