#!/usr/bin/env bash
# PyMC-Marketing 1.3.0 (PyMC 6.3.2, SciPy 1.18.1): the budget optimiser calls a saddle point a success, so that a plan under
# TIGHTER bounds can win more than the "optimal" one. Needs Python 3.12 (PYTHON=... names another one).
#
# Two channels with Hill curves of slope 3, half-saturation 0.6, and a budget of 1; the posterior is written by hand, so that
# nothing is sampled. An even split wins 2 x 0.367, all on one channel 0.822.
# - Unless x0 is given, the search (SLSQP) starts from an even split. There the gradients of like channels are alike, which is
#   all that it asks for: success=True at the even split, although that is the WORST place near it along the budget line.
#   Seen: utility 8.78; with channels that differ by 2% from draw to draw: 8.75 at 0.502 and 0.498.
# - With channel a bounded by 0.3 instead of 1, so that fewer plans are allowed, it finds 0 and 1 and a utility of 9.84 (9.79):
#   12% more. Neither result says that it may be one of several.
# - 0.19.2 does the same.
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    pymc-marketing==1.3.0 pymc==6.3.2 scipy==1.18.1
cat > "$work/run.py" <<'PY'
import warnings

warnings.filterwarnings("ignore")

import numpy as np
import pandas as pd
import xarray as xr
from pymc_marketing.mmm import GeometricAdstock, HillSaturation
from pymc_marketing.mmm.multidimensional import MMM, MultiDimensionalBudgetOptimizerWrapper

rng, weeks, draws = np.random.default_rng(0), 60, 20
spend = rng.uniform(0.2, 1.0, (weeks, 2))
spend[-1] = 1.0
frame = pd.DataFrame(spend, columns=["a", "b"]).assign(date=pd.date_range("2024-01-01", periods=weeks, freq="W-MON"))
model = MMM(
    date_column="date", channel_columns=["a", "b"], target_column="y", adstock=GeometricAdstock(l_max=2),
    saturation=HillSaturation(),
)
model.build_model(frame, pd.Series(rng.uniform(1, 2, weeks), name="y"))


def optimum(most_of_a, spread):
    noise = np.random.default_rng(1)

    def by_channel(value):
        return ("chain", "draw", "channel"), value * np.exp(spread * noise.standard_normal((1, draws, 2)))

    def single(value):
        return ("chain", "draw"), np.full((1, draws), value)

    posterior = {
        "intercept_contribution": single(1.0), "y_sigma": single(0.1), "adstock_alpha": by_channel(1e-4),
        "saturation_slope": by_channel(3.0), "saturation_kappa": by_channel(0.6), "saturation_beta": by_channel(1.0),
    }
    coords = {"chain": [0], "draw": range(draws), "channel": ["a", "b"]}
    model.idata = xr.DataTree.from_dict({"posterior": xr.Dataset(posterior, coords=coords)})
    ahead = MultiDimensionalBudgetOptimizerWrapper(model=model, start_date="2025-03-03", end_date="2025-04-07")
    bounds = xr.DataArray(
        [[0.0, most_of_a], [0.0, 1.0]], dims=["channel", "bound"],
        coords={"channel": ["a", "b"], "bound": ["lower", "upper"]},
    )
    return ahead.optimize_budget(budget=1.0, budget_bounds=bounds)


for spread in (0.0, 0.02):
    wide, found = optimum(1.0, spread)
    tight, better = optimum(0.3, spread)
    print(f"spread {spread}: bounds to 1: {wide.values.round(3)}, success {found.success}, utility {-found.fun:.3f};",
          f"a to 0.3: {tight.values.round(3)}, utility {-better.fun:.3f}")
    assert found.success and better.success
    assert abs(wide.values - 0.5).max() < 0.01
    assert -better.fun > 1.1 * -found.fun
PY
"$work/venv/bin/python" "$work/run.py"
