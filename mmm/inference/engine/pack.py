"""From a spec and a dataset to the one block of memory that the posterior's kernel reads."""

import numpy as np
import numpy.typing as npt
from scipy import special

from mmm.arrays import Floats
from mmm.inference.engine.coordinates import Coordinates
from mmm.inference.engine.layout import Layout, Linear, varies
from mmm.model.evidence import Contrast
from mmm.model.kernels import block as b
from mmm.model.kernels.likelihood import LOG_2PI
from mmm.model.media_arrays import media_arrays, media_sizes
from mmm.model.nesting import couplings
from mmm.model.panel import Panel
from mmm.model.parameters import families, variables
from mmm.model.priors import numbers, transform
from mmm.model.spec import ModelSpec
from mmm.model.terms import Scale, Term
from mmm.model.varying import prior_sds

_WHOLE = (
    "families", "place", "order", "bounds", "bent", "group", "nested", "scaled", "rest", "tests", "test_geos",
)  # fmt: skip


def pack(
    spec: ModelSpec,
    data: Panel,
    linear: Linear,
    layout: Layout,
    tests: tuple[Contrast, ...],
) -> Floats:
    """A block whose coordinates are the model's own (see :func:`with_coordinates`)."""
    arrays = (
        (media_arrays(spec, data) | _linear(spec, data, linear) | _priors(spec, layout, linear))
        | _tests(spec, tests, data.rows.start)
        | _rows(data)
        | _coupled(spec, layout)
    )
    size = media_sizes(spec, data)
    size[b.SCALES] = len(spec.channels) + sum(len(v.owners) for v in variables(spec))
    size[b.SCALES] += size[b.PATHS] * (1 + size[b.STEPS])
    arrays["constant"] = np.array([_constant(spec, arrays, integrated=linear.integrated)])
    size[b.DIM] = layout.dim
    size[b.SHARED], size[b.VARYING] = len(arrays["shared"]), len(arrays["varying"])
    size[b.LONE], size[b.LONE_TURNED] = len(arrays["lone_square"]), linear.turned
    size[b.NOISE] = b.INTEGRATED if linear.integrated else spec.noise.number
    size[b.SIGNED] = len(arrays["signed_scale"])
    size[b.GROUPS], size[b.SCALED] = len(arrays["nested"]), len(arrays["scaled"])
    size[b.OBSERVED] = int(data.observed.sum())
    size[b.TESTS], size[b.TEST_GEOS] = len(tests), len(arrays["test_geos"])
    size[b.TEST_MEDIA] = len(arrays["test_media"])
    size[b.COARSE], size[b.COUPLED] = len(arrays["outcome_rows"]), len(arrays["coupled"])
    return _write(size, arrays, Coordinates.identity(layout.dim, len(spec.channels)))


def with_coordinates(block: Floats, coordinates: Coordinates) -> Floats:
    """A copy of ``block`` that is sampled in other coordinates."""
    size = block.view(np.int64)[: b.HEADER].copy()
    return _write(size, read(block), coordinates)


def read(block: Floats) -> dict[str, npt.NDArray[np.generic]]:
    """The block's arrays by name, as views."""
    whole = block.view(np.int64)
    out: dict[str, npt.NDArray[np.generic]] = {}
    at = b.HEADER
    for name, shape in b.shapes(whole[: b.HEADER]).items():
        n = int(np.prod(shape))
        memory = whole if name in _WHOLE else block
        out[name] = memory[at : at + n].reshape(shape)
        at += n
    return out


def _write(size: npt.NDArray[np.int64], arrays: dict[str, npt.NDArray[np.generic]], coordinates: Coordinates) -> Floats:
    factors = coordinates.factors
    size[b.BLOCKS] = len(factors)
    size[b.BENT], size[b.CONDITIONAL] = len(coordinates.bent), len(coordinates.known) > 0
    size[b.WHITENING] = sum(f.size for _, f in factors)
    arrays = arrays | {
        "order": np.concatenate([e for e, _ in factors]),
        "bounds": np.cumsum([0, *(len(e) for e, _ in factors)]),
        "bent": coordinates.bent,
        "bent_scale": coordinates.bent_scale,
        "centring": coordinates.centring,
        "given": coordinates.given,
        "onto": coordinates.onto,
        "known": coordinates.known,
        "centre": coordinates.centre,
        "factors": np.concatenate([f.ravel() for _, f in factors]),
    }
    shapes = b.shapes(size)
    size[b.LENGTH] = b.HEADER + sum(int(np.prod(s)) for s in shapes.values())
    out = np.zeros(size[b.LENGTH])
    out.view(np.int64)[: b.HEADER] = size
    for name, target in read(out).items():
        if arrays[name].shape != shapes[name]:
            raise ValueError(f"The block's array {name} has shape {arrays[name].shape}; its sizes say {shapes[name]}.")
        target[...] = arrays[name]
    return out


def _linear(spec: ModelSpec, data: Panel, linear: Linear) -> dict[str, npt.NDArray[np.generic]]:
    geos, window = len(spec.geos), len(data.dates)
    seen = data.observed.astype(float)
    outcome = np.where(data.observed, data.outcome, 0.0)
    for term in linear.terms:
        outcome = outcome - seen * term.values(term.mean)
    dense = linear.dense
    shared = [linear.design(t).reshape(window, -1) for t in dense if not varies(t, geos)]
    varying = [t.design * seen[:, :, None] for t in dense if varies(t, geos)]
    z = np.concatenate([np.zeros((window, 0)), *shared], axis=1)
    v = np.concatenate([np.zeros((window, geos, 0)), *varying], axis=2)
    cross = np.einsum("tp,tgk->pk", z, v)
    gram = np.block([[z.T @ (seen.sum(axis=1)[:, None] * z), cross], [cross.T, np.einsum("tgj,tgk->jk", v, v)]])
    precision = np.concatenate([np.zeros(0), *(1.0 / t.sd**2 for t in dense)])
    if linear.turned:
        columns = (seen * linear.directions()).T
        lone = {
            "lone": columns,
            "lone_square": (columns**2).sum(axis=1),
            "lone_cross": columns @ z,
            "lone_outer": np.stack([np.outer(c, c)[np.triu_indices(len(gram))] for c in columns @ z]),
            # Of the drift's coefficients the prior is one of scale one; others are turned in units of theirs.
            "lone_precision": np.ones(len(columns)),
        }
    else:
        intercept = next(t for t in linear.terms if t.dim == "geo")
        by_geo = geos if geos > 1 else 0
        lone = {
            "lone": np.zeros((0, window)),
            "lone_square": seen.sum(axis=0)[:by_geo],
            "lone_cross": np.concatenate([seen.T @ z, v.sum(axis=0)], axis=1)[:by_geo],
            "lone_outer": np.zeros((0, (len(gram) * (len(gram) + 1)) // 2)),
            "lone_precision": (1.0 / intercept.sd**2)[:by_geo],
        }
    return {
        "outcome": outcome.ravel(),
        "observed": seen.ravel(),
        "shared": z.T,
        "varying": v.transpose(2, 0, 1).reshape(v.shape[2], window * geos),
        "gram": gram,
        "signed": np.concatenate([np.zeros((0, window * geos)), *(_signed(t, window, geos) for t in linear.signed)]),
        "signed_scale": np.concatenate([np.zeros(0), *(t.sd for t in linear.signed)]),
        "precision": precision,
        "group": linear.groups,
        "scaled": np.flatnonzero(linear.groups >= 0),
        "rest": np.flatnonzero(linear.groups < 0),
        **lone,
    }


def _coupled(spec: ModelSpec, layout: Layout) -> dict[str, npt.NDArray[np.generic]]:
    """Entries whose priors depend on each other (:mod:`mmm.model.nesting`), in one table."""
    found = list(couplings(spec))
    count = sum(len(coupling.entries) for coupling in found)
    out, at = np.zeros((count, 2 + count)), 0
    for coupling in found:
        rows = slice(at, at + len(coupling.entries))
        out[rows, 0], out[rows, 1] = layout[coupling.variable].start + coupling.entries, coupling.mean
        out[rows, 2 + rows.start : 2 + rows.stop] = coupling.excess
        at = rows.stop
    return {"coupled": out}


def _rows(data: Panel) -> dict[str, npt.NDArray[np.generic]]:
    """Where outcome rows that cover several periods begin and end, and the weights of their means; none otherwise."""
    shares = data.rows_of.shares
    if shares is None:
        return {"outcome_rows": np.zeros((0, b.ROW_COLUMNS))}
    ends = np.array([np.flatnonzero(row)[[0, -1]] for row in shares], dtype=np.intp).reshape(-1, 2)
    first, last = (shares[np.arange(len(shares)), ends[:, i]] for i in range(2))
    weights = np.stack([first, np.ones_like(first), last], axis=1) / data.rows_of.spans[:, None]
    return {"outcome_rows": np.concatenate([ends, weights], axis=1)}


def _signed(term: Term, window: int, geos: int) -> Floats:
    """The term's columns with its sign, [p, W * G]."""
    wide = term.design if term.design.ndim == 3 else np.repeat(term.design[:, None, :], geos, axis=1)
    return np.asarray(term.sign * wide.transpose(2, 0, 1).reshape(len(term.labels), window * geos))


def _constant(spec: ModelSpec, arrays: dict[str, npt.NDArray[np.generic]], *, integrated: bool) -> float:
    """The part of the log prior density that depends on no parameter, as :mod:`mmm.model.kernels.posterior` counts."""
    channels, geos = len(spec.channels), len(spec.geos)
    scales = arrays["scales"]
    stated = [numbers(p) for v in variables(spec) for p in v.priors if transform(p) == "logit"]
    sds = np.array(
        [c.effect.sigma for c in spec.channels]
        + [numbers(p)[1] for v in variables(spec) for p in v.priors if transform(p) == "log"]
    )
    half_normal = [scales[0]] * (channels if geos > 1 else 0) + [
        *prior_sds(spec.varying),
        *scales[1 : 2 + len(arrays["nested"])],
        *arrays["signed_scale"],
    ]
    precisions = np.concatenate([arrays["precision"], arrays["lone_precision"]])
    standard = len(sds) + len(half_normal) + channels * (geos - 1) + (0 if integrated else len(precisions))
    standard += len(prior_sds(spec.varying)) * len(arrays["steps"])
    out = -np.log(sds).sum() - sum(special.betaln(first, second) for first, second in stated)
    heavy = int(arrays["nested"][:, 1].sum())
    # A half-Cauchy has log(2 / pi / scale) where a half-normal has log(2 / scale) - log(2 pi) / 2.
    out += heavy * (0.5 * LOG_2PI - np.log(np.pi))
    out += np.log(2.0 / np.array(half_normal)).sum() + 0.5 * np.log(precisions).sum() - 0.5 * standard * LOG_2PI
    return float(out + spec.noise.constant + sum(coupling.constant for coupling in couplings(spec)))


def _priors(spec: ModelSpec, layout: Layout, linear: Linear) -> dict[str, npt.NDArray[np.generic]]:
    most = max(sum(len(f.parameters) for f in families(c)) for c in spec.channels)
    place, priors = np.full((len(spec.channels), most), -1), np.zeros((len(spec.channels), most, b.PRIOR_COLUMNS))
    for variable in variables(spec):
        entries = zip(variable.owners, variable.places, variable.priors, strict=True)
        for i, (owner, at, prior) in enumerate(entries, layout[variable.name].start):
            place[owner, at] = i
            priors[owner, at] = b.BETA if transform(prior) == "logit" else b.LOG_NORMAL, *numbers(prior)
    every = [scale for scale in linear.scales for _ in range(scale.count)]
    names = [scale.name for scale in every]

    def around(scale: Scale) -> int:
        return -1 if scale.within is None else names.index(scale.within.name)

    own = [s.prior for s in every], [s.slab for s in every], prior_sds(spec.varying)
    return {
        "place": place,
        "effects": np.array([numbers(c.effect) for c in spec.channels]),
        "priors": priors,
        "scales": np.concatenate([[spec.geo_sd_scale, spec.noise_scale], *own]),
        "nested": np.array([(around(s), int(s.heavy)) for s in every], dtype=np.int64).reshape(-1, 2),
    }


def _tests(spec: ModelSpec, tests: tuple[Contrast, ...], first: int) -> dict[str, npt.NDArray[np.generic]]:
    """The experiments; ``first`` is the panel's row in which the window begins."""
    scale, outcome = np.array(spec.media_scale), np.array(spec.outcome_scale)
    rows, geos, media = [], [np.zeros(0, dtype=np.intp)], [np.zeros(0)]
    for contrast in tests:
        at = sum(len(g) for g in geos), sum(len(m) for m in media)
        size = [contrast.before, len(contrast.weights), len(contrast.geos)]
        rows.append([contrast.channel, *size, *at, contrast.first - first])
        geos.append(contrast.geos)
        own = scale[contrast.geos, contrast.channel]
        media += [(contrast.high / own).ravel(), (contrast.low / own).ravel()]
        media.append((contrast.weights * outcome[contrast.geos]).ravel())
        media.append((np.ones_like(contrast.high) if contrast.exposures is None else contrast.exposures).ravel())
    return {
        "tests": np.array(rows, dtype=np.int64).reshape(-1, b.TEST_COLUMNS),
        "test_geos": np.concatenate(geos),
        "test_media": np.concatenate(media),
        "measured": np.array([[t.measured, t.error, t.df or 0.0] for t in tests], dtype=np.float64).reshape(-1, 3),
    }
