#!/usr/bin/env bash
# ChannelAttribution 2.2.5 (PyPI): markov_model() estimates removal effects by random walks, and by default a walk is
# dropped when it has more steps than the longest path in the data (max_step=None). A first-order chain walks in loops
# (a > b > a > b ...) that are longer than any path, and just those walks need the looping channels most, so the effects
# of such channels come out too small and the others' too large. No amount of simulation mends it.
# Guess before running: with many walks the effects are those of the chain's linear equations, to two or three digits.
# Seen with 1,000,000 walks: a 0.52, b 0.35, c 0.84 by default; 0.5506, 0.3897, 0.8321 with max_step=1000, as the linear
# equations say (exact: a 0.5513, b 0.3900, c 0.8333). "Percentage of paths that end before maximum number of steps" is printed
# and does not say it.
# Also seen: seeds 3 and 4 give the same numbers to the last digit (with other data 0 and 1, and 2 to 4): where the
# walks have not converged it seems to start again with the next seed, so two seeds are not two independent runs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ChannelAttribution==2.2.5 numpy pandas matplotlib
cat > "$folder/walks.py" <<'PY'
import contextlib, io

with contextlib.redirect_stdout(io.StringIO()):
    import ChannelAttribution as peer
import numpy as np
import pandas as pd

paths = pd.DataFrame(
    {"path": ["a > b > a > b > a > b > a > c", "a > b", "c"], "conv": [30, 10, 20], "null": [30, 60, 50]}
)


def effects(frame, **options):
    with contextlib.redirect_stdout(io.StringIO()):
        made = peer.markov_model(frame, "path", "conv", var_null="null", out_more=True, flg_pro=False, **options)
    return made["removal_effects"].set_index("channel_name")["removal_effect"]


# The chain's own equations: moves counted from the paths, a removed channel leads nowhere.
states = ["start", "a", "b", "c"]
moves, won = np.zeros((4, 4)), np.zeros(4)
for path, conversions, nulls in paths.itertuples(index=False):
    walk = [0, *(states.index(channel) for channel in path.split(" > "))]
    for here, there in zip(walk, walk[1:]):
        moves[here, there] += conversions + nulls
    won[walk[-1]] += conversions
leaving = np.array([moves[0].sum(), 0, 0, 0])
for path, conversions, nulls in paths.itertuples(index=False):
    for channel in path.split(" > "):
        leaving[states.index(channel)] += conversions + nulls
chain, reward = moves / leaving[:, None], won / leaving


def rate(removed=None):
    kept = np.array([state != removed for state in states], dtype=float)
    return np.linalg.solve(np.eye(4) - kept[:, None] * chain, kept * reward)[0]


exact = pd.Series({channel: 1 - rate(channel) / rate() for channel in "abc"})
thorough = {"nsim_start": 200_000, "conv_par": 0.02, "seed": 1}
table = pd.DataFrame(
    {"default": effects(paths, **thorough), "max_step=1000": effects(paths, max_step=1000, **thorough), "exact": exact}
)
print(table.round(4).to_string())
assert (table["max_step=1000"] - table["exact"]).abs().max() < 0.01, "long walks should agree with the equations"
assert table["exact"]["b"] - table["default"]["b"] > 0.025, "the default should fall short for b by a tenth"

other = pd.DataFrame(
    {
        "path": ["a > b > c", "a", "b > c", "a > a > b", "c", "b"],
        "conv": [10, 5, 8, 3, 2, 0],
        "null": [20, 60, 30, 10, 40, 50],
    }
)
by_seed = pd.concat({seed: effects(other, seed=seed) for seed in range(5)}, axis=1)
print(by_seed.round(4).to_string())
assert 1 < by_seed.T.drop_duplicates().shape[0] < 5, "some seeds should coincide, not all"
PY
"$folder/venv/bin/python" "$folder/walks.py"
