"""From the material of a report to its results for programs."""

import math
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from mmm.reporting.content import results as r
from mmm.reporting.notation.estimate import Estimate
from mmm.reporting.pages.telling import Telling


def results_of(m: Telling) -> r.Results:
    """All numbers of the report; missing ones are None."""
    head, fit = m.teller.headline(), m.workings
    found = {
        "schema_version": r.VERSION,
        "name": m.settings.name,
        "title": m.title,
        "made": {"started": m.origin.started, "workbench": version("mmm-workbench"), "inputs": m.origin.inputs},
        "data": _data(m),
        "units": {
            "currency": m.fmt.currency,
            "outcome": m.fmt.outcome_unit,
            "gain": m.gain_fmt.currency if m.gain_fmt.money_outcome else m.gain_fmt.outcome_unit,
            "gain_is_money": m.gain_fmt.money_outcome,
            "return_base": m.fmt.return_base,
            "returns_are_money": m.fmt.value_returns,
        },
        "settings": m.settings.model_dump(mode="json"),
        "headline": {"lead": head.lead, "sentence": head.sentence},
        "decision": _decision(m),
        "allocation": [_allocated(str(name), line) for name, line in m.plan.allocation.iterrows()],
        "budget_curve": [{"budget": line["budget"], "won": _bounds(line, "outcome")} for line in _rows(m.plan.curve)],
        "scenarios": _scenarios(m),
        "channels": [_channel(str(name), line) for name, line in m.meaning.channels.iterrows()],
        "unpaid": [_unpaid(str(name), line) for name, line in m.meaning.unpaid.iterrows()],
        "ways": [_way(line) for _, line in m.meaning.ways.iterrows()],
        "controls": [_control(str(name), line) for name, line in m.meaning.controls.iterrows()],
        "quarters": [_quarter(line) for line in _rows(m.meaning.quarters)],
        "curves": _curves(m.plan.response),
        "gate": {**m.gate.to_dict(), "channels": [light.to_dict() for light in m.lights]},
        "fit": _fit(m),
        "quality": _rows(m.quality.table()),
        "diagnostics": _rows(fit.diagnostics.rename_axis("parameter").reset_index()),
    }
    return r.Results.model_validate(_plain(found))


def _data(m: Telling) -> dict[str, Any]:
    b = m.basis
    return {
        "fingerprint": b.fingerprint,
        "first": b.first,
        "last": b.last,
        "periods": b.periods,
        "period": m.fmt.period,
        "geos": b.geos,
        "channels": b.channels,
        "controls": b.controls,
        "experiments": [experiment.model_dump() for experiment in b.experiments],
    }


def _decision(m: Telling) -> dict[str, Any]:
    d = m.decision
    return {
        "horizon": d.horizon,
        "periods": d.periods,
        "first_day": m.origin.first_day,
        "verdict": d.verdict,
        "spend_today": d.spend_today,
        "spend_plan": d.spend_planned,
        "unspent": d.unspent,
        "gain": _ends(d.gain),
        "model_gain": None if d.model_gain is None else _ends(d.model_gain),
        "net_gain": None if d.net is None else _ends(d.net),
        "margin": d.margin,
        "break_even_margins": [{"of": p.which, "money": p.money, "margin": _ends(p.margin)} for p in d.pays],
        "probability": d.probability,
        "worst_5_percent": d.worst,
        "won_today": _ends(d.won_today),
        "won_plan": _ends(d.won_planned),
        "outcome_today": None if d.total_today is None else _ends(d.total_today),
        "outcome_plan": None if d.total_planned is None else _ends(d.total_planned),
    }


def _allocated(name: str, line: "pd.Series[float]") -> dict[str, Any]:
    return {
        "channel": name,
        "spend_today": line["reference"],
        "spend_plan": line["spend"],
        "change": line["change"],
        "allowed_from": line["lower_bound"],
        "allowed_to": line["upper_bound"],
        "held": line["held"],
        "won_today": _bounds(line, "reference_effect"),
        "won_plan": _bounds(line, "effect"),
        "next_today": _bounds(line, "next_today"),
        "next_plan": _bounds(line, "next_planned"),
        "first_step": line["first_step"],
        "probability_above_average": line["probability_direction"],
        "highest_period_relative_to_observed": line["observed_max_ratio"],
    }


def _way(line: "pd.Series[Any]") -> dict[str, Any]:
    bounds = {"won": _bounds(line, "effect"), "average_return": _bounds(line, "roas")}
    return {"channel": line["channel"], "way": line["way"], **bounds, "correlation": line["correlation"]}


def _unpaid(name: str, line: "pd.Series[Any]") -> dict[str, Any]:
    bounds = {
        to: _bounds(line, what) for to, what in (("won", "effect"), ("share", "share"), ("half_life", "half_life"))
    }
    return {"channel": name, "role": line["role"], **bounds}


def _control(name: str, line: "pd.Series[Any]") -> dict[str, Any]:
    bounds = {what: _bounds(line, what) for what in ("per_unit", "elasticity", "total")}
    return {"control": name, "usual": line["usual"], "reference": line["reference"], **bounds}


def _quarter(line: dict[str, Any]) -> dict[str, Any]:
    same = ("channel", "quarter", "spend", "above_before", "above_least")
    return {name: line[name] for name in same} | {"average_return": _bounds(line, "roas")}


def _channel(name: str, line: "pd.Series[float]") -> dict[str, Any]:
    return {
        "channel": name,
        "spend": line["spend"],
        "today": line["today"],
        "observed_max": line["observed_max"],
        "won": _bounds(line, "effect"),
        "share": _bounds(line, "share"),
        "average_return": _bounds(line, "roas"),
        "next_return": _bounds(line, "marginal_roas"),
        "half_life": _bounds(line, "half_life"),
        "saturation": _bounds(line, "saturation"),
    }


def _scenarios(m: Telling) -> list[dict[str, Any]]:
    return [
        {
            "name": s.name,
            "budget": s.budget,
            "won": _ends(s.won),
            "gain": _ends(s.gain),
            "net_gain": None if s.net is None else _ends(s.net),
            "probability": s.probability,
            "spend": dict(s.spend),
        }
        for s in m.plan.scenarios
    ]


def _curves(points: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ("spend", "won", "won_lower", "won_upper")
    return [
        {"channel": str(name), **{column: one[column].tolist() for column in columns}}
        for name, one in points.groupby("channel", sort=False)
    ]


def _fit(m: Telling) -> dict[str, Any]:
    hidden = m.holdout
    return {
        "key": m.origin.fit_key,
        "engine": m.origin.engine,
        "seed": m.origin.seed,
        "r_squared": m.meaning.r2,
        "mape": m.meaning.mape,
        "error": m.meaning.error,
        "held_out_periods": 0 if hidden is None else len(hidden.dates),
        "held_out_error": None if hidden is None else hidden.error,
    }


def _ends(value: Estimate) -> dict[str, float]:
    return {"mean": value.mean, "lower": value.lower, "upper": value.upper}


def _bounds(line: Any, name: str) -> dict[str, float]:
    return {"mean": line[name], "lower": line[f"{name}_lower"], "upper": line[f"{name}_upper"]}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict(orient="records")]


def _plain(value: Any) -> Any:
    """The same without numpy's scalars; infinities and NaN as None."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
