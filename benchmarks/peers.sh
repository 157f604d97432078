#!/bin/sh
# Make one environment a peer under .peers/: they are compared in benchmarks/planner.py and are no dependency.
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
for peer in "pymc-marketing==1.3.0" "google-meridian==2.1.0"; do
  name=${peer%%==*}
  folder=.peers/${name#google-}
  [ -x "$folder/bin/python" ] || "$uv" venv --quiet --python .venv/bin/python "$folder"
  "$uv" pip install --quiet --python "$folder/bin/python" "$peer"
  echo "$folder: $peer"
done
