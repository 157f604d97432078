"""No carryover: all of the effect is in the period of the spend."""

from mmm.model.families.record import Adstock


def _weights(p, normalised, w, by):  # noqa: ARG001
    for lag in range(w.shape[0]):
        w[lag] = 0.0
    w[0] = 1.0


def _graph(lag):
    return (lag == 0) * 1.0


FAMILIES = (
    Adstock(
        name="none",
        label="none",
        sentence="All of the effect is in the period of the spend.",
        formula="1 at lag 0",
        source="no carryover",
        parameters=(),
        weights=_weights,
        graph=_graph,
    ),
)
