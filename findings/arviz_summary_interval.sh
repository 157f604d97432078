#!/bin/sh
# ArviZ 1.3.0 (arviz-stats 1.3.3): az.summary prints intervals that do not contain their own mean.
#
# A parameter of mean 140.65 and sd 0.05, 2,000 independent draws: the 89% interval is 140.57 to 140.73. The table's default
# (round_to "auto") writes the mean as 140.649, by its Monte Carlo error, but the ends with two significant digits, or whole,
# whatever the interval's width: "140" and "140". Read as printed, the interval has no width and its mean lies outside.
# Seen: mean 140.649, eti89_lb 140, eti89_ub 140; round_to="none" gives 140.571 and 140.728.
# Who copies a table of posterior intervals of a level, a baseline or an intercept copies that.
#
# Needs Python 3.12 (PYTHON names it). Exits with 0 while that is so, and with 1 when the printed interval holds its mean.
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet arviz==1.3.0 arviz-base==1.3.1 \
  arviz-stats==1.3.3 arviz-plots==1.3.2 numpy==2.5.5 pandas==3.1.1
"$work/venv/bin/python" - <<'PY'
import arviz as az
import numpy as np

draws = 140.65 + 0.05 * np.random.default_rng(0).standard_normal((4, 500))
data = az.from_dict({"posterior": {"level": draws}})
table = az.summary(data)
exact = az.summary(data, round_to="none").loc["level"]
print(table, exact.to_string(), sep="\n")
printed = dict(zip(table.columns, str(table).splitlines()[-1].split()[1:], strict=True))
mean, low, high = (float(printed[c]) for c in ("mean", "eti89_lb", "eti89_ub"))
assert exact["eti89_lb"] < exact["mean"] < exact["eti89_ub"]
raise SystemExit(0 if not low < mean < high else 1)
PY
