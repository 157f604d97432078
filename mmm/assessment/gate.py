"""The gate: whether a fit may be believed, check by check, in plain words.

A failed gate stops planning and reporting (:func:`demand_pass`) unless the settings override it.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from mmm.arrays import Floats
from mmm.assessment.agreement import Agreement, agreement_check
from mmm.assessment.causes import graph_check
from mmm.assessment.checks import (
    Check,
    baseline_check,
    coverage_check,
    last_year_check,
    left_out_check,
    sampler_checks,
    scale_check,
    worst_checks,
)
from mmm.assessment.explanations import explanations_check
from mmm.assessment.holdout import HoldoutResult
from mmm.assessment.identification import identification_checks
from mmm.assessment.settings import GateSettings
from mmm.assessment.signals import Signals, signals
from mmm.cards import facts, lines
from mmm.data.dataset import Dataset
from mmm.errors import GateError
from mmm.inference.fit import Fit
from mmm.inference.preview import refuse_preview
from mmm.model.spec import ModelSpec
from mmm.records import Records

_MAX_DRAWS = 2000


@dataclass(frozen=True, repr=False)
class GateReport:
    """All checks of one fit, in a fixed order."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed; a warning passes."""
        return self.status != "fail"

    @property
    def status(self) -> Literal["pass", "warn", "fail"]:
        """The worst status of any check."""
        found = {check.status for check in self.checks}
        return "fail" if "fail" in found else "warn" if "warn" in found else "pass"

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.status == "fail")

    @property
    def warnings(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.status == "warn")

    @property
    def doubtful(self) -> bool:
        """Whether past values repeated forecast better than the model, perhaps by chance: these data may not decide."""
        return any(check.name == "last_year" for check in self.warnings)

    @property
    def summary(self) -> str:
        """One sentence for the first page."""
        if self.failures:
            return f"The model failed its checks and should not be believed: {_list(self.failures)}."
        if self.warnings:
            count = len(self.warnings)
            warned = "a warning" if count == 1 else f"{count} warnings"
            return f"The model passed its checks, with {warned}: {_list(self.warnings)}."
        return f"The model passed all {len(self.checks)} checks."

    def __repr__(self) -> str:
        return lines(f"Gate: {self.summary}", self._facts())

    def _repr_html_(self) -> str:
        return facts(f"Gate: {self.summary}", self._facts())

    def _facts(self) -> list[tuple[str, str]]:
        """What failed first, then what warned, then the rest."""
        order = {"fail": 0, "warn": 1, "pass": 2}
        ranked = sorted(self.checks, key=lambda check: order[check.status])
        return [(check.status, f"{check.said}. {check.summary}") for check in ranked]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a manifest."""
        return {
            "status": self.status,
            "summary": self.summary,
            "checks": [_told(check) for check in self.checks],
        }


def _told(check: Check) -> dict[str, Any]:
    """A check as plain data, its title being what it says."""
    data = asdict(check) | {"title": check.said}
    del data["problem"]
    return data


def _list(checks: tuple[Check, ...]) -> str:
    return "; ".join(check.said[0].lower() + check.said[1:] for check in checks)


@dataclass(frozen=True)
class Asked:
    """What a check may look at: the fit, its limits, the forecast of held-out periods, experiments and signals."""

    fit: Fit
    settings: GateSettings
    holdout: HoldoutResult | None
    agreed: tuple[Agreement, ...]
    signals: Signals


CHECKS: Records[Callable[[Asked], Check | None]] = Records("check", "mmm.assessment.further")
"""Further checks; None where one has nothing to look at. Files only: what is kept is known by the code that judges."""


def gate(
    fit: Fit,
    settings: GateSettings,
    holdout: HoldoutResult | None = None,
    agreed: tuple[Agreement, ...] = (),
    found: Signals | None = None,
) -> GateReport:
    """Check a fit: sampler, baseline, scales and, where a result is given, the forecast of held-out periods.

    In a mixture the sampler of every member that gives draws is checked, and the worst decides.

    ``holdout`` comes from :func:`mmm.assessment.holdout.holdout`. Where the settings ask for it and none is given,
    the check warns that nothing was held out. ``agreed`` are the fit's experiments beside the model
    (:func:`mmm.assessment.agreement.agreement`), ``found`` its signals; they are computed where they are not given.
    """
    refuse_preview(fit)
    checks = [
        *worst_checks({member.name: sampler_checks(member.tree, settings) for member in fit.counted}),
        *([left_out_check(fit)] if any(member.left_out for member in fit.members) else []),
        *((several,) if (several := explanations_check(fit)) is not None else ()),
        baseline_check(_baseline_total(fit), settings),
        scale_check(scale_ratios(fit.dataset, fit.spec), settings),
    ]
    if settings.holdout is not None or holdout is not None:
        checks.append(coverage_check(holdout, settings))
    if holdout is not None:
        checks.append(last_year_check(holdout, settings))
    if agreed:
        checks.append(agreement_check(agreed, settings))
    found = found or signals(fit, None if holdout is None else holdout.fit)
    checks += identification_checks(found, settings)
    if settings.graph is not None:
        reached = {stage.name: stage.fit.dataset.channels for stage in fit.stages}
        checks.append(graph_check(settings.graph, fit.dataset, fit.spec, reached))
    asked = Asked(fit, settings, holdout, agreed, found)
    checks += [check for look in CHECKS.values() if (check := look(asked)) is not None]
    return GateReport(tuple(checks))


def scale_ratios(dataset: Dataset, spec: ModelSpec) -> dict[str, float]:
    """Mean of the data over the scale pinned in the spec, for the outcome and each channel; rows of the fit alone.

    1 for the data that the spec was made from. A channel without any media in these rows is left out.
    """
    rows = slice(0, dataset.window.stop)
    outcome = dataset.outcome_rate[rows]
    ratios = {"outcome": float(np.nanmean(outcome / np.array(spec.outcome_scale)))}
    media = dataset.data["media"].values[rows] / np.array(spec.media_scale)
    for c, channel in enumerate(spec.channel_names):
        active = media[:, :, c][media[:, :, c] > 0]
        if active.size:
            ratios[f"media of {channel}"] = float(active.mean())
    return ratios


def _baseline_total(fit: Fit) -> Floats:
    """Draws of the outcome without media, [draw, period], summed over the geos observed in each period."""
    data = fit.dataset.data.isel(date=fit.window)
    dates, control = fit.dataset.dates[fit.window], data["control"].values
    parts = fit.draws(_MAX_DRAWS).baseline(dates, control, fit.seed)
    ends = fit.dataset.rows(fit.window)
    seen = data["observed"].values.astype(bool)[ends.places - fit.window.start]
    cells = np.where(seen, ends.totals(np.sum(list(parts.values()), axis=0), axis=1), 0.0)
    return np.asarray(cells.sum(axis=2)[:, seen.any(axis=1)])


def demand_pass(report: GateReport, settings: GateSettings) -> None:
    """Raise GateError where the gate failed and the settings do not override it."""
    if report.passed or settings.override:
        return
    reasons = "\n".join(f"- {check.summary} {check.advice}" for check in report.failures)
    raise GateError(
        f"The model failed {len(report.failures)} of {len(report.checks)} checks, so nothing may be decided on it:\n"
        f"{reasons}\nTo go on nevertheless set gate.override: true; the first page of the report will then say so."
    )
