"""A fitted model of PyMC-Marketing (``model.nc`` of ``MMM.save``, read of 1.3.0): settings, and what it said.

Its file is netCDF: the model's parts are JSON in the attributes, the data of the fit in the group ``fit_data``; media
and outcome are divided by ``channel_scale`` and ``target_scale`` of the group ``constant_data``. Curves are of
carried-over media in these scales: ``LogisticSaturation`` is beta (1 - exp(-lam x)) / (1 + exp(-lam x)),
``MichaelisMentenSaturation`` alpha x / (lam + x), ``HillSaturation`` beta x^slope / (kappa^slope + x^slope). Its
``l_max`` counts the period of the spend.
"""

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from mmm.data.cells import FloatArray
from mmm.errors import SettingsError
from mmm.files import Wanted, read_bytes
from mmm.starting.peers.imported import LEVELS, Imported, Theirs, active_mean, carried, interval
from mmm.starting.peers.pymc_priors import draws_of

_FILE = Wanted("PyMC-Marketing's model", 500_000_000, SettingsError, "Give the file that MMM.save writes.")
_CARRYOVER = {
    "GeometricAdstock": "geometric",
    "DelayedAdstock": "delayed",
    "WeibullPDFAdstock": "weibull",
    "WeibullCDFAdstock": "weibull_cdf",
    "BinomialAdstock": "binomial",
    "NoAdstock": "none",
}
_CURVES = {
    "LogisticSaturation": "logistic",
    "InverseScaledLogisticSaturation": "logistic",
    "TanhSaturation": "logistic",
    "MichaelisMentenSaturation": "hill",
    "HillSaturation": "hill_sloped",
    "HillSaturationSigmoid": "logistic_s",
    "RootSaturation": "power",
    "NoSaturation": "none",
}
_SIMULATED = 2000


@dataclass(frozen=True)
class Model:
    """The file: its parts, the data of the fit, its scales and draws."""

    parts: Mapping[str, Any]
    frame: pd.DataFrame
    scales: Mapping[str, float]
    target: float
    posterior: xr.Dataset

    @property
    def channels(self) -> list[str]:
        return [str(name) for name in self.parts["channel_columns"]]

    def kind(self, part: str) -> str:
        """The class of its carryover or saturation."""
        return str(self.parts[part].get("__type__", self.parts[part].get("lookup_name", ""))).rpartition(".")[2]


def read_model(path: Path) -> Model:
    """The parts of the file. Raises SettingsError where it is no netCDF of an MMM that has been fitted."""
    try:
        tree = xr.open_datatree(io.BytesIO(read_bytes(path, _FILE)), engine="h5netcdf")
        tree.load()
    except (OSError, ValueError) as error:
        raise _FILE.refuse(path, "is no netCDF file") from error
    parts = {str(key): _json(value) for key, value in tree.attrs.items()}
    lacking = [name for name in ("channel_columns", "date_column", "adstock", "saturation") if name not in parts]
    if lacking:
        raise _FILE.refuse(path, f"has no '{lacking[0]}': it is no MMM of PyMC-Marketing's")
    if not {"posterior", "fit_data", "constant_data"} <= set(tree.children):
        raise _FILE.refuse(path, "holds no fit (groups posterior, fit_data, constant_data)")
    if "channel_scale" not in tree["constant_data"]:
        raise _FILE.refuse(path, "has no scales of channels; save it again with PyMC-Marketing 1.x")
    if len(parts.get("dims") or []) > 1:
        raise _FILE.refuse(path, f"has the dims {', '.join(parts['dims'])}; one of them can be read", "")
    constant = tree["constant_data"].to_dataset()
    scale = constant["channel_scale"]
    scale = scale.mean([d for d in scale.dims if d != "channel"])
    scales = dict(zip(map(str, scale["channel"].values), scale.values.astype(float), strict=True))
    frame = tree["fit_data"].to_dataset().to_dataframe().reset_index()
    target = float(constant["target_scale"].mean())
    return Model(parts, frame, scales, target, tree["posterior"].to_dataset())


def _json(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def import_pymc_marketing(model: Model, source: str, name: str, currency: str) -> Imported:
    """Settings for the data of a fitted model; ``source`` is their file."""
    parts = model.parts
    found = Imported("PyMC-Marketing", {"name": name})
    data: dict[str, Any] = {"source": source, "date": parts["date_column"]}
    if parts.get("dims"):
        data["geo"] = parts["dims"][0]
    data |= {"target": {"column": _target(parts), "kind": "revenue"}, "currency": currency}
    data["channels"] = {channel: channel for channel in model.channels}
    found.notes.append(f"'{_target(parts)}' is taken for revenue, which the model does not say.")
    if parts.get("control_columns"):
        data["controls"] = list(parts["control_columns"])
        found.note("control_columns", "data.controls", "same", "their scale is a prior common to all")
    found.document["data"] = data
    found.note("date_column, target_column, channel_columns, dims", "data", "same")
    if parts.get("cost_per_unit") is not None:
        why = "channel columns are media units there; name spend and media of each channel"
        found.note("cost_per_unit", "data.channels", "not carried over", why)
    found.document["model"] = _model(model, found)
    _rest(parts, found)
    found.theirs.extend(_results(model))
    return found


def _target(parts: Mapping[str, Any]) -> str:
    return str(parts.get("target_column") or "y")


def _model(model: Model, found: Imported) -> dict[str, Any]:
    parts = model.parts
    adstock, curve = _CARRYOVER.get(model.kind("adstock")), _CURVES.get(model.kind("saturation"))
    for what, family in (("adstock", adstock), ("saturation", curve)):
        if family is None:
            why = "no family here is its like; the default ones are fitted"
            found.note(model.kind(what), f"model.{what}", "not carried over", why)
    section: dict[str, Any] = {}
    lags = int(parts["adstock"].get("l_max", 1))
    section["lookback"] = f"{max(lags - 1, 1)} {_unit(model.frame[parts['date_column']])}"
    found.note(f"l_max = {lags}", "model.lookback", "same", "there the period of the spend is counted")
    if adstock is not None:
        section["adstock"] = {"family": adstock, **_alpha(parts, adstock, found)}
        if not parts["adstock"].get("normalize", True):
            section["adstock"]["normalise"] = False
    if parts.get("adstock_first", True) is False:
        section["order"] = "saturation_first"
        found.note("adstock_first = False", "model.order", "same")
    if curve is not None:
        section["saturation"] = {"family": curve}
    section["channels"] = {name: own for name in model.channels if (own := _channel(model, name, curve))}
    if any("saturation" in own for own in section["channels"].values()):
        why = "there relative to the channel's largest value, here to its mean: 90% intervals converted by channel"
        found.note("lam, kappa (where the curve bends)", "saturation.half", "near", why)
    if any("roas" in own for own in section["channels"].values()):
        why = "the prior of the curve's height is told as the 90% interval of the return that it means on these data"
        found.note("saturation_beta, alpha or sigma (height)", "roas by channel", "near", why)
    section["baseline"] = {
        "trend": any("Trend" in str(effect.get("__type__", effect)) for effect in parts.get("mu_effects") or []),
        "seasonality_order": int(parts.get("yearly_seasonality") or 0),
    }
    found.note("yearly_seasonality", "model.baseline.seasonality_order", "same", "priors of its size are this model's")
    likelihood = (parts.get("model_config") or {}).get("likelihood", {}).get("dist", "Normal")
    section["likelihood"] = "student_t" if likelihood == "StudentT" else "normal"
    found.note(
        f"likelihood {likelihood}", "model.likelihood", "same" if likelihood in ("Normal", "StudentT") else "near"
    )
    return {key: value for key, value in section.items() if value not in ({}, None)}


def _unit(dates: pd.Series) -> str:
    step = pd.Series(pd.to_datetime(dates).unique()).sort_values().diff().median()
    return "days" if step == pd.Timedelta(days=1) else "weeks"


def _alpha(parts: Mapping[str, Any], family: str, found: Imported) -> dict[str, Any]:
    """The prior of retention, where it is a beta prior common to all channels."""
    prior = (parts["adstock"].get("priors") or {}).get("alpha", {})
    kwargs = prior.get("kwargs", {})
    if family not in ("geometric", "delayed", "binomial") or prior.get("dist") != "Beta":
        found.note("priors of the carryover", "model.adstock", "near", "its own priors: other parameters or units")
        return {}
    if not all(isinstance(kwargs.get(key), int | float) for key in ("alpha", "beta")):
        found.note(
            "adstock_alpha", "adstock.alpha", "not carried over", "a prior by channel or with a prior of its own"
        )
        return {}
    found.note(f"adstock_alpha Beta({kwargs['alpha']:g}, {kwargs['beta']:g})", "adstock.alpha", "same")
    return {"alpha": {"alpha": float(kwargs["alpha"]), "beta": float(kwargs["beta"])}}


def _channel(model: Model, name: str, curve: str | None) -> dict[str, Any]:
    """Half-saturation and return of a channel, as the priors of its curve mean them on its data."""
    priors = model.parts["saturation"].get("priors") or {}
    drawn = {key: draws_of(prior, _SIMULATED) for key, prior in priors.items()}
    if any(values is None for values in drawn.values()):
        return {}
    known = {key: values for key, values in drawn.items() if values is not None}
    half = _half(model.kind("saturation"), known)
    media = model.frame.groupby(model.parts["date_column"])[name].sum().to_numpy(dtype=np.float64)
    section: dict[str, Any] = {}
    if half is not None and curve is not None:
        ends = np.quantile(half * model.scales[name] / active_mean(model.frame[name].to_numpy(float)), [0.05, 0.95])
        section["saturation"] = {"family": curve, "half": interval(float(ends[0]), float(ends[1]))}
        if curve == "hill_sloped" and "slope" in known:
            low, high = np.quantile(known["slope"], [0.05, 0.95])
            section["saturation"]["slope"] = interval(float(low), float(high))
    height = next((known[key] for key in ("beta", "alpha", "sigma") if key in known and key != "slope"), None)
    if half is not None and height is not None and media.sum() > 0:
        share = draws_of((model.parts["adstock"].get("priors") or {}).get("alpha", {}), _SIMULATED)
        won = [
            height[i]
            * _curve(model.kind("saturation"), carried(media, _at(share, i)) / model.scales[name], known, i).sum()
            for i in range(0, _SIMULATED, 10)
        ]
        ends = np.quantile(np.array(won) * model.target / media.sum(), [0.05, 0.95])
        section["roas"] = interval(float(ends[0]), float(ends[1]))
    return section


def _at(values: FloatArray | None, i: int) -> float:
    return 0.0 if values is None else float(np.clip(values[i], 0.0, 0.999))


def _half(kind: str, known: Mapping[str, FloatArray]) -> FloatArray | None:
    """Media at half of the largest effect, in units of the channel's scale."""
    if kind == "LogisticSaturation" and "lam" in known:
        return np.asarray(math.log(3.0) / np.maximum(known["lam"], 1e-9))
    if kind == "MichaelisMentenSaturation":
        return known.get("lam")
    return known.get("kappa") if kind == "HillSaturation" else None


def _curve(kind: str, x: FloatArray, known: Mapping[str, FloatArray], i: int) -> FloatArray:
    """The curve from 0 to 1 at carried-over media ``x``, with the parameters of draw ``i``."""
    if kind == "LogisticSaturation":
        return np.asarray(np.tanh(known["lam"][i] * x / 2))
    if kind == "MichaelisMentenSaturation":
        return np.asarray(x / (known["lam"][i] + x))
    slope = known["slope"][i]
    return np.asarray(x**slope / (known["kappa"][i] ** slope + x**slope))


_GONE = {
    "time_varying_media": "constant effects take their place; model.varying: {paths: shared} states one path of all",
    "time_varying_intercept": "a slow drift takes its place, with its own prior (model.baseline.drift)",
    "dag": "causal graphs choose controls there; what is in the data is used here",
    "lift_test_calibrations": "give each test in 'experiments' with its dates; rows of x, delta_x, delta_y are read",
}


def _rest(parts: Mapping[str, Any], found: Imported) -> None:
    """What has no place here, said by name."""
    for key, why in _GONE.items():
        if parts.get(key):
            found.note(key, "-", "near" if key == "time_varying_intercept" else "not carried over", why)
    if parts.get("mu_effects"):
        found.note(
            "mu_effects", "model.baseline", "near", "a linear trend becomes the trend; others are not known here"
        )
    if not parts.get("time_varying_intercept"):
        why = "a constant level there; here it may drift slowly: model.baseline.drift: null takes that away"
        found.note("intercept", "model.baseline", "near", why)
    if parts.get("link", "identity") != "identity":
        found.note(f"link {parts['link']}", "-", "not carried over", "the outcome is a sum here")
    found.note("posterior", "-", "not carried over", "estimates from the same data are no prior")


def _results(model: Model) -> list[Theirs]:
    """Share, return and curve of each channel by the model's own draws."""
    posterior, target = model.posterior, model.target
    if "channel_contribution" not in posterior:
        return []
    part = posterior["channel_contribution"]
    total = part.sum([d for d in part.dims if d not in ("chain", "draw", "channel")]).stack(sample=("chain", "draw"))
    outcome = float(model.frame[_target(model.parts)].sum())
    found = []
    for name in model.channels:
        won = total.sel(channel=name).values * target
        spend = float(model.frame[name].sum())
        low, high = np.quantile(won / spend, [0.05, 0.95])
        share = 100 * float(won.mean()) / outcome
        found.append(Theirs(name, share, float(won.mean() / spend), float(low), float(high), _steady(model, name)))
    return found


def _steady(model: Model, name: str) -> tuple[float, ...]:
    """Outcome a period of steady spend at the three levels, mean over draws; empty for curves that are not known."""
    kind, posterior = model.kind("saturation"), model.posterior
    names = {"lam": "saturation_lam", "kappa": "saturation_kappa", "slope": "saturation_slope"}
    found = {key: v for key, variable in names.items() if (v := _values(posterior, variable, name)) is not None}
    heights = [_values(posterior, f"saturation_{key}", name) for key in ("beta", "alpha", "sigma")]
    height = next((values for values in heights if values is not None), None)
    if height is None or _half(kind, found) is None or model.parts.get("dims"):
        return ()
    mean = float(model.frame[name].mean()) / model.scales[name]
    return tuple(
        float(np.mean([height[i] * _curve(kind, np.array([level * mean]), found, i)[0] for i in range(len(height))]))
        * model.target
        for level in LEVELS
    )


def _values(posterior: xr.Dataset, variable: str, channel: str) -> FloatArray | None:
    """Draws of a parameter of a channel; of all channels where it is common to them."""
    if variable not in posterior:
        return None
    values = posterior[variable]
    values = values.sel(channel=channel) if "channel" in values.dims else values
    return np.asarray(values.values, dtype=np.float64).reshape(-1) if values.ndim == 2 else None
