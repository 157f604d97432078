"""How much each driver moved the outcome: its lowest and highest period against its own average."""

import pandas as pd

_ENDS = ("", "_lower", "_upper")
STEADY = 0.001
"""A driver that moves by less than this share of the outcome in a period is told nowhere: a level does not move."""


def swings_of(decomposition: pd.DataFrame) -> pd.DataFrame:
    """One row a driver, the largest first: kind, and ``least`` and ``most`` with bounds and dates.

    ``decomposition``: columns date, component, kind, mean, lower, upper, as :class:`mmm.analysis.Analysis` has it.
    Amounts are in the unit of the outcome, sums over geos in one period, less the driver's own mean over all periods.
    """
    typical = abs(float(decomposition.groupby("date")["mean"].sum().mean()))
    rows = {}
    for name, part in decomposition.groupby("component", sort=False):
        centre = float(part["mean"].mean())
        row: dict[str, object] = {"kind": part["kind"].iloc[0]}
        means = part["mean"].to_numpy(dtype=float)
        for end, place in (("least", int(means.argmin())), ("most", int(means.argmax()))):
            at = part.iloc[place]
            row |= {f"{end}{b}": float(at[b.removeprefix("_") or "mean"]) - centre for b in _ENDS}
            row[f"{end}_date"] = at["date"]
        rows[str(name)] = row
    found = pd.DataFrame.from_dict(rows, orient="index")
    found["width"] = found["most"] - found["least"]
    return found[found["width"] > STEADY * typical].sort_values("width", ascending=False, kind="stable")
