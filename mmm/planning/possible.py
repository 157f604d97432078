"""Whether any plan can satisfy the settings, known from the panel alone: before anything is fitted."""

from mmm.data.dataset import Dataset
from mmm.errors import PlanError
from mmm.planning.constraints import assemble, budget_of, require_money
from mmm.planning.optimise import require_feasible, require_room
from mmm.planning.prepare import Prepared, last_year, unfitted
from mmm.planning.problem import Space
from mmm.planning.scenarios import posed
from mmm.planning.settings import PlanSettings


def require_possible(dataset: Dataset, settings: PlanSettings) -> None:
    """Raise PlanError, naming the scenario where it is one's, where names, lengths or constraints cannot be met."""
    prepared = unfitted(dataset, settings)
    _require(prepared, settings)
    before = None
    if any(scenario.spend == "last_year" for scenario in settings.scenarios):
        before = last_year(dataset, settings, prepared.problem.horizon)
    for scenario in settings.scenarios:
        changed, limits, money = posed(prepared, settings, scenario, before)
        if money is None:
            try:
                _require(changed, limits)
            except PlanError as error:
                raise PlanError(f"Scenario '{scenario.name}': {error}") from error


def _require(prepared: Prepared, settings: PlanSettings) -> None:
    total = budget_of(settings, prepared.problem)
    require_money(prepared.problem, total)
    program = assemble(settings, Space(settings.detail, prepared.problem), total)
    require_room(program)
    require_feasible(program)
