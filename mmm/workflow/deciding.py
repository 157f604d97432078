"""Plans of a fit and what stands around them, kept beside it.

Of a plan the choice is kept: the money, and what is known about the best possible plan. Its draws and tables are made
of the fit again, which searches nothing.
"""

from dataclasses import replace
from typing import Any

from mmm.arrays import Floats
from mmm.inference.fit import Fit
from mmm.inference.preview import refuse_preview
from mmm.planning.alternatives import alternatives
from mmm.planning.curve import best_by_budget, budget_curve
from mmm.planning.flighting import flighting
from mmm.planning.information import perfect_information
from mmm.planning.models import plan_by_model
from mmm.planning.planner import Choice, carried_out, choose
from mmm.planning.prepare import prepare
from mmm.planning.result import Plan
from mmm.planning.settings import PlanSettings
from mmm.planning.worth import UnitWorth
from mmm.workflow.kept import Kind, Place, Say
from mmm.workflow.options import Options, certificate_data, certificate_from, options_data, options_from
from mmm.workflow.plain import array, array_data

PEAK = 3.0
"""The largest period that timing may use, over even spend."""

_LAYERS = ("data", "model", "inference", "analysis", "planning")
_AROUND = {"scenarios", "curve_points", "budget_step", "equal_margin"}
"""Settings that say what is shown around a plan or how it is called, and move no money."""


def _choice_data(choice: Choice) -> dict[str, Any]:
    return {"money": array_data(choice.money), "certificate": certificate_data(choice.certificate)}


def _choice(data: dict[str, Any]) -> Choice:
    return Choice(array(data["money"]), certificate_from(data["certificate"]))


def _curve_data(curve: tuple[Floats, Floats]) -> dict[str, Any]:
    return {"money": array_data(curve[0]), "effect": array_data(curve[1])}


def _curve(data: dict[str, Any]) -> tuple[Floats, Floats]:
    return array(data["money"]), array(data["effect"])


PLAN = Kind("plan", _LAYERS, _choice_data, _choice)
OPTIONS = Kind("options", _LAYERS, options_data, options_from)
BUDGETS = Kind("budgets", _LAYERS, _curve_data, _curve)


def planned(
    fit: Fit,
    settings: PlanSettings | None = None,
    store: str | None = None,
    *,
    worth: UnitWorth | None = None,
    say: Say = lambda _: None,
) -> Plan:
    """The best plan of a fit under ``settings``, found beside it in ``store`` or made and kept there.

    Without a store it is made and not kept. Raises PlanError where no plan satisfies the constraints, SettingsError for
    settings that do not suit the data, FitError for a preview.
    """
    refuse_preview(fit)
    settings = settings or PlanSettings()
    prepared = prepare(fit, settings, worth)
    asked = {"plan": settings.model_dump(mode="json", exclude=_AROUND), **_worth(worth), **_known_ahead(fit)}
    choice = Place(store, say).obtain(PLAN, fit, asked, lambda: choose(prepared, settings))
    return replace(carried_out(prepared, settings, choice), fit_key=fit.key)


def explored(fit: Fit, plan: Plan, store: str | None = None, *, say: Say = lambda _: None) -> Options:
    """What stands around a plan that was made from ``fit``, found beside it in ``store`` or made and kept there.

    Raises PlanError for a scenario of the plan's settings that is not possible.
    """

    def explore() -> Options:
        return Options(
            curve=budget_curve(plan),
            information=perfect_information(plan),
            timing=flighting(plan, PEAK) if plan.horizon > 1 and plan.spend > 0 else None,
            peak=PEAK,
            alternatives=alternatives(fit, plan),
            models=plan_by_model(fit, plan) if len(fit.counted) > 1 else None,
        )

    return Place(store, say).obtain(OPTIONS, fit, {**of_plan(plan), "peak": PEAK, **_known_ahead(fit)}, explore)


def priced(
    fit: Fit, plan: Plan, points: int, store: str | None = None, *, say: Say = lambda _: None
) -> tuple[Floats, Floats]:
    """Money [k] and effect by draw [k, n] of the best plan at ``points`` budgets, as :func:`best_by_budget` finds them.

    Found beside the fit in ``store`` or made and kept there.
    """
    asked = {**of_plan(plan), "points": points, **_known_ahead(fit)}
    return Place(store, say).obtain(BUDGETS, fit, asked, lambda: best_by_budget(plan, points))


def of_plan(plan: Plan) -> dict[str, Any]:
    """Which plan it is: its settings, the money in them, and what its units are worth."""
    known = {"plan": plan.settings.model_dump(mode="json"), "money": array_data(plan.money)}
    return known | _worth(plan.problem.worth)


def _known_ahead(fit: Fit) -> dict[str, Any]:
    future = fit.dataset.future
    return {} if future is None else {"future": future.fingerprint}


def _worth(worth: UnitWorth | None) -> dict[str, Any]:
    return {} if worth is None else {"worth": worth.fingerprint}
