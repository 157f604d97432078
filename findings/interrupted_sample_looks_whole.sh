#!/usr/bin/env bash
# nutpie 0.16.11: Ctrl-C while it draws raises nothing and warns of nothing. What comes back looks like a whole sample: a script
# goes on, and stores or reports it. Needs Python 3.12 (PYTHON=... names another one).
#
# Guessed: KeyboardInterrupt passes on, or a warning says how much is missing. Seen, of 2 chains of 1,000,000 draws asked for
# with cores=1: a tree of 2 chains of 374,871 draws. The second chain had not begun: all of it is NaN, filled up to the length
# of the first one. Its shape does not tell, and mean() skips the NaN: the answer of one chain. The number of draws asked for
# is nowhere in the posterior; only the caller knows it. Compare them, and look for NaN; or take blocking=False, whose wait()
# does pass the KeyboardInterrupt on.
set -e
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pymc==6.4.0 nutpie==0.16.11
cat > "$work/run.py" <<'PY'
import signal
import threading
import warnings

import numpy as np
import nutpie
import pymc as pm

ASKED = 1_000_000
y = np.random.default_rng(1).standard_normal(20_000)


def once_drawing(seconds: float) -> None:
    threading.Timer(seconds, signal.raise_signal, (signal.SIGINT,)).start()


with pm.Model() as model:
    pm.Normal("y", pm.Normal("a"), pm.HalfNormal("s"), observed=y)

compiled = nutpie.compile_pymc_model(model)
options = {"tune": 100, "chains": 2, "cores": 1}
nutpie.sample(compiled, draws=10, seed=1, progress_bar=False, **options)  # compiled to the end
with warnings.catch_warnings():
    warnings.simplefilter("error")
    once_drawing(2.0)
    tree = nutpie.sample(compiled, draws=ASKED, seed=1, progress_bar=False, **options)
a = tree["posterior"]["a"]
present = [int(np.isfinite(chain).sum()) for chain in a.values]
print("nutpie:", dict(a.sizes), "draws that are there:", present, "mean over chains:", float(a.mean()))
assert a.sizes["chain"] == 2 and a.sizes["draw"] < ASKED
assert present[0] > 0 and present[1] == 0, present
assert np.isfinite(float(a.mean()))
assert str(ASKED) not in str(tree["posterior"].attrs)

running = nutpie.sample(compiled, draws=ASKED, seed=1, progress_bar=False, blocking=False, **options)
once_drawing(1.0)
try:
    running.wait()
except KeyboardInterrupt:
    print("blocking=False: wait() raises KeyboardInterrupt")
else:
    raise AssertionError("wait() returned")
running.cancel()
PY
"$work/venv/bin/python" "$work/run.py"
