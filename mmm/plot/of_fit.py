"""Figures of what a fit says of the past."""

from matplotlib.axes import Axes

from mmm.analysis import Analysis, analyse
from mmm.api.fit import Fit as AskedFit
from mmm.inference.fit import Fit
from mmm.inference.preview import refuse_preview
from mmm.planning.settings import PlanSettings
from mmm.plot.canvas import painted, painted_once
from mmm.reporting.content.from_fit import formatters, meaning_of
from mmm.reporting.content.material import Meaning
from mmm.reporting.design.look import make_look
from mmm.reporting.figures import drivers
from mmm.reporting.figures import returns as of_returns
from mmm.reporting.figures.fit import fit as fitted_outcome
from mmm.reporting.figures.sheet import Pen
from mmm.settings.report import ReportSettings


def decomposition(fit: Fit, *, ax: Axes | None = None) -> Axes:
    """What the outcome is made of: baseline, controls and channels, with 90% intervals, up to the whole."""
    meaning, pen = _told(fit)
    return painted_once(drivers.waterfall(meaning.parts, float(meaning.parts["mean"].sum()), pen), ax)


def over_time(fit: Fit, *, ax: Axes | None = None) -> list[Axes]:
    """The outcome by period: above with and without media, below what each channel added."""
    meaning, pen = _told(fit)
    return painted(drivers.weekly(meaning.weeks, meaning.fitted, pen), ax)


def returns(fit: Fit, *, ax: Axes | None = None) -> Axes:
    """What each channel returned on average and returns for the next unit of money, with 90% intervals."""
    meaning, pen = _told(fit)
    return painted_once(of_returns.returns(meaning.channels, pen), ax)


def curves(fit: Fit, *, ax: Axes | None = None) -> list[Axes]:
    """Response curves with 90% bands, one pair of axes a channel; today is marked, what was observed shaded."""
    meaning, pen = _told(fit)
    return painted(of_returns.response_curves(meaning.curves, meaning.channels, pen), ax)


def fit(fit: Fit, *, ax: Axes | None = None) -> Axes:
    """Actual outcome by period over the model's 90% interval."""
    meaning, pen = _told(fit)
    return painted_once(fitted_outcome(meaning.fitted, pen), ax)


def prior_posterior(fit: Fit, *, ax: Axes | None = None) -> Axes:
    """Return (or share of the outcome) of each channel before and after the data: 90% intervals."""
    meaning, pen = _told(fit)
    return painted_once(of_returns.before_after(meaning.beliefs, meaning.belief_title, pen), ax)


def _told(fit: Fit) -> tuple[Meaning, Pen]:
    """What a fit says, and the notation and colours that tell it: those of its report."""
    refuse_preview(fit)
    report, plan = ReportSettings(), PlanSettings()
    analysis: Analysis
    if isinstance(fit, AskedFit):
        report, plan, analysis = fit.settings.report, fit.settings.plan, fit.analysis
    else:
        analysis = analyse(fit)
    fmt, _ = formatters(report, plan, fit.dataset, analysis)
    return meaning_of(fit, analysis, fmt), Pen(make_look(report, fit.dataset.channels), fmt)
