"""Regional tests read by a peer in its own environment: ``python geo_tests.py PEER < tests.json``, one line a result.

A test is ``{"name", "dates", "regions", "outcome" [t][g], "treated", "start" (row), "stop"}``. What is told is the mean
effect a treated region and period with its 90% interval, and the seconds that it took once the library was loaded.
Peers that take one treated unit are given the mean of the treated regions.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

Found = tuple[str, float, float | None, float | None]
Test = dict[str, Any]


def wide(test: Test) -> pd.DataFrame:
    """Outcome by date: the mean of the treated, and every control."""
    frame = pd.DataFrame(test["outcome"], columns=test["regions"], index=pd.to_datetime(test["dates"]))
    controls = frame.drop(columns=test["treated"])
    return pd.concat([frame[test["treated"]].mean(axis=1).rename("treated group"), controls], axis=1).iloc[
        : test["stop"]
    ]


def long(test: Test) -> pd.DataFrame:
    return wide(test).rename_axis("date").reset_index().melt("date", var_name="unit", value_name="y")


def panelkit(test: Test) -> Iterator[Found]:
    import panelkit as pk

    y = wide(test).to_numpy().T
    for name, made in (
        ("SyntheticControl", pk.SyntheticControl),
        ("DemeanedSC", pk.DemeanedSC),
        ("AugmentedSC", pk.AugmentedSC),
        ("SyntheticDiD", pk.SyntheticDiD),
    ):
        found = made(inference="block", level=0.9).fit(y, [0], test["start"])
        low, high = found.ci
        yield name, float(found.att), float(low), float(high)


def augsynth(test: Test) -> Iterator[Found]:
    import augsynth_py
    import polars as pl

    columns = long(test).assign(date=lambda f: f["date"].dt.date)
    panel = pl.DataFrame({name: columns[name].tolist() for name in columns})
    first = pd.Timestamp(test["dates"][test["start"]]).date()
    for name, made in (("Synth", augsynth_py.Synth()), ("AugSynth", augsynth_py.AugSynth(fixedeff=True))):
        fit = made.fit(panel, unit="unit", time="date", outcome="y", treated="treated group", treatment_time=first)
        low, high = augsynth_py.conformal_interval(fit, alpha=0.1, rng=np.random.default_rng(1))
        yield f"{name}, conformal by blocks", float(fit.att_), float(low), float(high)


def causal_marketing(test: Test) -> Iterator[Found]:
    from causal_marketing.data import Dataset
    from causal_marketing.designs.geolift import GeoLiftDesign

    frame = pd.DataFrame(test["outcome"], columns=test["regions"], index=pd.to_datetime(test["dates"]))
    frame = frame.iloc[: test["stop"]].rename_axis("date").reset_index().melt("date", var_name="geo", value_name="y")
    length = test["stop"] - test["start"]
    days = int((frame["date"].drop_duplicates().sort_values().diff().dropna().dt.days).iloc[0])
    design = GeoLiftDesign(
        primary_metric="y",
        runtime_weeks=max(1, length * days // 7),
        assigner_parameters={"treated": list(test["treated"])},
        alpha=0.1,
    )
    data = Dataset(frame, unit_col="geo", time_col="date")
    table, details = design.analyze(data, pd.Timestamp(test["dates"][test["start"]]))
    row = {**details, **table.iloc[0].to_dict()}
    found = (float(row[key]) for key in ("point_estimate", "lower_bound", "upper_bound"))
    yield "GeoLift's augmented control", *found


def mlsynth(test: Test) -> Iterator[Found]:
    import mlsynth as ml

    frame = long(test)
    first = pd.Timestamp(test["dates"][test["start"]])
    frame["treat"] = ((frame["unit"] == "treated group") & (frame["date"] >= first)).astype(int)
    shared = {"outcome": "y", "treat": "treat", "unitid": "unit", "time": "date", "display_graphs": False}
    for name in ("VanillaSC", "SDID"):
        found = getattr(ml, name)({"df": frame, **shared}).fit()
        inference = getattr(found, "inference", None)
        ends = (getattr(inference, key, None) for key in ("ci_lower", "ci_upper"))
        low, high = (None if end is None else float(end) for end in ends)
        att = found.effects.att if getattr(found, "effects", None) is not None else found.att
        yield f"{name} (95%)", float(att), low, high


def causalpy(test: Test) -> Iterator[Found]:
    import causalpy as cp

    frame = wide(test)
    scale = float(frame.to_numpy().mean())
    result = cp.SyntheticControl(
        frame / scale,
        pd.Timestamp(test["dates"][test["start"]]),
        control_units=list(frame.columns[1:]),
        treated_units=["treated group"],
        model=cp.pymc_models.WeightedSumFitter(
            sample_kwargs={"random_seed": 1, "progressbar": False, "draws": 500, "tune": 500, "chains": 2, "cores": 1}
        ),
    )
    impact = result.post_impact.mean("obs_ind").values.ravel() * scale
    low, high = np.quantile(impact, [0.05, 0.95])
    yield "SyntheticControl, 1,000 draws", float(impact.mean()), float(low), float(high)


def geox(test: Test) -> Iterator[Found]:
    import meridian_geox as gx

    # It refuses weeks: rows are called days.
    days = pd.date_range(test["dates"][0], periods=len(test["dates"]))
    frame = pd.DataFrame(test["outcome"], columns=test["regions"], index=days).iloc[: test["stop"]]
    data = frame.rename_axis("date").reset_index().melt("date", var_name="location", value_name="conversions")
    start = days[test["start"]]
    design = gx.Design(
        data=data[data["date"] < start],
        designs={
            "cell_1": gx.api.PerCellDesign(
                treatment_geos=set(test["treated"]),
                minimum_detectable_effect=0.05,
                design_implied_cpic=1.0,
                p_value=0.5,
                budget=1.0,
            )
        },
        control_geos=set(test["regions"]) - set(test["treated"]),
        excluded_geos=set(),
        design_config=gx.DesignConfig(
            experiment_duration=pd.Timedelta(days=test["stop"] - test["start"]).to_pytimedelta(),
            geo_assignment_rule=gx.GeoAssignmentRule.RANDOM,
        ),
        constraints=gx.Constraints(),
    )
    config = gx.AnalysisConfig(
        design=design,
        analysis_start_date=start,
        analysis_end_date=days[test["stop"] - 1],
    )
    lift = gx.analyze(data, config, gx.QualityCheckConfig(False, False)).results["cell_1"].lift
    unit = len(test["treated"]) * (test["stop"] - test["start"])
    yield "time-based regression", *(float(v) / unit for v in (lift.point_estimate, lift.lower_bound, lift.upper_bound))


PEERS: dict[str, Callable[[Test], Iterator[Found]]] = {
    "panelkit": panelkit,
    "augsynth": augsynth,
    "causal_marketing": causal_marketing,
    "mlsynth": mlsynth,
    "causalpy": causalpy,
    "geox": geox,
}


MODULES = {"augsynth": "augsynth_py", "geox": "meridian_geox"}


def main() -> None:
    warnings.simplefilter("ignore")
    peer = PEERS[sys.argv[1]]
    for test in json.load(sys.stdin):
        began = time.perf_counter()
        try:
            __import__(MODULES.get(sys.argv[1], sys.argv[1]))
            began = time.perf_counter()
            for name, effect, low, high in peer(test):
                took = time.perf_counter() - began
                row = {"test": test["name"], "peer": sys.argv[1], "estimator": name, "effect": effect}
                print(json.dumps(row | {"lower": low, "upper": high, "seconds": took}), flush=True)
                began = time.perf_counter()
        except Exception as error:  # noqa: BLE001 - what a peer says of a panel is a result
            said = f"{type(error).__name__}: {str(error)[:300]}"
            print(json.dumps({"test": test["name"], "peer": sys.argv[1], "failed": said}), flush=True)


if __name__ == "__main__":
    main()
