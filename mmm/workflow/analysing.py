"""What a fit means, kept beside it."""

from typing import Any

import pandas as pd
import xarray as xr

from mmm.analysis import Analysis, analyse
from mmm.inference.fit import Fit
from mmm.sealed import number
from mmm.workflow.kept import Kind, Place, Say
from mmm.workflow.plain import array, array_data, frame, frame_data

_FRAMES = (
    "channels", "unpaid", "controls", "geo_channels", "decomposition", "totals", "curves", "fitted", "fitted_geo",
    "models", "frequency", "frequency_curves", "levels", "ways", "quarters",
)  # fmt: skip
_DRAWS = ("effect_draws", "roas_draws")
_NUMBERS = ("r_squared", "error", "mape")


def _to_data(analysis: Analysis) -> dict[str, Any]:
    return {
        **{name: frame_data(getattr(analysis, name)) for name in _FRAMES},
        **{name: array_data(getattr(analysis, name).values) for name in _DRAWS},
        **{name: number(getattr(analysis, name)) for name in _NUMBERS},
        "negative_baseline": frame_data(analysis.negative_baseline.to_frame()),
    }


def _from_data(data: dict[str, Any]) -> Analysis:
    tables = {name: frame(data[name]) for name in _FRAMES}
    draws = {name: _draws(data[name], tables["channels"]) for name in _DRAWS}
    numbers = {name: float(data[name]) for name in _NUMBERS}
    parts: dict[str, Any] = {**tables, **draws, **numbers}
    return Analysis(**parts, negative_baseline=frame(data["negative_baseline"])["negative_baseline"])


def _draws(data: dict[str, Any], channels: pd.DataFrame) -> xr.DataArray:
    names = [str(name) for name in channels.index]
    return xr.DataArray(array(data), dims=("sample", "channel"), coords={"channel": names})


ANALYSIS = Kind("analysis", ("data", "model", "inference", "analysis"), _to_data, _from_data)


def analysed(fit: Fit, store: str | None = None, *, max_draws: int = 1000, say: Say = lambda _: None) -> Analysis:
    """The analysis of a fit on at most ``max_draws`` draws, found beside it in ``store`` or made and kept there.

    Without a store it is made and not kept. Raises FitError for a preview, which is no fit.
    """
    return Place(store, say).obtain(ANALYSIS, fit, {"max_draws": max_draws}, lambda: analyse(fit, max_draws))
