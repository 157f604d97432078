"""What is believed before any outcome is looked at: the prior predictive, in business units, and what is absurd in it.

Draws of the prior are put where a fit keeps those of its posterior, so that everything that an analysis says of a fit
is said of the beliefs by the same code: returns, shares, curves, baseline, outcomes. Experiments play no part.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from mmm.analysis.analysis import TOLD, Analysis, analyse
from mmm.analysis.controls import control_draws
from mmm.analysis.effects import effect, observed
from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.data.names import CONTROL_TERM
from mmm.inference import engine
from mmm.inference.fit import Fit, Member
from mmm.model import response
from mmm.model.draws import Draws, family_draws
from mmm.model.levels import mean_level
from mmm.model.mixture import Mixture
from mmm.model.priors import BetaPrior
from mmm.model.response import ResponseDraws

PRIOR = "prior"
_MOST_DRAWS = 4000


@dataclass(frozen=True)
class PriorPredictive:
    """The beliefs of a request on the scale of its data.

    - ``analysis``: as of a fit (:class:`mmm.analysis.Analysis`), its draws being the prior's.
    - ``parameters``: what, name, meaning, unit, lower, median, upper: 90% of the prior lies between the ends. ``unit``
      is ``money``, ``media``, ``return``, ``share``, ``periods``, ``outcome``, ``percent`` or empty.
    - ``media_share`` [n]: what all media that raise the outcome bring of it, over the observed periods.
    - ``absurd``: what no business would believe, by kind, with its values.
    """

    fit: Fit
    analysis: Analysis
    parameters: pd.DataFrame
    media_share: Floats
    absurd: tuple["Absurd", ...]


@dataclass(frozen=True)
class Absurd:
    """One thing that is believed and should not be: ``kind``, whom it is of, and the numbers."""

    kind: str
    name: str
    values: tuple[float, ...]


def prior_fit(dataset: Dataset, mixture: Mixture, *, draws: int = 1000, seed: int = 0) -> Fit:
    """The prior in the place of a posterior, every member of the mixture alike; about ``draws`` draws in all."""
    each = -(-draws // len(mixture.members))
    members = []
    for i, named in enumerate(mixture.members):
        tree = engine.prior(named.spec, dataset, count=each, seed=seed + i)
        posterior = xr.DataTree.from_dict({"posterior": tree[PRIOR].to_dataset()})
        weight = 1.0 / len(mixture.members)
        members.append(Member(named.spec, posterior, f"{PRIOR}-{i}", PRIOR, named.name, weight))
    return Fit(dataset=dataset, members=tuple(members), seed=seed, key=PRIOR)


def prior_predictive(dataset: Dataset, mixture: Mixture, *, draws: int = 1000, seed: int = 0) -> PriorPredictive:
    """Draw the beliefs, and say what is absurd in them. Raises SettingsError or DataError as a fit would."""
    fit = prior_fit(dataset, mixture, draws=min(draws, _MOST_DRAWS), seed=seed)
    analysis = analyse(fit, max_draws=draws)
    samples = fit.draws(draws)
    outcome = float(np.nansum(dataset.data["outcome"].values[fit.window]))
    rising = [c for c in fit.spec.paid if c not in samples.response().negative]
    media = analysis.effect_draws.sel(channel=rising).values.sum(axis=1) / outcome
    table = _parameters(fit, samples, analysis)
    found = PriorPredictive(fit, analysis, table, media, ())
    return PriorPredictive(fit, analysis, table, media, tuple(_absurd(found)))


def _row(what: str, name: str, meaning: str, unit: str, draws: Floats) -> dict[str, object]:
    lower, median, upper = np.quantile(draws, [0.05, 0.5, 0.95])
    return {
        "what": what, "name": name, "meaning": meaning, "unit": unit, "lower": lower, "median": median, "upper": upper
    }  # fmt: skip


def _parameters(fit: Fit, samples: Draws, analysis: Analysis) -> pd.DataFrame:
    """Every parameter between which two ends 90% of its prior lies, in the unit in which a business knows it."""
    order = {name: i for i, name in enumerate(fit.spec.channel_names)}
    channels = [*_effects(fit, samples, analysis), *_families(fit, samples)]
    return pd.DataFrame([*sorted(channels, key=lambda row: order[str(row["name"])]), *_baseline(fit, samples)])


def _effects(fit: Fit, samples: Draws, analysis: Analysis) -> Iterator[dict[str, object]]:
    whole = samples.response()
    lives = response.half_life(whole)
    for c, name in enumerate(whole.channels):
        if name in analysis.roas_draws["channel"].values and fit.dataset.has_value:
            yield _row("channel", name, "return", "return", analysis.roas_draws.sel(channel=name).values)
        if name in analysis.effect_draws["channel"].values:
            total = float(np.nansum(fit.dataset.data["outcome"].values[fit.window]))
            share = analysis.effect_draws.sel(channel=name).values / total
            yield _row("channel", name, "share of the outcome", "share", share)
        elif name not in {stage.name for stage in fit.stages}:
            yield _row("channel", name, "share of the outcome", "share", _unpaid_share(fit, whole, name))
        yield _row("channel", name, "half of the effect has come after", "periods", lives[:, c])
    if len(whole.geos) > 1:
        for c, name in enumerate(whole.channels):
            spread = whole.log_beta[:, :, c] - np.log(fit.spec.outcome_scale)
            ratio = np.exp(spread.std(axis=1)) - 1.0
            yield _row("channel", name, "difference between geos", "percent", ratio)
    yield from _over_time(fit, whole)


def _unpaid_share(fit: Fit, whole: ResponseDraws, name: str) -> Floats:
    """What media without a cost bring of the outcome (take, below zero), [n]."""
    alone = observed(replace(fit, dataset=fit.dataset.with_channels([name])))
    total = effect(whole.only([name]), alone, alone.ones).sum(axis=(1, 2))
    return np.asarray(total / float(np.nansum(fit.dataset.data["outcome"].values[fit.window])))


def _over_time(fit: Fit, draws: ResponseDraws) -> Iterator[dict[str, object]]:
    """How far effects that vary in time do so within the observed periods."""
    paths = draws.course(fit.dataset.dates[fit.window])
    if paths is None or draws.walks is None:
        return
    for c, name in enumerate(draws.channels):
        if draws.walks.path[c] >= 0:
            yield _row("channel", name, "difference over time", "percent", np.exp(paths[:, :, c].std(axis=1)) - 1.0)


def _families(fit: Fit, samples: Draws) -> Iterator[dict[str, object]]:
    """Parameters of carryover and curve, of the members that have them; levels of media in money where there is any."""
    found: dict[tuple[str, str, str, str], list[Floats]] = {}
    for spec, drawn in samples.parts:
        for name, parameter, values in family_draws(spec, drawn):
            unit, factor = _unit_of(fit, name) if parameter.of_media else ("", 1.0)
            if isinstance(parameter.prior, BetaPrior):
                unit = "percent"
            found.setdefault((name, parameter.name, parameter.meaning, unit), []).append(values * factor)
    for (name, _, meaning, unit), parts in found.items():
        said = meaning.partition(", relative")[0] + ", in a period" if unit in ("money", "media") else meaning
        yield _row("channel", name, said, unit, np.concatenate(parts))


def _unit_of(fit: Fit, channel: str) -> tuple[str, float]:
    """What a relative level of media of one is: money a period in all geos, or media units where there is no price."""
    level = mean_level(fit.dataset, channel, fit.window.stop)
    i = fit.dataset.channels.index(channel)
    spend = float(fit.dataset.data["spend"].values[: fit.window.stop, :, i].sum())
    media = float(fit.dataset.data["media"].values[: fit.window.stop, :, i].sum())
    return ("money", level * spend / media) if spend > 0 else ("media", level)


def _baseline(fit: Fit, samples: Draws) -> Iterator[dict[str, object]]:
    """How far each term of the baseline moves the outcome within the observed periods, and the noise of a period."""
    window, dataset = fit.window, fit.dataset
    terms = samples.baseline(dataset.dates[window], dataset.data["control"].values[window], fit.seed)
    for name, draws in terms.items():
        national = draws.sum(axis=2)
        label = name
        for mark in TOLD:
            label = label.removeprefix(mark)
        if name == "intercept":
            yield _row("baseline", label, "outcome of a period without media", "outcome", national.mean(axis=1))
        elif name == "trend":
            years = (dataset.dates[window][-1] - dataset.dates[window][0]).days / 365.25
            yield _row("baseline", label, "change in a year", "outcome", (national[:, -1] - national[:, 0]) / years)
        else:
            moved = national.max(axis=1) - national.min(axis=1)
            yield _row("baseline", label, "between its lowest and highest period", "outcome", moved)
            if name.startswith(CONTROL_TERM):
                yield from _control(fit, label, draws)
    ends = dataset.rows(window)
    flat = np.zeros((samples.n, len(ends.places), len(fit.spec.geos)))
    noise = samples.predictive(flat, fit.seed, ends.spans).sum(axis=2)
    yield _row("baseline", "noise", "what an outcome differs by without a reason", "outcome", noise.std(axis=1))


def _control(fit: Fit, name: str, draws: Floats) -> Iterator[dict[str, object]]:
    """What one more unit of a control brings in a period, and 1% more of it."""
    k, window = fit.dataset.controls.index(name), fit.window
    values = fit.dataset.data["control"].values[window][:, :, k]
    usual = float(np.nanmean(fit.dataset.outcome_rate[window], axis=0).sum())
    slope, elasticity = control_draws(draws, values, fit.spec.baseline.each_control[k].reference, usual)
    yield _row("baseline", name, "for one more unit", "outcome", slope.sum(axis=1))
    if np.isfinite(elasticity).all():
        yield _row("baseline", name, "for 1% more", "share", elasticity / 100)


MOST_ABOVE_WHOLE, MOST_NEGATIVE = 0.05, 0.10
LEAST_RETURN, MOST_RETURN = 0.05, 20.0
MOST_SHARE, MOST_SPREAD, LEAST_INSIDE, SURE = 0.5, 10.0, 0.8, 1.5


def _absurd(found: PriorPredictive) -> Iterator[Absurd]:
    """What no business would believe; the limits are those that the default priors keep (docs/model.md)."""
    above = float((found.media_share > 1.0).mean())
    if above > MOST_ABOVE_WHOLE:
        yield Absurd("media above the whole outcome", "", (above, float(np.quantile(found.media_share, 0.95))))
    negative = float(found.analysis.negative_baseline.mean())
    if negative > MOST_NEGATIVE:
        yield Absurd("negative baseline", "", (negative,))
    yield from _absurd_channels(found)
    seen = found.analysis.fitted.dropna(subset=["actual"])
    actual, lower, upper = (seen[c].to_numpy(dtype=float) for c in ("actual", "lower", "upper"))
    wide = float(np.median(upper - lower) / max(np.quantile(actual, 0.95) - np.quantile(actual, 0.05), 1e-300))
    if wide > MOST_SPREAD and np.median(upper) > 2 * actual.max():
        yield Absurd("outcomes far beyond the data", "", (wide, float(np.median(lower)), float(np.median(upper))))
    inside = float(((actual >= lower) & (actual <= upper)).mean())
    if inside < LEAST_INSIDE:
        yield Absurd("data outside what is believed", "", (inside,))


def _absurd_channels(found: PriorPredictive) -> Iterator[Absurd]:
    table = found.parameters[found.parameters["what"] == "channel"]
    money = found.fit.dataset.data["spend"].values[found.fit.window].sum(axis=1)
    places = {name: i for i, name in enumerate(found.fit.dataset.channels)}
    for row in table.to_dict("records"):
        lower, upper, name = float(row["lower"]), float(row["upper"]), str(row["name"])
        unit, meaning = row["unit"], str(row["meaning"])
        if unit == "return" and (lower < LEAST_RETURN or upper > MOST_RETURN):
            yield Absurd("return out of range", name, (lower, upper))
        if unit == "return" and upper < SURE * lower:
            yield Absurd("return known beforehand", name, (lower, upper))
        if unit == "share" and upper > MOST_SHARE:
            yield Absurd("share of one channel", name, (lower, upper))
        if unit == "periods" and meaning.startswith("half of the effect") and lower > found.fit.spec.lookback / 2:
            yield Absurd("carryover beyond the look-back", name, (lower, float(found.fit.spec.lookback)))
        if unit == "money" and meaning.startswith("half-"):
            spent = money[:, places[name]]
            least, most = float(spent[spent > 0].min()), float(spent.max())
            if lower > 3 * most:
                yield Absurd("curve straight where money was", name, (lower, upper, most))
            if upper < least:
                yield Absurd("curve flat where money was", name, (lower, upper, least))


def as_priors(fit: Fit, max_draws: int = 2000) -> pd.DataFrame:
    """What a fit learned as a table that ``model.priors_from`` reads: name, parameter, lower, upper, unit.

    Returns (shares of the outcome where there is none), half-saturations in media units, so that a later mean does not
    move them, and elasticities of controls with a positive mean. Carryover is written where all models have the same
    parameters for it.
    """
    samples, analysis = fit.draws(max_draws), analyse(fit, max_draws)
    rows = [*_learned_effects(fit, analysis), *_learned_families(fit, samples), *_learned_controls(analysis)]
    return pd.DataFrame(rows, columns=["name", "parameter", "lower", "upper", "unit"])


_Row = tuple[str, str, float, float, str]


def _learned(name: str, parameter: str, draws: Floats, unit: str = "") -> _Row:
    lower, upper = np.quantile(draws, [0.05, 0.95])
    return name, parameter, float(lower), float(upper), unit


def _learned_effects(fit: Fit, analysis: Analysis) -> Iterator[_Row]:
    total = float(np.nansum(fit.dataset.data["outcome"].values[fit.window]))
    for name in fit.spec.paid:
        if fit.dataset.has_value:
            yield _learned(name, "roas", analysis.roas_draws.sel(channel=name).values)
        else:
            yield _learned(name, "share", analysis.effect_draws.sel(channel=name).values / total)
    for unpaid, line in analysis.unpaid.iterrows():
        lower, upper = sorted(abs(float(line[f"share_{end}"])) for end in ("lower", "upper"))
        yield str(unpaid), "share", lower, upper, ""


def _learned_families(fit: Fit, samples: Draws) -> Iterator[_Row]:
    found: dict[tuple[str, str, str], list[Floats]] = {}
    for spec, drawn in samples.parts:
        for name, parameter, values in family_draws(spec, drawn):
            factor = mean_level(fit.dataset, name, fit.window.stop) if parameter.of_media else 1.0
            unit = "media" if parameter.of_media else ""
            found.setdefault((name, parameter.name, unit), []).append(values * factor)
    for (name, own, unit), parts in found.items():
        if len(parts) == len(samples.parts):
            yield _learned(name, own, np.concatenate(parts), unit)


def _learned_controls(analysis: Analysis) -> Iterator[_Row]:
    for name, line in analysis.controls.iterrows():
        if np.isfinite(line["elasticity"]):
            lower, upper = (float(line[f"elasticity_{end}"]) for end in ("lower", "upper"))
            yield str(name), "elasticity", lower, upper, ""
