"""What a test did to the spend: what would have been spent in the treated regions, and what was."""

from dataclasses import dataclass

from mmm.digits import amount
from mmm.errors import DataError
from mmm.experiments.panel import GeoPanel
from mmm.experiments.source import GeoTest

_LEAST_CHANGE = 0.1
"""Share of the usual (or planned) money that has to have been moved for there to have been a test."""


@dataclass(frozen=True)
class Delivery:
    """Money in the treated regions while the test ran: usual, spent, and moved in the direction of the test.

    ``usual`` is the regions' mean before the test, times the change of the controls' spend since then; ``planned`` is
    what was to be moved, None where it was not said.
    """

    usual: float
    spent: float
    moved: float
    planned: float | None

    @property
    def share(self) -> float | None:
        """What was moved of what was planned."""
        return None if self.planned is None else self.moved / self.planned


def delivery(panel: GeoPanel, test: GeoTest) -> Delivery | None:
    """What was moved; None where the panel knows no spend.

    Raises DataError where the spend contradicts the test: where nothing was moved, or the controls of a hold-out spent.
    """
    if panel.spend is None:
        return None
    treated = panel.mask(test.treated)
    before, during = panel.spend[test.span.first : test.span.start], panel.spend[test.span.start : test.end]
    controls = before[:, ~treated].mean(), during[:, ~treated].mean()
    change = float(controls[1] / controls[0]) if controls[0] > 0 else 1.0
    spent = float(during[:, treated].sum())
    if test.kind == "hold_out":
        _require_held_out(panel, test, float(controls[1]), float(during[:, treated].mean()))
        return Delivery(0.0, spent, spent, test.planned_spend)
    usual = float(before[:, treated].mean(axis=0).sum()) * len(during) * change
    moved = usual - spent if test.kind == "go_dark" else spent - usual
    if test.kind == "go_dark" and change == 0.0:
        raise DataError(
            f"Test '{test.name}': the controls went dark as well, so that nothing is left to compare with. A test "
            "everywhere at once cannot be read by region."
        )
    goal = test.planned_spend or (usual if test.kind == "go_dark" else max(usual, spent))
    if moved < _LEAST_CHANGE * goal:
        verb = "withheld" if test.kind == "go_dark" else "added"
        raise DataError(
            f"Test '{test.name}': nothing was {verb}. The treated regions spent {amount(spent)} on {test.channel} from "
            f"{panel.dates[test.span.start]:%Y-%m-%d}; as the controls went, {amount(usual)} would have been usual. "
            "Correct regions, dates, kind or the spend column."
        )
    return Delivery(usual, spent, moved, test.planned_spend)


def _require_held_out(panel: GeoPanel, test: GeoTest, control: float, treated: float) -> None:
    if treated <= 0:
        raise DataError(
            f"Test '{test.name}' is a hold_out, but the treated regions of {panel.source} spent nothing on "
            f"{test.channel} "
            "while it ran. Treated are those that saw the channel; use go_dark for regions that were switched off."
        )
    if control > _LEAST_CHANGE * treated:
        raise DataError(
            f"Test '{test.name}' is a hold_out, but its controls spent {amount(control)} a {panel.unit} and region on "
            f"{test.channel}, the treated {amount(treated)}. Exclude controls that saw it, or correct the kind."
        )
