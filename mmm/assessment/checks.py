"""The single checks of the gate, as functions of draws and thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import xarray as xr

from mmm.arrays import Floats
from mmm.assessment.holdout import HoldoutResult
from mmm.assessment.settings import GateSettings
from mmm.inference.convergence import by_parameter, energy_explored
from mmm.inference.fit import Fit

Status = Literal["pass", "warn", "fail"]


PROBLEMS = {
    "r_hat": "Chains disagree (R-hat)",
    "ess_bulk": "Too few independent draws (bulk ESS)",
    "ess_tail": "Too few draws in the tails (tail ESS)",
    "divergences": "Some draws diverged",
    "e_bfmi": "Energy badly explored (E-BFMI)",
    "left_out": "A model was left out",
    "explanations": "The data have several explanations",
    "baseline": "Outcome without media may be negative",
    "scale": "Data have another size than the model was made for",
    "coverage": "Forecasts do not hold on unseen periods",
    "last_year": "Past values repeated forecast better than the model",
    "experiments": "An experiment and the model disagree",
    "sign": "A channel works the other way than is assumed",
    "prior": "Returns rest on what was assumed",
    "sensitive": "Returns move with what was assumed",
    "surprise": "Returns are far from what was expected",
    "together": "Channels cannot be told apart",
    "family": "Models disagree on the returns",
    "quarter": "Returns moved with the last periods",
    "hidden_demand": "Weak hidden demand would undo the advice",
    "unexplained": "What is unexplained follows a channel",
    "noise": "What is unexplained does not look like noise",
    "graph": "By the stated causes, returns are not whole effects",
}
"""What is wrong where a check does not pass, by its name: the opposite of its title."""
_ONE_CHAIN, _NOT_HELD_OUT = "One chain cannot disagree", "No period was held out"


@dataclass(frozen=True)
class Check:
    """One check: ``value`` against ``threshold`` (in words), and what to do where it does not pass.

    ``name`` is stable; ``title`` states the fact where it passes and ``problem`` what is wrong where it does not.
    ``value`` is None where it could not be computed. ``advice`` is empty where nothing needs to be done. ``channels``
    are those that a warning is about; none where it is about all.
    """

    name: str
    title: str
    status: Status
    value: float | None
    threshold: str
    summary: str
    advice: str = ""
    channels: tuple[str, ...] = ()
    problem: str = ""

    @property
    def said(self) -> str:
        """What the check says: the fact where it passes, else the problem."""
        return self.title if self.status == "pass" else self.problem or PROBLEMS[self.name]

    def of_stage(self, stage: str) -> "Check":
        """The check as one of a stage's own equation, whose name comes before what it says."""
        problem = self.problem or PROBLEMS.get(self.name, "")
        return replace(self, title=f"{stage}: {self.title}", problem=f"{stage}: {problem}")


def sampler_checks(tree: xr.DataTree, settings: GateSettings) -> tuple[Check, ...]:
    """R-hat, bulk and tail ESS, divergences and E-BFMI from the groups ``posterior`` and ``sample_stats``."""
    found = by_parameter(tree)
    sizes = tree["posterior"].sizes
    stats = tree["sample_stats"].to_dataset()
    return (
        r_hat_check(found["r_hat"], sizes["chain"], settings),
        _ess_check(found["ess_bulk"], sizes["chain"] * sizes["draw"], settings.ess_bulk_min),
        _ess_check(found["ess_tail"], sizes["chain"] * sizes["draw"], settings.ess_tail_min),
        _divergence_check(stats, settings),
        _energy_check(stats, settings),
    )


def left_out_check(fit: Fit) -> Check:
    """Which models of a mixture could not be sampled and are not in the results; of a fit that has such."""
    names = [f"{member.name} ({member.short})" for member in fit.members if member.left_out]
    return Check(
        "left_out",
        "No model left out",
        "warn",
        float(len(names)),
        "no model left out",
        f"Left out, as the chains do not agree: {'; '.join(names)}.",
        "The other models carry the results. Channels that run together make a model hard to sample: look at "
        "their spend, or ask for fewer models (model.mixture.members).",
    )


def worst_checks(by_member: Mapping[str, Sequence[Check]]) -> tuple[Check, ...]:
    """Of every check the one of the member where it is worst, with the member's name where there are several."""
    order: tuple[Status, ...] = ("fail", "warn", "pass")
    out = []
    for found in zip(*by_member.values(), strict=True):
        worst = min(range(len(found)), key=lambda i: (order.index(found[i].status), -_badness(found[i])))
        check = found[worst]
        if len(found) > 1:
            check = replace(check, summary=f"{check.summary} Worst of {len(found)} models: {list(by_member)[worst]}.")
        out.append(check)
    return tuple(out)


def _badness(check: Check) -> float:
    """How far a value is on the bad side; a value that could not be computed is the worst."""
    if check.value is None:
        return np.inf
    return check.value if check.name in ("r_hat", "divergences") else -check.value


def r_hat_check(found: xr.DataArray, chains: int, settings: GateSettings) -> Check:
    """Whether the chains agree: R-hat by parameter."""
    values, names = found.values, found["parameter"].values
    worst = int(values.argmax())
    value, limit = float(values[worst]), settings.r_hat_max
    status: Status = "fail" if value > limit else "warn" if chains < 2 else "pass"
    shown = "without limit" if np.isinf(value) else f"{value:.3f}"
    summary = f"Largest R-hat is {shown} ({names[worst]}) over {len(names)} parameters."
    advice = ""
    if status == "fail":
        many = int((values > limit).sum())
        advice = (
            f"The chains disagree on {many} parameter{'s' if many > 1 else ''}. Draw more (sampler.tune, "
            "sampler.draws); if that does not help, two parameters explain the same thing: look for channels that "
            "run together, or give a tighter prior."
        )
    elif status == "warn":
        advice = "One chain cannot disagree with another. Set sampler.chains to 4."
    problem = _ONE_CHAIN if status == "warn" else ""
    return Check("r_hat", "Chains agree (R-hat)", status, value, f"at most {limit:g}", summary, advice, problem=problem)


def _ess_check(found: xr.DataArray, total: int, limit: float) -> Check:
    kind = str(found.name).removeprefix("ess_")
    worst = int(found.values.argmin())
    value = float(found.values[worst])
    status: Status = "pass" if value >= limit else "fail"
    what = "typical values" if kind == "bulk" else "interval ends"
    summary = (
        f"The {total:,} draws are worth {value:,.0f} independent ones for {what} of {found['parameter'].values[worst]}."
    )
    advice = ""
    if status == "fail":
        need = "" if value < 1 else f" by about {limit / value:.1f} times"
        advice = f"Raise sampler.draws{need}. Until then means and intervals may shift from run to run."
    title = "Enough independent draws (bulk ESS)" if kind == "bulk" else "Enough draws in the tails (tail ESS)"
    return Check(f"ess_{kind}", title, status, value, f"at least {limit:g}", summary, advice)


def _divergence_check(stats: xr.Dataset, settings: GateSettings) -> Check:
    diverging = np.asarray(stats["diverging"].values, dtype=bool)
    count, share = int(diverging.sum()), float(diverging.mean())
    status: Status = "pass" if count == 0 else "warn" if share <= settings.divergences_warn_share else "fail"
    summary = f"{count} of {diverging.size:,} draws diverged."
    advice = ""
    if status != "pass":
        advice = (
            "The sampler missed a narrow part of the posterior. Raise sampler.target_accept towards 0.99; if "
            "divergences stay, tighten the priors of weakly identified parameters."
        )
    threshold = f"0 pass, up to {settings.divergences_warn_share:.1%} warn"
    return Check("divergences", "No divergent draws", status, share, threshold, summary, advice)


def _energy_check(stats: xr.Dataset, settings: GateSettings) -> Check:
    title, threshold = "Energy explored (E-BFMI)", f"at least {settings.e_bfmi_min:g}"
    energy = np.asarray(stats["energy"].values, dtype=float)
    if not np.isfinite(energy).all() or (np.ptp(energy, axis=1) == 0).any():
        advice = "The sampler did not move or broke off. Fit again with another sampler.seed and more sampler.tune."
        return Check("e_bfmi", title, "fail", None, threshold, "The energy of a chain is missing or constant.", advice)
    # Thinned draws bring that of all draws along.
    values = stats["e_bfmi"].values if "e_bfmi" in stats else energy_explored(energy)
    value = float(np.min(values))
    status: Status = "pass" if value >= settings.e_bfmi_min else "fail"
    advice = ""
    if status == "fail":
        advice = "The tails are explored too slowly. Raise sampler.tune; if it stays low, tighten very wide priors."
    return Check("e_bfmi", title, status, value, threshold, f"Smallest E-BFMI of any chain is {value:.2f}.", advice)


def baseline_check(baseline: Floats, settings: GateSettings) -> Check:
    """Whether the outcome without media is plausible: draws ``baseline[draw, period]`` of its total over geos."""
    probability = np.mean(np.asarray(baseline) < 0, axis=0)
    warned = float(np.mean(probability > settings.negative_baseline_warn))
    failed = float(np.mean(probability > settings.negative_baseline_fail))
    limit = settings.negative_baseline_periods
    status: Status = "fail" if failed > limit else "warn" if warned > limit else "pass"
    value = failed if status == "fail" else warned
    level = settings.negative_baseline_fail if status == "fail" else settings.negative_baseline_warn
    summary = (
        f"In {value:.0%} of the periods the outcome without media is negative with a probability above {level:.0%}."
    )
    advice = ""
    if status != "pass":
        advice = (
            "Media are given more than the whole outcome. Check the data for missing drivers, and state lower ROAS "
            "priors or shares for the channels with the largest contributions."
        )
    threshold = (
        f"probability above {settings.negative_baseline_warn:.0%} in more than {limit:.0%} of periods warns, "
        f"above {settings.negative_baseline_fail:.0%} fails"
    )
    return Check("baseline", "Outcome without media stays positive", status, value, threshold, summary, advice)


def scale_check(ratios: dict[str, float], settings: GateSettings) -> Check:
    """Whether the data still have the size that the model's pinned scales, and so its priors, were made for.

    ``ratios`` are the data's mean over the pinned scale, for the outcome and each channel's media; 1 is a perfect fit.
    A model with wrong scales can sample well and still be wrong, because its priors then mean something else.
    """
    name = max(ratios, key=lambda key: abs(np.log(ratios[key])) if ratios[key] > 0 else np.inf)
    value = float(ratios[name])
    away = max(value, 1.0 / value) if value > 0 else np.inf
    status: Status = "fail" if away > settings.scale_fail else "warn" if away > settings.scale_warn else "pass"
    summary = f"The data are {value:.3g} times the scale that the model was made for ({name})."
    advice = ""
    if status != "pass":
        advice = (
            "The unit of a column changed, or the model was made for other data. Check the units; if they are right, "
            "make the model anew from these data."
        )
    threshold = f"within a factor of {settings.scale_warn:g}; beyond {settings.scale_fail:g} fails"
    return Check("scale", "Data have the size the model was made for", status, value, threshold, summary, advice)


def coverage_check(holdout: HoldoutResult | None, settings: GateSettings) -> Check:
    """Whether held-out outcomes fall inside their 90% predictive intervals as often as they should.

    The value is the smaller of the coverage of the total over geos and that of single geos.
    """
    title = "Forecasts hold on unseen periods"
    threshold = f"{settings.coverage_min:.0%} to {settings.coverage_max:.0%}"
    if holdout is None:
        advice = "Set gate.holdout, or gate.holdout: null to leave this check out on purpose."
        said = "No period was held out."
        return Check("coverage", title, "warn", None, threshold, said, advice, problem=_NOT_HELD_OUT)
    value = min(holdout.coverage, holdout.cell_coverage)
    inside = settings.coverage_min <= value and max(holdout.coverage, holdout.cell_coverage) <= settings.coverage_max
    converged = holdout.r_hat <= settings.r_hat_max
    summary = f"{holdout.coverage:.0%} of {len(holdout.dates)} held-out periods lie inside their 90% intervals"
    if len(holdout.geos) > 1:
        summary += f", and {holdout.cell_coverage:.0%} of the values by geo"
    advice = ""
    if not inside:
        advice = (
            "The forecast is surer than it should be: something moved that the model does not know. Look for events, "
            "prices or distribution to add as controls, and for a change in the data of the last periods."
        )
    elif not converged:
        advice = "The fit without the held-out periods has not converged, so this check says little. Draw more."
    status: Status = "pass" if inside and converged else "warn"
    return Check("coverage", title, status, value, threshold, f"{summary}.", advice)


def last_year_check(holdout: HoldoutResult, settings: GateSettings) -> Check:
    """Whether the forecast of held-out periods is worse than repeating the values of a season before, beyond chance.

    The value is the probability of as large a difference of the absolute errors if both were as good. A model that
    does worse than that is no better a guide to the outcome than no model: the data cannot decide.
    """
    title = "The model forecasts better than past values repeated"
    threshold = (
        f"a worse forecast warns where chance gives one as bad in less than {settings.naive_warn:.0%} of cases, below "
        f"{settings.naive_fail:.0%} it fails"
    )
    value = holdout.chance_of_worse
    worse = holdout.error > holdout.naive_error and np.isfinite(value)
    fails = worse and value < settings.naive_fail and holdout.seasonal
    status: Status = "fail" if fails else "warn" if worse and value < settings.naive_warn else "pass"
    rule = "the same periods a year before" if holdout.seasonal else "the last value before"
    compared = f"Off by {holdout.error:.1%} on average; repeating {rule} is off by {holdout.naive_error:.1%}."
    if worse:
        compared += f" Chance alone gives as large a difference with a probability of {value:.0%}."
    advice = ""
    if status != "pass":
        advice = (
            "These data cannot decide: what the model adds to past values makes its forecast worse. Leave out "
            "controls that it cannot learn, give fewer channels, look for a break in the last periods, or give more "
            "history."
        )
    shown = float(value) if np.isfinite(value) else None
    return Check("last_year", title, status, shown, threshold, compared, advice)
