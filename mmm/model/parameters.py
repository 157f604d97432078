"""The parameters of the channels' families as variables of a model: which there are, whose they are, their priors.

The graph, the engine's layout, the prior's draws and the reading of a posterior go through the same list.
"""

from dataclasses import dataclass

from mmm.model.families import Adstock, Parameter, Saturation
from mmm.model.priors import Prior
from mmm.model.spec import ChannelSpec, ModelSpec


@dataclass(frozen=True)
class Variable:
    """A variable of the posterior: a parameter, of the channels ``owners`` (numbers), one entry each, in their order.

    ``places`` say which parameter of its channel an entry is, counted over carryover and then curve. ``dim`` is
    ``channel`` where every channel has the parameter.
    """

    parameter: Parameter
    dim: str
    owners: tuple[int, ...]
    places: tuple[int, ...]
    priors: tuple[Prior, ...]

    @property
    def name(self) -> str:
        return self.parameter.variable


def variables(spec: ModelSpec) -> tuple[Variable, ...]:
    """The families' parameters, the first ones of all families before the second ones."""
    found: dict[str, list[tuple[int, int, Parameter, Prior]]] = {}
    most = max((len(f.parameters) for c in spec.channels for f in families(c)), default=0)
    for place in range(most):
        for part in range(2):
            for i, channel in enumerate(spec.channels):
                family, stated = families(channel)[part], (channel.adstock, channel.saturation)[part]
                if place < len(family.parameters):
                    p = family.parameters[place]
                    before = len(families(channel)[0].parameters) if part else 0
                    found.setdefault(p.variable, []).append((i, before + place, p, stated.priors[p.name]))
    return tuple(_variable(spec, name, entries) for name, entries in found.items())


def _variable(spec: ModelSpec, name: str, entries: list[tuple[int, int, Parameter, Prior]]) -> Variable:
    owners, places, parameters, priors = zip(*sorted(entries, key=lambda e: e[0]), strict=True)
    dim = "channel" if len(owners) == len(spec.channels) else f"{name}_channel"
    return Variable(parameters[0], dim, owners, places, priors)


def families(channel: ChannelSpec) -> tuple[Adstock, Saturation]:
    """A channel's carryover and its curve."""
    return channel.adstock.record, channel.saturation.record
