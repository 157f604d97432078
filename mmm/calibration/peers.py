"""Lift tests as PyMC-Marketing keeps them: rows of ``channel, x, delta_x, delta_y, sigma``.

In ``MMM.add_lift_test_measurements`` (1.3.0) ``delta_y`` is what the saturation curve says of ``x + delta_x`` less what
it says of ``x``: spend and outcome a period in the units of the data, ``sigma`` the error of ``delta_y``. Dates are not
asked for, as the curve there is of steady spend. Here a test has dates, so that carryover is counted: ``start`` and
``end`` stand beside these columns.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from mmm.data.calendar import Frequency

PEERS = ("channel", "x", "delta_x", "delta_y", "sigma")


def from_peer(values: Mapping[str, Any], number: int, frequency: Frequency) -> dict[str, Any]:
    """The row as a test of ours; amounts a period become those of the whole test, as do their errors.

    Raises ValueError, which the caller tells with the row, for a row without dates or numbers.
    """
    if not {"start", "end"} <= set(values):
        raise ValueError(
            "x, delta_x, delta_y and sigma are amounts a period: add the columns start and end of the test"
        )
    amounts = {key: values[key] for key in PEERS[1:]}
    wrong = [key for key, value in amounts.items() if not isinstance(value, float)]
    if wrong or amounts["delta_x"] == 0:
        raise ValueError(f"{wrong[0] if wrong else 'delta_x'} must be a number{'' if wrong else ' other than 0'}")
    days = (pd.Timestamp(str(values["end"])) - pd.Timestamp(str(values["start"]))).days + 1
    # The end is a period's last day, or its first.
    periods = max(math.ceil(days / frequency.days), 1)
    raised = amounts["delta_x"] > 0
    made = {key: value for key, value in values.items() if key not in PEERS[1:]}
    return {
        "name": f"test {number}",
        **made,
        "kind": "heavy_up" if raised else "go_dark",
        "spend": abs(amounts["delta_x"]) * periods,
        "outcome": amounts["delta_y"] * periods * (1 if raised else -1),
        "error": amounts["sigma"] * periods,
    }
