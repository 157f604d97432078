#!/usr/bin/env bash
# PyMC-Marketing 1.3.0 (DoWhy 0.14, networkx 3.7): what a model takes from a causal graph (MMM(dag=...)) is every node on any
# back-door way, not an adjustment set. Needs Python 3.12 (PYTHON=... names another one).
#
# - A control that is a collider stays: with a -> tv, a -> price <- b, b -> y the way from tv to y over price is closed as long
#   as price is left out, so that nothing is needed, and price in the model opens it (M-bias: Greenland, Pearl and Robins 1999).
#   Seen: control_columns is ["price"], and a warning each that a and b are missing from the data.
# - A channel that works through another one (tv -> search -> y) is not told: no warning, though the model's tv is then
#   without what goes through search.
# - yearly_seasonality=2 becomes None where the graph has no node "yearly_seasonality" on a back-door way, and a control that moves the
#   outcome alone is dropped: both with a warning, both without need, and the residual has all that they explained.
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    pymc-marketing==1.3.0 pymc==6.3.2 dowhy==0.14 networkx==3.7
cat > "$work/run.py" <<'PY'
import logging
import warnings

logging.disable(logging.CRITICAL)

from pymc_marketing.mmm import MMM, GeometricAdstock, LogisticSaturation


def taken(graph):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model = MMM(
            date_column="date", channel_columns=["tv", "search"], control_columns=["price"], target_column="y",
            adstock=GeometricAdstock(l_max=2), saturation=LogisticSaturation(), yearly_seasonality=2,
            dag=graph, treatment_nodes=["tv", "search"], outcome_node="y",
        )
    said = " ".join(str(one.message) for one in told)
    return model.control_columns, model.yearly_seasonality, said


both = "tv -> y; search -> y;"
collider, _, said = taken("digraph {a -> tv; a -> price; b -> price; b -> y; %s}" % both)
print("collider:", collider, "| asks for a and b:", "Column a " in said and "Column b " in said)
assert collider == ["price"] and "Column a " in said and "Column b " in said

_, season, said = taken("digraph {tv -> search; %s}" % both)
print("tv through search: season", season, "| says so:", "mediat" in said.lower() or "through" in said.lower())
assert season is None and "Yearly seasonality excluded" in said
assert "mediat" not in said.lower() and "through" not in said.lower() and "direct" not in said.lower()

alone, _, _ = taken("digraph {price -> y; %s}" % both)
print("control of the outcome alone:", alone)
assert alone == []
print("as described")
PY
"$work/venv/bin/python" "$work/run.py"
