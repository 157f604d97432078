#!/bin/sh
# Libraries that read or design regional tests, each group in an environment of its own under .peers/: they are compared in
# benchmarks/experiment_peers.py and design_peers.py and are no dependency. CausalPy 0.9 fails with NumPy 2.5.
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
made() {
  folder=.peers/$1
  shift
  [ -x "$folder/bin/python" ] || "$uv" venv --quiet --python .venv/bin/python "$folder"
  "$uv" pip install --quiet --compile-bytecode --python "$folder/bin/python" "$@"
  echo "$folder: $*"
}
made testing panelkit==0.3.0 augsynth-py==0.6.0 geoexp==0.3.0 causal-marketing==0.1.0 polars==2.1.0
made mlsynth mlsynth==1.0.0
made causalpy CausalPy==0.9.0 "numpy<2.4"
made geox meridian-geox==1.0.1
