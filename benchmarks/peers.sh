#!/bin/sh
# Make one environment a peer under .peers/: they are compared in benchmarks/planner.py and sampling.py, the two of
# attribution in benchmarks/peers/attribution.py; they are no dependency. Bytecode is compiled, as it is for the workbench;
# nutpie is the sampler that PyMC takes where it finds it.
set -eu
cd "$(dirname "$0")/.."
uv=.venv/bin/uv
folder=.peers/attribution
[ -x "$folder/bin/python" ] || "$uv" venv --quiet --python .venv/bin/python "$folder"
"$uv" pip install --quiet --python "$folder/bin/python" ChannelAttribution==2.2.5 marketing_attribution_models==2.1.1 \
  pandas==3.1.1 polars==2.1.0 numpy matplotlib
echo "$folder: ChannelAttribution, marketing-attribution-models"
for peer in "pymc-marketing==1.3.0" "google-meridian==2.1.0"; do
  name=${peer%%==*}
  folder=.peers/${name#google-}
  [ -x "$folder/bin/python" ] || "$uv" venv --quiet --python .venv/bin/python "$folder"
  [ "$name" = pymc-marketing ] && sampler="nutpie==0.16.11" || sampler=
  "$uv" pip install --quiet --compile-bytecode --python "$folder/bin/python" "$peer" $sampler
  echo "$folder: $peer"
done
