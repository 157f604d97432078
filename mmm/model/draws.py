"""From stored posterior variables to draws of the response and of the outcome.

This module and :mod:`mmm.model.build` are the two places that know the names of posterior variables.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from mmm.arrays import Floats
from mmm.data.dataset import Dataset
from mmm.model import response
from mmm.model.baseline import terms
from mmm.model.families import Parameter
from mmm.model.kinds import adstock_kind, saturation_kind
from mmm.model.parameters import families, variables
from mmm.model.reach import Reach
from mmm.model.response import ResponseDraws
from mmm.model.spec import ModelSpec
from mmm.model.walks import walks_of


def stacked(posterior: xr.Dataset, max_draws: int | None = None) -> xr.Dataset:
    """Chains joined to one dim ``sample``, thinned evenly to at most ``max_draws``."""
    flat = posterior.stack(sample=("chain", "draw"), create_index=False).transpose("sample", ...)
    if max_draws is None or flat.sizes["sample"] <= max_draws:
        return flat
    keep = np.linspace(0, flat.sizes["sample"] - 1, max_draws).round().astype(int)
    return flat.isel(sample=keep)


def with_deviations(spec: ModelSpec, posterior: xr.Dataset) -> xr.Dataset:
    """``posterior`` with ``geo_deviation[channel, geo]``, which fits of earlier versions were stored without.

    log_beta is the channel's level plus geo_sd times the deviation, in the geo's size; deviations add up to zero.
    """
    if "geo_sd" not in posterior or "geo_deviation" in posterior:
        return posterior
    by_geo = posterior["log_beta"] - xr.DataArray(np.log(spec.outcome_scale), dims="geo")
    deviation = (by_geo - by_geo.mean("geo")) / posterior["geo_sd"]
    return posterior.assign(geo_deviation=deviation.transpose("chain", "draw", "channel", "geo"))


def response_draws(spec: ModelSpec, samples: xr.Dataset) -> ResponseDraws:
    """The media response of stacked posterior samples."""
    n, c = samples.sizes["sample"], len(spec.channels)
    carried = [len(families(channel)[0].parameters) for channel in spec.channels]
    curved = [len(families(channel)[1].parameters) for channel in spec.channels]
    adstock, saturation = np.ones((n, c, max(carried))), np.ones((n, c, max(curved)))
    for variable in variables(spec):
        values = samples[variable.name].values
        for entry, (i, place) in enumerate(zip(variable.owners, variable.places, strict=True)):
            target, at = (adstock, place) if place < carried[i] else (saturation, place - carried[i])
            target[:, i, at] = values[:, entry]
    adstocks = [
        adstock_kind(ch.adstock.family, normalised=ch.normalise, saturation_first=ch.saturation_first)
        for ch in spec.channels
    ]
    saturations = [saturation_kind("none" if ch.by_frequency else ch.saturation.family) for ch in spec.channels]
    # A copy: what is stated at the usual frequency must not change the samples.
    log_beta = np.array(samples["log_beta"].transpose("sample", "geo", "channel").values, dtype=float, order="C")
    reach = _reach(spec, saturation)
    if reach is not None:
        for k, place in enumerate(reach.places):
            log_beta[:, :, place] += np.log(np.maximum(reach.at(k, reach.usual[:, k]), 1e-300))
    return ResponseDraws(
        channels=spec.channel_names,
        geos=spec.geos,
        adstock_kind=np.tile(np.array(adstocks), (n, 1)),
        adstock_par=adstock,
        saturation_kind=np.tile(np.array(saturations), (n, 1)),
        saturation_par=saturation,
        log_beta=log_beta,
        media_scale=np.array(spec.media_scale),
        lookback=spec.lookback,
        sign=spec.signs if (spec.signs < 0).any() else None,
        own_lookback=spec.lookbacks,
        reach=reach,
        walks=walks_of(spec, samples),
    )


def family_draws(spec: ModelSpec, samples: xr.Dataset) -> Iterator[tuple[str, Parameter, Floats]]:
    """(channel, parameter, draws [n]) of every parameter of the channels' families, on its natural scale."""
    for variable in variables(spec):
        values = samples[variable.name].values
        for entry, (i, place) in enumerate(zip(variable.owners, variable.places, strict=True)):
            own = [p for family in families(spec.channels[i]) for p in family.parameters]
            yield spec.channels[i].name, own[place], values[:, entry]


def _reach(spec: ModelSpec, saturation: Floats) -> Reach | None:
    """The curves of frequency, whose parameters stand among those of saturation; None where there are none."""
    places = [i for i, c in enumerate(spec.channels) if c.by_frequency]
    if not places:
        return None
    kinds = np.array([saturation_kind(spec.channels[i].saturation.family) for i in places])
    usual = np.array([spec.channels[i].usual_frequency for i in places], dtype=np.float64).T
    return Reach(tuple(places), kinds, saturation[:, places], usual)


def baseline_draws(
    spec: ModelSpec, samples: xr.Dataset, dates: pd.DatetimeIndex, control: Floats, seed: int
) -> dict[str, Floats]:
    """Each term of the baseline in outcome units, {name: [n, t, g]}; controls by their own name as ``control:NAME``.

    ``control[t, g, k]`` is in the data's units. Dates after the fit extend terms with a sampled scale (the drift) by
    draws from its prior given what was learned, which ``seed`` fixes.
    """
    scale = np.array(spec.outcome_scale)
    rng = np.random.default_rng(seed)
    n = samples.sizes["sample"]
    out: dict[str, Floats] = {}
    for term in terms(spec, dates, control):
        known = samples[term.name].transpose("sample", term.dim).values
        if term.told is not None:
            design = term.design if term.design.ndim == 3 else term.design[:, None, :]
            for k, name in enumerate(term.parts):
                alone = known[:, k, None, None] * design[None, :, :, k]
                values = np.broadcast_to(alone, (n, len(dates), len(spec.geos))) * scale
                out[name] = out[name] + values if name in out else values
            continue
        wanted = len(term.labels)
        if term.scale is not None and known.shape[1] < wanted:
            # Coefficients of later knots are independent of the earlier ones by construction of the design.
            size = samples[term.scale.name].values[:, None]
            known = np.concatenate([known, size * rng.standard_normal((n, wanted - known.shape[1]))], axis=1)
        values = term.values(known[:, :wanted])
        whole, name = np.broadcast_to(values, (n, len(dates), len(spec.geos))) * scale, term.within or term.name
        out[name] = out[name] + whole if name in out else whole
    return out


def expected_by_period(spec: ModelSpec, samples: xr.Dataset, dataset: Dataset, periods: slice, seed: int) -> Floats:
    """Draws of the expected outcome [n, t, g] of the dataset's ``periods``, with its media and controls as they are."""
    draws = response_draws(spec, samples)
    # What ran before the look-back of the first period reaches none of them.
    start = max(0, periods.start - draws.lookback)
    media = dataset.data["media"].values[start : periods.stop]
    often = None if dataset.exposures is None else dataset.exposures[start : periods.stop]
    control = dataset.data["control"].values[periods]
    total = sum(baseline_draws(spec, samples, dataset.dates[periods], control, seed).values())
    mean = np.array(total)
    for where, block in draws.blocks(media.size):
        course = block.course(dataset.dates[start : periods.stop])
        mean[where] += response.contributions(block, media, often, course)[:, periods.start - start :].sum(axis=3)
    return mean


def expected_outcome(spec: ModelSpec, samples: xr.Dataset, dataset: Dataset, periods: slice, seed: int) -> Floats:
    """Draws of what is expected of the outcome rows that end in ``periods``, [n, r, g]: a row a period by default."""
    rows = dataset.rows(periods)
    return rows.totals(expected_by_period(spec, samples, dataset, rows.periods, seed), axis=1)


def predictive_outcome(
    spec: ModelSpec, samples: xr.Dataset, mean: Floats, seed: int, spans: Floats | None = None
) -> Floats:
    """Draws of the outcome itself, [n, t, g]: the expected outcome ``mean`` plus the model's noise.

    ``spans[t]`` are the numbers of periods that outcome rows cover: the noise is that of their mean. Without them the
    mean is of single periods, whose noise is taken as independent from one to the next.
    """
    rng = np.random.default_rng(seed + 1)
    factor = np.full(mean.shape[1], spec.outcome_span**0.5) if spans is None else spans
    sigma = samples["sigma"].values[:, None, None] * np.array(spec.outcome_scale) * factor[:, None]
    return np.asarray(mean + sigma * spec.noise.standard(samples, rng, mean.shape))


def log_density(spec: ModelSpec, samples: xr.Dataset, mean: Floats, outcome: Floats, spans: Floats) -> Floats:
    """Log density [n, r, g] of ``outcome[r, g]`` (in its own units) around the expected outcome ``mean[n, r, g]``.

    ``spans[r]`` are the numbers of periods that the outcome rows cover.
    """
    scale = np.array(spec.outcome_scale) * spans[:, None]
    sigma = samples["sigma"].values[:, None, None]
    z = (outcome - mean) / scale / sigma
    return np.asarray(spec.noise.log_density(samples, z) - np.log(sigma * scale))


@dataclass(frozen=True)
class Draws:
    """Posterior draws of one model or of a mixture: ``parts`` are (spec, stacked samples), one after the other.

    A draw belongs to one spec. Everything downstream asks here, or the :class:`ResponseDraws` that this gives, and
    never for a parameter by name. The parts follow one another, so that taking every k-th draw keeps their shares.
    """

    parts: tuple[tuple[ModelSpec, xr.Dataset], ...]

    @property
    def n(self) -> int:
        return sum(samples.sizes["sample"] for _, samples in self.parts)

    def response(self) -> ResponseDraws:
        """The media response of every draw."""
        return response.joined([response_draws(spec, samples) for spec, samples in self.parts])

    def baseline(self, dates: pd.DatetimeIndex, control: Floats, seed: int) -> dict[str, Floats]:
        """:func:`baseline_draws` over all parts; a term that a part does not have is zero in its draws."""
        found = [
            baseline_draws(spec, samples, dates, control, seed + i) for i, (spec, samples) in enumerate(self.parts)
        ]
        names = list(dict.fromkeys(name for part in found for name in part))
        shapes = [(samples.sizes["sample"], len(dates), len(spec.geos)) for spec, samples in self.parts]
        return {
            name: np.concatenate(
                [part[name] if name in part else np.zeros(s) for part, s in zip(found, shapes, strict=True)]
            )
            for name in names
        }

    def expected(self, dataset: Dataset, rows: slice, seed: int) -> Floats:
        """:func:`expected_outcome` over all parts."""
        return self._each(lambda i, spec, samples: expected_outcome(spec, samples, dataset, rows, seed + i))

    def predictive(self, mean: Floats, seed: int, spans: Floats | None = None) -> Floats:
        """:func:`predictive_outcome` of the expected outcome ``mean`` of these draws."""
        edges = np.cumsum([0, *(samples.sizes["sample"] for _, samples in self.parts)])
        return self._each(
            lambda i, spec, samples: predictive_outcome(spec, samples, mean[edges[i] : edges[i + 1]], seed + i, spans)
        )

    def _each(self, make: Callable[[int, ModelSpec, xr.Dataset], Floats]) -> Floats:
        return np.concatenate([make(i, spec, samples) for i, (spec, samples) in enumerate(self.parts)])
