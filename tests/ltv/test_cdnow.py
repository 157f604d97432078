"""The public sample of CDNOW: published estimates are reproduced by the likelihoods that are sampled.

cdnow_sample.csv.gz holds customer, date and dollars of the 1/10th sample of Fader and Hardie (2001), as the package
lifetimes 0.11.3 (MIT licence) carries it in lifetimes/datasets/CDNOW_sample.txt.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pymc as pm
import pytensor
import pytest
from pytensor.compile.mode import Mode
from scipy.optimize import minimize

from mmm.ltv.model import Cells, history, order_model, purchase_model
from mmm.ltv.read import read_customers
from mmm.ltv.settings import LtvSettings

ONE = Cells({}, {})
QUICK = Mode(linker="py", optimizer="fast_compile")
"""Evaluated a few hundred times: compiling would take longer."""


@pytest.fixture(scope="module")
def calibration() -> pd.DataFrame:
    """The first 39 weeks, on which the estimates were made."""
    transactions = {"source": "cdnow_sample.csv.gz", "person": "customer", "time": "date", "value": "amount"}
    settings = LtvSettings.model_validate({"transactions": transactions | {"repeated": "keep"}, "end": "1997-09-30"})
    found = read_customers(settings, Path(__file__).parent)
    assert (found.found.orders, found.found.customers) == (6919, 2357)
    return found.seen_until(found.found.end)


def maximum(model: pm.Model, start: dict[str, float], put: dict[str, float]):
    """Where the likelihood alone, without priors, is largest."""
    likelihood = model.logp(vars=[p for p in model.potentials if p.name != "firsts"], jacobian=False)
    function = pytensor.function(model.value_vars, likelihood, mode=QUICK, on_unused_input="ignore")
    fixed = {name: np.float64(value) for name, value in put.items()}

    def minus(x):
        values = {**fixed, **dict(zip(start, map(np.float64, x), strict=True))}
        return -float(function(*(values[value.name] for value in model.value_vars)))

    found = minimize(minus, list(start.values()), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-6})
    assert found.success
    return dict(zip(start, found.x, strict=True)), -found.fun


def test_purchases(calibration):
    model = purchase_model(history(calibration, 1), ONE)
    start = {"log_rate": -3.0, "log_r": -1.0, "logit_dropout": -1.0, "log_strength": 1.0}
    x, likelihood = maximum(model, start, {})
    r, dropout, strength = np.exp(x["log_r"]), 1 / (1 + np.exp(-x["logit_dropout"])), np.exp(x["log_strength"])
    found = (r, r / np.exp(x["log_rate"]), dropout * strength, (1 - dropout) * strength)
    # Fader, Hardie and Lee (2005), table 1.
    assert found == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=1.5e-3)
    assert likelihood == pytest.approx(-9582.4, abs=0.06)


def test_orders(calibration):
    model = order_model(history(calibration, 1), ONE)
    start = {"log_order": 3.5, "log_p": 1.5, "log_q_less_1": 1.0}
    x, _ = maximum(model, start, {"log_first": 3.5})
    p, q = np.exp(x["log_p"]), 1 + np.exp(x["log_q_less_1"])
    # Fader and Hardie (2013), section 4.
    assert (p, q, np.exp(x["log_order"]) * (q - 1) / p) == pytest.approx((6.25, 3.74, 15.44), abs=0.015)
