"""A design search by meridian-geox in its own environment: ``python geo_design.py < panel.json``, one line.

The panel is ``{"dates", "regions", "outcome" [t][g], "periods"}``; a test lasts so many rows (the library counts rows
as days). What is told is the treated
regions of its best design, its minimal detectable effect, and the seconds of the first and of a second search.
"""

import json
import sys
import time
import warnings

import pandas as pd


def main() -> None:
    warnings.simplefilter("ignore")
    import meridian_geox as gx

    panel = json.load(sys.stdin)
    frame = pd.DataFrame(panel["outcome"], columns=panel["regions"], index=pd.to_datetime(panel["dates"]))
    data = frame.rename_axis("date").reset_index().melt("date", var_name="location", value_name="conversions")
    config = gx.DesignConfig(experiment_duration=pd.Timedelta(days=panel["periods"]).to_pytimedelta())
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        found = gx.run_design(data, config, gx.Constraints(), gx.QualityCheckConfig(False, False))
        seconds.append(time.perf_counter() - began)
    best = found.designs[found.design_metrics["design_id"].iloc[0]].designs["cell_1"]
    row = {"treated": sorted(best.treatment_geos), "mde": float(best.minimum_detectable_effect), "seconds": seconds}
    print(json.dumps(row))


if __name__ == "__main__":
    main()
