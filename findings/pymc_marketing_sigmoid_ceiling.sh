#!/bin/sh
# PyMC-Marketing 1.3.0: sigma of HillSaturationSigmoid is not the largest effect, and by its default priors half of the
# curves have rising returns over all spend that was ever seen.
#
# Guess before it was run: "sigma" is the curve's ceiling, as beta is that of HillSaturation, and a draw of the default
# priors is about as often concave as S-shaped within the data.
# Seen: the curve is a logistic function of spend less its value without spend, so that its ceiling is
# sigma / (1 + exp(-beta lam)): with beta = 1 and lam = 0.5, 62% of sigma, with lam = 0 half of it. It turns concave at lam,
# never below. Spend is divided by its highest value before, so that lam above 1 is beyond the data: under the default
# priors (half-normal, 1.5, all three) 50% of draws are convex up to the highest spend, and the ceiling is 69% of sigma
# in the median, between 51% and 99% in 90% of draws.
# So sigma of a fit must not be read as a ceiling, and a budget optimiser on such a draw puts all into one channel.
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
from pymc_marketing.mmm import HillSaturationSigmoid


def curve(x, sigma, beta, lam):
    x = ptx.as_xtensor(np.asarray(x, dtype=float), dims=("date",))
    return HillSaturationSigmoid().function(x, sigma=sigma, beta=beta, lam=lam).values.eval()


for beta, lam in ((1.0, 0.5), (1.0, 0.0), (4.0, 1.0)):
    top = curve([1e3], 1.0, beta, lam)[0]
    print(f"beta {beta} lam {lam}: ceiling {top:.3f} of sigma")
    assert np.isclose(top, 1.0 / (1.0 + np.exp(-beta * lam)))
bend = np.diff(curve(np.linspace(0.0, 1.0, 101), 1.0, 2.0, 1.2), 2)
print("lam 1.2: convex up to the highest spend:", bool((bend > 0).all()))
assert (bend > 0).all()

priors = HillSaturationSigmoid().default_priors
assert {(n, p.distribution, p.parameters["sigma"]) for n, p in priors.items()} == {
    (name, "HalfNormal", 1.5) for name in ("sigma", "beta", "lam")
}
rng = np.random.default_rng(1)
beta, lam = np.abs(1.5 * rng.standard_normal((2, 200_000)))
share = 1.0 / (1.0 + np.exp(-beta * lam))
print(f"convex over all spend: {(lam > 1.0).mean():.0%}; ceiling of sigma:", np.quantile(share, [0.05, 0.5, 0.95]).round(2))
assert 0.48 < (lam > 1.0).mean() < 0.53
assert 0.66 < np.median(share) < 0.72
PY
