"""``mmm.plan``: from a fit to a budget decision."""

from typing import Any

from mmm.api.fit import Fit
from mmm.api.sections import with_sections
from mmm.assessment.gate import demand_pass
from mmm.errors import SettingsError
from mmm.inference import fit as inference
from mmm.inference.preview import refuse_preview
from mmm.planning import Plan, PlanSettings, read_worth
from mmm.planning import plan as made_plan
from mmm.settings.read import require_fitting
from mmm.workflow import planned


def plan(fit: inference.Fit, settings: PlanSettings | None = None, **changes: Any) -> Plan:
    """The best plan for the periods after the data, once the fit has passed its gate.

    Keywords are the fields of :class:`mmm.PlanSettings`, which the section ``plan`` of a settings file has too:
    ``total_budget`` (the whole horizon's; what is spent today by default), ``horizon``, ``margin``, ``objective``,
    ``bounds``, ``channels``, ``groups``, ``scenarios``... They replace those of ``settings``, or of the fit's own.

    Raises GateError where the gate failed (``mmm.fit(..., gate={"override": True})`` goes on nevertheless),
    SettingsError for a setting that breaks a rule, PlanError where no plan satisfies the constraints.
    """
    refuse_preview(fit)
    if not isinstance(fit, inference.Fit):
        raise SettingsError(
            f"mmm.plan: fit is a {type(fit).__name__}; the rule is a fit. Make one with mmm.fit(dataset)."
        )
    if not isinstance(fit, Fit):
        return made_plan(fit, settings, **changes)
    base = fit.settings if settings is None else with_sections(fit.settings, {"plan": settings}, "mmm.plan")
    chosen = base if not changes else with_sections(base, {"plan": changes}, "mmm.plan")
    require_fitting(chosen, fit.request.dataset)
    demand_pass(fit.gate, fit.request.gate)
    worth = read_worth(chosen.plan, chosen.base)
    return planned(fit, chosen.plan, fit.request.store, worth=worth)
