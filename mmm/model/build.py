"""The only constructor of a model: ``build(spec, dataset, evidence) -> pm.Model``, the plain PyMC form.

Its free variables are those that a fit stores, with the same names and dims, so that what PyMC makes of the two is of
the posterior: PyMC draws a variable that is missing from the posterior from its prior, without a warning.

Parameterisation. A channel's ROAS (or share) over the observed panel is itself a sampled variable, so its prior is
exact by construction and the sampler moves in what the data identify: the effect at the spend that was observed. The
scale of the channel's curve follows from it. Effects of geos are zero-sum deviations around their common level.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform
from pytensor.tensor.variable import TensorVariable

from mmm.data.dataset import Dataset
from mmm.model import media_graph, media_op
from mmm.model.baseline import terms
from mmm.model.evidence import NO_EVIDENCE, Contrast, Evidence, contrasts
from mmm.model.media_graph import MediaParameters
from mmm.model.media_graph import data as shared
from mmm.model.nesting import couplings
from mmm.model.panel import Panel, panel
from mmm.model.parameters import Variable, variables
from mmm.model.priors import numbers, transform
from mmm.model.spec import ModelSpec
from mmm.model.terms import Term, scales
from mmm.model.varying import SD, STEPS


def build(spec: ModelSpec, dataset: Dataset, evidence: Evidence = NO_EVIDENCE, *, fused: bool = True) -> pm.Model:
    """The model of ``spec`` on ``dataset`` and ``evidence``; variables and dims are listed in docs/model.md.

    ``log_beta[geo, channel]`` is the log of the size of a channel's contribution per period at full saturation, in
    outcome units.
    ``outcome`` is in scaled units, the outcome over ``spec.outcome_scale`` of its geo; its dims are date and geo, or
    cell (named by date and geo) where some cells of the panel were not observed.
    ``fused`` puts the media response in as one compiled operation (:mod:`mmm.model.media_op`); without it the model is
    a graph that can be read throughout, differentiated twice and compiled by any backend, and is slower.
    """
    data = panel(spec, dataset)
    baseline = terms(spec, data.dates, data.control)
    coords: dict[str, object] = {
        "date": data.dates.to_numpy(),
        "geo": list(spec.geos),
        "channel": list(spec.channel_names),
    } | {t.dim: list(t.labels) for t in baseline}
    with pm.Model(coords=coords) as model:
        parameters = _parameters(spec)
        response = media_op.media_response if fused else media_graph.media_response
        scaled_media, log_beta = response(spec, data, parameters)
        pm.Deterministic("log_beta", log_beta + np.log(spec.outcome_scale)[:, None], dims=("geo", "channel"))
        if evidence.experiments:
            model.add_coord("experiment", [e.name for e in evidence.experiments])
            _experiments(spec, data, contrasts(evidence, dataset, spec.lookback), parameters, log_beta)
        mean = _as_observed(scaled_media + _baseline(baseline), data)
        sigma = pm.HalfNormal("sigma", spec.noise_scale)
        mu, observed, dims = mean, data.outcome, ["date", "geo"]
        if not data.observed.all():
            t, g = np.nonzero(data.observed)
            mu, observed, dims = mean[shared("observed_date", t), shared("observed_geo", g)], observed[t, g], ["cell"]
            days = data.dates.strftime("%Y-%m-%d")
            model.add_coord("cell", [f"{days[i]} {spec.geos[j]}" for i, j in np.argwhere(data.observed).tolist()])
        observed = pm.Data("observed_outcome", observed, dims=dims)
        spec.noise.graph({"mu": mu, "sigma": sigma, "observed": observed, "dims": dims})
    return model


def _as_observed(mean: TensorVariable, data: Panel) -> TensorVariable:
    """The mean [window, geo] as outcome rows see it: their mean over periods, at the period in which they end."""
    rows = data.rows_of
    if rows.shares is None:
        return mean
    weights = np.zeros((rows.shares.shape[1], rows.shares.shape[1]))
    weights[rows.places] = rows.shares / rows.spans[:, None]
    return pt.dot(shared("outcome_rows", weights), mean)


class Unscaled(Transform):
    """Samplers move in a centred normal variable over its standard deviation, whose prior is a standard normal.

    So the variable itself is free, and no second one from which it follows.
    """

    name = "raw"
    ndim_supp = 0

    def backward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        return value * inputs[-1]

    def forward(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        return value / inputs[-1]

    def log_jac_det(self, value: TensorVariable, *inputs: TensorVariable) -> TensorVariable:
        return pt.log(inputs[-1]) * pt.ones_like(value)


def _parameters(spec: ModelSpec) -> MediaParameters:
    """The variables of the media response, with their priors."""
    families = {variable.name: _family_variable(variable, spec) for variable in variables(spec)}
    deviation = _deviations(spec)
    effect = pm.LogNormal(
        spec.effect_kind,
        mu=np.array([c.effect.mu for c in spec.channels]),
        sigma=np.array([c.effect.sigma for c in spec.channels]),
        dims="channel",
    )
    known = {spec.effect_kind: effect, **families}
    for coupling in couplings(spec):
        away = pt.log(known[coupling.variable][coupling.entries]) - coupling.mean
        joint = coupling.constant - 0.5 * pt.dot(away, pt.dot(coupling.excess, away))
        pm.Potential(f"{coupling.variable}_of_parts", joint)
    return MediaParameters(effect, families, deviation, _steps(spec))


def _steps(spec: ModelSpec) -> TensorVariable | None:
    """The steps of effects that vary in time, [path, step]; None where none does."""
    if spec.varying is None:
        return None
    path, model = spec.varying.dim(spec.channel_names), pm.modelcontext(None)
    if path != "channel":
        model.add_coord(path, list(spec.varying.labels))
    model.add_coord(f"{STEPS}_step", [str(knot) for knot in spec.varying.own_knots])
    sd = pm.HalfNormal(SD, np.array(spec.varying.sd), dims=path)
    return pm.Normal(STEPS, 0.0, sd[:, None], dims=(path, f"{STEPS}_step"), default_transform=Unscaled())


def _experiments(
    spec: ModelSpec, data: Panel, tests: tuple[Contrast, ...], p: MediaParameters, log_beta: TensorVariable
) -> None:
    """The likelihood of the experiments: what each measured, around the model's effect of the same money."""
    effects = []
    for i, test in enumerate(tests):
        scale = np.array(spec.media_scale)[test.geos, test.channel]
        high, low = (
            media_graph.response(
                spec,
                f"experiment_{i}_{name}",
                (course / scale)[:, :, None],
                p,
                [test.channel],
                None if test.exposures is None else test.exposures[:, :, None],
            )[:, :, 0]
            for name, course in (("high", test.high), ("low", test.low))
        )
        weights = shared(f"experiment_{i}_weights", test.weights * np.array(spec.outcome_scale)[test.geos])
        beta = spec.signs[test.channel] * pt.exp(log_beta[test.geos, test.channel])
        difference = high - low
        growth = media_graph.multipliers(spec, p, test.first + np.arange(len(test.high)) - data.rows.start, data.dates)
        if growth is not None:
            difference = difference * growth[:, test.channel, None]
        effects.append(pt.sum(beta * pt.sum(weights * difference, axis=0)))
    measured, error = np.array([t.measured for t in tests]), np.array([t.error for t in tests])
    mu, df = pt.stack(effects), tests[0].df
    if df is None:
        pm.Normal("experiment_result", mu, error, observed=measured, dims="experiment")
    else:
        pm.StudentT("experiment_result", nu=df, mu=mu, sigma=error, observed=measured, dims="experiment")


def _family_variable(variable: Variable, spec: ModelSpec) -> TensorVariable:
    """A parameter of the families, over the channels that have it."""
    if variable.dim != "channel":
        pm.modelcontext(None).add_coord(variable.dim, [spec.channels[i].name for i in variable.owners])
    a, b = np.array([numbers(prior) for prior in variable.priors]).T
    if transform(variable.parameter.prior) == "logit":
        return pm.Beta(variable.name, alpha=a, beta=b, dims=variable.dim)
    return pm.LogNormal(variable.name, mu=a, sigma=b, dims=variable.dim)


def _deviations(spec: ModelSpec) -> TensorVariable:
    """Deviation of the log effect by geo around the channel's common level, [geo, channel], zero-sum over geos."""
    if len(spec.geos) == 1:
        return pt.zeros((1, len(spec.channels)))
    geo_sd = pm.HalfNormal("geo_sd", spec.geo_sd_scale, dims="channel")
    deviation = pm.ZeroSumNormal("geo_deviation", 1.0, n_zerosum_axes=1, dims=("channel", "geo"))
    return (geo_sd[:, None] * deviation).T


def _baseline(baseline: tuple[Term, ...]) -> TensorVariable:
    """Sum of the linear terms, [window, geo]."""
    total = pt.zeros(())
    sizes: dict[str, TensorVariable] = {}
    for scale in scales(baseline):
        kind = pm.HalfCauchy if scale.heavy else pm.HalfNormal
        own = kind(scale.name, scale.prior, dims=scale.dim or None)
        sizes[scale.name] = scale.sizes(own, None if scale.within is None else sizes[scale.within.name])
    for term in baseline:
        if term.scale is not None:
            size = sizes[term.scale.name]
            coefficients = pm.Normal(term.name, 0.0, size, dims=term.dim, default_transform=Unscaled())
        elif term.sign:
            ends = {"lower": 0.0} if term.sign > 0 else {"upper": 0.0}
            coefficients = pm.TruncatedNormal(term.name, 0.0, term.sd, dims=term.dim, **ends)
        else:
            coefficients = pm.Normal(term.name, term.mean, term.sd, dims=term.dim)
        if term.dim == "geo":
            total = total + coefficients[None, :]
        elif term.design.ndim == 2:
            total = total + pt.dot(shared(f"{term.name}_design", term.design), coefficients)[:, None]
        else:
            total = total + pt.dot(shared(f"{term.name}_design", term.design), coefficients)
    return total
