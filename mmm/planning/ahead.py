"""What the horizon brings without the plan's money: the baseline, carry-in of earlier spend, and other channels."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.data.names import CONTROL_TERM
from mmm.errors import PlanError
from mmm.inference.fit import Fit
from mmm.model.response import contributions
from mmm.planning.problem import PlanProblem
from mmm.planning.settings import PlanSettings
from mmm.planning.statements import Kind, Statement, Value
from mmm.planning.through import own_course
from mmm.suggest import suggestion

_RECENT_DAYS, _YEAR_DAYS = 91, 364


def recent_rows(dataset: Dataset) -> int:
    """Rows of the last 13 weeks, or all where there are fewer."""
    return min(len(dataset.dates), _RECENT_DAYS // dataset.frequency.days)


def without_money(fit: Fit, settings: PlanSettings, problem: PlanProblem, notes: list[Statement]) -> Floats:
    """Valued outcome of the horizon without the plan's money, by draw [n]; ``notes`` say what was held at what."""
    total = _baseline(fit, settings, problem, notes) + _carried_in(problem)
    return total + _unmoved(fit, settings, problem, notes)


def _carried_in(problem: PlanProblem) -> Floats:
    """What spend before the horizon still brings in it and after it, weighted, by draw."""
    base = problem.base
    total = np.zeros(problem.draws.n)
    for where, block in problem.draws.blocks(base.size):
        carried = contributions(block, base)[:, problem.begin :]
        total[where] = (carried * problem.weights[problem.begin :, :, None]).sum(axis=(1, 2, 3))
    return total


def _baseline(fit: Fit, settings: PlanSettings, problem: PlanProblem, notes: list[Statement]) -> Floats:
    """Valued outcome of the horizon without media, by draw."""
    dataset = fit.dataset
    ahead, held = _ahead(dataset.data["control"].values, dataset.controls, "controls", (dataset, settings, problem))
    _say(held, dataset.controls, _CONTROLS, settings, notes)
    value = np.ones(len(dataset.geos)) if problem.unit_value is None else problem.unit_value
    total = own_course(fit, settings, problem, ahead)
    for term in fit.draws(settings.draws).baseline(problem.dates, ahead, settings.seed).values():
        total += (term * value).sum(axis=(1, 2))
    return total


def _unmoved(fit: Fit, settings: PlanSettings, problem: PlanProblem, notes: list[Statement]) -> Floats:
    """Valued outcome of the horizon that channels bring or take which the plan does not move, by draw."""
    stages = tuple(stage.name for stage in fit.stages)
    names = tuple(name for name in fit.dataset.channels if name not in (*problem.channels, *stages))
    total = np.zeros(problem.draws.n)
    if not names:
        return total
    media = fit.dataset.with_channels(names).data["media"].values
    ahead, held = _ahead(media, names, "media", (fit.dataset, settings, problem))
    known = min(problem.draws.lookback, len(media))
    course = np.concatenate([media[len(media) - known :], ahead])
    weights = problem.weights[problem.begin : problem.begin + problem.horizon, :, None]
    for where, block in fit.response(settings.draws).only(names).ahead(problem.dates).blocks(course.size):
        total[where] = (contributions(block, course)[:, known:] * weights).sum(axis=(1, 2, 3))
    free = tuple(name for name in names if name not in fit.spec.paid)
    _say([name for name in held if name in free], free, _MEDIA, settings, notes)
    return total


def moved_controls(fit: Fit, settings: PlanSettings, problem: PlanProblem, values: Mapping[str, float]) -> Floats:
    """Valued outcome of the horizon, by draw, that controls bring at ``values`` more than at those of the plan.

    Raises PlanError for a name that is no control of the data.
    """
    dataset = fit.dataset
    for name in values:
        if name not in dataset.controls:
            raise PlanError(f"A scenario sets '{name}', no control of the data. {suggestion(name, dataset.controls)}")
    ahead, _ = _ahead(dataset.data["control"].values, dataset.controls, "controls", (dataset, settings, problem))
    moved = ahead.copy()
    for name, value in values.items():
        moved[:, :, dataset.controls.index(name)] = value
    draws, names = fit.draws(settings.draws), [f"{CONTROL_TERM}{name}" for name in values]
    weights = problem.weights[problem.begin : problem.begin + problem.horizon]
    both = [draws.baseline(problem.dates, course, settings.seed) for course in (moved, ahead)]
    return np.sum([((both[0][n] - both[1][n]) * weights).sum(axis=(1, 2)) for n in names], axis=0)


_CONTROLS: tuple[Kind, Kind, Kind] = ("controls_recent", "controls_last_year", "controls_given")
_MEDIA: tuple[Kind, Kind, Kind] = ("media_recent", "media_last_year", "media_given")


def _say(
    held: Sequence[str],
    names: Sequence[str],
    kinds: tuple[Kind, Kind, Kind],
    settings: PlanSettings,
    notes: list[Statement],
) -> None:
    """Which of the names are held at what, and which are known."""
    if held:
        values: dict[str, Value] = {"names": tuple(held)} if kinds is _MEDIA else {}
        notes.append(Statement(kinds[settings.future_controls == "last_year"], values))
    given = tuple(name for name in names if name not in held)
    if given:
        notes.append(Statement(kinds[2], {"names": given}))


def _ahead(
    values: Floats,
    names: Sequence[str],
    what: Literal["controls", "media"],
    asked: tuple[Dataset, PlanSettings, PlanProblem],
) -> tuple[Floats, list[str]]:
    """Values [h, g, k] of the horizon, and which names are held: what ``data.future`` does not know of them."""
    dataset, settings, problem = asked
    known = {} if dataset.future is None else getattr(dataset.future, what)
    carried = {} if dataset.future is None or what == "media" else dataset.future.carried
    held = [name for name in names if name not in known]
    ahead = np.array(_held(values, dataset, settings, problem.horizon)) if held or not names else None
    if ahead is None:
        ahead = np.empty((problem.horizon, *values.shape[1:]))
    for k, name in enumerate(names):
        if name in known:
            ahead[:, :, k] = within(known[name], problem.horizon)
        elif name in carried:
            ahead[: len(carried[name]), :, k] = carried[name][: problem.horizon]
    return ahead, held


def within(known: Floats, horizon: int) -> Floats:
    """The first periods of a table of the future. Raises PlanError where it ends before the horizon."""
    if len(known) < horizon:
        raise PlanError(
            f"data.future has {len(known)} periods after the data, and plan.horizon {horizon}. Give the rest, or "
            "shorten the horizon."
        )
    return known[:horizon]


def _held(values: Floats, dataset: Dataset, settings: PlanSettings, horizon: int) -> Floats:
    """Values [h, g, k] ahead of what was observed as ``values[t, g, k]``: their recent mean, or those of last year."""
    if settings.future_controls == "last_year" and values.shape[2]:
        year = round(_YEAR_DAYS / dataset.frequency.days)
        if year > len(values) or horizon > year:
            raise PlanError(
                f"plan.future_controls is 'last_year', which needs {year} periods of data; there are "
                f"{len(values)}. Use future_controls: recent_mean."
            )
        return np.asarray(values[len(values) - year : len(values) - year + horizon])
    return np.broadcast_to(values[-recent_rows(dataset) :].mean(axis=0), (horizon, *values.shape[1:]))
