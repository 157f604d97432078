#!/usr/bin/env bash
# marketing-attribution-models 2.1.1 (PyPI, import mam): run_shapley() has max_size=4 by default. A journey with more
# different channels is cut to four of them, not the last four touched but the last four in the alphabet: channels early
# in the alphabet get nothing from it.
# Guess before running: a long journey is cut to its last four touches, or to its four commonest channels; names do not matter.
# Seen: in a journey p > q > r > s > t that converts 30 times, and single touches that convert alike, p and t are mirror
# images and should be credited alike; p gets 5.0 and t 13.1 when p is called "a" and t "e", and the other way round when
# the names are turned. With max_size=5 both get 11.3. Renaming the channels moves a fifth of all conversions.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q marketing_attribution_models==2.1.1 pandas==3.1.1 polars==2.1.0
cat > "$folder/names.py" <<'PY'
import pandas as pd
from mam import MAM

ROWS = [("p > q > r > s > t", True, 30), ("p", True, 5), ("t", True, 5), ("p", False, 60), ("t", False, 60), ("q > r", False, 20)]


def credit(names, **options):
    new = dict(zip("pqrst", names, strict=True))
    old = {name: channel for channel, name in new.items()}
    frame = pd.DataFrame(
        [{"path": " > ".join(new[c] for c in path.split(" > ")), "won": won, "times": n} for path, won, n in ROWS]
    )
    model = MAM(
        frame, format_type="grouped_journey", channels_colname="path", journey_with_conv_colname="won",
        occurrences_colname="times",
    )  # fmt: skip
    found = model.run_shapley(**options).to_pandas()
    return pd.Series({old[line.channels]: line.attribution for line in found.itertuples()}).sort_index()


table = pd.DataFrame(
    {"p..t = a..e": credit("abcde"), "p..t = e..a": credit("edcba"), "max_size=5": credit("abcde", max_size=5)}
)
print(table.round(2).to_string())
assert abs(table["max_size=5"]["p"] - table["max_size=5"]["t"]) < 1e-9
assert table["p..t = a..e"]["t"] - table["p..t = a..e"]["p"] > 8
assert table["p..t = e..a"]["p"] - table["p..t = e..a"]["t"] > 8
PY
"$folder/venv/bin/python" "$folder/names.py"
