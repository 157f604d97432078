"""The media response as one operation: compiled and interpreted, its shapes, its gradients, new data, own models.

That it equals the readable graph in every family, shape and likelihood is in tests/inference/test_engine_density.py.
"""

import engine_cases as cases
import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.gradient import DisconnectedInputError
from pytensor.graph.traversal import graph_inputs
from pytensor.tensor.variable import TensorVariable

from mmm.model.media_graph import MediaParameters
from mmm.model.media_op import MediaResponse, media_response
from mmm.model.panel import panel
from mmm.model.spec import make_spec

CHANNELS = 5
FAMILIES = ("adstock_alpha", "half_saturation", "adstock_delay", "hill_slope")


def response(shape: str, periods: int = 45) -> tuple[list[TensorVariable], TensorVariable, TensorVariable]:
    """Free parameters as inputs, mean and log_beta."""
    data = cases.dataset(shape, periods=periods)
    spec = make_spec(data, cases.settings())
    families = {name: pt.dvector(name) for name in FAMILIES}
    p = MediaParameters(pt.dvector("effect"), families, pt.dmatrix("deviation"))
    mean, log_beta = media_response(spec, panel(spec, data), p)
    return [p.effect, *families.values(), p.deviation], mean, log_beta


def inputs_of(variable: TensorVariable) -> dict[str, TensorVariable]:
    return {v.name: v for v in graph_inputs([variable]) if v.name is not None}


def values(geos: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    some = [rng.uniform(0.3, 0.8, n) for n in (CHANNELS, CHANNELS, CHANNELS, 2, 2)]
    return [*some, 0.2 * rng.standard_normal((geos, CHANNELS))]


@pytest.mark.parametrize(("shape", "geos"), [("national", 1), ("geo_history", 4)])
def test_compiled_and_interpreted_agree_in_values_and_gradients(shape: str, geos: int) -> None:
    inputs, mean, log_beta = response(shape)
    both = (mean**2).sum() + (log_beta**2).sum()
    outputs = [mean, log_beta, *pt.grad(both, inputs), *pt.grad(log_beta[0, 0], inputs), *pt.grad(mean[3, 0], inputs)]
    at = values(geos)
    expected, got = (pytensor.function(inputs, outputs, mode=m)(*at) for m in ("FAST_COMPILE", "NUMBA"))
    for one, other in zip(expected, got, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12 * max(1.0, np.abs(one).max()))
    # Differences of the value, at every parameter.
    f = pytensor.function(inputs, both, mode="FAST_COMPILE")
    step = 1e-6
    for i, array in enumerate(at):
        for where in np.ndindex(array.shape):
            up, down = [[a.copy() for a in at] for _ in range(2)]
            up[i][where] += step
            down[i][where] -= step
            difference = (f(*up) - f(*down)) / (2 * step)
            assert difference == pytest.approx(expected[2 + i][where], rel=1e-5, abs=1e-3), (inputs[i].name, where)


def test_shapes_are_known_without_computing() -> None:
    inputs, mean, log_beta = response("geo")
    shapes = pytensor.function(inputs, [*mean.shape, *log_beta.shape], mode="FAST_RUN", on_unused_input="ignore")
    assert [int(n) for n in shapes(*values(4))] == [45, 4, 4, CHANNELS]
    assert not any(isinstance(node.op, MediaResponse) for node in shapes.maker.fgraph.toposort())


def test_new_rows_need_no_compilation() -> None:
    inputs, mean, _ = response("geo", periods=45)
    _, longer, _ = response("geo", periods=60)
    f = pytensor.function(inputs, mean, mode="FAST_COMPILE")
    old, new = inputs_of(mean), inputs_of(longer)
    for name in ("size", "media", "weights", "log_denominator"):
        old[f"media_{name}"].set_value(new[f"media_{name}"].get_value())
    assert f(*values(4)).shape == (60, 4)
    named = [new[v.name] for v in inputs]
    expected = pytensor.function(named, longer, mode="FAST_COMPILE")(*values(4))
    np.testing.assert_allclose(f(*values(4)), expected)


def test_media_are_data() -> None:
    _, mean, _ = response("national")
    media = inputs_of(mean)["media_media"]
    with pytest.raises(DisconnectedInputError):
        pt.grad(mean.sum(), media)


def test_a_model_of_ones_own() -> None:
    """Any pm.Model can use the operation: here a common retention, and an effect by channel without pooling."""
    data = cases.dataset("geo")
    settings = cases.settings().model_copy(update={"channels": {}})
    spec = make_spec(data, settings)
    with pm.Model() as model:
        alpha = pm.Beta("alpha", 2.0, 2.0)
        effect = pm.LogNormal("effect", 0.0, 1.0, shape=CHANNELS)
        half = pm.LogNormal("half", 0.0, 0.5, shape=CHANNELS)
        families = {"adstock_alpha": pt.repeat(alpha, CHANNELS), "half_saturation": half}
        own = MediaParameters(effect, families, pt.zeros((4, CHANNELS)))
        media, _ = media_response(spec, panel(spec, data), own)
        pm.Normal("y", media + pm.Normal("level"), 0.1, observed=data.data["outcome"].values / spec.outcome_scale)
    point = model.initial_point()
    at = model.compile_fn([model.logp(), model.dlogp()], mode="FAST_COMPILE")
    _, gradient = at(point)
    step = 1e-6
    first = {**point, "alpha_logodds__": point["alpha_logodds__"] + step}
    second = {**point, "alpha_logodds__": point["alpha_logodds__"] - step}
    assert (at(first)[0] - at(second)[0]) / (2 * step) == pytest.approx(gradient[0], rel=1e-5)
