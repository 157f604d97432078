"""The only constructor of a model: ``build(spec, dataset, evidence) -> pm.Model``, the plain PyMC form.

Parameterisation. A channel's ROAS (or share) over the observed panel is itself a sampled variable, so its prior is
exact by construction and the sampler moves in what the data identify: the effect at the spend that was observed. The
scale of the channel's curve follows from it. Effects of geos are zero-sum deviations around their common level.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from mmm.data.dataset import Dataset
from mmm.model import transforms
from mmm.model.baseline import Term, terms
from mmm.model.evidence import NO_EVIDENCE, Contrast, Evidence, contrasts
from mmm.model.panel import Panel, panel
from mmm.model.spec import ModelSpec


def build(spec: ModelSpec, dataset: Dataset, evidence: Evidence = NO_EVIDENCE) -> pm.Model:
    """The model of ``spec`` on ``dataset`` and ``evidence``; variables and dims are listed in docs/model.md.

    ``log_beta[geo, channel]`` is the log of a channel's contribution per period at full saturation, in outcome units.
    """
    data = panel(spec, dataset)
    baseline = terms(spec, data.dates, data.control)
    coords: dict[str, object] = {
        "date": data.dates.to_numpy(),
        "geo": list(spec.geos),
        "channel": list(spec.channel_names),
    } | {t.dim: list(t.labels) for t in baseline}
    with pm.Model(coords=coords) as model:
        scaled_media, shape, log_beta = _media(spec, data)
        if evidence.experiments:
            model.add_coord("experiment", [e.name for e in evidence.experiments])
            _experiments(spec, contrasts(evidence, dataset, spec.lookback), shape, log_beta)
        mean = scaled_media + _baseline(spec, baseline)
        sigma = pm.HalfNormal("sigma", spec.noise_scale)
        mu, observed = mean, data.outcome
        if not data.observed.all():
            t, g = np.nonzero(data.observed)
            mu, observed = mean[_data("observed_date", t), _data("observed_geo", g)], data.outcome[t, g]
        observed = pm.Data("observed_outcome", observed)
        if spec.likelihood == "student_t":
            nu = pm.Gamma("nu", alpha=2.0, beta=0.1)
            pm.StudentT("outcome", nu=nu, mu=mu, sigma=sigma, observed=observed)
        else:
            pm.Normal("outcome", mu, sigma, observed=observed)
    return model


def _data(name: str, array: np.ndarray) -> TensorVariable:
    """An array as a named shared input: constants of this size would be compiled into the code, which is slow."""
    return pytensor.shared(np.ascontiguousarray(array), name=name, shape=array.shape)


@dataclass(frozen=True)
class _Shape:
    """Adstock weights [lag, channel], half-saturation [channel], and Hill slope where it is free [sloped channel]."""

    weights: TensorVariable
    half: TensorVariable
    slope: TensorVariable | None


def _media(spec: ModelSpec, data: Panel) -> tuple[TensorVariable, _Shape, TensorVariable]:
    """Contribution of all channels [window, geo], and what is behind it: shapes and log scales [geo, channel].

    All in scaled outcome units.
    """
    scale = np.array(spec.media_scale)
    every = range(len(spec.channels))
    shape = _Shape(_carryover(spec), *_curve(spec))
    response = _response(spec, "media", data.media / scale, shape, every)
    in_window = response
    if data.has_history:
        in_window = response - _response(spec, "media_history", data.history / scale, shape, every)
    # Effect of the window's spend at unit scale, by geo and channel, in the prior's units.
    unit = (in_window * _data("effect_weights", (data.weights * np.array(spec.outcome_scale))[:, :, None])).sum(axis=0)
    deviation = _deviations(spec)
    total = pt.sum(pt.exp(deviation) * unit, axis=0)
    effect = pm.LogNormal(
        spec.effect_kind,
        mu=np.array([c.effect.mu for c in spec.channels]),
        sigma=np.array([c.effect.sigma for c in spec.channels]),
        dims="channel",
    )
    level = pt.log(effect) + np.log([c.denominator for c in spec.channels]) - pt.log(total)
    log_beta = level[None, :] + deviation
    pm.Deterministic("log_beta", log_beta + np.log(spec.outcome_scale)[:, None], dims=("geo", "channel"))
    return pt.sum(response[data.rows] * pt.exp(log_beta)[None, :, :], axis=2), shape, log_beta


def _experiments(spec: ModelSpec, tests: tuple[Contrast, ...], shape: _Shape, log_beta: TensorVariable) -> None:
    """The likelihood of the experiments: what each measured, around the model's effect of the same money."""
    effects = []
    for i, test in enumerate(tests):
        scale = np.array(spec.media_scale)[test.geos, test.channel]
        high, low = (
            _response(spec, f"experiment_{i}_{name}", (course / scale)[:, :, None], shape, [test.channel])[:, :, 0]
            for name, course in (("high", test.high), ("low", test.low))
        )
        weights = _data(f"experiment_{i}_weights", test.weights * np.array(spec.outcome_scale)[test.geos])
        effects.append(pt.sum(pt.exp(log_beta[test.geos, test.channel]) * pt.sum(weights * (high - low), axis=0)))
    measured, error = np.array([t.measured for t in tests]), np.array([t.error for t in tests])
    mu, df = pt.stack(effects), tests[0].df
    if df is None:
        pm.Normal("experiment_result", mu, error, observed=measured, dims="experiment")
    else:
        pm.StudentT("experiment_result", nu=df, mu=mu, sigma=error, observed=measured, dims="experiment")


def _carryover(spec: ModelSpec) -> TensorVariable:
    """Adstock weights [lag, channel]."""
    alpha = pm.Beta(
        "adstock_alpha",
        alpha=np.array([c.alpha.alpha for c in spec.channels]),
        beta=np.array([c.alpha.beta for c in spec.channels]),
        dims="channel",
    )
    weights = transforms.geometric_weights(alpha, spec.lookback)
    delayed = np.array([i for i, c in enumerate(spec.channels) if c.adstock == "delayed"], dtype=int)
    if delayed.size:
        pm.modelcontext(None).add_coord("delayed_channel", [spec.channels[i].name for i in delayed])
        delay = pm.LogNormal(
            "adstock_delay",
            mu=np.array([spec.channels[i].delay.mu for i in delayed]),
            sigma=np.array([spec.channels[i].delay.sigma for i in delayed]),
            dims="delayed_channel",
        )
        own = transforms.delayed_weights(alpha[delayed], delay, spec.lookback)
        weights = pt.set_subtensor(weights[:, delayed], own)
    normalise = np.array([c.normalise for c in spec.channels])
    return weights / pt.switch(normalise, weights.sum(axis=0), 1.0)


def _curve(spec: ModelSpec) -> tuple[TensorVariable, TensorVariable | None]:
    """Half-saturation by channel, and the Hill slope of the channels where it is free."""
    half = pm.LogNormal(
        "half_saturation",
        mu=np.array([c.half.mu for c in spec.channels]),
        sigma=np.array([c.half.sigma for c in spec.channels]),
        dims="channel",
    )
    sloped = [c for c in spec.channels if c.slope is not None]
    if not sloped:
        return half, None
    pm.modelcontext(None).add_coord("sloped_channel", [c.name for c in sloped])
    slope = pm.LogNormal(
        "hill_slope",
        mu=np.array([c.slope.mu for c in sloped if c.slope is not None]),
        sigma=np.array([c.slope.sigma for c in sloped if c.slope is not None]),
        dims="sloped_channel",
    )
    return half, slope


def _response(spec: ModelSpec, name: str, media: np.ndarray, shape: _Shape, chosen: Sequence[int]) -> TensorVariable:
    """Saturation of the adstocked media of the ``chosen`` channels, [t, geo, chosen], in [0, 1)."""
    every = [c.slope is not None for c in spec.channels]
    half, slope = shape.half[list(chosen)], shape.slope
    periods, geos, channels = media.shape
    lags = transforms.lagged(media, spec.lookback).transpose(3, 1, 2, 0).reshape(channels, periods * geos, -1)
    adstock = pt.matmul(_data(name, lags), shape.weights[:, list(chosen)].T[:, :, None])[:, :, 0].T
    sloped = [k for k, i in enumerate(chosen) if every[i]]
    logistic = [k for k, i in enumerate(chosen) if spec.channels[i].saturation == "logistic"]
    plain = [k for k in range(channels) if k not in sloped and k not in logistic]
    parts: list[TensorVariable] = []
    if plain:
        parts.append(transforms.hill(adstock[:, plain], half[plain], None))
    if sloped and slope is not None:
        own = [sum(every[: chosen[k]]) for k in sloped]
        parts.append(transforms.hill(adstock[:, sloped], half[sloped], slope[own]))
    if logistic:
        parts.append(transforms.logistic(adstock[:, logistic], half[logistic]))
    order = np.argsort(plain + sloped + logistic)
    joined = parts[0] if len(parts) == 1 else pt.concatenate(parts, axis=1)[:, order]
    return joined.reshape((periods, geos, channels))


def _deviations(spec: ModelSpec) -> TensorVariable:
    """Deviation of the log effect by geo around the channel's common level, [geo, channel], zero-sum over geos."""
    if len(spec.geos) == 1:
        return pt.zeros((1, len(spec.channels)))
    geo_sd = pm.HalfNormal("geo_sd", spec.geo_sd_scale, dims="channel")
    deviation = pm.ZeroSumNormal("geo_deviation", 1.0, n_zerosum_axes=1, dims=("channel", "geo"))
    return (geo_sd[:, None] * deviation).T


def _baseline(spec: ModelSpec, baseline: tuple[Term, ...]) -> TensorVariable:
    """Sum of the linear terms, [window, geo]."""
    total = pt.zeros(())
    for term in baseline:
        sd: object = term.sd
        if term.scaled is not None and spec.baseline.drift is not None:
            size = pm.HalfNormal(term.scaled, spec.baseline.drift.scale)
            raw = pm.Normal(f"{term.name}_raw", 0.0, 1.0, dims=term.dim)
            coefficients = pm.Deterministic(term.name, size * raw, dims=term.dim)
        else:
            coefficients = pm.Normal(term.name, term.mean, sd, dims=term.dim)
        if term.dim == "geo":
            total = total + coefficients[None, :]
        elif term.design.ndim == 2:
            total = total + pt.dot(_data(f"{term.name}_design", term.design), coefficients)[:, None]
        else:
            total = total + pt.dot(_data(f"{term.name}_design", term.design), coefficients)
    return total
