"""What stands around a plan: other budgets, what to learn, timing, other plans, and what each model says of it."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from mmm.planning.alternatives import Alternative
from mmm.planning.curve import BudgetCurve
from mmm.planning.flighting import Flighting
from mmm.planning.models import PlanByModel
from mmm.planning.optimise import Certificate
from mmm.planning.result import Gain
from mmm.sealed import number
from mmm.workflow.plain import array, array_data, frame, frame_data


@dataclass(frozen=True)
class Options:
    """Amounts are in the unit of the plan's gains, over its horizon.

    - ``curve``: the best plan at other budgets;
    - ``information``: as :func:`mmm.planning.information.perfect_information`, what not knowing each curve costs;
    - ``timing``: the best timing of each channel's total, with at most ``peak`` times even spend in a period; None for
      a single period, and for a plan without money;
    - ``alternatives``: the settings' scenarios, or somewhat less and more money;
    - ``models``: what each model of a mixture says of the plan; None where only one counts.
    """

    curve: BudgetCurve
    information: pd.DataFrame
    timing: Flighting | None
    peak: float
    alternatives: tuple[Alternative, ...]
    models: PlanByModel | None


def options_data(found: Options) -> dict[str, Any]:
    """Plain data, all of it."""
    return {
        "curve": {
            "table": frame_data(found.curve.table),
            "best_budget": found.curve.best_budget,
            "steps": frame_data(found.curve.steps),
        },
        "information": frame_data(found.information),
        "timing": None if found.timing is None else _timing_data(found.timing),
        "peak": found.peak,
        "alternatives": [_alternative_data(one) for one in found.alternatives],
        "models": None if found.models is None else _models_data(found.models),
    }


def options_from(data: dict[str, Any]) -> Options:
    """What :func:`options_data` gave. Raises KeyError, TypeError or ValueError for anything else."""
    curve = data["curve"]
    return Options(
        curve=BudgetCurve(frame(curve["table"]), curve["best_budget"], frame(curve["steps"])),
        information=frame(data["information"]),
        timing=None if data["timing"] is None else _timing(data["timing"]),
        peak=float(data["peak"]),
        alternatives=tuple(_alternative(one) for one in data["alternatives"]),
        models=None if data["models"] is None else _models(data["models"]),
    )


def certificate_data(certificate: Certificate) -> dict[str, Any]:
    """What is known about the best possible plan, as plain data."""
    return {name: value if name == "kind" else number(value) for name, value in asdict(certificate).items()}


def certificate_from(data: dict[str, Any]) -> Certificate:
    """What :func:`certificate_data` gave."""
    numbers = {name: float(value) for name, value in data.items() if name != "kind"}
    return Certificate(data["kind"], **numbers)


def _timing_data(found: Flighting) -> dict[str, Any]:
    return {
        "table": frame_data(found.table),
        "money": array_data(found.money),
        "gain": array_data(found.gain.draws),
        "certificate": certificate_data(found.certificate),
    }


def _timing(data: dict[str, Any]) -> Flighting:
    money, gain = array(data["money"]), Gain(array(data["gain"]))
    return Flighting(frame(data["table"]), money, gain, certificate_from(data["certificate"]))


def _alternative_data(one: Alternative) -> dict[str, Any]:
    return {
        "name": one.name,
        "change": one.change,
        "spend": one.spend,
        "by_channel": dict(one.by_channel),
        "outcome_draws": array_data(one.outcome_draws),
    }


def _alternative(data: dict[str, Any]) -> Alternative:
    return Alternative(**{**data, "outcome_draws": array(data["outcome_draws"])})


def _models_data(found: PlanByModel) -> dict[str, Any]:
    return {
        "gain": frame_data(found.gain),
        "direction": frame_data(found.direction),
        "disputed": {name: [list(models), weight] for name, (models, weight) in found.disputed.items()},
    }


def _models(data: dict[str, Any]) -> PlanByModel:
    disputed = {name: (tuple(models), float(weight)) for name, (models, weight) in data["disputed"].items()}
    return PlanByModel(frame(data["gain"]), frame(data["direction"]), disputed)
