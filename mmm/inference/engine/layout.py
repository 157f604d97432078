"""Where each parameter sits in the sampled vector, what it is called in the model, and how it is constrained."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mmm.arrays import Floats
from mmm.model.parameters import variables
from mmm.model.priors import transform
from mmm.model.spec import ModelSpec
from mmm.model.terms import Scale, Term, scales
from mmm.model.varying import SD, STEPS


@dataclass(frozen=True)
class Linear:
    """The baseline's terms, and what becomes of their coefficients: ``integrated`` out, or sampled.

    ``rotation`` [coefficient, direction] of integrated coefficients takes those of the ``lone`` terms to directions in
    which the products of their columns are diagonal, as their prior is. Of sampled ones it is that of the widest term
    with a sampled scale (the drift) alone, and the products are those of what the other columns leave of its own. None
    without such a term, and where its integrated columns are dense.
    """

    terms: tuple[Term, ...]
    geos: int
    integrated: bool
    rotation: Floats | None = None

    @property
    def dense(self) -> list[Term]:
        """Terms whose columns are dense, those that differ by geo last."""
        lone = self.lone
        return sorted((t for t in self.terms if t not in lone and not t.sign), key=lambda t: varies(t, self.geos))

    @property
    def lone(self) -> list[Term]:
        """Terms whose columns have no products with each other: by nature the intercepts of geos, others once turned.

        On national data these are all whose scales are fixed, or the widest whose scale is sampled: what has more
        columns is eliminated first, so that the Cholesky factor that is left is small.
        """
        if self.geos > 1:
            return [t for t in self.terms if t.dim == "geo"]
        if not self.turned or self.widest is None:
            return []
        return self._fixed if self.fixed_turned else [self.widest]

    @property
    def turned(self) -> bool:
        """Whether the columns of lone terms are those of directions, and not of geos."""
        return self.integrated and self.rotation is not None

    @property
    def fixed_turned(self) -> bool:
        """Whether terms of fixed scale are turned: where they have more columns than those of sampled scales."""
        scaled = [t for t in self.terms if t.scale is not None]
        return self.integrated and sum(len(t.labels) for t in self._fixed) > sum(len(t.labels) for t in scaled)

    @property
    def _fixed(self) -> list[Term]:
        return [t for t in self.terms if t.scale is None and not t.sign]

    @property
    def signed(self) -> list[Term]:
        """Terms whose coefficients have one sign: they are sampled."""
        return [t for t in self.terms if t.sign]

    @property
    def scales(self) -> tuple[Scale, ...]:
        """The scales that are sampled, in the order of their entries."""
        return scales(self.terms)

    @property
    def widest(self) -> Term | None:
        """The term with a sampled scale that has the most coefficients, alike in every geo; the first of several."""
        found = [t for t in self.terms if t.scale is not None and not t.scale.labels and t.design.ndim == 2]
        return max(found, key=lambda t: len(t.labels)) if found else None

    @property
    def groups(self) -> npt.NDArray[np.intp]:
        """Number of the scale of every coefficient, dense ones and then lone ones; -1 where it is not sampled."""
        first, at = {}, 0
        for scale in self.scales:
            first[scale.name] = at
            at += scale.count

        def group(term: Term) -> list[int]:
            if term.scale is None:
                return [-1] * len(term.labels)
            own = first[term.scale.name]
            return [own + k if term.scale.labels else own for k in range(len(term.labels))]

        return np.array([g for t in (*self.dense, *self.lone) for g in group(t)], dtype=np.intp)

    def design(self, term: Term) -> Floats:
        """The design of a dense term; of the widest by direction where its coefficients are sampled."""
        if self.rotation is None or self.integrated or term is not self.widest:
            return term.design
        return term.design @ self.rotation

    def directions(self) -> Floats:
        """Columns of the lone terms, [t, direction]; without a rotation as they are."""
        columns = beside(self.lone)
        return columns if self.rotation is None else np.asarray(columns @ self.rotation)

    def of_lone(self, coefficients: Floats) -> Floats:
        """Coefficients [draw, label] of the lone terms from those of their columns."""
        return coefficients if self.rotation is None else np.asarray(coefficients @ self.rotation.T)


def beside(terms: list[Term]) -> Floats:
    """The designs of terms beside each other, [t, p]. Those that differ by geo are taken at their mean."""
    return np.concatenate([t.design if t.design.ndim == 2 else t.design.mean(axis=1) for t in terms], axis=1)


def make_linear(terms: tuple[Term, ...], observed: npt.NDArray[np.bool_], *, integrated: bool) -> Linear:
    """The terms on the cells ``observed[t, g]``; on national data some of the integrated ones get lone columns."""
    out = Linear(terms, observed.shape[1], integrated)
    if out.widest is None or (integrated and out.geos > 1):
        return out
    weights = np.sqrt(observed.sum(axis=1, keepdims=True))
    # Whose prior differs by coefficient is turned in units of it: then it is the same in all directions.
    unit = np.ones((len(out.widest.labels), 1))
    columns = weights * out.widest.design
    if out.fixed_turned:
        fixed = [t for t in terms if t.scale is None and not t.sign]
        unit = np.concatenate([t.sd for t in fixed])[:, None]
        columns = weights * beside(fixed) * unit.T
    elif not integrated:
        # A rotation of sampled coefficients need not be exact where designs differ by geo.
        others = weights * beside([t for t in terms if t is not out.widest and not t.sign])
        columns = columns - others @ np.linalg.lstsq(others, columns, rcond=None)[0]
    return replace(out, rotation=unit * np.linalg.eigh(columns.T @ columns).eigenvectors)


@dataclass(frozen=True)
class Part:
    """One parameter: entries ``start`` to ``stop`` of the vector, in ``shape``.

    ``transform`` is ``log``, ``logit``, ``above`` or ``below`` (the log of a size above or below zero), ``zero_sum``
    (over the last axis), ``raw`` (before its scale) or ``none``;
    ``dims`` are those of the constrained variable, ``offset`` is added to it (the prior mean of a coefficient),
    ``rotation`` [label, entry] takes entries to its labels.
    """

    name: str
    start: int
    shape: tuple[int, ...]
    transform: str
    dims: tuple[str, ...]
    offset: Floats | None = None
    rotation: Floats | None = None

    @property
    def stop(self) -> int:
        return self.start + int(np.prod(self.shape))

    def constrain(self, x: Floats) -> Floats:
        """The variable's value, [draws, ...], at unconstrained ``x[draws, dim]``."""
        part = x[:, self.start : self.stop].reshape(len(x), *self.shape)
        if self.transform in ("log", "above", "below"):
            return -np.exp(part) if self.transform == "below" else np.exp(part)
        if self.transform == "logit":
            return np.asarray(1.0 / (1.0 + np.exp(-part)))
        if self.transform == "zero_sum":
            return zero_sum(part)
        return self.labelled(part)

    def labelled(self, part: Floats) -> Floats:
        """Coefficients [..., label] from their entries [..., entry]."""
        turned = part if self.rotation is None else part @ self.rotation.T
        return turned if self.offset is None else turned + self.offset


@dataclass(frozen=True)
class Layout:
    """All parts in their order in the vector. ``by_channel[c]`` are the entries that belong to channel ``c`` alone."""

    parts: tuple[Part, ...]
    by_channel: tuple[npt.NDArray[np.intp], ...]

    @property
    def dim(self) -> int:
        return self.parts[-1].stop

    def __getitem__(self, name: str) -> Part:
        return next(p for p in self.parts if p.name == name)

    def __contains__(self, name: str) -> bool:
        return any(p.name == name for p in self.parts)

    def of(self, name: str) -> slice:
        """Entries of a part."""
        part = self[name]
        return slice(part.start, part.stop)

    def pymc_point(self, x: Floats) -> dict[str, Floats]:
        """The point ``x[dim]`` in the names and values of the plain model's unconstrained variables."""
        suffix = {
            "log": "_log__", "logit": "_logodds__", "zero_sum": "_zerosum__", "above": "_interval__",
            "below": "_interval__", "raw": "__", "none": "",
        }  # fmt: skip
        return {p.name + suffix[p.transform]: p.labelled(x[p.start : p.stop].reshape(p.shape)) for p in self.parts}


def zero_sum(x: Floats) -> Floats:
    """Map ``[..., n]`` to ``[..., n + 1]`` with sum zero, keeping lengths, as :func:`kernels.posterior.zero_sum`."""
    n = x.shape[-1] + 1
    total = x.sum(axis=-1, keepdims=True)
    return np.concatenate([x - total / (np.sqrt(n) + n), -total / np.sqrt(n)], axis=-1)


def make_layout(spec: ModelSpec, linear: Linear) -> Layout:
    """The layout that :mod:`mmm.model.kernels.posterior` documents; without coefficients that are integrated out."""
    channels, geos = len(spec.channels), len(spec.geos)
    parts: list[Part] = []

    def add(name: str, shape: tuple[int, ...], transform: str, dims: tuple[str, ...], *turned: Floats | None) -> None:
        parts.append(Part(name, parts[-1].stop if parts else 0, shape, transform, dims, *turned))

    add(spec.effect_kind, (channels,), "log", ("channel",))
    of_families = variables(spec)
    for name, shape, how, dims in _of_media(spec):
        add(name, shape, how, dims)
    if geos > 1:
        add("geo_sd", (channels,), "log", ("channel",))
        add("geo_deviation", (channels, geos - 1), "zero_sum", ("channel", "geo"))
    add("sigma", (), "log", ())
    if spec.noise.extra:
        add(spec.noise.extra, (), "log", ())
    for scale in linear.scales:
        add(scale.name, (scale.count,) if scale.dim else (), "log", (scale.dim,) if scale.dim else ())
    for term in linear.signed:
        add(term.name, (len(term.labels),), "above" if term.sign > 0 else "below", (term.dim,))
    if not linear.integrated:
        for term in linear.dense:
            name = term.name if term.scale is None else f"{term.name}_raw"
            turned = linear.rotation if term is linear.widest else None
            add(name, (len(term.labels),), "none" if term.scale is None else "raw", (term.dim,), term.mean, turned)
        if geos > 1:
            add("intercept", (geos,), "none", ("geo",), next(t.mean for t in linear.terms if t.dim == "geo"))
    owners = {variable.dim: variable.owners for variable in of_families} | _owners(spec)
    return Layout(tuple(parts), _by_channel(parts, channels, owners))


_Kind = tuple[str, tuple[int, ...], str, tuple[str, ...]]


def _of_media(spec: ModelSpec) -> list[_Kind]:
    """Name, shape, transform and dims of the families' parameters and of effects that vary in time."""
    out: list[_Kind] = [(v.name, (len(v.owners),), transform(v.parameter.prior), (v.dim,)) for v in variables(spec)]
    if spec.varying is None:
        return out
    path, count = spec.varying.dim(spec.channel_names), len(spec.varying.labels)
    steps = (f"{STEPS}_raw", (count, len(spec.varying.own_knots)), "raw", (path, f"{STEPS}_step"))
    return [*out, (SD, (count,), "log", (path,)), steps]


def _owners(spec: ModelSpec) -> dict[str, tuple[int, ...]]:
    """The channels that the entries over these dims belong to."""
    every = {"channel": tuple(range(len(spec.channels)))}
    if spec.varying is None or spec.varying.shared:
        return every
    own = tuple(map(spec.channel_names.index, spec.varying.channels))
    return {spec.varying.dim(spec.channel_names): own} | every


def varies(term: Term, geos: int) -> bool:
    """Whether a term's design differs between geos."""
    return term.design.ndim == 3 and geos > 1


def _by_channel(
    parts: list[Part], channels: int, owners: dict[str, tuple[int, ...]]
) -> tuple[npt.NDArray[np.intp], ...]:
    entries: list[list[int]] = [[] for _ in range(channels)]
    for part in parts:
        for row, owner in enumerate(owners.get(part.dims[0], ()) if part.dims else ()):
            width = int(np.prod(part.shape[1:]))
            entries[owner] += range(part.start + row * width, part.start + (row + 1) * width)
    return tuple(np.array(e, dtype=np.intp) for e in entries)
