#!/bin/sh
# PyMC-Marketing 1.3.0: the weights of its Weibull PDF carryover are not the Weibull density, and change with l_max.
#
# Guess before it was run: with shape k = 1 the density is exponential, so that each weight is exp(-1/lam) times the one
# before, whatever l_max is, and normalize=True (the default of WeibullPDFAdstock) makes them add up to one.
# Seen: the density is first brought to [0, 1] by its least and largest value over the lags 1 to l_max. With lam = 6 weights
# fall by 0.777, 0.757, 0.729, ... (expected 0.846 each) at l_max 8 and by 0.844, 0.844, 0.843, ... at 26; half of the effect
# has arrived after 0.87, 1.74 and 2.84 lags at l_max 8, 13 and 26 (interpolated); the last lag's weight is exactly 0, a
# nearly flat density (lam = 1000) becomes a straight line down to 0, and l_max 1 gives NaN.
# So lam and k mean something else for every l_max: priors and estimates cannot be carried from one to another.
#
# Needs Python 3.12 or later (PYTHON names it). Exits with 0 while that is so.
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet pymc-marketing==1.3.0
"$work/venv/bin/python" - <<'PY'
import numpy as np
import pytensor.xtensor as ptx
from pymc_marketing.mmm.transformers import weibull_adstock


def weights(lam, l_max):
    impulse = ptx.as_xtensor(np.eye(1, l_max)[0], dims=("date",))
    out = weibull_adstock(impulse, lam=lam, k=1.0, l_max=l_max, dim="date", type="PDF", normalize=True)
    return out.values.eval()


halves = []
for l_max in (8, 13, 26):
    w = weights(6.0, l_max)
    halves.append(np.interp(0.5, np.cumsum(w), np.arange(l_max)))
    print(l_max, "ratios", (w[1:] / w[:-1])[:3].round(3), "last", w[-1], "half after", halves[-1].round(2))
    assert w[-1] == 0.0
flat = weights(1000.0, 13)
print("nearly flat density", flat.round(3))
assert np.allclose(np.diff(flat), np.diff(flat)[0], rtol=0.05)
assert halves[2] > 2 * halves[0]
assert np.isnan(weights(6.0, 1)).all()
PY
