"""The media response as one PyTensor operation: the compiled kernels inside any ``pm.Model``.

:func:`media_response` takes variables of a model and gives their contribution to the outcome; it equals
:func:`mmm.model.media_graph.media_response`, the same formulas as a readable graph, in value and gradient (held by
test), at a fraction of the cost. Adstock, its derivatives, saturation, the level from the observed effect and the sum
over channels are one pass over the panel, the gradient another.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytensor.tensor as pt
from pytensor import shared
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key
from pytensor.tensor.variable import TensorVariable

from mmm.model.families import ADSTOCKS, SATURATIONS
from mmm.model.kernels import block, fused, version_of
from mmm.model.media_arrays import media_arrays, media_sizes
from mmm.model.media_graph import MediaParameters, parameters_by_channel
from mmm.model.panel import Panel
from mmm.model.parameters import variables
from mmm.model.spec import ModelSpec

# Inputs: data, then parameters. Both operations begin with the data.
_DATA = ("size", "families", "media", "earlier", "weights", "log_denominator", "steps")
_DATA_TYPES = (pt.lvector, pt.lmatrix, pt.dmatrix, pt.dmatrix, pt.dvector, pt.dvector, pt.dmatrix)
# Log effect, the families' parameters [channel, parameter], deviation, steps [path, step].
_PARAMETER_TYPES = (pt.dvector, pt.dmatrix, pt.dmatrix, pt.dmatrix)
_N_DATA, _N_PARAMETERS = len(_DATA), len(_PARAMETER_TYPES)
# Compiled code on disk is used again only for the sources that it was made from.
_VERSION = version_of("fused")


class _OfFamilies(Op):
    """An operation that calls the kernels of families, which it names: another process has to load them itself."""

    __props__ = ("adstocks", "saturations")

    def __init__(self, adstocks: tuple[str, ...], saturations: tuple[str, ...]) -> None:
        self.adstocks, self.saturations = adstocks, saturations

    def load(self) -> None:
        """Put the families' kernels into memory. Raises SettingsError where one is not known here."""
        ADSTOCKS.load([ADSTOCKS.number(name) for name in self.adstocks], "weights", "recursion")
        SATURATIONS.load([SATURATIONS.number(name) for name in self.saturations], "response")


class MediaResponse(_OfFamilies):
    """Data and parameters by channel to the mean [date, geo], log_beta [channel, geo] and what the gradient needs.

    The last four outputs (derivative panels and their sums) exist for :class:`MediaPullback` and have no gradient of
    their own. There are no second derivatives; the readable graph has them.
    """

    def make_node(self, *inputs: Any) -> Apply:
        types = (*_DATA_TYPES, *_PARAMETER_TYPES)
        checked = [t.filter_variable(pt.as_tensor_variable(i)) for t, i in zip(types, inputs, strict=True)]
        outputs = (pt.dmatrix(), pt.dmatrix(), pt.dtensor3(), pt.dtensor3(), pt.dvector(), pt.dmatrix())
        return Apply(self, checked, list(outputs))

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:  # noqa: ARG002
        self.load()
        for storage, value in zip(output_storage, fused.respond(*_contiguous(inputs)), strict=True):
            storage[0] = value

    def infer_shape(self, node: Apply, _shapes: Any) -> list[tuple[Any, ...]]:
        size = node.inputs[0]
        channels, geos = size[block.CHANNELS], size[block.GEOS]
        panels = 1 + size[block.PARAMETERS]
        periods = (size[block.WINDOW] + size[block.LOOKBACK]) * geos
        return [
            (size[block.WINDOW], geos),
            (channels, geos),
            (channels, panels, periods),
            (channels, panels, geos),
            (channels,),
            (
                pt.switch(pt.gt(size[block.PATHS], 0), channels, 0),
                pt.switch(pt.gt(size[block.PATHS], 0), size[block.WINDOW] + size[block.LOOKBACK], 0),
            ),
        ]

    def connection_pattern(self, _node: Apply) -> list[list[bool]]:
        differentiable = [True, True, False, False, False, False]
        return [[False] * 6 for _ in range(_N_DATA)] + [list(differentiable) for _ in range(_N_PARAMETERS)]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Variable]:
        mean, log_beta, panels, unit, total, timed = outputs
        by_mean, by_log_beta = (
            pt.zeros_like(out) if isinstance(by.type, DisconnectedType) else by
            for out, by in zip((mean, log_beta), cotangents[:2], strict=True)
        )
        data = inputs[:_N_DATA]
        found = MediaPullback(self.adstocks, self.saturations)(
            *data, log_beta, panels, unit, total, timed, by_mean, by_log_beta
        )
        return [*(disconnected_type() for _ in data), *found]


class MediaPullback(_OfFamilies):
    """Gradients by the parameters of :class:`MediaResponse` from those by its mean and log_beta."""

    def make_node(self, *inputs: Any) -> Apply:
        own = (pt.dmatrix, pt.dtensor3, pt.dtensor3, pt.dvector, pt.dmatrix, pt.dmatrix, pt.dmatrix)
        types = (*_DATA_TYPES, *own)
        checked = [t.filter_variable(pt.as_tensor_variable(i)) for t, i in zip(types, inputs, strict=True)]
        return Apply(self, checked, [t() for t in _PARAMETER_TYPES])

    def perform(self, node: Apply, inputs: Any, output_storage: Any) -> None:  # noqa: ARG002
        for storage, value in zip(output_storage, fused.pull_back(*_contiguous(inputs)), strict=True):
            storage[0] = value

    def infer_shape(self, node: Apply, _shapes: Any) -> list[tuple[Any, ...]]:
        size = node.inputs[0]
        channels = size[block.CHANNELS]
        paths = (size[block.PATHS], size[block.STEPS])
        return [(channels,), (channels, size[block.PARAMETERS]), (channels, size[block.GEOS]), paths]


@register_funcify_default_op_cache_key(MediaResponse)
def _numba_response(op: MediaResponse, **_: Any) -> tuple[Any, int]:
    op.load()
    return fused.respond, _VERSION


@register_funcify_default_op_cache_key(MediaPullback)
def _numba_pullback(_op: MediaPullback, **_: Any) -> tuple[Any, int]:
    return fused.pull_back, _VERSION


def _contiguous(arrays: Any) -> list[npt.NDArray[Any]]:
    return [np.ascontiguousarray(a) for a in arrays]


def media_response(spec: ModelSpec, data: Panel, p: MediaParameters) -> tuple[TensorVariable, TensorVariable]:
    """Contribution of all media to the scaled outcome, [window, geo], and the log of its scale, [geo, channel].

    As :func:`mmm.model.media_graph.media_response`. The panel enters as shared variables, so that new rows of the same
    model need no compilation.
    """
    arrays = media_arrays(spec, data) | {"size": media_sizes(spec, data)}
    inputs = [shared(np.ascontiguousarray(arrays[name]), name=f"media_{name}") for name in _DATA]
    op = MediaResponse(
        tuple(sorted({c.adstock.family for c in spec.channels})),
        tuple(sorted({c.saturation.family for c in spec.channels})),
    )
    steps = pt.zeros((0, 0)) if p.steps is None else p.steps
    mean, log_beta, *_ = op(*inputs, pt.log(p.effect), _parameters(spec, p), p.deviation.T, steps)
    return mean, log_beta.T


def _parameters(spec: ModelSpec, p: MediaParameters) -> TensorVariable:
    """The families' parameters [channel, parameter], one where a channel has fewer."""
    most = max(len(own) for own in parameters_by_channel(spec, p))
    out = pt.ones((len(spec.channels), most))
    for variable in variables(spec):
        out = pt.set_subtensor(out[list(variable.owners), list(variable.places)], p.families[variable.name])
    return out
