"""Each experiment beside the model: what it measured, what the model says with it, and what it would say without."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtr

from mmm.arrays import Floats
from mmm.assessment.checks import Check, Status
from mmm.assessment.reweight import Weights, even, reweighted
from mmm.assessment.settings import GateSettings
from mmm.data.dataset import Dataset
from mmm.inference.fit import Fit
from mmm.model.evidence import Evidence, Experiment, effects, stake

_MAX_DRAWS = 2000
_Z = 1.6448536269514722


@dataclass(frozen=True)
class View:
    """What the model says of an experiment's return: median and 90% interval, and how far out the result lies.

    ``tail`` is the two-sided probability of a result at least as far from what the model expects, the experiment's
    error included.
    """

    median: float
    lower: float
    upper: float
    tail: float


@dataclass(frozen=True)
class Agreement:
    """One experiment: its result and the model's two views of it.

    All returns are per unit of the money at stake (``money``): in money where the outcome has a value, else in units
    of the outcome. ``told`` is the fit's own view, ``untold`` that of a model that knows none of the experiments:
    the same draws with other weights, or a fit of its own where the weights are not to be trusted (``source``).
    """

    experiment: Experiment
    money: float
    measured: float
    error: float
    told: View
    untold: View
    source: Literal["reweighted", "fitted"]

    @property
    def interval(self) -> tuple[float, float]:
        """90% interval of the result alone."""
        return self.measured - _Z * self.error, self.measured + _Z * self.error


def agreement(fit: Fit, untold: Callable[[], Fit]) -> tuple[Agreement, ...]:
    """Every experiment of a fit beside the model with and without the experiments.

    ``untold`` gives the fit that knows none of them; it is asked only where the draws of ``fit`` cannot be reweighted.
    """
    evidence = fit.evidence
    if not evidence.experiments:
        return ()
    told = effects(evidence, fit.dataset, fit.of_first_outcome.response(_MAX_DRAWS))
    without, weights = told, reweighted(-log_likelihood(told, evidence.experiments, evidence.df))
    source: Literal["reweighted", "fitted"] = "reweighted"
    if not weights.reliable:
        other = untold()
        without = effects(evidence, other.dataset, other.of_first_outcome.response(_MAX_DRAWS))
        weights, source = even(len(without)), "fitted"
    found = []
    for i, experiment in enumerate(evidence.experiments):
        money = stake(experiment, fit.dataset)
        unit = _worth(experiment, fit.dataset) / money
        views = [
            _view(draws[:, i], own, experiment, evidence.df, unit)
            for draws, own in ((told, even(len(told))), (without, weights))
        ]
        result = experiment.measured * unit, experiment.error * unit
        found.append(Agreement(experiment, money, *result, views[0], views[1], source))
    return tuple(found)


def expectation(fit: Fit, experiment: Experiment) -> View:
    """What a fit expects of a test that it was not told of, per unit of the money at stake, like :class:`Agreement`."""
    evidence = Evidence(experiments=(experiment,))
    draws = effects(evidence, fit.dataset, fit.of_first_outcome.response(_MAX_DRAWS))[:, 0]
    unit = _worth(experiment, fit.dataset) / stake(experiment, fit.dataset)
    return _view(draws, even(len(draws)), experiment, None, unit)


def log_likelihood(draws: Floats, experiments: tuple[Experiment, ...], df: float | None) -> Floats:
    """Log likelihood of all experiments by draw, up to a constant, from ``draws[n, experiment]`` of their effects."""
    measured, error = np.array([[e.measured, e.error] for e in experiments]).T
    z = (measured - draws) / error
    parts = -0.5 * z**2 if df is None else -0.5 * (df + 1.0) * np.log1p(z**2 / df)
    return np.asarray(parts.sum(axis=1))


def _worth(experiment: Experiment, dataset: Dataset) -> float:
    """What a unit of the result is worth: one, or the mean value per unit where units of outcome were measured."""
    if experiment.measures == "value" or not dataset.has_value:
        return 1.0
    value = dataset.data["value_per_unit"].sel(geo=list(experiment.geos))
    during = value.sel(date=slice(pd.Timestamp(experiment.start), pd.Timestamp(experiment.end)))
    return float((during if during.sizes["date"] else value).mean())


def _view(draws: Floats, weights: Weights, experiment: Experiment, df: float | None, unit: float) -> View:
    z = (experiment.measured - draws) / experiment.error
    below = float(weights.mean(ndtr(z) if df is None else stdtr(df, z)))
    lower, median, upper = (float(q) * unit for q in weights.quantiles(draws))
    return View(median, lower, upper, 2.0 * min(below, 1.0 - below))


def agreement_check(found: tuple[Agreement, ...], settings: GateSettings) -> Check:
    """Whether the model, told and untold of the experiments, expects what they measured.

    The value is the smallest tail probability of any, times their number (Bonferroni), 1 at most.
    """
    count = len(found)
    limit = settings.experiment_tail
    worst = min(found, key=lambda a: a.untold.tail)
    stubborn = min(found, key=lambda a: a.told.tail)
    value = min(1.0, count * min(worst.untold.tail, stubborn.told.tail))
    status: Status = "warn" if value < limit else "pass"
    name, channel = worst.experiment.name, worst.experiment.channel
    many = "experiment" if count == 1 else "experiments"
    summary = (
        f"{count} {many}; '{name}' measured a return of {worst.measured:.2f} (error {worst.error:.2f}), the model "
        f"without them says {worst.untold.median:.2f} ({worst.untold.lower:.2f} to {worst.untold.upper:.2f}), with "
        f"them {worst.told.median:.2f} ({worst.told.lower:.2f} to {worst.told.upper:.2f})."
    )
    advice = ""
    if count * stubborn.told.tail < limit:
        advice = (
            f"Even told of it the model cannot reproduce '{stubborn.experiment.name}': check its dates, geos, kind and "
            f"amounts. If they are right, what {stubborn.experiment.channel} does has changed since."
        )
    elif status == "warn":
        more = worst.untold.median > worst.measured
        cause = "something that moves with its spend, such as demand, is not in the data" if more else (
            "something that moves against its spend is not in the data, or its curve is of another form"
        )  # fmt: skip
        advice = (
            f"By itself the model takes {channel} for {'better' if more else 'worse'} than the test found: {cause}. It "
            f"follows the test now. Add what is missing as a control, and test the channels that are bought like "
            f"{channel}."
        )
    return Check(
        "experiments",
        "Experiments agree with the model",
        status,
        value,
        f"a result this far out with a probability of at least {limit:g}",
        summary,
        advice,
    )
