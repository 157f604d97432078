"""The baseline: what would have happened without media, as terms that are linear in coefficients with Normal priors.

A term (:mod:`mmm.model.terms`) is a design that depends on the absolute date (or the controls) alone, so that more
data never change old rows. All values are in scaled outcome units; only :func:`mmm.model.build.build` names the
variables after the terms.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from mmm.arrays import Floats
from mmm.errors import SettingsError
from mmm.model import splines
from mmm.model.calendar import calendar_terms
from mmm.model.controls import control_terms
from mmm.model.spec import DriftSpec, ModelSpec
from mmm.model.terms import TERMS, Moment, Scale, Term

_YEAR = 365.25
_BETWEEN_GEOS = 0.5
"""Prior scale of the sd of coefficients between geos, relative to that of the coefficients."""


def terms(spec: ModelSpec, dates: pd.DatetimeIndex, control: Floats) -> tuple[Term, ...]:
    """All terms of the baseline for the given dates and controls ``control[t, g, k]`` (in their own units)."""
    base = spec.baseline
    ones = np.ones((len(dates), 1))
    out = [
        Term("intercept", "geo", spec.geos, ones, np.array(base.intercept_mean), np.array(base.intercept_sd)),
    ]
    if base.trend_sd is not None:
        years = ((dates - pd.Timestamp(base.trend_origin)).days.to_numpy(float) / _YEAR)[:, None]
        out.append(Term("trend", "trend_term", ("per_year",), years, np.zeros(1), np.full(1, base.trend_sd)))
    if base.seasonality_order:
        design, labels = fourier(dates, base.seasonality_order)
        sd = np.full(len(labels), base.seasonality_sd)
        out.append(Term("seasonality", "fourier", labels, design, np.zeros(len(labels)), sd))
    if base.drift is not None:
        design = drift_design(dates, base.drift)
        labels = tuple(str(base.drift.first + i) for i in range(design.shape[1]))
        p = len(labels)
        out.append(Term("drift", "knot", labels, design, np.zeros(p), np.ones(p), Scale("drift_sd", base.drift.scale)))
    out += control_terms(base.each_control, spec.controls, control, base.shrinkage)
    here = Moment(dates, control, spec.geos, spec.controls, base.outcome_sd)
    if base.calendar is not None:
        out += calendar_terms(base.calendar, here)
    out += [TERMS[name](here) for name in base.further]
    out = [_pooled(term) if term.name in base.by_geo else term for term in out]
    if len(spec.geos) > 1:
        out += [term.deviations(spec.geos) for term in out if term.by_geo is not None]
    for i, term in enumerate(out):
        if any(term.name == other.name or term.dim == other.dim for other in out[:i]):
            raise SettingsError(f"The term '{term.name}' has a name or dim that another term of the baseline has.")
    return tuple(out)


def _pooled(term: Term) -> Term:
    """The term with coefficients that differ between geos, by about half of what they are expected to be."""
    size = float(term.sd.mean()) if term.scale is None else term.scale.prior
    return replace(term, by_geo=Scale(f"{term.name}_geo_sd", _BETWEEN_GEOS * size))


def fourier(dates: pd.DatetimeIndex, order: int) -> tuple[Floats, tuple[str, ...]]:
    """Yearly sine and cosine pairs, [t, 2 * order], with the phase of the absolute date."""
    phase = 2 * np.pi * (dates - splines.EPOCH).days.to_numpy(float) / _YEAR
    columns, labels = [], []
    for k in range(1, order + 1):
        columns += [np.sin(k * phase), np.cos(k * phase)]
        labels += [f"sin{k}", f"cos{k}"]
    return np.stack(columns, axis=1), tuple(labels)


def drift_design(dates: pd.DatetimeIndex, drift: DriftSpec) -> Floats:
    """Spline basis times the Cholesky factor of the coefficients' Matern-3/2 correlation, [t, knots].

    Columns start at the pinned first knot. A Cholesky factor's leading block does not change when rows are added, so
    that later dates add columns and leave old rows as they were.
    """
    position = splines.positions(dates, drift.spacing_days)
    knots = splines.knots(drift.first, position.max())
    basis = splines.cubic(position[:, None] - knots[None, :])
    distance = np.sqrt(3.0) * np.abs(knots[:, None] - knots[None, :]) * drift.spacing_days / drift.length_days
    correlation = (1 + distance) * np.exp(-distance) + 1e-9 * np.eye(len(knots))
    return np.asarray(basis @ np.linalg.cholesky(correlation))
