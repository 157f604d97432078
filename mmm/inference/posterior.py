"""A fit's draws with their chains: as one ArviZ DataTree, and as stacked parts whose chains can be told apart again."""

from typing import Any

import numpy as np
import xarray as xr

from mmm.inference.fit import Fit, shares
from mmm.model.spec import ModelSpec


def by_chain(fit: Fit, max_draws: int | None = None) -> list[tuple[str, ModelSpec, xr.Dataset]]:
    """(name, spec, posterior) of every model that counts: of each chain as many draws as the model's weight says.

    All have the same number of chains; draws are evenly thinned, to at most ``max_draws`` over all chains and models.
    """
    members = fit.counted
    weights = np.array([member.weight for member in members])
    weights /= weights.sum()
    posteriors = [member.posterior for member in members]
    chains = min(found.sizes["chain"] for found in posteriors)
    most = int(np.floor(min(p.sizes["draw"] / w for p, w in zip(posteriors, weights, strict=True))))
    if max_draws is not None:
        most = max(1, min(most, max_draws // chains))
    parts = []
    for member, posterior, count in zip(members, posteriors, shares(weights, most), strict=True):
        if count:
            keep = np.linspace(0, posterior.sizes["draw"] - 1, int(count)).round().astype(int)
            parts.append((member.name, member.spec, posterior.isel(chain=slice(chains), draw=keep)))
    return parts


def posterior_tree(fit: Fit) -> xr.DataTree:
    """The posterior as ArviZ knows it, with the groups

    - ``posterior``: of a single model all its variables; of a mixture those that all models have, every model's draws
      by its weight, the model of a draw in the coordinate ``model`` (draw);
    - ``sample_stats``: of a single model;
    - ``models/NAME``: every model of a mixture as it was sampled, with its own ``posterior`` and ``sample_stats``;
    - ``observed_data``: ``outcome`` (date, geo); ``constant_data``: ``spend``, ``media``, ``control``.
    """
    groups: dict[str, Any] = {}
    if len(fit.members) == 1:
        groups |= {name: node.to_dataset() for name, node in fit.main.tree.children.items()}
    else:
        groups["posterior"] = _common(fit)
        for member in fit.members:
            for name, node in member.tree.children.items():
                groups[f"models/{member.name.replace('/', '-')}/{name}"] = node.to_dataset()
    seen = fit.dataset.data.isel(date=fit.window)
    groups["observed_data"] = seen[["outcome"]]
    groups["constant_data"] = fit.dataset.data[["spend", "media", "control"]]
    return xr.DataTree.from_dict(groups)


def for_files(tree: xr.DataTree) -> xr.DataTree:
    """The tree with what files can hold alone: names as text and not as objects, attributes as texts and numbers."""
    groups = {}
    for node in tree.subtree:
        found = node.to_dataset(inherit=False)
        texts = {str(name): values.astype(str) for name, values in found.variables.items() if values.dtype == object}
        coords = {name: (values.dims, values.values) for name, values in texts.items() if name in found.coords}
        plain = found.assign_coords(coords).assign({k: v for k, v in texts.items() if k not in coords})
        parts: list[Any] = [plain, *plain.variables.values()]
        for part in parts:
            part.attrs = {k: v if isinstance(v, str | int | float) else str(v) for k, v in part.attrs.items()}
            # How the store packed them is nothing to another file.
            part.encoding = {}
        groups[node.path] = plain
    return xr.DataTree.from_dict(groups)


def _common(fit: Fit) -> xr.Dataset:
    parts = by_chain(fit)
    names = [
        name
        for name, values in parts[0][2].data_vars.items()
        if all(name in other and other[name].sizes.keys() == values.sizes.keys() for _, _, other in parts)
        and all(_same_labels(other[name], values) for _, _, other in parts)
    ]
    models = np.concatenate([np.repeat(np.array([name], dtype=object), p.sizes["draw"]) for name, _, p in parts])
    joined = xr.concat(
        [p[names].drop_vars("draw", errors="ignore") for _, _, p in parts],
        dim="draw",
        coords="minimal",
        join="exact",
        compat="override",
    )
    return joined.assign_coords(draw=np.arange(len(models)), model=("draw", models))


def _same_labels(one: xr.DataArray, other: xr.DataArray) -> bool:
    dims = [dim for dim in one.dims if dim not in ("chain", "draw")]
    return all(one[dim].equals(other[dim]) for dim in dims)
