"""Draws of the outcome for any periods: those that were seen, the same with other spend, and those ahead."""

import numpy as np
import xarray as xr

from mmm.analysis.ahead import Ahead, Held, NewData, with_new
from mmm.arrays import Floats
from mmm.inference.fit import Fit
from mmm.inference.posterior import by_chain
from mmm.inference.preview import refuse_preview
from mmm.model.draws import expected_by_period, predictive_outcome, stacked

__all__ = ["Held", "NewData", "predict"]


def predict(fit: Fit, new_data: NewData = None, *, controls: Held = None, max_draws: int = 1000) -> xr.Dataset:
    """Draws of ``expected`` and of ``outcome`` (which adds the noise), dims chain, draw, date, geo, in outcome units.

    Without ``new_data`` of the observed periods. Else of the periods in it, which may lie in the past (other spend than
    was spent), follow it, or both: a :class:`~mmm.data.dataset.Dataset`; or a table with ``date``, ``geo`` (where there
    are several) and a column of spend for every channel by its name, with further columns for controls; or the same in
    long form with the columns ``date``, ``geo``, ``channel`` and ``spend``, as ``plan.schedule`` is.

    Spend before those periods goes on working in them. Spend buys media at each period's own cost where it is known,
    else at that of the last 13 weeks. Controls ahead that the table does not give are held as ``controls`` says: at
    their ``"recent_mean"`` of the last 13 weeks, at their values of ``"last_year"``, or at ``{name: value}``.

    Draws of a mixture are of every model by its weight; the coordinate ``model`` (draw) names it. At most ``max_draws``
    over all chains. Raises DataError where the table does not fit the fit's data, with the next step.
    """
    refuse_preview(fit)
    asked = Ahead(fit.dataset, fit.window, "") if new_data is None else with_new(fit.dataset, new_data, controls)
    expected, outcome, models = [], [], []
    for i, (name, spec, posterior) in enumerate(by_chain(fit, max_draws)):
        samples = stacked(posterior)
        mean = expected_by_period(spec, samples, asked.dataset, asked.rows, fit.seed + i)
        shape = (posterior.sizes["chain"], posterior.sizes["draw"], *mean.shape[1:])
        expected.append(mean.reshape(shape))
        outcome.append(predictive_outcome(spec, samples, mean, fit.seed + i).reshape(shape))
        models += [name] * shape[1]
    return _labelled(asked, (np.concatenate(expected, axis=1), np.concatenate(outcome, axis=1)), models)


def _labelled(asked: Ahead, draws: tuple[Floats, Floats], models: list[str]) -> xr.Dataset:
    dims = ("chain", "draw", "date", "geo")
    dataset = asked.dataset
    found = xr.Dataset(
        {"expected": (dims, draws[0]), "outcome": (dims, draws[1])},
        coords={
            "chain": np.arange(draws[0].shape[0]),
            "draw": np.arange(draws[0].shape[1]),
            "date": dataset.dates[asked.rows],
            "geo": list(dataset.geos),
            "model": ("draw", np.array(models, dtype=object)),
        },
        attrs={"outcome": dataset.outcome_name},
    )
    if asked.held:
        found.attrs["controls"] = asked.held
    for values in found.data_vars.values():
        values.attrs["units"] = dataset.outcome_unit
    return found
