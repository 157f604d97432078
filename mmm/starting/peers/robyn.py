"""Robyn's exported model (``RobynModel-*.json`` of robyn_write, read of 3.11.1) as settings.

Sources: the JSON of Robyn 3.11.1 in facebookexperimental/Robyn (03.output, commit 75bfeaf); its R code for the Hill
curve, whose inflexion is min (1 - gamma) + max gamma of the carried-over series within the window, and its exponent
alpha. With these the contributions of that file are its own to ten digits. What drives the curves is in ``all_media``:
the spend from 3.5.1 to 3.11.1, even where ``paid_media_vars`` names impressions, else ``paid_media_vars``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmm.data.cells import FloatArray
from mmm.errors import DataError, SettingsError
from mmm.files import Wanted, read_json
from mmm.starting import words
from mmm.starting.peers.imported import Imported, active_mean, beta, carried, interval
from mmm.starting.peers.robyn_results import SPREAD, Driven, inflexion, results, window

_FILE = Wanted("Robyn's model", 50_000_000, SettingsError, "Give the RobynModel-*.json that robyn_write makes.")
_GONE = {
    "lambda": ("ridge penalty", "the effect has a prior instead (model.roas)"),
    "train_size": ("share of rows for training", "held-out weeks judge the fit (gate.holdout)"),
}


def read_model(path: Path) -> dict[str, Any]:
    """The parts of the file. Raises SettingsError where it is none of Robyn's."""
    document = read_json(path, _FILE)
    if not isinstance(document, dict) or "InputCollect" not in document:
        raise _FILE.refuse(path, "has no 'InputCollect': it is no model of Robyn's")
    return document


def raw_data(document: Mapping[str, Any]) -> pd.DataFrame | None:
    """The data that newer versions keep within the file; None where they do not."""
    rows = document.get("Extras", {}).get("raw_data")
    return pd.DataFrame(rows) if isinstance(rows, list) and rows else None


def import_robyn(document: Mapping[str, Any], frame: pd.DataFrame, source: str, name: str, currency: str) -> Imported:
    """Settings for the data of a Robyn model; ``source`` is their file.

    Raises DataError where the data lack a column that the model names, SettingsError where the file lacks a part.
    """
    inputs = document["InputCollect"]
    used = [one(inputs, "date_var"), one(inputs, "dep_var"), *many(inputs, "paid_media_spends")]
    used += [*many(inputs, "paid_media_vars"), *many(inputs, "context_vars"), *many(inputs, "organic_vars")]
    missing = sorted(set(used) - set(map(str, frame.columns)))
    if missing:
        raise DataError(
            f"The data have no column '{missing[0]}', which Robyn's model names. Give the data it was fitted on."
        )
    money = one(inputs, "dep_var_type") == "revenue"
    found = Imported("Robyn", {"name": name}, interval=SPREAD)
    data: dict[str, Any] = {
        "source": source,
        "date": one(inputs, "date_var"),
        "target": {"column": one(inputs, "dep_var"), "kind": "revenue" if money else "kpi"},
        "currency": currency,
    }
    found.document["data"] = data
    found.note("dep_var, date_var", "data.target, data.date", "same")
    channels = _channels(inputs, data, found)
    _controls(inputs, frame, data, found)
    model = _model(inputs, frame, channels, found)
    found.document["model"] = model
    _rest(document, inputs, found)
    found.theirs.extend(results(document, frame, channels))
    return found


def one(inputs: Mapping[str, Any], key: str) -> str:
    """A value that R writes as a list of one. Raises SettingsError where it is not there."""
    value = inputs.get(key)
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, str):
        raise SettingsError(f"Robyn's model has no '{key}' in InputCollect. Export it again with robyn_write.")
    return value


def many(inputs: Mapping[str, Any], key: str) -> list[str]:
    """A list of names; R writes an empty one as {}."""
    value = inputs.get(key)
    return [value] if isinstance(value, str) else [str(v) for v in value] if isinstance(value, list) else []


def _channels(inputs: Mapping[str, Any], data: dict[str, Any], found: Imported) -> dict[str, Driven]:
    """Name of each channel with its spend and what drives it."""
    spends, drivers = many(inputs, "paid_media_spends"), many(inputs, "paid_media_vars")
    modelled = many(inputs, "all_media")
    channels, told, unmodelled = {}, {}, []
    for place, spend in enumerate(spends):
        driver = drivers[place] if place < len(drivers) else spend
        if driver != spend and driver not in modelled and spend in modelled:
            unmodelled.append(driver)
            driver = spend
        name = words.stem(spend)
        name = name if name not in channels else spend
        channels[name] = Driven(spend, driver)
        unit = words.unit_of(driver) or driver
        told[name] = spend if driver == spend else {"spend": spend, "media": driver, "media_unit": unit}
    for column in many(inputs, "organic_vars"):
        counted = words.unit_of(column)
        told[column] = {"role": "organic", "media": column, **({"media_unit": counted} if counted else {})}
        channels[column] = Driven(column, column)
    data["channels"] = told
    if many(inputs, "organic_vars"):
        found.note("organic_vars", "data.channels, role: organic", "same", "a contribution and no return")
    found.note("paid_media_spends, paid_media_vars", "data.channels", "same")
    if unmodelled:
        why = "its curves are of spend (all_media): Robyn 3.5.1 to 3.11.1; name them as media to have them drive"
        found.note(", ".join(unmodelled), "-", "not carried over", why)
    return channels


def _controls(inputs: Mapping[str, Any], frame: pd.DataFrame, data: dict[str, Any], found: Imported) -> None:
    factors = set(many(inputs, "factor_vars"))
    controls: dict[str, Any] = {}
    for column in many(inputs, "context_vars"):
        if column in factors:
            level = str(frame[column].astype(str).mode().iloc[0])
            controls[column] = {"column": column, "categorical": True, "reference": level}
        else:
            controls[column] = column
    if controls:
        data["controls"] = controls
        found.note("context_vars", "data.controls", "same", "signs are not imposed")


def _model(
    inputs: Mapping[str, Any], frame: pd.DataFrame, channels: dict[str, Driven], found: Imported
) -> dict[str, Any]:
    baseline: dict[str, Any] = {"trend": "trend" in many(inputs, "prophet_vars")}
    if "season" not in many(inputs, "prophet_vars"):
        baseline["seasonality_order"] = 0
    if "holiday" in many(inputs, "prophet_vars"):
        baseline["calendar"] = {"holidays": {"country": one(inputs, "prophet_country")}}
    found.note(
        "prophet_vars", "model.baseline", "near", "terms of the model, estimated with media, not Prophet's beforehand"
    )
    geometric = one(inputs, "adstock") == "geometric"
    model: dict[str, Any] = {"adstock": {"family": "geometric" if geometric else "weibull"}, "baseline": baseline}
    if not geometric:
        found.note(
            f"adstock {one(inputs, 'adstock')}, shapes and scales",
            "model.adstock",
            "near",
            "its own priors: other units",
        )
    model["saturation"] = {"family": "hill", "slope": {"lower": 0.8, "upper": 3.0}}
    ranges = inputs.get("hyperparameters") or {}
    rows = window(inputs, len(frame))
    own = {name: _channel(ranges, frame, driven, rows, geometric) for name, driven in channels.items()}
    model["channels"] = {name: section for name, section in own.items() if section}
    found.note(
        "alphas",
        "saturation.slope",
        "near",
        "a uniform range becomes a 90% interval, beyond which values stay possible",
    )
    why = (
        "Robyn's inflexion lies between least and largest carried-over media; here it is relative to the channel's mean"
    )
    found.note("gammas", "saturation.half", "near", why)
    if geometric:
        found.note("thetas", "adstock.alpha", "near", "a beta prior as wide as the range")
    return model


def _channel(
    ranges: Mapping[str, Any], frame: pd.DataFrame, driven: Driven, rows: slice, geometric: bool
) -> dict[str, Any]:
    """Priors of one channel from the ranges of its hyperparameters, which bear the name of its spend or media."""
    spend, driver = driven
    section: dict[str, Any] = {}
    media = pd.to_numeric(frame[driver], errors="coerce").fillna(0.0).to_numpy(dtype=np.float64)
    theta = _ends(ranges, spend, driver, "thetas")
    if theta is not None and geometric:
        section["adstock"] = {"family": "geometric", "alpha": beta(*theta)}
    alphas, gammas = _ends(ranges, spend, driver, "alphas"), _ends(ranges, spend, driver, "gammas")
    if alphas is not None and gammas is not None:
        middle = sum(theta) / 2 if theta is not None and geometric else 0.0
        half = interval(*(_half(media, middle, gamma, rows) for gamma in gammas))
        section["saturation"] = {"family": "hill", "half": half, "slope": interval(*alphas)}
    return section


def _half(media: FloatArray, theta: float, gamma: float, rows: slice) -> float:
    """Robyn's inflexion point in multiples of the mean over active periods; both measure carried-over media."""
    return max(inflexion(carried(media, theta)[rows], gamma) / active_mean(media), 1e-3)


def _ends(ranges: Mapping[str, Any], spend: str, driver: str, what: str) -> tuple[float, float] | None:
    value = ranges.get(f"{spend}_{what}", ranges.get(f"{driver}_{what}"))
    if not isinstance(value, list) or not value:
        return None
    return float(value[0]), float(value[-1])


def _rest(document: Mapping[str, Any], inputs: Mapping[str, Any], found: Imported) -> None:
    """What has no place here, said by name."""
    window = (one(inputs, "window_start"), one(inputs, "window_end")) if "window_start" in inputs else None
    if window is not None:
        why = f"all rows are used; Robyn's coefficients are of {window[0]} to {window[1]}"
        found.note("window_start, window_end", "-", "not carried over", why)
    if document.get("InputCollect", {}).get("calibration_input"):
        why = "give each test in 'experiments' with its error; Robyn's have a confidence and no error"
        found.note("calibration_input", "experiments", "not carried over", why)
    for key, (what, why) in _GONE.items():
        if key in document.get("ExportedModel", {}).get("hyper_values", {}):
            found.note(f"{key} ({what})", "-", "not carried over", why)
    found.note(
        "coefficients, hyperparameters chosen", "-", "not carried over", "estimates from the same data are no prior"
    )
