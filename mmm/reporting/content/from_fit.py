"""From fit, analysis and plan to the material of a report."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from mmm.analysis import Analysis
from mmm.analysis.models import disagreement
from mmm.data.dataset import Dataset
from mmm.inference.convergence import by_parameter, scalars
from mmm.inference.fit import Fit, Member
from mmm.model.priors import prior_words
from mmm.model.spec import ModelSpec
from mmm.planning.models import PlanByModel
from mmm.planning.settings import PlanSettings
from mmm.planning.worth import is_profit, margin_of
from mmm.reporting.content.material import Basis, Meaning, ModelViews, PriorPosterior, Workings
from mmm.reporting.content.shapes import carryovers_and_curves
from mmm.reporting.languages.words import Words, mark, words
from mmm.reporting.notation.estimate import Estimate, estimate
from mmm.reporting.notation.formatter import Formatter
from mmm.reporting.notation.labels import own, readable
from mmm.settings import Settings, dump_changed, dump_settings
from mmm.settings.report import ReportSettings

_SMALL_TOTAL = 0.002
_BASES = (1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)


def formatters(
    report: ReportSettings, plan: PlanSettings, dataset: Dataset, analysis: Analysis
) -> tuple[Formatter, Formatter]:
    """Notation of the outcome in its own unit, and of gains (money where the outcome has a value)."""
    money = dataset.outcome_kind != "kpi"
    margin = margin_of(plan, has_value=dataset.has_value, is_profit=is_profit(dataset))
    base = 1.0
    if not dataset.has_value:
        typical = float(np.median(analysis.channels["effect"] / analysis.channels["spend"]))
        base = next((b for b in _BASES if typical * b >= 0.5), _BASES[-1])
    fmt = Formatter(
        currency=dataset.currency,
        outcome_unit=_noun(dataset.outcome_unit, words(report.language)),
        money_outcome=money,
        language=report.language,
        numbers=report.number_format,
        dates=report.date_format,
        period=dataset.frequency.unit,
        row=row_of(dataset),
        return_base=base,
        value_returns=dataset.has_value,
        labels=labels_of(dataset, report),
        break_even=1.0 / (margin or 1.0),
        margin_known=margin is not None,
    )
    return fmt, replace(fmt, money_outcome=dataset.has_value)


def labels_of(dataset: Dataset, report: ReportSettings) -> dict[str, str]:
    """How names from the data are written; outcomes, which stand within sentences, only where that is stated."""
    wholes = (name for path in dataset.within for name in path)
    labels = readable(dict.fromkeys([*dataset.channels, *dataset.geos, *dataset.controls, *wholes]), report.labels)
    labels.setdefault("baseline", words(report.language)("Without media"))
    stated = {name: own(report.labels[name]) for name in dataset.names if name in report.labels}
    return stated | labels


def notation(settings: Settings, dataset: Dataset, return_base: float = 1.0) -> Formatter:
    """The report's notation in English, for the terminal: amounts of the plan as the report writes them."""
    return Formatter(
        currency=dataset.currency,
        outcome_unit=dataset.outcome_unit.replace("_", " "),
        money_outcome=dataset.has_value,
        numbers=settings.report.number_format,
        dates=settings.report.date_format,
        period=dataset.frequency.unit,
        row=row_of(dataset),
        return_base=return_base,
        value_returns=dataset.has_value,
    )


def row_of(dataset: Dataset) -> str:
    """What an outcome row is where it covers several periods, as :attr:`Formatter.row` says."""
    if not dataset.coarse:
        return ""
    return "month" if dataset.rows_per_year == MONTHS_A_YEAR else "span"


MONTHS_A_YEAR = 12
_NOUNS = (
    mark("revenue"), mark("sales"), mark("turnover"), mark("profit"), mark("orders"), mark("units"),
    mark("conversions"), mark("customers"), mark("new customers"), mark("subscriptions"), mark("sign-ups"),
    mark("leads"), mark("installs"), mark("bookings"), mark("visits"), mark("purchases"),
)  # fmt: skip


def _noun(name: str, t: Words) -> str:
    """A name of the data as words; translated where it is one of the usual ones."""
    plain = name.replace("_", " ")
    return t(plain.lower()) if plain.lower() in _NOUNS else plain


def outcome_words(dataset: Dataset, fmt: Formatter) -> tuple[str, str]:
    """The outcome's name in a sentence, and the name of what a plan gains: of all outcomes together."""
    t = fmt.t
    name = fmt.labels.get(dataset.outcome_name, _noun(dataset.outcome_name, t))
    if dataset.outcome_kind != "kpi":
        return name, fmt.join([name, *(fmt.labels.get(other, _noun(other, t)) for other, _ in dataset.outcomes)])
    unit = _noun(dataset.outcome_unit, t)
    gained = t("value from {unit}", unit=unit, of_unit=t.of(unit)) if dataset.has_value else unit
    return t("number of {unit}", unit=unit, of_unit=t.of(unit)), gained


def basis_of(fit: Fit, dataset: Dataset, fmt: Formatter) -> Basis:
    """The observed panel in a few facts."""
    dates = fit.dataset.dates[fit.window]
    spend = dataset.data["spend"].values[fit.window]
    return Basis(
        first=_day(dates[0]),
        last=_day(dates[-1]),
        periods=len(dates),
        geos=dataset.geos,
        channels=fit.spec.paid,
        controls=dataset.controls,
        outcome=outcome_words(dataset, fmt)[0],
        spend=float(spend.sum()),
        fingerprint=dataset.fingerprint,
        excluded=fit.excluded,
        experiments=fit.evidence.experiments,
        unpaid={c.name: c.role_record.label for c in fit.spec.channels if c.name not in fit.spec.paid},
    )


def _day(date: pd.Timestamp) -> dt.date:
    return date.date()


def meaning_of(fit: Fit, analysis: Analysis, fmt: Formatter) -> Meaning:
    """What the model says of the past, returns stated per ``fmt.return_base``."""
    channels = _channels(analysis, fmt)
    parts, media = _parts(analysis)
    money_per_unit = fmt.return_base if not fmt.value_returns else 1.0
    if fmt.value_returns:
        weights = analysis.channels["spend"].to_numpy() / float(analysis.channels["spend"].sum())
        overall = (analysis.roas_draws.values * weights).sum(axis=1)
    else:
        overall = analysis.effect_draws.values.sum(axis=1) / float(analysis.channels["spend"].sum()) * money_per_unit
    beliefs, title = _beliefs(fit.spec, channels, fmt)
    return Meaning(
        channels=channels,
        parts=parts,
        media=media,
        overall_return=estimate(overall, "past/overall_return"),
        without=_without_media(analysis),
        weeks=analysis.decomposition,
        curves=analysis.curves,
        fitted=analysis.fitted,
        geos=_geo_returns(analysis, fmt),
        r2=analysis.r_squared,
        error=analysis.error,
        mape=analysis.mape,
        beliefs=beliefs,
        belief_title=title,
        unpaid=analysis.unpaid,
        frequency=analysis.frequency,
        levels=analysis.levels,
        ways=analysis.ways,
        controls=analysis.controls,
        quarters=_returned(analysis.quarters, fmt),
    )


def _returned(table: pd.DataFrame, fmt: Formatter) -> pd.DataFrame:
    """Returns by quarter; without a value per unit they are units of the outcome per ``return_base`` of money."""
    if fmt.value_returns:
        return table
    columns = ["roas", "roas_lower", "roas_upper"]
    return table.assign(**{name: table[name] * fmt.return_base for name in columns})


def _channels(analysis: Analysis, fmt: Formatter) -> pd.DataFrame:
    """The channel table; without a value per unit, returns are units of the outcome per ``return_base`` of money."""
    table = analysis.channels.copy()
    if fmt.value_returns:
        return table
    for end in ("", "_lower", "_upper"):
        table[f"roas{end}"] = table[f"effect{end}"] / table["spend"] * fmt.return_base
        table[f"marginal_roas{end}"] = table[f"marginal_effect{end}"] * fmt.return_base
    return table


def _parts(analysis: Analysis) -> tuple[pd.DataFrame, Estimate]:
    """Steps of the waterfall and the sum of media.

    Controls count from their own average, so most of them add up to nothing over the whole period; those join the
    baseline's step.
    """
    totals = analysis.totals
    media = totals[totals["kind"] == "sum"].iloc[0]
    steps = totals[~totals["kind"].isin(("sum", "part"))].set_index("component")
    whole = float(steps["mean"].sum())
    small = (steps["kind"] == "control") & (steps["mean"].abs() < _SMALL_TOTAL * abs(whole))
    base = steps[steps["kind"] == "baseline"].index[0]
    added = float(steps.loc[small, "mean"].sum())
    steps = steps[~small].copy()
    steps.loc[base, ["mean", "lower", "upper"]] += added
    paid = steps[steps["kind"] == "media"].sort_values("mean", ascending=False, kind="stable")
    ordered = pd.concat([steps[steps["kind"] != "media"], paid])
    return ordered, Estimate(float(media["mean"]), float(media["lower"]), float(media["upper"]), q="past/media")


def _without_media(analysis: Analysis) -> pd.DataFrame:
    """What there is without media, by part: its sum, and its lowest and highest period by their means."""
    totals, by_period = analysis.totals, analysis.decomposition
    parts = totals[totals["kind"].isin(("part", "control"))].set_index("component")[["kind", "mean", "lower", "upper"]]
    rows = by_period[by_period["kind"] != "media"]
    for name, pick in (("least", "idxmin"), ("most", "idxmax")):
        at = rows.loc[getattr(rows.groupby("component")["mean"], pick)()].set_index("component")
        for end in ("mean", "lower", "upper"):
            parts[name + {"mean": ""}.get(end, f"_{end}")] = at[end]
        parts[f"{name}_date"] = at["date"]
    return parts


def _beliefs(spec: ModelSpec, channels: pd.DataFrame, fmt: Formatter) -> tuple[tuple[PriorPosterior, ...], str]:
    """Prior and posterior of each channel's return, or of its share of the outcome."""
    kind = "roas" if spec.effect_kind == "roas" else "share"
    scale = 100.0 if kind == "share" else 1.0
    beliefs = []
    for channel in spec.channels:
        if channel.name not in channels.index:
            continue
        line = pd.Series(channels.loc[channel.name])
        after = tuple(scale * float(line[f"{kind}{end}"]) for end in ("", "_lower", "_upper"))
        if min(after) <= 0:
            continue
        effect = channel.effect
        before = (scale * effect.median, scale * effect.lower, scale * effect.upper)
        beliefs.append(PriorPosterior(channel.name, before, (after[0], after[1], after[2])))
    if kind == "roas":
        title = fmt.t("Return per {amount}", amount=fmt.next_amount)
    else:
        title = fmt.t("Share of the outcome, per cent")
    return tuple(beliefs), title


def _geo_returns(analysis: Analysis, fmt: Formatter) -> pd.DataFrame:
    frame = analysis.geo_channels.copy()
    if not fmt.value_returns:
        with np.errstate(divide="ignore", invalid="ignore"):
            frame["roas"] = frame["effect"] / frame["spend"].where(frame["spend"] > 0) * fmt.return_base
    return frame


def model_views(fit: Fit, returns: pd.DataFrame, plan: PlanByModel | None, fmt: Formatter) -> ModelViews | None:
    """The models of a mixture beside each other; None where there is only one that counts.

    ``returns`` as :attr:`mmm.analysis.Analysis.models`.
    """
    if plan is None:
        return None
    per = 1.0 if fmt.value_returns else fmt.return_base
    columns = ["roas", "roas_lower", "roas_upper"]
    table = returns.assign(**{name: returns[name] * per for name in columns})
    return ModelViews(table, disagreement(table), plan, len(fit.members))


def workings_of(fit: Fit, settings: Settings, facts: Iterable[tuple[str, str]]) -> Workings:
    """Diagnostics by parameter, worst first, priors in words, settings and versions."""
    tables = [_diagnostics(member, f"{member.name}: " if len(fit.members) > 1 else "") for member in fit.counted]
    carryovers, curves = carryovers_and_curves(fit)
    priors = dict.fromkeys(line for member in fit.counted for line in _priors(member.spec))
    return Workings(
        diagnostics=pd.concat(tables).sort_values("ess_bulk", kind="stable"),
        priors=tuple(priors),
        carryovers=carryovers,
        curves=curves,
        models=_models(fit),
        settings_yaml=dump_settings(settings),
        changed_yaml=dump_changed(settings),
        versions=fit.versions,
        facts=tuple(facts),
    )


def _models(fit: Fit) -> pd.DataFrame:
    """What tells the models of a mixture apart, the heaviest first."""
    members = sorted(fit.members, key=lambda member: -member.weight) if len(fit.members) > 1 else []
    rows = {}
    for member in members:
        spec = member.spec
        rows[member.name] = {
            "weight": member.weight,
            "adstock": "; ".join(dict.fromkeys(c.adstock.record.label for c in spec.channels)),
            "saturation": "; ".join(dict.fromkeys(c.saturation.record.label for c in spec.channels)),
            "drift": 0 if spec.baseline.drift is None else spec.baseline.drift.length_days,
            "drift_scale": 0.0 if spec.baseline.drift is None else spec.baseline.drift.scale,
        }
    columns = ["weight", "adstock", "saturation", "drift", "drift_scale"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _diagnostics(member: Member, prefix: str) -> pd.DataFrame:
    """Summary and convergence of every parameter of one model; ``prefix`` goes before its name."""
    found = scalars(member.posterior)
    known = by_parameter(member.tree).reindex(parameter=list(found.names))
    flat = found.values.reshape(-1, len(found.names))
    lower, upper = np.quantile(flat, [0.05, 0.95], axis=0)
    return pd.DataFrame(
        {
            "mean": flat.mean(axis=0),
            "sd": flat.std(axis=0),
            "lower": lower,
            "upper": upper,
            **{name: values.values for name, values in known.data_vars.items()},
        },
        index=pd.Index([f"{prefix}{name}" for name in found.names], name="parameter"),
    )


def _priors(spec: ModelSpec) -> Iterable[tuple[str, str]]:
    for channel in spec.channels:
        returns = spec.effect_kind == "roas" and channel.role_record.costs
        what = "ROAS over the whole period" if returns else "share of the outcome"
        yield f"{channel.name}: {what}", f"{channel.effect.lower:.3g} to {channel.effect.upper:.3g} (log-normal)"
    grouped: dict[tuple[str, str], list[str]] = {}
    for channel in spec.channels:
        for stated in (channel.adstock, channel.saturation):
            for p in stated.record.parameters:
                said = f"{p.meaning} ({stated.record.label})", prior_words(stated.priors[p.name])
                grouped.setdefault(said, []).append(channel.name)
    for (meaning, prior), names in grouped.items():
        yield f"{', '.join(names)}: {meaning}", prior
    yield "Spread of effects between geos (sd of logs)", f"half-normal, scale {spec.geo_sd_scale:g}"
    base = spec.baseline
    if base.drift is not None:
        yield (
            "Drift of the baseline (sd, in units of the outcome's scale)",
            f"half-normal, scale {base.drift.scale:.3g}",
        )
    yield "Noise (sd, in units of the outcome's scale)", f"half-normal, scale {spec.noise_scale:.3g}; {spec.likelihood}"


def fit_facts(fit: Fit, holdout_periods: int) -> list[tuple[str, str]]:
    """The fit in a few lines for the appendix."""
    sizes: Mapping[str, int] = {str(k): int(v) for k, v in fit.main.tree["posterior"].sizes.items()}
    several = len(fit.members) > 1
    seconds = ", ".join(f"{name} {value:.0f} s" for name, value in fit.seconds.items())
    return [
        ("Sampler", f"NUTS ({'NumPyro' if fit.engine == 'jax' else 'nutpie'}), {fit.engine} engine, seed {fit.seed}"),
        ("Draws", f"{sizes['chain']} chains of {sizes['draw']} draws{' for every model' if several else ''}"),
        ("Likelihood", fit.spec.likelihood.replace("_", "-")),
        ("Look-back", f"{fit.spec.lookback} periods"),
        ("Held out by the second fit", f"{holdout_periods} periods"),
        ("Time", seconds),
        ("Key of the fit", fit.key[:16]),
        ("Intervals", "90%, equal-tailed, everywhere"),
    ]
